"""Taking entries out of the tree: what goes with them, and who carries the bytes of their hard links then."""

from __future__ import annotations

import os
import time

from dusk.fs.descent import open_directory
from dusk.scan.columns import ColumnTree
from dusk.scan.correction import Correction
from dusk.scan.entry import EntryFlag
from dusk.scan.storage import NO_SLOT, NOTHING_BELOW
from dusk.scan.tree import ROOT
from dusk.scan.writer import Gain, TreeWriter

_HARD_LINK = EntryFlag.HARD_LINK.value
_ELSEWHERE = EntryFlag.COUNTED_ELSEWHERE.value

_BREATH = 2000
"""Entries between two pauses that let other threads run."""


class Removal:
    """Removes subtrees during one refresh, then puts hard links right."""

    def __init__(self, writer: TreeWriter, tree: ColumnTree, root: int) -> None:
        """Remove from this tree; other names of an inode are looked up below the open directory ``root``."""
        self._writer = writer
        self._correction = Correction(writer)
        self._tree = tree
        self._root = root
        self._gone: set[int] = set()
        self._touched: set[int] = set()
        self.lost_newest = NOTHING_BELOW
        """Newest modification among what was removed."""

    def remove(self, index: int) -> Gain:
        """Remove an entry with everything below it; return what was lost above it."""
        storage, links = self._writer.storage, self._writer.links
        slot = storage.slots[index]
        newest = storage.newest[index] if slot == NO_SLOT else storage.newest_below[slot]
        self.lost_newest = max(self.lost_newest, newest)
        for count, entry in enumerate(self._tree.subtree(index), 1):
            if not count % _BREATH:
                time.sleep(0)
            flags = storage.flags[entry]
            if storage.slots[entry] != NO_SLOT:
                self._writer.forget_directory(entry)
            elif flags & _HARD_LINK:
                self._gone.add(entry)
                self._touched.add(links.key(entry))
            if flags & EntryFlag.UNREADABLE:
                storage.errors.pop(entry, None)
        return self._writer.remove(index)

    def settle_links(self) -> None:
        """Let another name carry the bytes of every inode whose carrier went, and count its names again."""
        links, storage = self._writer.links, self._writer.storage
        others = {key: [i for i in links.names(key) if i not in self._gone] for key in self._touched}
        present = self._look_up([index for names in others.values() for index in names])
        for key, known in others.items():
            names = [index for index in known if index in present]
            for index in names:
                self._update(index, present[index])
            if names and all(storage.flags[index] & _ELSEWHERE for index in names):
                self._take_over(names[-1])
            single = len(names) == 1 and present[names[0]].st_nlink == 1
            if single:
                storage.flags[names[0]] &= ~_HARD_LINK
                self._correction.clear_upwards(storage.parents[names[0]], EntryFlag.LINKS_BELOW)
            links.keep_only(key, [] if single else names)
        self._gone.clear()
        self._touched.clear()

    def look_again(self, index: int) -> None:
        """Look at all names of an entry's inode again when hard links are settled."""
        self._touched.add(self._writer.links.key(index))

    def _update(self, index: int, status: os.stat_result) -> None:
        storage = self._writer.storage
        before = storage.newest[index]
        gain = self._correction.change(index, status)
        if storage.flags[index] & _ELSEWHERE:
            gain = Gain(newest=gain.newest)
        self._correction.apply_upwards(storage.parents[index], gain)
        if gain.newest < before:
            self._correction.lower_newest(storage.parents[index], before)

    def _take_over(self, index: int) -> None:
        storage = self._writer.storage
        storage.flags[index] &= ~_ELSEWHERE
        gain = Gain(blocks=storage.blocks[index], size=storage.sizes[index])
        self._correction.apply_upwards(storage.parents[index], gain)

    def _look_up(self, indexes: list[int]) -> dict[int, os.stat_result]:
        # Which names are still there, with the facts that their inode has now.
        by_directory: dict[int, list[int]] = {}
        for index in indexes:
            by_directory.setdefault(self._writer.storage.parents[index], []).append(index)
        present: dict[int, os.stat_result] = {}
        for directory, names in by_directory.items():
            try:
                descriptor = self.open(directory)
            except OSError:
                continue
            try:
                present.update(self._look_up_in(descriptor, names))
            finally:
                os.close(descriptor)
        return present

    def _look_up_in(self, descriptor: int, indexes: list[int]) -> dict[int, os.stat_result]:
        present = {}
        for index in indexes:
            try:
                status = os.stat(self._tree.name(index), dir_fd=descriptor, follow_symlinks=False)
            except OSError:
                continue
            if self._writer.is_same(index, status):
                present[index] = status
        return present

    def open(self, index: int) -> int:
        """Open a directory of the tree below the root and return its descriptor. Raises OSError."""
        names = []
        while index > ROOT:
            names.append(self._tree.name(index))
            index = self._tree.parent(index)
        return open_directory(b"/".join(reversed(names)), within=self._root)
