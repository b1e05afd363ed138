"""Bringing directories of the tree up to date after something changed on disk."""

from __future__ import annotations

import os
from collections.abc import Callable

from dusk.scan.boundary import Places
from dusk.scan.columns import ColumnTree
from dusk.scan.comparison import Comparison
from dusk.scan.components import components
from dusk.scan.correction import Correction
from dusk.scan.entry import EntryFlag
from dusk.scan.listing import read_batches, reason
from dusk.scan.removal import Removal
from dusk.scan.storage import NO_SLOT
from dusk.scan.tree import ROOT
from dusk.scan.walk import GONE, Frame, Walk
from dusk.scan.writer import Gain, TreeWriter

_SCANNING = EntryFlag.SCANNING.value
_UNREADABLE = EntryFlag.UNREADABLE.value
_NOT_ENTERED = (EntryFlag.OTHER_FILESYSTEM | EntryFlag.PSEUDO | EntryFlag.COUNTED_ELSEWHERE).value


class Refresher:
    """Compares directories with the disk; belongs to the scanning thread."""

    def __init__(
        self,
        writer: TreeWriter,
        tree: ColumnTree,
        root: int,
        places: Places,
        stopped: Callable[[], bool],
        *,
        walking: bool,
    ) -> None:
        """Refresh below the open directory ``root``.

        With ``walking`` a walk is under way, which reads unread directories when it comes to them.
        """
        self._writer = writer
        self._storage = writer.storage
        self._tree = tree
        self._root = root
        self._places = places
        self._stopped = stopped
        self._walking = walking
        self._removal = Removal(writer, tree, root)
        self._correction = Correction(writer)

    def refresh(self, path: bytes) -> None:
        """Bring the directory at a path up to date, and those in it that were changed themselves.

        What the tree does not hold is found through the nearest directory that it holds.
        """
        below = components(self._tree.name(ROOT), path)
        if below is None:
            return
        waiting = [self._nearest(below)]
        while waiting and not self._stopped():
            index = waiting.pop()
            if not self._tree.is_removed(index):
                waiting += self._refresh_directory(index)

    def _nearest(self, below: list[bytes]) -> int:
        storage = self._storage
        index = ROOT
        for name in below:
            child = self._tree.child(index, name)
            if child is None or storage.slots[child] == NO_SLOT or self._is_closed(child):
                break
            index = child
        return index

    def _is_closed(self, index: int) -> bool:
        flags = self._storage.flags[index]
        if flags & EntryFlag.MOUNT_POINT and not self._writer.cross:
            return True
        return bool(flags & _NOT_ENTERED)

    def _refresh_directory(self, index: int) -> list[int]:
        storage = self._storage
        while True:
            if self._walking and self._is_unread(index):
                return []
            try:
                descriptor = self._removal.open(index)
            except OSError as error:
                if error.errno in GONE and index != ROOT:
                    index = storage.parents[index]
                    continue
                self.close_off(index, reason(error))
                return []
            if index == ROOT or self._writer.is_same(index, os.fstat(descriptor)):
                return self._compare(index, descriptor)
            # Another directory has the name now: the one above lists it as new.
            os.close(descriptor)
            index = storage.parents[index]

    def _is_unread(self, index: int) -> bool:
        storage = self._storage
        listed = storage.range_length[storage.slots[index]] or index in storage.overrides
        return bool(storage.flags[index] & _SCANNING) and not listed

    def _compare(self, index: int, descriptor: int) -> list[int]:
        writer = self._writer
        walk = self._walk_from(index)
        frame = walk.frames[-1]
        frame.descriptor, frame.places = descriptor, self._places_of(index)
        walk.keep_open(frame)
        try:
            self._forget_error(index)
            frame.gain.add(writer.note_directory(index, os.fstat(descriptor)))
            comparison = Comparison(writer, index)
            gone: list[int] = []
            try:
                self._list(frame, comparison)
                gone = comparison.gone
            except OSError as error:
                writer.mark_unreadable(index, reason(error))
            if not self._stopped():
                self._conclude(frame, comparison, gone)
            self._walk_new(walk)
        finally:
            walk.abandon()
        return comparison.changed

    def _list(self, frame: Frame, comparison: Comparison) -> None:
        writer = self._writer
        for batch in read_batches(frame.descriptor, frame.places, writer.cross):
            new = comparison.take(batch)
            self._tell(frame, comparison.take_gain())
            if new is not None:
                gain, below = writer.append(frame.index, new, frame.places)
                frame.gain.add(gain)
                frame.waiting += below
                self._look_again(len(self._tree) - len(new.names))
            if self._stopped():
                return

    def _look_again(self, first: int) -> None:
        # A name that is new here can be the second one of a file that changed since.
        for index in range(first, len(self._tree)):
            if self._storage.flags[index] & EntryFlag.HARD_LINK:
                self._removal.look_again(index)

    def _tell(self, frame: Frame, gain: Gain) -> None:
        self._writer.apply(frame.index, gain)
        frame.gain.add(gain)

    def _conclude(self, frame: Frame, comparison: Comparison, gone: list[int]) -> None:
        writer, removal, index = self._writer, self._removal, frame.index
        for child in gone:
            self._tell(frame, removal.remove(child))
        if gone:
            writer.list_remaining(index)
        removal.settle_links()
        self._correction.lower_newest(index, max(comparison.lost_newest, removal.lost_newest))
        if gone or comparison.unlinked:
            self._correction.clear_upwards(index, EntryFlag.PARTIAL)
            self._correction.clear_upwards(index, EntryFlag.LINKS_BELOW)
        frame.waiting.reverse()

    def _walk_from(self, index: int) -> Walk:
        # Frames for all directories above, so that totals and completion go up as in the first walk.
        chain = []
        above = index
        while above >= 0:
            chain.append(above)
            above = self._storage.parents[above]
        walk = Walk(self._writer, self._root, self._stopped)
        for directory in reversed(chain):
            walk.frames.append(Frame(directory, completes=self._tree.is_complete(directory)))
        walk.frames[-1].completes |= self._is_unread(index)
        return walk

    def _walk_new(self, walk: Walk) -> None:
        if walk.frames[-1].waiting:
            for frame in walk.frames:
                self._storage.flags[frame.index] |= _SCANNING
                self._storage.touch(frame.index)
        while not self._stopped() and walk.step():
            pass

    def _places_of(self, index: int) -> Places | None:
        names = []
        while index > ROOT:
            names.append(self._storage.name(index))
            index = self._storage.parents[index]
        places: Places | None = self._places
        for name in reversed(names):
            places = None if places is None else places.below.get(name)
        return places

    def close_off(self, index: int, why: str) -> None:
        """Note that a directory cannot be read any more: nothing is known of what is in it."""
        walk = self._walk_from(index)
        frame = walk.frames[-1]
        self._writer.mark_unreadable(index, why)
        self._conclude(frame, Comparison(self._writer, index), list(self._storage.child_indexes(index)))
        self._walk_new(walk)
        walk.abandon()

    def _forget_error(self, index: int) -> None:
        storage = self._storage
        if storage.flags[index] & _UNREADABLE:
            storage.flags[index] &= ~_UNREADABLE
            storage.errors.pop(index, None)
            storage.touch(index)
            if index != ROOT:
                self._correction.clear_upwards(storage.parents[index], EntryFlag.PARTIAL)
