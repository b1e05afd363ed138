"""Symbolic links that point at a candidate: ``latest`` beside it, in a directory above, or anywhere else."""

from __future__ import annotations

import bisect
import itertools
import os

from dusk.fs.identity import EntryKind
from dusk.rules.facts import WIDE, Facts
from dusk.rules.probe import CannotTellError
from dusk.scan.tree import ROOT

_LEVELS = 6
_LINKS = 5000  # links read in the whole tree, without those that tools make by the thousand
_TOOLS = frozenset({b"snapshots", b"blobs", b"bin", b".bin", b"lib", b"files"})


class InboundLinks:
    """Remembers the links in each directory, as long as it stays as it is."""

    def __init__(self, facts: Facts) -> None:
        """Begin with none read."""
        self._facts = facts
        self._read: dict[int, tuple[int, dict[bytes, int]]] = {}
        self._everywhere: tuple[int, list[tuple[bytes, int]]] = (-1, [])

    def pointing_at(self, entry: int) -> int | None:
        """Return a link beside an entry, in one of the next directories above, or else anywhere in a tree
        that is complete, that leads to or into it.
        """
        path = self._facts.path(entry)
        inside = path + b"/"
        for directory in self._facts.ground.ancestors(entry)[:_LEVELS]:
            for target, link in self._links(directory).items():
                if target == path or target.startswith(inside):
                    return link
        return self._far(path, inside)

    def _far(self, path: bytes, inside: bytes) -> int | None:
        """Return a link from anywhere else: what serves a checkpoint seldom lies beside the training."""
        tree = self._facts.tree
        if not tree.is_complete(ROOT):
            return None
        revision = tree.revision(ROOT)
        if self._everywhere[0] != revision:
            self._everywhere = (revision, self._all_links())
        links = self._everywhere[1]
        for wanted in (path, inside):
            position = bisect.bisect_left(links, (wanted, -1))
            while position < len(links):
                target, link = links[position]
                if target != path and not target.startswith(inside):
                    break
                if not self._is_below(link, inside):
                    return link
                position += 1
        return None

    def _is_below(self, link: int, inside: bytes) -> bool:
        return self._facts.path(link).startswith(inside)

    def _all_links(self) -> list[tuple[bytes, int]]:
        """Return where the links of the whole tree lead, sorted, each with the link."""
        facts = self._facts
        tree = facts.tree
        somebodys = filter(self._is_somebodys, tree.of_kind(EntryKind.SYMLINK))
        links = list(itertools.islice(somebodys, _LINKS))
        try:
            targets = facts.links(links)
        except CannotTellError:
            return []
        return sorted(
            (os.path.normpath(os.path.join(facts.path(tree.parent(link)), target)), link)
            for link, target in zip(links, targets, strict=False)
        )

    def _is_somebodys(self, link: int) -> bool:
        tree = self._facts.tree
        if tree.is_removed(link):
            return False
        directory = tree.parent(link)
        if tree.name(directory) in _TOOLS or self._facts.ground.is_managed(directory):
            return False
        return tree.name(tree.parent(directory)) != b"snapshots" if directory > ROOT else True

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
