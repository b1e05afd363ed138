"""Runs of Weights & Biases: which of them only this disk has.

Source: wandb 0.31: ``offline-run-<time>-<id>/run-<id>.wandb`` begins with ``:W&B``; ``wandb sync`` writes
``run-<id>.wandb.synced`` beside it; an online run is called ``run-<time>-<id>`` and its
``logs/debug-internal.log`` ends with ``all finished`` once the server has everything.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from dusk.fs.identity import EntryKind
from dusk.fs.names import display_name
from dusk.rules.facts import Facts
from dusk.rules.probe import CannotTellError
from dusk.rules.sighting import Sighting

_RUN = re.compile(rb"(offline-)?run-\d{8}_\d{6}-(\w+)\Z")
_MAGIC = b":W&B"
_LOG = 4 * 1024 * 1024
_DAY = 86400.0
_A_MOMENT = 60 * 10**9  # nanoseconds
_TROUBLE = (b'"level":"ERROR"', b"failed to upload", b"HTTP 5", b"context deadline exceeded", b"retry limit")


@dataclass(frozen=True, slots=True)
class Run:
    """One run."""

    index: int
    """Its directory."""
    is_offline: bool
    """Whether it was recorded without the server."""
    is_synced: bool
    """Whether `wandb sync` sent it."""
    finished: str
    """Why it is known to be on the server; empty when it is not."""


def inspect_wandb(_directory: int, hits: list[int], facts: Facts) -> Iterator[Sighting]:
    """Yield the runs of one ``wandb`` directory; raises CannotTellError."""
    runs = [run for hit in hits if (run := _read(hit, facts)) is not None]
    unsent = [run for run in runs if run.is_offline and not run.is_synced]
    sent = [run for run in runs if run.is_synced or run.finished]
    if unsent:
        yield Sighting(
            "wandb-unsynced-run",
            tuple(run.index for run in unsent),
            reasons={
                run.index: f"{display_name(facts.tree.name(run.index))}: recorded offline, not synced whole."
                for run in unsent
            },
        )
    for run in sent:
        live = facts.is_live(run.index)
        yield Sighting(
            "wandb-synced-run",
            (run.index,),
            evidence=(f"{display_name(facts.tree.name(run.index))}: {run.finished}.",),
            withheld=f"it changed {facts.shown_age(run.index)}; the run may go on." if live else "",
        )
    for run in runs:
        if run not in unsent and run not in sent:
            yield Sighting(
                "wandb-unproven-run",
                (run.index,),
                evidence=(
                    f"{display_name(facts.tree.name(run.index))} was recorded online; its log does not say "
                    "that everything was sent.",
                ),
                withheld="`wandb sync` sends what is missing and proves it.",
            )


def _read(directory: int, facts: Facts) -> Run | None:
    match = _RUN.match(facts.tree.name(directory))
    if match is None or not facts.is_directory(directory):
        return None
    name = b"run-" + match[2] + b".wandb"
    journal = facts.child(directory, name)
    if journal is None or not facts.is_file(journal):
        return None
    is_offline = match[1] is not None
    try:
        if not facts.head(journal, 4).startswith(_MAGIC):
            return None
    except CannotTellError:
        return Run(directory, True, False, "")  # nobody can tell: as if it had never been sent
    synced = facts.child(directory, name + b".synced")
    if synced is not None and not _went_on(journal, synced, facts):
        return Run(directory, is_offline, True, f"{display_name(name)}.synced lies in it")
    return Run(directory, is_offline, False, "" if is_offline else _finished(directory, facts))


def _went_on(journal: int, synced: int, facts: Facts) -> bool:
    """Return whether a run was written after it was sent: a sync while it runs sends what there is."""
    tree = facts.tree
    return tree.newest_mtime_ns(journal) - tree.newest_mtime_ns(synced) > _A_MOMENT


def _finished(directory: int, facts: Facts) -> str:
    """Return why an online run is complete on the server; empty when nothing proves it."""
    log = facts.child(directory, b"logs", b"debug-internal.log")
    if log is None or facts.tree.kind(log) is not EntryKind.FILE or facts.age(directory) < _DAY:
        return ""
    if facts.tree.entry(log).identity.size > _LOG:
        return ""
    try:
        text = facts.head(log, _LOG)
    except CannotTellError:
        return ""
    lines = text.strip().splitlines()
    if not lines or b"all finished" not in b"\n".join(lines[-3:]) or any(word in text for word in _TROUBLE):
        return ""
    return "recorded online, and its log ends with everything sent"
