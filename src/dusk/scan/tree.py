"""The size tree as every reader sees it, whoever fills it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Protocol

from dusk.fs.identity import EntryKind
from dusk.scan.entry import Entry, Measure, Sort, Sums

if TYPE_CHECKING:
    from dusk.fs.survey import LinkedInode

ROOT = 0
"""The root's index in every tree."""


class SizeTree(Protocol):
    """A tree that can be read from any thread while one scanner writes it.

    Indexes are stable: an entry keeps its own for the tree's life, also after it was removed.
    """

    def __len__(self) -> int:
        """Return how many entries were ever added, the root and removed ones included."""
        ...

    def entry(self, index: int) -> Entry:
        """Return all facts of one entry."""
        ...

    def name(self, index: int) -> bytes:
        """Return the name; the absolute path for the root."""
        ...

    def parent(self, index: int) -> int:
        """Return the index of the holding directory; -1 for the root."""
        ...

    def kind(self, index: int) -> EntryKind:
        """Return the kind alone; cheap."""
        ...

    def disk_size(self, index: int) -> int:
        """Return the disk size alone; cheap."""
        ...

    def apparent_size(self, index: int) -> int:
        """Return the apparent size alone; cheap."""
        ...

    def newest_mtime_ns(self, index: int) -> int:
        """Return the newest modification below, in nanoseconds; cheap."""
        ...

    def path(self, index: int) -> bytes:
        """Return the absolute path; may be longer than PATH_MAX."""
        ...

    def find(self, path: bytes) -> int | None:
        """Return the entry at an absolute path, None when the tree does not hold it."""
        ...

    def child(self, index: int, name: bytes) -> int | None:
        """Return the child of that name, None when there is none."""
        ...

    def child_count(self, index: int) -> int:
        """Return how many children there are, removed ones left out."""
        ...

    def children(
        self,
        index: int,
        sort: Sort = Sort.SIZE,
        measure: Measure = Measure.DISK,
        offset: int = 0,
        limit: int | None = None,
    ) -> Sequence[int]:
        """Return one page of the children in order, removed ones left out."""
        ...

    def subtree(self, index: int) -> Iterator[int]:
        """Yield the entry and everything below it, parents first, removed ones left out."""
        ...

    def is_complete(self, index: int) -> bool:
        """Return whether everything below has been examined."""
        ...

    def is_removed(self, index: int) -> bool:
        """Return whether the entry, or a directory above it, is gone since the scan."""
        ...

    def revision(self, index: int) -> int:
        """Return a number that grows with every change at or below the entry."""
        ...

    def of_kind(self, kind: EntryKind) -> Iterator[int]:
        """Yield all entries of one kind in the order of their indexes, removed ones too."""
        ...

    def prominent(self, index: int, most: int) -> Sequence[int]:
        """Return the newest and the biggest files at or below, half of each: a live process uses those."""
        ...

    def sums(self, entries: Sequence[int]) -> Sums:
        """Return what entries of which none lies in another one are together, each inode once."""
        ...

    def linked_inodes(self, index: int) -> tuple[LinkedInode, ...]:
        """Return the inodes with several names that have one at or below the entry."""
        ...
