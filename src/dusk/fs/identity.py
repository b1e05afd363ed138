"""Which file a path named when it was looked at, so that acting on another one can be refused."""

from __future__ import annotations

import enum
import os
import stat
from dataclasses import dataclass


class EntryKind(enum.IntEnum):
    """What an entry of a directory is."""

    FILE = 0
    DIRECTORY = 1
    SYMLINK = 2
    FIFO = 3
    SOCKET = 4
    CHARACTER_DEVICE = 5
    BLOCK_DEVICE = 6
    UNKNOWN = 7

    @property
    def label(self) -> str:
        """What people call it, in lower case."""
        return self.name.lower().replace("_", " ")

    @classmethod
    def from_mode(cls, mode: int) -> EntryKind:
        """Return the kind that ``st_mode`` says."""
        return _KINDS.get(stat.S_IFMT(mode), cls.UNKNOWN)


_KINDS = {
    stat.S_IFREG: EntryKind.FILE,
    stat.S_IFDIR: EntryKind.DIRECTORY,
    stat.S_IFLNK: EntryKind.SYMLINK,
    stat.S_IFIFO: EntryKind.FIFO,
    stat.S_IFSOCK: EntryKind.SOCKET,
    stat.S_IFCHR: EntryKind.CHARACTER_DEVICE,
    stat.S_IFBLK: EntryKind.BLOCK_DEVICE,
}


@dataclass(frozen=True, slots=True)
class Identity:
    """The facts that tell one file from another that took its name."""

    device: int
    """``st_dev`` of the filesystem."""
    inode: int
    """``st_ino``."""
    kind: EntryKind
    """File, directory, symlink and so on."""
    size: int
    """``st_size`` in bytes; not compared for directories."""
    mtime_ns: int
    """Modification time in nanoseconds."""
    links: int
    """``st_nlink``."""

    @classmethod
    def from_stat(cls, status: os.stat_result) -> Identity:
        """Return the identity that one ``lstat`` result describes."""
        return cls(
            device=status.st_dev,
            inode=status.st_ino,
            kind=EntryKind.from_mode(status.st_mode),
            size=status.st_size,
            mtime_ns=status.st_mtime_ns,
            links=status.st_nlink,
        )

    def is_same_inode(self, other: Identity) -> bool:
        """Return whether both name the same inode, whatever was written to it since."""
        return (self.device, self.inode, self.kind) == (other.device, other.inode, other.kind)

    def drift(self, now: Identity) -> str | None:
        """Return how ``now`` differs from this identity, as part of a sentence; None when it does not."""
        if (self.device, self.inode) != (now.device, now.inode):
            return "is another file than the one that was reviewed"
        if self.kind is not now.kind:
            return f"was a {self.kind.label} and is a {now.kind.label} now"
        if self.kind is not EntryKind.DIRECTORY and self.size != now.size:
            return f"was {self.size:,} bytes and is {now.size:,} bytes now"
        if self.mtime_ns != now.mtime_ns:
            return "was modified after the review"
        return None
