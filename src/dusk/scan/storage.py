"""The columns that hold a size tree: arrays that only the scanning thread writes.

A reader may look at any time. What keeps it safe: every column is extended before the entries are
published in ``published``, and a directory's range grows only after that.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import Final

from dusk.fs.identity import EntryKind
from dusk.scan.entry import EntryFlag

LIMIT: Final = 2**63 - 1
"""Sizes and times beyond it are shown as it: sparse files may pretend to hold 8 EiB each."""
BLOCK: Final = 512
"""Bytes per unit of ``st_blocks``, whatever the filesystem's own block size is (stat(2))."""
NOTHING_BELOW: Final = -LIMIT - 1
"""Newest modification below a directory that holds no file."""
NO_SLOT: Final = -1
"""Slot of everything that is no directory."""

_REMOVED = EntryFlag.REMOVED.value


class Storage:
    """All entries as columns, with further columns for what only directories have."""

    def __init__(self) -> None:
        """Make empty columns."""
        self.published = 0
        """Entries that readers may look at."""
        # Names lie in one pool, each with a zero byte before and after it, which no name can hold.
        self.pool = bytearray(b"\0")
        self.name_starts = array("Q", [1])
        self.parents = array("i")
        self.kinds = array("B")
        self.flags = array("H")
        self.sizes = array("q")
        self.blocks = array("q")
        self.newest = array("q")
        self.owners = array("I")
        self.devices = array("I")
        self.inodes = array("Q")
        self.links = array("Q")
        self.slots = array("i")

        self.own_sizes = array("q")
        self.own_blocks = array("q")
        self.own_times = array("q")
        self.newest_below = array("q")
        self.items = array("q")
        self.first_child = array("I")
        self.range_length = array("I")
        self.revisions = array("Q")

        self.device_numbers: list[int] = []
        self._device_indexes: dict[int, int] = {}
        self.overrides: dict[int, array[int]] = {}
        """Children of directories that were changed after they were read, instead of their range."""
        self.gapped: set[int] = set()
        """Directories whose list of children still names removed ones."""
        self.errors: dict[int, str] = {}
        """Why an entry is unreadable."""
        self.directories = 0
        """Directories that are not removed."""

    def device_index(self, device: int) -> int:
        """Return the index under which a device number is stored."""
        index = self._device_indexes.get(device)
        if index is None:
            index = len(self.device_numbers)
            self.device_numbers.append(device)
            self._device_indexes[device] = index
        return index

    def add_names(self, joined: bytes, names: Sequence[bytes]) -> None:
        """Append names; ``joined`` holds the same ones with a zero byte after each."""
        start = len(self.pool)
        self.pool += joined
        self.name_starts.extend(array("Q", accumulate([len(name) + 1 for name in names], initial=start))[1:])

    def add_directory(self, own_size: int, own_blocks: int, own_time: int) -> int:
        """Append the facts of one directory and return its slot."""
        self.own_sizes.append(bounded(own_size))
        self.own_blocks.append(bounded(own_blocks))
        self.own_times.append(bounded(own_time))
        self.newest_below.append(NOTHING_BELOW)
        self.items.append(0)
        self.first_child.append(0)
        self.range_length.append(0)
        self.revisions.append(1)
        self.directories += 1
        return len(self.items) - 1

    def name(self, index: int) -> bytes:
        """Return the name of one entry."""
        starts = self.name_starts
        return bytes(self.pool[starts[index] : starts[index + 1] - 1])

    def child_indexes(self, index: int) -> Sequence[int]:
        """Return the children of one directory in no order, removed ones left out."""
        slot = self.slots[index]
        if slot == NO_SLOT:
            return ()
        override = self.overrides.get(index)
        first = self.first_child[slot]
        # A copy, because the scanning thread appends to the list while a reader goes through it.
        children = range(first, first + self.range_length[slot]) if override is None else override[:]
        if index in self.gapped:
            return [child for child in children if not self.flags[child] & _REMOVED]
        return children

    def is_directory(self, index: int) -> bool:
        """Return whether an entry is a directory."""
        return self.kinds[index] == EntryKind.DIRECTORY

    def touch(self, index: int) -> None:
        """Note that an entry changed: its directory's revision, or its own, grows.

        Called after the change: a reader that cached the old state did so under the old revision.
        """
        slot = self.slots[index]
        if slot != NO_SLOT:
            self.revisions[slot] += 1


def bounded(value: int) -> int:
    """Return a number as far as a column can hold it."""
    return value if -LIMIT <= value <= LIMIT else LIMIT if value > 0 else -LIMIT


def column(values: Iterable[int]) -> array[int]:
    """Return signed 64-bit numbers as an array, the ones that do not fit at the limit."""
    values = list(values)
    try:
        return array("q", values)
    except OverflowError:
        return array("q", [bounded(value) for value in values])
