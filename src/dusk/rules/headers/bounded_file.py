"""An open file that is read for a while and in small parts, whatever its contents claim."""

from __future__ import annotations

import io
import os
import time

MOST_AT_ONCE = 64 * 1024 * 1024
"""Bytes that one read may ask for: the list of a zip may claim any size."""


class BoundedFile(io.BufferedReader):
    """A second reader of an open file, which fails when it is read for too long or too much at once.

    Decompressors skip gigabytes of zeros unasked.
    """

    def __init__(self, descriptor: int, seconds: float) -> None:
        """Read an open file for at most so many seconds; the descriptor itself stays open."""
        super().__init__(io.FileIO(os.dup(descriptor)))
        self._until = time.monotonic() + seconds

    def read(self, size: int | None = -1, /) -> bytes:
        """Return the next bytes; raises OSError when that is too much."""
        if time.monotonic() > self._until or (size or 0) > MOST_AT_ONCE:
            raise OSError("reading it would take too long")
        return super().read(size)
