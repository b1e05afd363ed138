"""A batch of directory entries turned into columns, ready to be appended to the tree."""

from __future__ import annotations

import os
from array import array

from dusk.fs.identity import EntryKind
from dusk.scan.boundary import Places
from dusk.scan.entry import EntryFlag
from dusk.scan.listing import Batch
from dusk.scan.storage import BLOCK, NO_SLOT, NOTHING_BELOW, Storage, column

# By the four bits of st_mode that hold the file type (inode(7)).
_KIND_OF = tuple(EntryKind.from_mode(bits << 12).value for bits in range(16))
_DIRECTORY = EntryKind.DIRECTORY.value
_FILE = EntryKind.FILE.value
_SPARSE = EntryFlag.SPARSE.value
_SCANNING = EntryFlag.SCANNING.value


def kind_of(status: os.stat_result) -> int:
    """Return the kind of an entry as the columns hold it."""
    return _KIND_OF[status.st_mode >> 12]


class Rows:
    """The columns of one batch, before readers can see them."""

    def __init__(self, batch: Batch) -> None:
        """Take the facts out of the status of every entry."""
        self.batch = batch
        statuses = batch.statuses
        # A status is a tuple of its first ten fields: transposing all at once is faster than any loop.
        modes, inodes, devices, links, owners, _, sizes, *_ = zip(*statuses, strict=True)
        self.inodes, self.devices, self.links, self.owners = inodes, devices, links, owners
        self.sizes: list[int] = list(sizes)
        self.blocks = [status.st_blocks for status in statuses]
        self.times = [status.st_mtime_ns for status in statuses]
        self.kinds = bytes([_KIND_OF[mode >> 12] for mode in modes])
        self.flags = array("H", bytes(2 * len(modes)))
        self.slots = array("i", [NO_SLOT]) * len(modes)
        self.newest = NOTHING_BELOW
        for position, (flags, _) in batch.marks.items():
            self.flags[position] = flags

    def note_sparse(self) -> None:
        """Flag the files that take fewer blocks than they pretend to hold."""
        pairs = zip(self.blocks, self.sizes, strict=True)
        for position in [position for position, (used, size) in enumerate(pairs) if used * BLOCK < size]:
            if self.kinds[position] == _FILE:
                self.flags[position] |= _SPARSE

    def add_directories(self, storage: Storage, device: int | None) -> list[int]:
        """Give every directory its slot; return the positions of those to walk.

        Directories on another device than the one given are not walked and carry no bytes.
        """
        walked: list[int] = []
        if _DIRECTORY not in self.kinds:
            self.newest = max(self.times)
            return walked
        for position, kind in enumerate(self.kinds):
            if kind != _DIRECTORY:
                self.newest = max(self.newest, self.times[position])
                continue
            if not self.flags[position] and device is not None and self.devices[position] != device:
                self.flags[position] = EntryFlag.OTHER_FILESYSTEM
            if self.flags[position]:
                self.blocks[position] = 0
            else:
                self.flags[position] = _SCANNING
                walked.append(position)
            self.slots[position] = storage.add_directory(
                self.sizes[position], self.blocks[position], self.times[position]
            )
            self.sizes[position] = 0
        return walked

    def note_mounted(self, places: Places | None) -> list[int]:
        """Flag mounts that are entered; return the positions of single files that are mounted here."""
        files: list[int] = []
        if places is None:
            return files
        for position, name in enumerate(self.batch.names):
            place = places.below.get(name)
            if place is not None and place.mount is not None:
                self.flags[position] |= EntryFlag.MOUNT_POINT
                if self.kinds[position] != _DIRECTORY:
                    files.append(position)
        return files

    def linked(self) -> list[int]:
        """Return the positions of entries other than directories whose inode has several names."""
        if max(self.links) < 2:
            return []
        kinds = self.kinds
        return [
            position
            for position, links in enumerate(self.links)
            if links > 1 and kinds[position] != _DIRECTORY
        ]

    def write(self, storage: Storage, parent: int) -> int:
        """Append everything to the columns and publish it; return the index of the first entry."""
        first = len(storage.parents)
        count = len(self.kinds)
        storage.add_names(self.batch.joined, self.batch.names)
        storage.parents.extend(array("i", [parent]) * count)
        storage.kinds.frombytes(self.kinds)
        storage.flags.extend(self.flags)
        storage.sizes.extend(column(self.sizes))
        storage.blocks.extend(column(self.blocks))
        storage.newest.extend(column(self.times))
        storage.owners.extend(self.owners)
        storage.devices.extend(self._device_indexes(storage))
        storage.inodes.extend(self.inodes)
        storage.links.extend(self.links)
        storage.slots.extend(self.slots)
        storage.published = first + count
        return first

    def _device_indexes(self, storage: Storage) -> array[int]:
        device = self.devices[0]
        if self.devices.count(device) == len(self.devices):
            return array("I", [storage.device_index(device)]) * len(self.devices)
        return array("I", [storage.device_index(device) for device in self.devices])
