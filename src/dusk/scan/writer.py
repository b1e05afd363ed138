"""Growing the tree: what the scanning thread does to the columns, and in which order readers may see it."""

from __future__ import annotations

import os
import threading
from array import array
from dataclasses import dataclass
from itertools import groupby

from dusk.fs.identity import EntryKind
from dusk.scan.boundary import Places
from dusk.scan.entry import EntryFlag
from dusk.scan.hardlinks import HardLinks
from dusk.scan.listing import Batch
from dusk.scan.rows import Rows
from dusk.scan.scanner import Triggers
from dusk.scan.storage import NO_SLOT, NOTHING_BELOW, Storage, bounded
from dusk.scan.tree import ROOT
from dusk.scan.trigger_matcher import TreeMatcher

_SCANNING = EntryFlag.SCANNING.value
_UNREADABLE = EntryFlag.UNREADABLE.value
_PARTIAL = EntryFlag.PARTIAL.value
_HARD_LINK = EntryFlag.HARD_LINK.value
_LINKS_BELOW = EntryFlag.LINKS_BELOW.value
_REMOVED = EntryFlag.REMOVED.value
_ELSEWHERE = EntryFlag.COUNTED_ELSEWHERE.value
_MATCHED_AT_ONCE = 4096


@dataclass(slots=True)
class Gain:
    """What a directory gained; negative where it lost."""

    blocks: int = 0
    """Blocks of 512 bytes."""
    size: int = 0
    """Apparent bytes."""
    items: int = 0
    """Entries."""
    newest: int = NOTHING_BELOW
    """Newest modification of what was added."""

    def add(self, other: Gain) -> None:
        """Take over what another one holds."""
        self.blocks += other.blocks
        self.size += other.size
        self.items += other.items
        self.newest = max(self.newest, other.newest)

    def is_nothing(self) -> bool:
        """Return whether there is nothing to tell."""
        return not (self.blocks or self.size or self.items or self.newest != NOTHING_BELOW)


class TreeWriter:
    """The only writer of the columns; belongs to the scanning thread."""

    def __init__(self, storage: Storage, cross: bool, *, awaits_report: bool = False) -> None:
        """Write into these columns; without ``cross`` other devices are not entered."""
        self.storage = storage
        self.cross = cross
        self.links = HardLinks(storage)
        self.hits = array("I")
        self.completed = array("I")
        self.visited: dict[tuple[int, int], int] = {}
        """Directories entered, by device and inode; kept only when other filesystems are entered."""
        self.shows_completed = not awaits_report
        """Whether readers may see complete directories: what is below them has been matched."""
        self._matcher: TreeMatcher | None = None
        self._reporting = threading.Lock()

    def report(self, triggers: Triggers) -> None:
        """Report what these triggers match, first in what is there already; called by any thread, once."""
        with self._reporting:
            if self._matcher is not None:
                return
            self._matcher = matcher = TreeMatcher(triggers, self.storage)
            end = self.storage.published
        # Whatever is published from now on is matched by the scanning thread.
        parents = self.storage.parents
        for (parent, _), siblings in groupby(
            range(ROOT + 1, end), lambda index: (parents[index], index // _MATCHED_AT_ONCE)
        ):
            indexes = tuple(siblings)
            names = [self.storage.name(index) for index in indexes]
            self.hits.extend(matcher.hits(parent, indexes[0], names))
        self.shows_completed = True

    def add_root(self, path: bytes) -> None:
        """Add the root before anything else, with nothing known but its path."""
        storage = self.storage
        storage.add_names(path + b"\0", [path])
        storage.parents.append(-1)
        storage.kinds.append(EntryKind.DIRECTORY)
        storage.flags.append(_SCANNING)
        for numbers in (storage.sizes, storage.blocks, storage.newest):
            numbers.append(0)
        for facts in (storage.owners, storage.inodes, storage.links):
            facts.append(0)
        storage.devices.append(storage.device_index(0))
        storage.slots.append(storage.add_directory(0, 0, 0))
        storage.published = 1

    def note_directory(self, index: int, status: os.stat_result) -> Gain:
        """Note a directory's own facts; return what it gained by them, itself already told."""
        storage = self.storage
        slot = storage.slots[index]
        gain = Gain(blocks=bounded(status.st_blocks) - storage.own_blocks[slot])
        storage.own_sizes[slot] = bounded(status.st_size)
        storage.own_blocks[slot] = bounded(status.st_blocks)
        storage.own_times[slot] = bounded(status.st_mtime_ns)
        if storage.newest_below[slot] == NOTHING_BELOW:
            storage.newest[index] = storage.own_times[slot]
        storage.owners[index] = status.st_uid
        storage.devices[index] = storage.device_index(status.st_dev)
        storage.inodes[index] = status.st_ino
        storage.links[index] = status.st_nlink
        self.apply(index, gain)
        return gain

    def append(self, parent: int, batch: Batch, places: Places | None) -> tuple[Gain, list[int]]:
        """Add children to a directory; return what it gained, itself already told, and what to walk."""
        storage = self.storage
        rows = Rows(batch)
        rows.note_sparse()
        device = None if self.cross else storage.device_numbers[storage.devices[ROOT]]
        walked = rows.add_directories(storage, device)
        mounted = rows.note_mounted(places)
        linked = rows.linked()
        for position in linked:
            rows.flags[position] |= _HARD_LINK
        with self._reporting:
            first = rows.write(storage, parent)
            matcher = self._matcher
        gain = Gain(sum(rows.blocks), sum(rows.sizes), len(rows.kinds), rows.newest)
        repeated = [position for position in linked if not self.links.add(first + position)]
        for position in {*repeated, *mounted}:
            storage.flags[first + position] |= _ELSEWHERE
            gain.blocks -= rows.blocks[position]
            gain.size -= rows.sizes[position]
        self._list_children(parent, first, len(rows.kinds))
        self.apply(parent, gain)
        self._note_marks(first, batch)
        if linked:
            self.mark_upwards(parent, _LINKS_BELOW)
        if matcher is not None:
            self.hits.extend(matcher.hits(parent, first, batch.names))
        return gain, [first + position for position in walked]

    def apply(self, index: int, gain: Gain) -> None:
        """Add a gain to the totals of one directory."""
        storage = self.storage
        slot = storage.slots[index]
        storage.blocks[index] = bounded(storage.blocks[index] + gain.blocks)
        storage.sizes[index] = bounded(storage.sizes[index] + gain.size)
        storage.items[slot] += gain.items
        if gain.newest > storage.newest_below[slot]:
            storage.newest_below[slot] = storage.newest[index] = bounded(gain.newest)
        # Last, so that what a reader remembered before is out of date now.
        storage.revisions[slot] += 1

    def mark_upwards(self, index: int, flag: int) -> None:
        """Set a flag on a directory and on those above it."""
        flags, parents = self.storage.flags, self.storage.parents
        while index >= 0 and not flags[index] & flag:
            flags[index] |= flag
            self.storage.touch(index)
            index = parents[index]

    def mark_unreadable(self, index: int, why: str) -> None:
        """Note that an entry could not be read, and above it that totals are too small."""
        storage = self.storage
        storage.errors[index] = why
        storage.flags[index] |= _UNREADABLE
        storage.touch(index)
        self.mark_upwards(storage.parents[index], _PARTIAL)

    def complete(self, index: int) -> None:
        """Note that everything below a directory is examined."""
        storage = self.storage
        storage.flags[index] &= ~_SCANNING
        storage.touch(index)
        self.completed.append(index)

    def obstacle(self, index: int, status: os.stat_result) -> EntryFlag:
        """Return why an opened directory must not be walked; no flag when it may be."""
        storage = self.storage
        if not self.cross:
            same = status.st_dev == storage.device_numbers[storage.devices[ROOT]]
            return EntryFlag.NONE if same else EntryFlag.OTHER_FILESYSTEM
        # Bind mounts can show one directory at many paths, even inside itself.
        visited = self.visited.setdefault((status.st_dev, status.st_ino), index)
        return EntryFlag.NONE if visited == index else EntryFlag.COUNTED_ELSEWHERE

    def close_off(self, index: int, flag: EntryFlag) -> Gain:
        """Flag a directory that is not walked and take its bytes away; return what was lost above it."""
        storage = self.storage
        gain = Gain(blocks=-storage.blocks[index])
        storage.blocks[index] = 0
        storage.own_blocks[storage.slots[index]] = 0
        storage.flags[index] = (storage.flags[index] & ~_SCANNING) | flag
        storage.touch(index)
        return gain

    def is_same(self, index: int, status: os.stat_result) -> bool:
        """Return whether a status describes the inode that the tree holds."""
        storage = self.storage
        device = storage.device_numbers[storage.devices[index]]
        return (status.st_dev, status.st_ino) == (device, storage.inodes[index])

    def remove(self, index: int) -> Gain:
        """Flag an entry as gone, still listed in its directory; return what was lost above it."""
        storage = self.storage
        slot = storage.slots[index]
        gain = Gain(items=-1)
        if not storage.flags[index] & _ELSEWHERE:
            gain.blocks, gain.size = -storage.blocks[index], -storage.sizes[index]
        if slot != NO_SLOT:
            gain.items -= storage.items[slot]
        storage.gapped.add(storage.parents[index])
        storage.flags[index] |= _REMOVED
        storage.blocks[index] = storage.sizes[index] = 0
        if slot != NO_SLOT:
            storage.items[slot] = 0
        storage.touch(index)
        return gain

    def forget_directory(self, index: int) -> None:
        """Stop counting a directory that is gone, and let its inode be entered again elsewhere."""
        storage = self.storage
        storage.directories -= 1
        key = (storage.device_numbers[storage.devices[index]], storage.inodes[index])
        if self.visited.get(key) == index:
            del self.visited[key]

    def list_remaining(self, index: int) -> None:
        """Give a directory a list of children without the removed ones."""
        storage = self.storage
        remaining = array("I", storage.child_indexes(index))
        storage.overrides[index] = remaining
        storage.gapped.discard(index)
        storage.touch(index)

    def _list_children(self, parent: int, first: int, count: int) -> None:
        storage = self.storage
        slot = storage.slots[parent]
        override = storage.overrides.get(parent)
        length = storage.range_length[slot]
        if override is None and not length:
            storage.first_child[slot] = first
        if override is not None:
            override.extend(range(first, first + count))
        elif first == storage.first_child[slot] + length:
            storage.range_length[slot] = length + count
        else:
            known = range(storage.first_child[slot], storage.first_child[slot] + length)
            storage.overrides[parent] = array("I", [*known, *range(first, first + count)])

    def _note_marks(self, first: int, batch: Batch) -> None:
        for position, (_, why) in batch.marks.items():
            if why:
                self.mark_unreadable(first + position, why)
