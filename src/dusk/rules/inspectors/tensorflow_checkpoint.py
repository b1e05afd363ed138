"""Checkpoints of TensorFlow: an index and data files for each, and a text that names the newest.

Source: tensorflow 2.21, ``checkpoint_management.py``: the text file ``checkpoint`` names the newest prefix
and all others that the manager still knows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from dusk.rules.facts import Facts
from dusk.rules.inspectors.checkpoint_layout import is_checkpoint
from dusk.rules.inspectors.checkpoint_run import Checkpoint, Run, is_chosen
from dusk.rules.inspectors.checkpoint_sightings import sight
from dusk.rules.inspectors.step_names import counted
from dusk.rules.sighting import Sighting

_INDEX = b".index"
_NEWEST = re.compile(rb'(?<!all_)model_checkpoint_path:\s*"([^"]+)"')
_POINTER = b"checkpoint"


def inspect_tensorflow(directory: int, hits: list[int], facts: Facts) -> Iterator[Sighting]:
    """Yield what a directory of ``PREFIX.index`` files says; raises CannotTellError."""
    if facts.ground.is_managed(directory) or facts.tree.name(directory) == b"variables":
        return  # a SavedModel's variables are part of it
    if is_checkpoint(directory, facts):
        return
    children = facts.children(directory)
    newest = _newest(children, facts)
    by_stem: dict[bytes, list[Checkpoint]] = {}
    reasons: dict[int, str] = {}
    others: dict[int, str] = {}
    for hit in dict.fromkeys(hits):
        prefix = facts.tree.name(hit).removesuffix(_INDEX)
        files = _files(prefix, children)
        if not facts.is_file(hit) or not any(name.startswith(prefix + b".data-") for name in files):
            continue
        companions = tuple(child for child in files.values() if child != hit)
        one = counted(prefix)
        if prefix == newest:
            reasons[hit] = "the file checkpoint names it as the newest"
        if one is None or is_chosen(prefix):
            others.update(dict.fromkeys((hit, *companions), "its name says no step"))
        else:
            by_stem.setdefault(one.stem, []).append(Checkpoint(hit, one.number, companions))
    pointer = children.get(_POINTER)
    if pointer is not None and (by_stem or others):
        others[pointer] = "it names the newest one"
    for checkpoints in by_stem.values():
        yield from sight(
            Run("tensorflow-old-checkpoint", directory, checkpoints, reasons=reasons, also_kept=others), facts
        )
        others = {}
    if others and not by_stem:
        yield Sighting(
            "training-kept-checkpoint", tuple(others), evidence=("It is the only checkpoint of its name.",)
        )


def _files(prefix: bytes, children: dict[bytes, int]) -> dict[bytes, int]:
    """Return the files of one checkpoint: its index, its data and, of TensorFlow 1, its graph."""
    ends = (_INDEX, b".meta")
    return {
        name: child
        for name, child in children.items()
        if name.startswith(prefix + b".")
        and (name[len(prefix) :] in ends or name.startswith(prefix + b".data-"))
    }


def _newest(children: dict[bytes, int], facts: Facts) -> bytes:
    pointer = children.get(_POINTER)
    if pointer is None or not facts.is_file(pointer):
        return b""
    match = _NEWEST.search(facts.head(pointer))
    return match[1].rsplit(b"/", 1)[-1] if match else b""
