"""Symbolic links that point at a candidate: ``latest`` beside it, or a link in a directory above."""

from __future__ import annotations

import os

from dusk.fs.identity import EntryKind
from dusk.rules.facts import WIDE, Facts
from dusk.rules.probe import CannotTellError

_LEVELS = 6


class InboundLinks:
    """Remembers the links in each directory, as long as it stays as it is."""

    def __init__(self, facts: Facts) -> None:
        """Begin with none read."""
        self._facts = facts
        self._read: dict[int, tuple[int, dict[bytes, int]]] = {}

    def pointing_at(self, entry: int) -> int | None:
        """Return a link beside an entry, or in one of the next directories above, that leads to or into it.

        Raises CannotTellError where the links there cannot be read.
        """
        path = self._facts.path(entry)
        inside = path + b"/"
        for directory in self._facts.ground.ancestors(entry)[:_LEVELS]:
            for target, link in self._links(directory).items():
                if target == path or target.startswith(inside):
                    return link
        return None

    def _links(self, directory: int) -> dict[bytes, int]:
        """Return where the links in a directory lead, absolute, and by which of them."""
        facts = self._facts
        tree = facts.tree
        revision = tree.revision(directory)
        known = self._read.get(directory)
        if known is not None and known[0] == revision:
            return known[1]
        found: dict[bytes, int] = {}
        if tree.child_count(directory) <= WIDE:
            links = [one for one in tree.children(directory) if tree.kind(one) is EntryKind.SYMLINK]
            here = facts.path(directory)
            try:
                targets = facts.links(links)
            except CannotTellError:
                targets = []
            for link, target in zip(links, targets, strict=False):
                found.setdefault(os.path.normpath(os.path.join(here, target)), link)
        self._read[directory] = (revision, found)
        return found
