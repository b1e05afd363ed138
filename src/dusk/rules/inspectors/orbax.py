"""Checkpoints of Orbax (JAX, Flax): a directory for each step, and saves that never ended.

Source: orbax-checkpoint 0.12, ``path/step.py`` and ``metadata/checkpoint.py``: ``_CHECKPOINT_METADATA`` marks
a checkpoint, a name with ``.orbax-checkpoint-tmp`` one that was never finished, which no reader
looks at.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from dusk.fs.names import display_name
from dusk.rules.facts import Facts
from dusk.rules.inspectors.checkpoint_run import Checkpoint, Run, last_number, readable
from dusk.rules.inspectors.checkpoint_sightings import sight
from dusk.rules.inspectors.metrics import best_by_scores
from dusk.rules.inspectors.step_names import series
from dusk.rules.sighting import Sighting

_MARK = b"_CHECKPOINT_METADATA"
_UNFINISHED = b".orbax-checkpoint-tmp"


def inspect_orbax(directory: int, hits: list[int], facts: Facts) -> Iterator[Sighting]:
    """Yield what a directory of steps says; raises CannotTellError."""
    if facts.ground.is_managed(directory) or facts.child(directory, _MARK) is not None:
        return
    children = facts.directories(directory)
    unfinished = [child for name, child in children.items() if _UNFINISHED in name]
    found = [
        entry
        for entry in dict.fromkeys(facts.tree.parent(hit) for hit in hits)
        if entry != directory and entry not in unfinished and _MARK in readable(entry, facts)
    ]
    counted = series(((facts.tree.name(entry), entry) for entry in found), bare=True)
    numbered = {entry for one in counted for _, entry in one.members}
    others = {entry: "its name says no step" for entry in found if entry not in numbered}
    if found and not counted:
        checkpoints = [Checkpoint(entry, -facts.age(entry)) for entry in found]
        yield from sight(Run("orbax-old-step", directory, checkpoints, reasons=others), facts)
    for one in counted:
        scores = {entry: _scores(entry, facts) for _, entry in one.members}
        yield from sight(
            Run(
                rule="orbax-old-step",
                directory=directory,
                checkpoints=[Checkpoint(entry, number) for number, entry in one.members],
                best=best_by_scores(scores),
                also_kept=others,
                noun=("step", "steps"),
            ),
            facts,
        )
        others = {}
    if unfinished:
        yield from _unfinished(unfinished, [facts.tree.name(entry) for entry in found], facts)


def _scores(step: int, facts: Facts) -> dict[str, float]:
    """Return the metrics that were saved with a step; none where there are none."""
    file = facts.child(step, b"metrics", b"metrics")
    if file is None:
        return {}
    read = facts.document(file, dict[str, msgspec.Raw])
    scores = {}
    for name, raw in read.items():
        try:
            scores[name] = msgspec.json.decode(raw, type=float)
        except (msgspec.DecodeError, RecursionError):
            continue
    return scores


def _unfinished(entries: list[int], finished: list[bytes], facts: Facts) -> Iterator[Sighting]:
    """Yield saves that never ended: worth nothing once a later step is there, else perhaps all there is."""
    newest = max((last_number(name) or 0 for name in finished), default=-1)
    passed: dict[bool, list[int]] = {True: [], False: []}
    for entry in entries:
        number = last_number(facts.tree.name(entry).split(_UNFINISHED)[0])
        passed[number is not None and number <= newest].append(entry)
    for is_passed, chosen in passed.items():
        if not chosen:
            continue
        names = ", ".join(display_name(facts.tree.name(entry)) for entry in chosen[:6])
        yield Sighting(
            "orbax-unfinished-save",
            tuple(chosen),
            evidence=(
                f"Orbax names a step {_UNFINISHED.decode()} until all of it is written: {names}.",
                f"The finished step {newest:,} is as far or farther."
                if is_passed
                else "No finished step is as far, so parts of it may be all there is of this step.",
            ),
            safety="safe" if is_passed else "review",
            withheld=f"it changed {facts.shown_age(*chosen)}: it may still be written."
            if facts.age(*chosen) < facts.ages.incomplete_after
            else "",
        )
