"""The reference size tree: readable from any thread while one scanner fills its columns."""

from __future__ import annotations

import contextlib
import heapq
from bisect import bisect_left
from collections.abc import Iterator, Sequence

from dusk.fs.identity import EntryKind, Identity
from dusk.fs.survey import LinkedInode
from dusk.scan.components import entry_at
from dusk.scan.entry import Entry, EntryFlag, Measure, Sort, Sums
from dusk.scan.ordering import Ordering
from dusk.scan.storage import BLOCK, LIMIT, NO_SLOT, Storage, bounded
from dusk.scan.tree import ROOT

_REMOVED = EntryFlag.REMOVED.value
_SCANNING = EntryFlag.SCANNING.value
_HARD_LINK = EntryFlag.HARD_LINK.value
_ELSEWHERE = EntryFlag.COUNTED_ELSEWHERE.value
_LINKS_BELOW = EntryFlag.LINKS_BELOW.value
_KINDS = tuple(EntryKind)
_FILE = _KINDS.index(EntryKind.FILE)


class ColumnTree:
    """A size tree in columns; no Python object per entry.

    An entry whose bytes are counted at another name keeps its own size and adds nothing to totals.
    """

    def __init__(self, storage: Storage) -> None:
        """Read from columns that hold the root at least."""
        self._storage = storage
        self._ordering = Ordering(storage)

    def __len__(self) -> int:
        """Return how many entries were ever added, the root and removed ones included."""
        return self._storage.published

    def entry(self, index: int) -> Entry:
        """Return all facts of one entry."""
        storage = self._storage
        slot = storage.slots[index]
        kind = _KINDS[storage.kinds[index]]
        identity = Identity(
            device=storage.device_numbers[storage.devices[index]],
            inode=storage.inodes[index],
            kind=kind,
            size=storage.sizes[index] if slot == NO_SLOT else storage.own_sizes[slot],
            mtime_ns=storage.newest[index] if slot == NO_SLOT else storage.own_times[slot],
            links=storage.links[index],
        )
        return Entry(
            id=index,
            parent=storage.parents[index],
            name=storage.name(index),
            kind=kind,
            apparent_size=storage.sizes[index],
            disk_size=storage.blocks[index] * BLOCK,
            items=0 if slot == NO_SLOT else storage.items[slot],
            newest_mtime_ns=storage.newest[index],
            owner=storage.owners[index],
            identity=identity,
            flags=EntryFlag(storage.flags[index]),
            error=storage.errors.get(index, ""),
        )

    def name(self, index: int) -> bytes:
        """Return the name; the absolute path for the root."""
        return self._storage.name(index)

    def parent(self, index: int) -> int:
        """Return the index of the holding directory; -1 for the root."""
        return self._storage.parents[index]

    def kind(self, index: int) -> EntryKind:
        """Return the kind alone; cheap."""
        return _KINDS[self._storage.kinds[index]]

    def flags(self, index: int) -> EntryFlag:
        """Return the flags alone; cheap."""
        return EntryFlag(self._storage.flags[index])

    def disk_size(self, index: int) -> int:
        """Return the disk size alone; cheap."""
        return self._storage.blocks[index] * BLOCK

    def apparent_size(self, index: int) -> int:
        """Return the apparent size alone; cheap."""
        return self._storage.sizes[index]

    def newest_mtime_ns(self, index: int) -> int:
        """Return the newest modification below, in nanoseconds; cheap."""
        return self._storage.newest[index]

    def path(self, index: int) -> bytes:
        """Return the absolute path; may be longer than PATH_MAX."""
        storage = self._storage
        names = []
        while index > ROOT:
            names.append(storage.name(index))
            index = storage.parents[index]
        root = storage.name(ROOT)
        if not names:
            return root
        names.append(root.rstrip(b"/"))
        return b"/".join(reversed(names))

    def find(self, path: bytes) -> int | None:
        """Return the entry at an absolute path, None when the tree does not hold it."""
        return entry_at(self, path)

    def child(self, index: int, name: bytes) -> int | None:
        """Return the child of that name, None when there is none."""
        storage = self._storage
        slot = storage.slots[index]
        if slot == NO_SLOT or b"\0" in name or not name:
            return None
        first = storage.first_child[slot]
        end = first + storage.range_length[slot]
        found = self._child_in_range(first, end, name)
        if found is not None:
            return found
        for child in storage.overrides.get(index, ()):
            if (
                not first <= child < end
                and storage.name(child) == name
                and not storage.flags[child] & _REMOVED
            ):
                return child
        return None

    def _child_in_range(self, first: int, end: int, name: bytes) -> int | None:
        # The names of one range lie side by side in the pool: one search in C finds any of them.
        storage = self._storage
        if first == end:
            return None
        position = storage.name_starts[first] - 1
        stop = storage.name_starts[end]
        wanted = b"\0" + name + b"\0"
        while (position := storage.pool.find(wanted, position, stop)) >= 0:
            found = bisect_left(storage.name_starts, position + 1, first, end)
            if not storage.flags[found] & _REMOVED:
                return found
            position += len(wanted) - 1
        return None

    def child_count(self, index: int) -> int:
        """Return how many children there are, removed ones left out."""
        return len(self._storage.child_indexes(index))

    def children(
        self,
        index: int,
        sort: Sort = Sort.SIZE,
        measure: Measure = Measure.DISK,
        offset: int = 0,
        limit: int | None = None,
    ) -> Sequence[int]:
        """Return one page of the children in order, removed ones left out."""
        return self._ordering.page(index, sort, measure, offset, limit)

    def subtree(self, index: int) -> Iterator[int]:
        """Yield the entry and everything below it, parents first, removed ones left out."""
        storage = self._storage
        if self.is_removed(index):
            return
        waiting = [index]
        while waiting:
            directory = waiting.pop()
            yield directory
            for child in storage.child_indexes(directory):
                if storage.slots[child] == NO_SLOT:
                    yield child
                else:
                    waiting.append(child)

    def is_complete(self, index: int) -> bool:
        """Return whether everything below has been examined."""
        return not self._storage.flags[index] & _SCANNING

    def is_removed(self, index: int) -> bool:
        """Return whether the entry, or a directory above it, is gone since the scan."""
        storage = self._storage
        while index >= 0:
            if storage.flags[index] & _REMOVED:
                return True
            index = storage.parents[index]
        return False

    def revision(self, index: int) -> int:
        """Return a number that grows with every change at or below the entry."""
        storage = self._storage
        slot = storage.slots[index]
        if slot == NO_SLOT:
            slot = storage.slots[storage.parents[index]]
        return storage.revisions[slot]

    def linked_inodes(self, index: int) -> tuple[LinkedInode, ...]:
        """Return the inodes with several names that have one at or below the entry."""
        storage = self._storage
        found: dict[tuple[int, int], int] = {}
        sample: dict[tuple[int, int], int] = {}
        # The size of one name alone holds the bytes always.
        counted = {(storage.devices[index], storage.inodes[index])}
        for entry in self._linked_entries(index):
            key = (storage.devices[entry], storage.inodes[entry])
            found[key] = found.get(key, 0) + 1
            sample[key] = entry
            if not storage.flags[entry] & _ELSEWHERE:
                counted.add(key)
        return tuple(
            LinkedInode(
                device=storage.device_numbers[key[0]],
                inode=key[1],
                links=storage.links[entry],
                found=found[key],
                disk_size=min(storage.blocks[entry] * BLOCK, LIMIT),
                counted=key in counted,
            )
            for key, entry in sample.items()
        )

    def of_kind(self, kind: EntryKind) -> Iterator[int]:
        """Yield all entries of one kind in the order of their indexes, removed ones too."""
        kinds, number = self._storage.kinds, _KINDS.index(kind)
        begin, end = 0, self._storage.published
        with contextlib.suppress(ValueError):
            while True:
                begin = kinds.index(number, begin, end)
                yield begin
                begin += 1

    def prominent(self, index: int, most: int) -> Sequence[int]:
        """Return the newest and the biggest files at or below, half of each: a live process uses those."""
        storage = self._storage
        files = [entry for entry in self.subtree(index) if storage.kinds[entry] == _FILE]
        newest = heapq.nlargest((most + 1) // 2, files, key=storage.newest.__getitem__)
        biggest = heapq.nlargest(most // 2, files, key=storage.sizes.__getitem__)
        return sorted({*newest, *biggest})

    def sums(self, entries: Sequence[int]) -> Sums:
        """Return what entries of which none lies in another one are together, each inode once."""
        storage = self._storage
        size = blocks = staying = 0
        counted: set[tuple[int, int]] = set()
        found: dict[tuple[int, int], list[int]] = {}
        for index in entries:
            is_directory = storage.slots[index] != NO_SLOT
            if is_directory or not storage.flags[index] & _HARD_LINK:
                size += storage.sizes[index]
                blocks += storage.blocks[index]
                if not is_directory and storage.flags[index] & _ELSEWHERE:
                    staying += storage.blocks[index]  # a file that is mounted here
            for entry in self._linked_entries(index):
                key = (storage.devices[entry], storage.inodes[entry])
                found.setdefault(key, []).append(entry)
                if is_directory and not storage.flags[entry] & _ELSEWHERE:
                    counted.add(key)
        for key, (entry, *others) in found.items():
            if key not in counted:
                size += storage.sizes[entry]
                blocks += storage.blocks[entry]
            if len(others) + 1 < storage.links[entry]:
                staying += storage.blocks[entry]
        return Sums(bounded(size), blocks * BLOCK, (blocks - staying) * BLOCK)

    def _linked_entries(self, index: int) -> Iterator[int]:
        storage = self._storage
        if storage.flags[index] & _HARD_LINK:
            yield index
        waiting = [index]
        while waiting:
            directory = waiting.pop()
            if not storage.flags[directory] & _LINKS_BELOW:
                continue
            for child in storage.child_indexes(directory):
                flags = storage.flags[child]
                if flags & _HARD_LINK:
                    yield child
                elif flags & _LINKS_BELOW:
                    waiting.append(child)
