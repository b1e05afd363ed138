"""Trials of Ray Tune and runs of Ray Train: checkpoints, and the results that say which one is the best.

Source: ray 2.60, ``train/_internal/storage.py`` and ``tune/logger/json.py``: ``result.json`` has a line for
each report, with the checkpoint that was saved with it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from dusk.rules.facts import DOCUMENT, Facts
from dusk.rules.inspectors.checkpoint_run import Checkpoint, Run
from dusk.rules.inspectors.checkpoint_sightings import sight
from dusk.rules.inspectors.metrics import best_by_scores, is_metric
from dusk.rules.sighting import Sighting

RESULTS = b"result.json"
MANAGER = b"checkpoint_manager_snapshot.json"
_CHECKPOINT = re.compile(rb"checkpoint_[\d_.:-]+\Z")


class _Report(msgspec.Struct):
    """One line of ``result.json``, unknown keys left raw."""

    checkpoint_dir_name: str | None = None


def is_trial(children: dict[bytes, int]) -> bool:
    """Return whether a directory with these children is a trial of Ray Tune or a run of Ray Train."""
    return RESULTS in children or MANAGER in children


def inspect_ray_results(trial: int, _hits: list[int], facts: Facts) -> Iterator[Sighting]:
    """Yield what one trial says; raises CannotTellError."""
    children = facts.children(trial)
    if not is_trial(children) or facts.ground.is_managed(trial):
        return
    found = {
        name: child
        for name, child in children.items()
        if _CHECKPOINT.match(name) and facts.is_directory(child)
    }
    if not found:
        return
    ordered = sorted(found.items())
    scores = {found[name]: values for name, values in _scores(children, facts).items() if name in found}
    yield from sight(
        Run(
            rule="ray-old-checkpoint",
            directory=trial,
            checkpoints=[Checkpoint(entry, position) for position, (_, entry) in enumerate(ordered)],
            best=best_by_scores(scores),
            unsure="" if scores or len(found) < 3 else "no results say which of them is the best.",
            evidence=(f"{len(scores):,} of them have their scores in the trial's results.",)
            if scores
            else (),
        ),
        facts,
    )


def _scores(children: dict[bytes, int], facts: Facts) -> dict[bytes, dict[str, float]]:
    """Return the metrics of each checkpoint by its name; raises CannotTellError."""
    found: dict[bytes, dict[str, float]] = {}
    if RESULTS in children:
        for line in facts.head(children[RESULTS], DOCUMENT).splitlines():
            _note(line, found)
    if MANAGER in children:
        snapshot = facts.document(children[MANAGER], dict[str, msgspec.Raw])
        try:
            for one in msgspec.json.decode(snapshot.get("checkpoint_results", b"[]"), type=list[msgspec.Raw]):
                _note(bytes(one), found)
        except (msgspec.DecodeError, RecursionError):
            pass
    return found


def _note(line: bytes, found: dict[bytes, dict[str, float]]) -> None:
    """Remember the scores of one report that a checkpoint was saved with."""
    try:
        report = msgspec.json.decode(line, type=_Report)
        values = msgspec.json.decode(line, type=dict[str, msgspec.Raw])
        if isinstance(values.get("metrics"), msgspec.Raw):
            values = msgspec.json.decode(values["metrics"], type=dict[str, msgspec.Raw])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return
    if not report.checkpoint_dir_name:
        return
    scores = {}
    for name, raw in values.items():
        if is_metric(name):
            try:
                scores[name] = msgspec.json.decode(raw, type=float)
            except (msgspec.DecodeError, RecursionError):
                continue
    found[report.checkpoint_dir_name.encode("utf-8", "surrogateescape")] = scores
