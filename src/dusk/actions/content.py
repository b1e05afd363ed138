"""What a file holds, read by windows: holes are skipped, and zeros count the same as holes."""

from __future__ import annotations

import errno
import functools
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

from dusk.fs.cancellation import Cancelling, never, stop_if

if TYPE_CHECKING:
    from blake3 import blake3

WINDOW = 4 << 20
# For bigger files the kernel reads ahead by itself, and a hint makes it slower.
_SMALL = 1 << 20
_PAGE = 4096
_ZERO_WINDOW = bytes(WINDOW)
_ZERO_PAGE = bytes(_PAGE)


class ContentDigest:
    """A digest of a file's content that does not depend on where its holes are."""

    def __init__(self) -> None:
        """Start with an empty file."""
        from blake3 import blake3

        self._digest: blake3 = blake3()

    def add(self, offset: int, window: bytes) -> None:
        """Take in a window that is not all zeros."""
        self._digest.update(offset.to_bytes(8, "little"))
        self._digest.update(window)

    def finish(self, size: int) -> bytes:
        """Return the digest of a file of this size, 32 bytes."""
        self._digest.update(size.to_bytes(8, "little"))
        return self._digest.digest()


def windows(
    file: int, size: int, offset: int = 0, *, cancelled: Cancelling = never
) -> Iterator[tuple[int, bytes]]:
    """Yield the windows of an open file from an offset on that are not all zeros, with their offsets.

    Windows begin at multiples of their length. Raises OSError (EIO when the file ends early), Cancelled.
    """
    if size > _SMALL:
        keep_memory()
    while offset < size:
        stop_if(cancelled)
        offset = _next_data(file, offset, size)
        offset -= offset % WINDOW
        if offset >= size:
            return
        length = min(WINDOW, size - offset)
        window = _read_whole(file, offset, length)
        if window != _ZERO_WINDOW[:length]:
            yield offset, window
        offset += length


def prepare_reading(file: int, size: int) -> None:
    """Have an open file read from the disk and not from memory; the disk begins with a small one at once."""
    drop_cache(file)
    if 0 < size <= _SMALL and hasattr(os, "posix_fadvise"):
        os.posix_fadvise(file, 0, size, os.POSIX_FADV_WILLNEED)


def digest_of(file: int, size: int, *, cancelled: Cancelling = never) -> bytes:
    """Return the content digest of an open file that reading was prepared for."""
    digest = ContentDigest()
    for offset, window in windows(file, size, cancelled=cancelled):
        digest.add(offset, window)
    if size > _SMALL:
        drop_cache(file)
    return digest.finish(size)


def write_window(file: int, offset: int, window: bytes, *, sparse: bool) -> None:
    """Write a window; of a sparse file only the pages that hold something."""
    if not sparse:
        _write_whole(file, offset, memoryview(window))
        return
    view = memoryview(window)
    start = -1
    for page in range(0, len(window), _PAGE):
        piece = window[page : page + _PAGE]
        empty = piece == _ZERO_PAGE[: len(piece)]
        if not empty and start < 0:
            start = page
        elif empty and start >= 0:
            _write_whole(file, offset + start, view[start:page])
            start = -1
    if start >= 0:
        _write_whole(file, offset + start, view[start:])


@functools.cache
def keep_memory() -> None:
    """Have the C library use memory of a few MiB again, instead of asking the kernel for it each time.

    Clearing every page anew takes the kernel longer than copying a file. glibc keeps memory of a size once
    it saw some of that size freed. Source: mallopt(3), M_MMAP_THRESHOLD.
    """
    bytes(4 * WINDOW)


def drop_cache(file: int) -> None:
    """Tell the kernel to forget its copy of an open file, so that the next read comes from the disk."""
    if hasattr(os, "posix_fadvise"):
        os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)


def _next_data(file: int, offset: int, size: int) -> int:
    try:
        return os.lseek(file, offset, os.SEEK_DATA)
    except OSError as error:
        if error.errno == errno.ENXIO:
            return size + WINDOW  # only a hole is left
        if error.errno == errno.EINVAL:
            return offset  # the filesystem does not tell
        raise


def _read_whole(file: int, offset: int, length: int) -> bytes:
    piece = os.pread(file, length, offset)
    if len(piece) == length:
        return piece
    pieces = [piece]
    missing = length - len(piece)
    while missing:
        piece = os.pread(file, missing, offset + length - missing)
        if not piece:
            raise OSError(errno.EIO, "it became shorter while it was read")
        pieces.append(piece)
        missing -= len(piece)
    return b"".join(pieces)


def _write_whole(file: int, offset: int, view: memoryview) -> None:
    while view:
        written = os.pwrite(file, view, offset)
        view, offset = view[written:], offset + written
