"""What lies at and below one path right now: the facts a review shows and the executor checks again."""

from __future__ import annotations

from dataclasses import dataclass, field

from dusk.fs.identity import Identity


@dataclass(frozen=True, slots=True)
class LinkedInode:
    """An inode with several names: only when all of them go are its bytes freed."""

    device: int
    """``st_dev``."""
    inode: int
    """``st_ino``."""
    links: int
    """How many names it has on the whole filesystem."""
    found: int
    """How many of them lie at or below the surveyed path."""
    disk_size: int
    """Its blocks, in bytes."""
    counted: bool = True
    """Whether the size of that path holds its bytes: a scan counts them at one name, maybe elsewhere."""


@dataclass(frozen=True, slots=True)
class Survey:
    """One target, looked at whole."""

    identity: Identity
    """The entry itself."""
    entries: int
    """Entries at and below it, itself included."""
    apparent_size: int
    """Bytes that the files pretend to hold, each inode once."""
    disk_size: int
    """Blocks in bytes, each inode once, directories included."""
    newest_mtime_ns: int
    """Newest modification below it, in nanoseconds."""
    fingerprint: str
    """Digest over every relative name with its inode, kind, permissions, owner, size, modification and
    change time: two equal fingerprints mean that nothing appeared, went or changed."""
    linked: tuple[LinkedInode, ...]
    """Inodes with more than one name."""
    unreadable: int = 0
    """Directories below that could not be read: what they hold is not in the figures."""
    mounts: tuple[bytes, ...] = ()
    """Mount points at or below it; a target with any is refused."""
    prominent: tuple[bytes, ...] = field(default=(), compare=False, repr=False)
    """Its newest and biggest files by their paths below it: who would use it has one of them open. Empty for
    what is no directory, and for a survey that was kept."""
