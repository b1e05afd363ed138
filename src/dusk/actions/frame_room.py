"""Memory for the content of a frame on its way to zstd."""

from __future__ import annotations

import mmap

PIECE = 256 << 10
"""Bytes that are read, or decompressed, at a time: what fits into the memory near a processor."""
_OWN = {"flags": mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS} if hasattr(mmap, "MAP_PRIVATE") else {}


class FrameRoom:
    """Room in one stretch: a frame that is given to zstd whole is made a tenth faster.

    It is used again: new memory is slow to come by. Big pages are slower, because the kernel makes room for
    them first.
    """

    def __init__(self, size: int) -> None:
        """Make room for ``size`` bytes, none of which is taken from the machine before it is filled."""
        self._memory = mmap.mmap(-1, size, **_OWN)
        self.filled = 0
        """Bytes from the beginning that hold content; whoever fills more says so here."""

    def free(self, end: int) -> memoryview:
        """Return where the next piece goes, at most up to ``end``."""
        return memoryview(self._memory)[self.filled : min(self.filled + PIECE, end)]

    def content(self) -> memoryview:
        """Return what was filled."""
        return memoryview(self._memory)[: self.filled]

    def holds(self, offset: int, content: bytes) -> bool:
        """Return whether it was filled with this content at an offset."""
        end = offset + len(content)
        return end <= self.filled and content.startswith(memoryview(self._memory)[offset:end])
