"""``__pycache__``: bytecode that Python writes again, as long as its source is there.

Source: PEP 3147: a file in ``__pycache__`` is used only together with its ``.py``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from dusk.rules.facts import Facts
from dusk.rules.probe import CannotTellError
from dusk.rules.sighting import Sighting

# module.cpython-311.opt-1.pyc, and numba's cache of compiled functions beside it.
_COMPILED = re.compile(rb"(.+?)\.(?:cpython|pypy|graalpy)[\w.-]*\.py[co](?:\.\d+)?\Z")
_NUMBA = re.compile(rb"(.+?)\.[^/]*\.nb[ic]\Z")


def inspect_bytecode(directory: int, hits: list[int], facts: Facts) -> Iterator[Sighting]:
    """Yield the bytecode of one directory of sources."""
    if not facts.ground.is_anybodys(directory):
        return
    for hit in hits:
        if not facts.is_directory(hit) or facts.tree.parent(hit) != directory:
            continue
        try:
            children = facts.children(hit)
        except CannotTellError:
            continue
        renewed, alone, strange = _sort(directory, children, facts)
        if alone:
            yield Sighting(
                "python-bytecode-only",
                tuple(alone),
                evidence=("The source that it was compiled from is not beside it any more.",),
            )
        if renewed:
            whole = not alone and not strange
            yield Sighting(
                "python-bytecode",
                (hit,) if whole else tuple(renewed),
                tally={"compiled": len(renewed), "directories": 1},
            )


def _sort(directory: int, children: dict[bytes, int], facts: Facts) -> tuple[list[int], list[int], list[int]]:
    """Return what comes back by itself, what has no source, and what is no bytecode."""
    renewed: list[int] = []
    alone: list[int] = []
    strange: list[int] = []
    for name, child in children.items():
        match = _COMPILED.match(name) or _NUMBA.match(name)
        if match is None or not facts.is_file(child):
            strange.append(child)
            continue
        module = match[1].split(b".")[0] if name.endswith((b".nbi", b".nbc")) else match[1]
        source = facts.tree.child(directory, module + b".py")
        (renewed if source is not None and facts.is_file(source) else alone).append(child)
    return renewed, alone, strange
