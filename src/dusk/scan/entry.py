"""One node of the size tree, as a fact to show."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from dusk.fs.identity import EntryKind, Identity


class EntryFlag(enum.IntFlag):
    """What a person must know about an entry before believing its size."""

    NONE = 0
    UNREADABLE = 1
    """A directory that could not be listed, or an entry that could not be examined; `error` says why."""
    PARTIAL = 2
    """Something below it is unreadable, so its totals are too small."""
    HARD_LINK = 4
    """The inode has more than one name."""
    COUNTED_ELSEWHERE = 8
    """Another name of the same inode already carries the bytes; this one adds nothing to totals."""
    MOUNT_POINT = 16
    """Something is mounted here; not entered unless ``--cross``."""
    OTHER_FILESYSTEM = 32
    """A directory on another device (a subvolume, say); not entered unless ``--cross``."""
    SPARSE = 64
    """It takes fewer blocks than its apparent size."""
    SCANNING = 128
    """A directory whose subtree is not complete yet."""
    REMOVED = 256
    """Gone since the scan; carries nothing."""
    PSEUDO = 512
    """A kernel filesystem or an overlay's merged view: never entered."""
    LINKS_BELOW = 1024
    """A directory with hard links below, so it may free less than its size."""


class Sort(enum.Enum):
    """How the children of a directory are ordered; ties go by name."""

    SIZE = "size"
    """Biggest first, in the measure asked for."""
    NAME = "name"
    """By the bytes of the name, A first."""
    ITEMS = "items"
    """Most entries below first."""
    NEWEST = "newest"
    """Newest change first."""


class Measure(enum.Enum):
    """Which of the two sizes is meant."""

    DISK = "disk"
    """Blocks times 512: what the filesystem really spends."""
    APPARENT = "apparent"
    """What the files pretend to hold; bigger for sparse files."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A node of the tree at one moment of the scan."""

    id: int
    """Index in the tree; stable for the tree's life."""
    parent: int
    """Index of the directory that holds it; -1 for the root."""
    name: bytes
    """Its name in that directory; the root's absolute path for the root."""
    kind: EntryKind
    """File, directory, symlink and so on."""
    apparent_size: int
    """Apparent bytes; for a directory the total of the files below, without its own."""
    disk_size: int
    """Blocks in bytes; for a directory the total below with its own."""
    items: int
    """Entries below it, itself not counted."""
    newest_mtime_ns: int
    """Newest modification of anything below that is no directory; its own where there is none."""
    owner: int
    """``st_uid``."""
    identity: Identity
    """Device, inode, kind, own size, own mtime and links, as the scan saw them."""
    flags: EntryFlag
    """See EntryFlag."""
    error: str
    """Why it is unreadable, in a few words; empty when it is not."""

    @property
    def is_directory(self) -> bool:
        """Whether it is a directory."""
        return self.kind is EntryKind.DIRECTORY

    def size(self, measure: Measure) -> int:
        """Return its size in the measure asked for, in bytes."""
        return self.apparent_size if measure is Measure.APPARENT else self.disk_size


@dataclass(frozen=True, slots=True)
class Sums:
    """Several entries with all below them, each inode once."""

    apparent_size: int
    """Apparent bytes; directories count 0."""
    disk_size: int
    """Disk bytes, those of the directories themselves included."""
    freed: int
    """Disk bytes that deleting them frees: without what names elsewhere keep alive."""
