"""How big a set of entries is, and how much of it would really come free."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from dusk.scan.tree import SizeTree


@dataclass(frozen=True, slots=True)
class Figures:
    """Sizes of some entries and all below them, each inode once."""

    apparent_size: int = 0
    """Apparent bytes."""
    disk_size: int = 0
    """Disk bytes."""
    freed: int = 0
    """Disk bytes that come free when exactly these entries are purged."""
    newest_mtime_ns: int = 0
    """Newest change."""

    @property
    def held_by_links(self) -> int:
        """Disk bytes that stay because other names of the inodes stay."""
        return self.disk_size - self.freed


def outermost(tree: SizeTree, entries: Iterable[int]) -> tuple[int, ...]:
    """Return the entries without those that lie below another one, in their order, each once."""
    chosen = dict.fromkeys(entries)
    return tuple(entry for entry in chosen if not _has_ancestor_in(tree, entry, chosen))


def measure(tree: SizeTree, entries: Iterable[int]) -> Figures:
    """Return the figures of a set of entries; nested ones count once."""
    chosen = [entry for entry in outermost(tree, entries) if not tree.is_removed(entry)]
    sums = tree.sums(chosen)
    newest = max(map(tree.newest_mtime_ns, chosen), default=0)
    return Figures(sums.apparent_size, sums.disk_size, max(sums.freed, 0), newest)


def _has_ancestor_in(tree: SizeTree, entry: int, chosen: dict[int, None]) -> bool:
    parent = tree.parent(entry)
    while parent >= 0:
        if parent in chosen:
            return True
        parent = tree.parent(parent)
    return False
