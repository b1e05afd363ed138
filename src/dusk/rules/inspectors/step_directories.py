"""Directories with a step in their names that hold whole weights: what training loops of one's own write.

Also torchtune (``epoch_N``), LitGPT (``step-N/lit_model.pth``), ``save_pretrained`` once an epoch. What the
Trainer, Accelerate, DeepSpeed and the like wrote is left to their own inspectors.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from dusk.rules.facts import Facts
from dusk.rules.headers.torch_checkpoint import torch_format
from dusk.rules.inspectors.checkpoint_layout import is_checkpoint, layout
from dusk.rules.inspectors.checkpoint_run import Checkpoint, Run, readable
from dusk.rules.inspectors.checkpoint_sightings import sight
from dusk.rules.inspectors.megatron import TRACKER
from dusk.rules.inspectors.ray_results import is_trial
from dusk.rules.inspectors.step_names import Series, counted, series
from dusk.rules.sighting import Sighting

_EXTENSIONS = (
    b".safetensors",
    b".pt",
    b".pth",
    b".bin",
    b".ckpt",
    b".h5",
    b".keras",
    b".msgpack",
    b".npz",
    b".pdparams",
)
# Names that the rule asks for: of others nobody would say anything.
_BEGINNING = re.compile(
    rb"epoch|step|iter|ckpt|checkpoint[-_]|global_step|ep_|update|snapshot|model[_-](step|epoch)"
)
_MAGIC = (b"PK\x03\x04", b"\x89HDF\r\n\x1a\n", b"\x80")
_TENSORSTORE = b"manifest.ocdbt"  # of Orbax before it marked its checkpoints
_PARTS = 12  # directories inside a member that are looked into
_LOOKED_AT = 50  # members whose heads are read


def is_step_of_a_series(directory: int, facts: Facts) -> bool:
    """Return whether siblings with other steps lie beside a directory of weights: it is one of a series."""
    tree = facts.tree
    own = counted(tree.name(directory))
    parent = tree.parent(directory)
    if own is None or parent < 0 or not _BEGINNING.match(tree.name(directory)):
        return False
    found = [one for one in series(facts.directories(parent).items()) if one.stem == own.stem]
    return bool(found) and len(found[0].members) > 1 and not found[0].may_be_a_recipe


def is_beside_checkpoints(directory: int, facts: Facts) -> bool:
    """Return whether checkpoints of a run lie beside a directory, as they do beside ``final``."""
    parent = facts.tree.parent(directory)
    if parent < 0:
        return False
    beside = {name: child for name, child in facts.directories(parent).items() if child != directory}
    numbered = [entry for one in series(beside.items()) for _, entry in one.members if len(one.members) > 1]
    return any(layout(facts.children(entry)) or _weights(entry, facts) is not None for entry in numbered[:8])


def inspect_step_directories(directory: int, hits: list[int], facts: Facts) -> Iterator[Sighting]:
    """Yield what directories of steps say; raises CannotTellError."""
    children = facts.children(directory)
    if facts.ground.is_managed(directory) or is_checkpoint(directory, facts) or is_trial(children):
        return
    if TRACKER in children:
        return
    found = {
        facts.tree.name(hit): hit
        for hit in dict.fromkeys(hits)
        if facts.is_directory(hit) and not layout(readable(hit, facts))
    }
    for one in series(found.items()):
        proven = _proven(one, facts)
        if len(proven) >= 2 and not one.may_be_a_recipe:
            yield from sight(
                Run(
                    rule="step-directories",
                    directory=directory,
                    checkpoints=[Checkpoint(entry, number) for number, entry in proven],
                    last_reason="it is the last one of its series",
                ),
                facts,
            )


def _proven(one: Series, facts: Facts) -> list[tuple[int, int]]:
    """Return those members that hold a file with the content of weights."""
    first = {}
    for number, entry in one.members[-_LOOKED_AT:]:
        file = _weights(entry, facts)
        if file is not None:
            first[number, entry] = file
    heads = facts.heads(list(first.values()), 1024)
    return [
        member
        for (member, file), head in zip(first.items(), heads, strict=True)
        if head and _is_weights(facts.tree.name(file), head)
    ]


def _weights(directory: int, facts: Facts) -> int | None:
    """Return the biggest file of weights in a directory or just below, None when there is none."""
    below = list(facts.directories(directory).values())[:_PARTS]
    files = [
        child
        for place in (directory, *below)
        for name, child in facts.children(place).items()
        if (name.endswith(_EXTENSIONS) or name == _TENSORSTORE) and facts.is_file(child)
    ]
    return max(files, key=facts.tree.apparent_size, default=None)


def _is_weights(name: bytes, head: bytes) -> bool:
    if torch_format(head) or name == _TENSORSTORE:
        return True
    if name.endswith(b".safetensors"):
        return head[8:9] == b"{"
    return name.endswith((b".h5", b".keras", b".npz", b".pdparams")) and head.startswith(_MAGIC)
