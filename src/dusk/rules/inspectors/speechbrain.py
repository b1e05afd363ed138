"""Checkpoints of SpeechBrain: directories called after the time, each with a small text about itself.

Source: speechbrain 1.0, ``utils/checkpoints.py``: ``CKPT.yaml`` holds the time and the scores; recovery takes
the newest.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from dusk.rules.facts import Facts
from dusk.rules.inspectors.checkpoint_run import Checkpoint, Run, readable
from dusk.rules.inspectors.checkpoint_sightings import sight
from dusk.rules.inspectors.metrics import best_by_scores, is_metric
from dusk.rules.sighting import Sighting

_LINE = re.compile(rb"^([A-Za-z][\w-]*):\s*(-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)\s*$", re.MULTILINE)
_TIME = "unixtime"


def inspect_speechbrain(directory: int, hits: list[int], facts: Facts) -> Iterator[Sighting]:
    """Yield what a directory of such checkpoints says; raises CannotTellError."""
    if facts.ground.is_managed(directory):
        return
    checkpoints, scores = [], {}
    for hit in dict.fromkeys(hits):
        entry = facts.tree.parent(hit)
        if entry == directory or not facts.is_file(hit) or not readable(entry, facts):
            continue
        values = {
            name.decode("ascii", "replace"): float(value) for name, value in _LINE.findall(facts.head(hit))
        }
        if _TIME in values:
            checkpoints.append(Checkpoint(entry, values[_TIME]))
            scores[entry] = {name: value for name, value in values.items() if is_metric(name)}
    if checkpoints:
        yield from sight(
            Run("speechbrain-old-checkpoint", directory, checkpoints, best=best_by_scores(scores)), facts
        )
