"""Checkpoints of Megatron-LM and of verl, which took over its tracker file.

Source: megatron-core 0.16, ``training/checkpointing.py``: ``latest_checkpointed_iteration.txt`` holds an
iteration or ``release``; loading fails when what it names is gone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from dusk.rules.facts import Facts
from dusk.rules.inspectors.checkpoint_layout import layout
from dusk.rules.inspectors.checkpoint_run import Checkpoint, Run
from dusk.rules.inspectors.checkpoint_sightings import sight
from dusk.rules.sighting import Sighting

TRACKER = b"latest_checkpointed_iteration.txt"
_ITERATION = re.compile(rb"(?:iter|global_step|step)_?(\d+)\Z")
_WEIGHTS = re.compile(rb".*\.(pt|pth|safetensors|distcp|bin)\Z", re.DOTALL)


def inspect_megatron(directory: int, _hits: list[int], facts: Facts) -> Iterator[Sighting]:
    """Yield what a directory with a tracker file says; raises CannotTellError."""
    tracker = facts.child(directory, TRACKER)
    if tracker is None or not facts.is_file(tracker) or facts.ground.is_managed(directory):
        return
    said = facts.head(tracker, 256).strip()
    found: dict[int, int] = {}
    for name, child in facts.directories(directory).items():
        match = _ITERATION.match(name)
        if match and _holds_weights(child, facts):
            found[child] = int(match[1])
    if not found:
        return
    target = int(said) if said.isdigit() else None
    reasons = {
        entry: f"{TRACKER.decode()} names it: training resumes from it"
        for entry, number in found.items()
        if number == target
    }
    also_kept = {tracker: "it says which iteration is the newest"}
    release = facts.child(directory, b"release")
    if release is not None:
        also_kept[release] = "it holds the weights that training began with"
    unsure = ""
    if not reasons and not (said == b"release" and release is not None):
        shown = said.decode("utf-8", "replace")[:40] or "nothing"
        unsure = f"{TRACKER.decode()} names {shown}, which is not here."
    yield from sight(
        Run(
            rule="megatron-old-checkpoint",
            directory=directory,
            checkpoints=[Checkpoint(entry, number) for entry, number in found.items()],
            reasons=reasons,
            also_kept=also_kept,
            unsure=unsure,
            evidence=("Each holds the shards of all ranks, weights and optimizer in one: they go together.",),
        ),
        facts,
    )


def _holds_weights(directory: int, facts: Facts) -> bool:
    children = facts.children(directory)
    return bool(layout(children)) or any(_WEIGHTS.match(name) for name in children)
