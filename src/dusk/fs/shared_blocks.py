"""Blocks that several files share on the disk: how many there are, and letting equal files share theirs.

Sources: ioctl_fideduperange(2), the kernel's Documentation/filesystems/fiemap.rst.
"""

from __future__ import annotations

import errno
import fcntl
import os
import struct
import sys
from dataclasses import dataclass

SHARING_TYPES = frozenset({"xfs", "btrfs", "bcachefs", "ocfs2"})
"""Filesystem types on which files can share blocks, and which say so."""

_FIDEDUPERANGE = 0xC0189436
_FIEMAP = 0xC020660B
_RANGE = struct.Struct("=QQHHIqQQiI")
_DIFFERS = 1
# The kernel reads both files under lock for this long; btrfs takes no more at once.
_CHUNK = 16 << 20
_FIEMAP_HEADER = struct.Struct("=QQIIII")
_EXTENT = struct.Struct("=QQQQQIIII")
_EXTENTS = 512
_SYNC, _LAST, _SHARED, _UNPLACED = 0x1, 0x1, 0x2000, 0x2 | 0x4 | 0x200
_UNKNOWN = frozenset({errno.ENOTTY, errno.EOPNOTSUPP, errno.EINVAL, errno.ENOSYS, errno.EPERM})


class Differs(Exception):  # noqa: N818 - a finding, not an error
    """The two files do not hold the same bytes; nothing of either was changed."""


@dataclass(frozen=True, slots=True)
class Blocks:
    """What a file has on the disk."""

    allocated: int
    """Bytes of blocks."""
    shared: int
    """Bytes of them that another file, a snapshot or another place of this file uses too."""

    @property
    def own(self) -> int:
        """Bytes that come free when the file goes."""
        return self.allocated - self.shared


def blocks_of(file: int, *, flushed: bool = False) -> Blocks | None:
    """Return the blocks of an open file; None where the filesystem does not tell.

    ``flushed`` has what is still only in memory written first. Raises OSError.
    """
    if not sys.platform.startswith("linux"):
        return None
    allocated = shared = start = 0
    while True:
        buffer = bytearray(_FIEMAP_HEADER.size + _EXTENTS * _EXTENT.size)
        flags = _SYNC if flushed else 0
        _FIEMAP_HEADER.pack_into(buffer, 0, start, (1 << 64) - 1 - start, flags, 0, _EXTENTS, 0)
        try:
            fcntl.ioctl(file, _FIEMAP, buffer, True)
        except OSError as error:
            if error.errno in _UNKNOWN:
                return None
            raise
        count = _FIEMAP_HEADER.unpack_from(buffer)[3]
        is_last = count == 0
        for number in range(count):
            place = _FIEMAP_HEADER.size + number * _EXTENT.size
            logical, _, length, _, _, marks, *_ = _EXTENT.unpack_from(buffer, place)
            start = logical + length
            is_last = is_last or bool(marks & _LAST)
            allocated += 0 if marks & _UNPLACED else length
            shared += length if marks & _SHARED else 0
        if is_last:
            return Blocks(allocated, shared)


def share_blocks(source: int, target: int, size: int) -> None:
    """Let an open file share the blocks of another one with the same bytes; the kernel compares them itself.

    Contents, times and inodes stay. Raises Differs; OSError (EOPNOTSUPP where the filesystem cannot).
    """
    offset = 0
    while offset < size:
        length = min(_CHUNK, size - offset)
        done = _share_range(source, target, offset, length)
        if done <= 0:
            raise OSError(errno.EIO, "the filesystem shared nothing")
        offset += done


def _share_range(source: int, target: int, offset: int, length: int) -> int:
    buffer = bytearray(_RANGE.pack(offset, length, 1, 0, 0, target, offset, 0, 0, 0))
    fcntl.ioctl(source, _FIDEDUPERANGE, buffer, True)
    *_, done, status, _ = _RANGE.unpack(buffer)
    if status == _DIFFERS:
        raise Differs
    if status < 0:
        # EINVAL is the answer of overlay, and for files of two filesystems.
        raise OSError(-status, os.strerror(-status))
    return int(done)
