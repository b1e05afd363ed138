"""Where a path of a config or a note leads, also in a tree that was moved or mounted elsewhere."""

from __future__ import annotations

from dusk.rules.facts import Facts
from dusk.scan.tree import ROOT


def moved_place(path: bytes, facts: Facts) -> int | None:
    """Return the entry at an absolute path, or at its longest end that exists below what was scanned."""
    place = facts.tree.find(path)
    parts = path.strip(b"/").split(b"/")
    for start in range(1, len(parts)):
        place = place if place is not None else facts.child(ROOT, *parts[start:])
    return place
