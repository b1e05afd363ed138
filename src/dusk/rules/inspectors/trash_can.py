"""The desktop's trash: what was deleted long ago and still takes its space.

Source: FreeDesktop.org Trash specification 1.0: ``files/<name>`` with ``info/<name>.trashinfo``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from dusk.fs.units import count_noun
from dusk.rules.facts import Facts
from dusk.rules.probe import CannotTellError
from dusk.rules.sighting import Sighting

_NAME = re.compile(rb"Trash\Z|\.Trash-\d+\Z|\d+\Z")
_INFO = b".trashinfo"


def inspect_trash(directory: int, _hits: list[int], facts: Facts) -> Iterator[Sighting]:
    """Yield what lies in a trash directory; a hit is its ``info``."""
    if not _NAME.match(facts.tree.name(directory).rsplit(b"/", 1)[-1]):
        return
    files = facts.child(directory, b"files")
    info = facts.child(directory, b"info")
    if files is None or info is None or not facts.tree.child_count(files):
        return
    try:
        names = facts.children(files)
        notes = facts.children(info)
    except CannotTellError:
        names, notes = {}, {}
    alone = sum(name + _INFO not in notes for name in names)
    evidence = [
        f"{count_noun(facts.tree.child_count(files), 'thing')} of {facts.shown_size(files)} that somebody "
        "deleted; the "
        f"newest change in it was {facts.shown_age(files)}."
    ]
    if alone:
        evidence.append(f"{count_noun(alone, 'thing')} without a note of where it came from.")
    yield Sighting("trash", (files,), evidence=tuple(evidence))
