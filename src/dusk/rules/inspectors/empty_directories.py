"""Directories without any file below, gathered into one finding."""

from __future__ import annotations

from collections.abc import Iterator

from dusk.fs.units import format_count
from dusk.rules.facts import Facts
from dusk.rules.sighting import Sighting
from dusk.scan.tree import ROOT

# Programs put files here when they run, and some fail when the directory is missing.
_EXPECTED = frozenset(
    {
        b"inbox", b"outbox", b"uploads", b"upload", b"downloads", b"logs", b"log", b"tmp", b"temp", b"run",
        b"cache", b"control", b"sockets", b"spool", b"processing", b"failed", b"pending", b"completed",
        b"recently_completed", b"done", b"high", b"normal", b"low", b"paused", b"queued", b"lost+found",
        b"blobs", b"refs", b"snapshots", b"mnt", b"media", b"incoming", b"work",
    }
)  # fmt: skip
_QUEUES = frozenset({b"queue", b"queues", b"jobs", b"spool"})


class EmptyDirectories:
    """Counts, per directory, how many of its children are directories without a file below."""

    def __init__(self) -> None:
        """Begin with nothing seen."""
        self._empty: set[int] = set()
        self._children: dict[int, set[int]] = {}

    def observe(self, directory: int, facts: Facts) -> Iterator[Sighting]:
        """Take note of a complete directory; yield everything found when it is the root."""
        tree = facts.tree
        parent = tree.parent(directory)
        count = tree.child_count(directory)
        below = self._children.get(directory, ())
        if (
            count == len(below)
            and (count or not facts.is_closed(directory))
            and not tree.is_removed(directory)
        ):
            self._empty.add(directory)
            self._children.setdefault(parent, set()).add(directory)
        elif directory in self._empty:
            self._empty.discard(directory)
            self._children.get(parent, set()).discard(directory)
        if below:
            self._children[directory] = {child for child in below if not tree.is_removed(child)}
        if directory == ROOT:
            yield from self._found(facts)

    def _found(self, facts: Facts) -> Iterator[Sighting]:
        outermost = [
            index
            for index in sorted(self._empty)
            if index != ROOT and facts.tree.parent(index) not in self._empty and _is_nobodys(index, facts)
        ]
        if outermost:
            total = sum(1 for index in self._empty if not facts.tree.is_removed(index))
            yield Sighting(
                "empty-directories",
                tuple(outermost),
                evidence=(
                    f"{format_count(len(outermost))} directories hold no file at any depth; with the "
                    f"directories inside them {format_count(total)}.",
                ),
            )


def _is_nobodys(index: int, facts: Facts) -> bool:
    """Return whether no tool is known to expect the directory, nor anything inside it."""
    tree = facts.tree
    if tree.is_removed(index) or tree.name(index).startswith(b"."):
        return False
    if facts.ground.is_managed(index) or facts.is_live(index):
        return False
    above = [tree.name(ancestor) for ancestor in facts.ground.ancestors(index)[:-1]]
    if any(name.startswith(b".") or name in _QUEUES for name in above):
        return False
    return not any(tree.name(entry) in _EXPECTED for entry in tree.subtree(index))
