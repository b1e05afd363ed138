"""Checkpoints of PyTorch's distributed checkpointing (FSDP, torchtitan): shards and a hidden index.

Source: torch 2.15, ``distributed/checkpoint/filesystem.py``: ``.metadata`` is the index, ``__RANK_N.distcp``
are the shards of all ranks. Without the index the shards are worth nothing.
"""

from __future__ import annotations

from collections.abc import Iterator

from dusk.rules.facts import Facts
from dusk.rules.inspectors.checkpoint_layout import SHARD_FILE, is_checkpoint, layout
from dusk.rules.inspectors.checkpoint_run import Checkpoint, Run, readable
from dusk.rules.inspectors.checkpoint_sightings import sight
from dusk.rules.inspectors.megatron import TRACKER
from dusk.rules.inspectors.step_names import series
from dusk.rules.sighting import Sighting


def inspect_distributed_checkpoint(directory: int, hits: list[int], facts: Facts) -> Iterator[Sighting]:
    """Yield what a directory of sharded checkpoints says; raises CannotTellError."""
    if facts.ground.is_managed(directory) or is_checkpoint(directory, facts):
        return
    if facts.child(directory, TRACKER) is not None:
        return  # Megatron's own inspector reads its tracker
    found = [
        entry
        for entry in dict.fromkeys(facts.tree.parent(hit) for hit in hits)
        if entry != directory
        and any(SHARD_FILE.match(name) for name in readable(entry, facts))
        and layout(facts.children(entry)) == "distributed"
    ]
    if not found:
        return
    names = [(facts.tree.name(entry), entry) for entry in found]
    counted = series(names, bare=True)
    numbered = {entry for one in counted for _, entry in one.members}
    others = {entry: "its name says no step" for entry in found if entry not in numbered}
    if not counted:
        checkpoints = [Checkpoint(entry, -facts.age(entry)) for entry in found]
        yield from sight(Run("dcp-old-checkpoint", directory, checkpoints, reasons=others), facts)
    for one in counted:
        yield from sight(
            Run(
                rule="dcp-old-checkpoint",
                directory=directory,
                checkpoints=[Checkpoint(entry, number) for number, entry in one.members],
                also_kept=others,
                evidence=("Each has its hidden index .metadata beside the shards of all ranks.",),
            ),
            facts,
        )
        others = {}
