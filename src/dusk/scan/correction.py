"""Changing what the tree already says: facts of one entry, and what directories above conclude from it."""

from __future__ import annotations

import os

from dusk.fs.identity import EntryKind
from dusk.scan.entry import EntryFlag
from dusk.scan.storage import BLOCK, NO_SLOT, NOTHING_BELOW, bounded
from dusk.scan.writer import Gain, TreeWriter

_SPARSE = EntryFlag.SPARSE.value
_CAUSES = {
    EntryFlag.PARTIAL: (EntryFlag.PARTIAL | EntryFlag.UNREADABLE).value,
    EntryFlag.LINKS_BELOW: (EntryFlag.LINKS_BELOW | EntryFlag.HARD_LINK).value,
}


class Correction:
    """Corrects entries in place; belongs to the scanning thread."""

    def __init__(self, writer: TreeWriter) -> None:
        """Correct the columns of this writer."""
        self._writer = writer
        self._storage = writer.storage

    def change(self, index: int, status: os.stat_result) -> Gain:
        """Note new facts of an entry that is no directory; return the difference, told to nobody yet."""
        storage = self._storage
        gain = Gain(
            blocks=bounded(status.st_blocks) - storage.blocks[index],
            size=bounded(status.st_size) - storage.sizes[index],
            newest=bounded(status.st_mtime_ns),
        )
        storage.blocks[index] = bounded(status.st_blocks)
        storage.sizes[index] = bounded(status.st_size)
        storage.newest[index] = bounded(status.st_mtime_ns)
        storage.owners[index] = status.st_uid
        storage.links[index] = status.st_nlink
        storage.flags[index] &= ~_SPARSE
        if status.st_blocks * BLOCK < status.st_size and storage.kinds[index] == EntryKind.FILE:
            storage.flags[index] |= _SPARSE
        return gain

    def apply_upwards(self, index: int, gain: Gain) -> None:
        """Add a gain to the totals of a directory and of all above it."""
        while index >= 0:
            self._writer.apply(index, gain)
            index = self._storage.parents[index]

    def clear_upwards(self, index: int, flag: EntryFlag) -> None:
        """Take PARTIAL or LINKS_BELOW from a directory and those above, while no child is a cause."""
        storage = self._storage
        causes = _CAUSES[flag]
        while index >= 0 and storage.flags[index] & flag:
            if any(storage.flags[child] & causes for child in storage.child_indexes(index)):
                return
            storage.flags[index] &= ~flag.value
            storage.touch(index)
            index = storage.parents[index]

    def lower_newest(self, index: int, lost: int) -> None:
        """Find the newest modification again where the one that is lost was the newest."""
        storage = self._storage
        while index >= 0:
            slot = storage.slots[index]
            if storage.newest_below[slot] > lost:
                return
            newest = max(map(self._newest_of, storage.child_indexes(index)), default=NOTHING_BELOW)
            if newest == storage.newest_below[slot]:
                return
            storage.newest_below[slot] = newest
            storage.newest[index] = storage.own_times[slot] if newest == NOTHING_BELOW else newest
            storage.touch(index)
            index = storage.parents[index]

    def _newest_of(self, index: int) -> int:
        slot = self._storage.slots[index]
        return self._storage.newest[index] if slot == NO_SLOT else self._storage.newest_below[slot]
