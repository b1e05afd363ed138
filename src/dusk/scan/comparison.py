"""One directory of the tree against the disk: what stayed, what changed, what is new and what is gone."""

from __future__ import annotations

import os
import time

from dusk.scan.correction import Correction
from dusk.scan.entry import EntryFlag
from dusk.scan.listing import Batch
from dusk.scan.rows import kind_of
from dusk.scan.storage import NO_SLOT, NOTHING_BELOW, bounded
from dusk.scan.writer import Gain, TreeWriter

_UNREADABLE = EntryFlag.UNREADABLE.value
_SCANNING = EntryFlag.SCANNING.value
_HARD_LINK = EntryFlag.HARD_LINK.value
_ELSEWHERE = EntryFlag.COUNTED_ELSEWHERE.value
_CLOSED = (EntryFlag.MOUNT_POINT | EntryFlag.PSEUDO | EntryFlag.UNREADABLE).value
_NOT_ENTERED = (EntryFlag.OTHER_FILESYSTEM | EntryFlag.PSEUDO | EntryFlag.COUNTED_ELSEWHERE).value
_BREATH = 2000
"""Names between two pauses that let other threads run."""


class Comparison:
    """The children of one directory, ticked off batch by batch."""

    def __init__(self, writer: TreeWriter, index: int) -> None:
        """Expect the children that the tree holds."""
        self._writer = writer
        self._storage = writer.storage
        self._correction = Correction(writer)
        self._index = index
        self._unseen: dict[bytes, int] = {}
        self.gain = Gain()
        """What the directory gained by entries that changed; told to nobody yet."""
        self.changed: list[int] = []
        """Directories in it that were changed themselves."""
        self.lost_newest = NOTHING_BELOW
        """Newest modification time that an entry had and has no more."""
        self.unlinked = False
        """Whether an entry stopped having several names."""
        for count, child in enumerate(self._storage.child_indexes(index), 1):
            self._unseen[self._storage.name(child)] = child
            if not count % _BREATH:
                time.sleep(0)

    @property
    def gone(self) -> list[int]:
        """Return the children that were not seen on disk."""
        return list(self._unseen.values())

    def take_gain(self) -> Gain:
        """Return what the directory gained by entries that changed since the last call."""
        gain, self.gain = self.gain, Gain()
        return gain

    def take(self, batch: Batch) -> Batch | None:
        """Tick off entries that stayed and note their changes; return the ones that are new."""
        new: list[int] = []
        for position, name in enumerate(batch.names):
            child = self._unseen.get(name)
            status = batch.statuses[position]
            mark = batch.marks[position][0].value if position in batch.marks else 0
            if child is None or not self._stayed(child, status, mark):
                new.append(position)
                continue
            del self._unseen[name]
            if not mark:
                self._note(child, status)
        return batch.only(new) if new else None

    def _stayed(self, child: int, status: os.stat_result, mark: int) -> bool:
        flags = self._storage.flags[child] & _CLOSED
        kind = self._storage.kinds[child]
        if mark:
            return flags & mark == mark and kind == kind_of(status)
        return kind == kind_of(status) and self._writer.is_same(child, status)

    def _note(self, child: int, status: os.stat_result) -> None:
        storage = self._storage
        slot = storage.slots[child]
        if slot != NO_SLOT:
            changed = bounded(status.st_mtime_ns) != storage.own_times[slot]
            flags = storage.flags[child]
            if (changed or flags & _UNREADABLE) and not flags & (_SCANNING | _NOT_ENTERED):
                self.changed.append(child)
            return
        known = (storage.sizes[child], storage.blocks[child], storage.newest[child], storage.links[child])
        if known != (status.st_size, status.st_blocks, status.st_mtime_ns, status.st_nlink):
            if bounded(status.st_mtime_ns) < storage.newest[child]:
                self.lost_newest = max(self.lost_newest, storage.newest[child])
            self._change(child, status)

    def _change(self, child: int, status: os.stat_result) -> None:
        before, now = self._storage.flags[child] & _HARD_LINK, status.st_nlink > 1
        if before and now:
            self._change_all_names(child, status)
        elif before:
            self._become_single(child, status)
        elif now:
            self._become_linked(child, status)
        else:
            gain = self._correction.change(child, status)
            if not self._storage.flags[child] & _ELSEWHERE:
                self.gain.add(gain)

    def _change_all_names(self, child: int, status: os.stat_result) -> None:
        links = self._writer.links
        for name in links.names(links.key(child)):
            before = self._storage.newest[name]
            gain = self._correction.change(name, status)
            if self._storage.flags[name] & _ELSEWHERE:
                gain = Gain(newest=gain.newest)
            self._tell(name, gain)
            if gain.newest < before:
                self._correction.lower_newest(self._storage.parents[name], before)

    def _become_single(self, child: int, status: os.stat_result) -> None:
        # Names elsewhere must be gone by now; those directories say so when they are refreshed.
        storage, links = self._storage, self._writer.links
        key = links.key(child)
        others = [name for name in links.names(key) if name != child]
        gain = self._correction.change(child, status)
        if storage.flags[child] & _ELSEWHERE:
            gain = Gain(storage.blocks[child], storage.sizes[child], 0, gain.newest)
            for name in others:
                if not storage.flags[name] & _ELSEWHERE:
                    storage.flags[name] |= _ELSEWHERE
                    self._tell(name, Gain(-storage.blocks[name], -storage.sizes[name]))
        storage.flags[child] &= ~(_ELSEWHERE | _HARD_LINK)
        links.keep_only(key, others)
        self.unlinked = True
        self.gain.add(gain)

    def _become_linked(self, child: int, status: os.stat_result) -> None:
        storage = self._storage
        gain = self._correction.change(child, status)
        storage.flags[child] |= _HARD_LINK
        if not self._writer.links.add(child):
            storage.flags[child] |= _ELSEWHERE
            gain.blocks -= storage.blocks[child]
            gain.size -= storage.sizes[child]
        self._writer.mark_upwards(self._index, EntryFlag.LINKS_BELOW.value)
        self.gain.add(gain)

    def _tell(self, child: int, gain: Gain) -> None:
        parent = self._storage.parents[child]
        if parent == self._index:
            self.gain.add(gain)
        else:
            self._correction.apply_upwards(parent, gain)
