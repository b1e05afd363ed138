"""The size tree of the native core, behind the protocol that all readers use."""

from __future__ import annotations

import os
from array import array
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from dusk.fs.identity import EntryKind, Identity
from dusk.scan import _native
from dusk.scan.components import entry_at
from dusk.scan.entry import Entry, EntryFlag, Measure, Sort, Sums
from dusk.scan.tree import ROOT

if TYPE_CHECKING:
    from dusk.fs.survey import LinkedInode

_KINDS = tuple(EntryKind)
_SORTS = {Sort.SIZE: 0, Sort.NAME: 1, Sort.ITEMS: 2, Sort.NEWEST: 3}
_ALL = 2**63 - 1
_PAGE = 4096
_DIRECTORY = EntryKind.DIRECTORY.value


class NativeTree(_native.Tree):
    """A size tree in packed blocks; what is cheap is answered by the core without a line of Python."""

    def kind(self, index: int) -> EntryKind:
        """Return the kind alone; cheap."""
        return _KINDS[self.kind_number(index)]

    def flags(self, index: int) -> EntryFlag:
        """Return the flags alone; cheap."""
        return EntryFlag(self.flag_bits(index))

    def entry(self, index: int) -> Entry:
        """Return all facts of one entry."""
        (
            parent, name, kind_number, apparent_size, disk_size, items, newest, owner, flags,
            device, inode, own_size, own_time, links, error,
        ) = self.facts(index)  # fmt: skip
        kind = _KINDS[kind_number]
        return Entry(
            id=index,
            parent=parent,
            name=name,
            kind=kind,
            apparent_size=apparent_size,
            disk_size=disk_size,
            items=items,
            newest_mtime_ns=newest,
            owner=owner,
            identity=Identity(device, inode, kind, own_size, own_time, links),
            flags=EntryFlag(flags),
            error=os.strerror(error).lower() if error else "",
        )

    def path(self, index: int) -> bytes:
        """Return the absolute path; may be longer than PATH_MAX."""
        root = self.name(ROOT)
        return root if index == ROOT else root.rstrip(b"/") + b"/" + self.path_below(index)

    def find(self, path: bytes) -> int | None:
        """Return the entry at an absolute path, None when the tree does not hold it."""
        return entry_at(self, path)

    def children(
        self,
        index: int,
        sort: Sort = Sort.SIZE,
        measure: Measure = Measure.DISK,
        offset: int = 0,
        limit: int | None = None,
    ) -> Sequence[int]:
        """Return one page of the children in order, removed ones left out."""
        most = _ALL if limit is None else max(limit, 0)
        page = array("I")
        page.frombytes(
            self.order(index, _SORTS[sort], measure is Measure.APPARENT, max(offset, 0), min(most, _ALL))
        )
        return page

    def subtree(self, index: int) -> Iterator[int]:
        """Yield the entry and everything below it, parents first, removed ones left out."""
        if self.is_removed(index):
            return
        waiting = array("I", [index])
        if self.kind_number(index) != _DIRECTORY:
            yield index
            return
        while waiting:
            directory = waiting.pop()
            yield directory
            directories, others = self.listed(directory)
            waiting.frombytes(directories)
            if others:
                yield from array("I", others)

    def of_kind(self, kind: EntryKind) -> Iterator[int]:
        """Yield all entries of one kind in the order of their indexes, removed ones too."""
        number, begin = _KINDS.index(kind), 0
        while found := self.entries_of_kind(number, begin, _PAGE):
            page = array("I", found)
            yield from page
            begin = page[-1] + 1

    def prominent(self, index: int, most: int) -> Sequence[int]:
        """Return the newest and the biggest files at or below, half of each: a live process uses those."""
        return array("I", self.prominent_files(index, most))

    def sums(self, entries: Sequence[int]) -> Sums:
        """Return what entries of which none lies in another one are together, each inode once."""
        return Sums(*self.sums_of(array("I", entries).tobytes()))

    def linked_inodes(self, index: int) -> tuple[LinkedInode, ...]:
        """Return the inodes with several names that have one at or below the entry."""
        from dusk.fs.survey import LinkedInode

        return tuple(LinkedInode(*facts) for facts in self.linked(index))
