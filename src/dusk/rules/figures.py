"""How big a set of entries is, and how much of it would really come free."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from dusk.fs.identity import EntryKind
from dusk.scan.entry import EntryFlag
from dusk.scan.tree import SizeTree

_LINKED = EntryFlag.HARD_LINK | EntryFlag.LINKS_BELOW | EntryFlag.COUNTED_ELSEWHERE
_WALKED = 50000  # entries below which linked inodes are looked at one by one


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

    def __add__(self, other: Figures) -> Figures:
        """Return the figures of both, taken to share nothing."""
        return Figures(
            self.apparent_size + other.apparent_size,
            self.disk_size + other.disk_size,
            self.freed + other.freed,
            max(self.newest_mtime_ns, other.newest_mtime_ns),
        )


def outermost(tree: SizeTree, entries: Iterable[int]) -> tuple[int, ...]:
    """Return the entries without those that lie below another one, in their order, each once."""
    chosen = dict.fromkeys(entries)
    return tuple(entry for entry in chosen if not _has_ancestor_in(tree, entry, chosen))


def measure(tree: SizeTree, entries: Iterable[int]) -> Figures:
    """Return the figures of a set of entries; nested ones count once."""
    plain = Figures()
    linked: list[int] = []
    for index in outermost(tree, entries):
        entry = tree.entry(index)
        if entry.flags & EntryFlag.REMOVED:
            continue
        if entry.flags & _LINKED:
            linked.append(index)
        else:
            size = entry.disk_size
            plain += Figures(entry.apparent_size, size, size, entry.newest_mtime_ns)
    return plain + _measure_linked(tree, linked) if linked else plain


def _measure_linked(tree: SizeTree, entries: list[int]) -> Figures:
    """Measure entries that share inodes with each other or with the outside."""
    links: dict[tuple[int, int], list[int]] = {}
    for index in entries:
        for inode in tree.linked_inodes(index):
            known = links.setdefault((inode.device, inode.inode), [inode.links, 0, inode.disk_size])
            known[1] += inode.found
    newest = max(tree.newest_mtime_ns(index) for index in entries)
    staying = sum(size for total, found, size in links.values() if found < total)
    if sum(tree.entry(index).items for index in entries) > _WALKED:
        # Too many to look at one by one: the scan's own totals, which count an inode at its first name.
        apparent = sum(tree.apparent_size(index) for index in entries)
        disk = sum(tree.disk_size(index) for index in entries)
        return Figures(apparent, disk, max(disk - staying, 0), newest)
    apparent = disk = 0
    seen: set[tuple[int, int]] = set()
    for top in entries:
        for index in tree.subtree(top):
            apparent_one, disk_one = _own_sizes(tree, index, seen)
            apparent += apparent_one
            disk += disk_one
    return Figures(apparent, disk, max(disk - staying, 0), newest)


def _own_sizes(tree: SizeTree, index: int, seen: set[tuple[int, int]]) -> tuple[int, int]:
    """Return what one entry itself adds; a directory its own blocks alone."""
    if tree.kind(index) is EntryKind.DIRECTORY:
        below = sum(
            tree.disk_size(child)
            for child in tree.children(index)
            if not tree.entry(child).flags & EntryFlag.COUNTED_ELSEWHERE
        )
        return 0, max(tree.disk_size(index) - below, 0)
    entry = tree.entry(index)
    if entry.identity.links > 1:
        inode = (entry.identity.device, entry.identity.inode)
        if inode in seen:
            return 0, 0
        seen.add(inode)
    return entry.apparent_size, entry.disk_size


def _has_ancestor_in(tree: SizeTree, entry: int, chosen: dict[int, None]) -> bool:
    parent = tree.parent(entry)
    while parent >= 0:
        if parent in chosen:
            return True
        parent = tree.parent(parent)
    return False
