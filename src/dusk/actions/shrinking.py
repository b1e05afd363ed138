"""Whether a file is worth compressing, found out on samples of its beginning, middle and end."""

from __future__ import annotations

import os
from dataclasses import dataclass

from dusk.actions.copying import open_unnoticed
from dusk.actions.zstd_frames import compressed_size
from dusk.fs.units import format_size

LEAST_GAIN = 0.1
"""Files that shrink by less than this part are left alone."""
_SAMPLE = 1 << 20
_BLOCK = 4096  # what a small file takes on most filesystems


@dataclass(frozen=True, slots=True)
class Shrinkage:
    """What compressing comes to."""

    before: int
    """Bytes that the file takes on its disk now."""
    estimate: int
    """Bytes that it would take."""
    is_whole: bool = False
    """Whether all of it was compressed, and not samples."""

    @property
    def gain(self) -> float:
        """The part that would be saved; negative when it would grow."""
        return 1 - self.estimate / self.before if self.before else 0.0

    @property
    def shown(self) -> str:
        """The figures: "about 1.2 MB of 8 MB would be left (85 % saved)"."""
        about = "" if self.is_whole else "about "
        gain = f"{max(0.0, self.gain):.0%}"
        return f"{about}{format_size(self.estimate)} of {format_size(self.before)} are left, {gain} saved"


def shrinkage(directory: int, name: bytes, disk_size: int) -> Shrinkage:
    """Return what compressing a file of an open directory comes to, by three samples of a MiB.

    Raises OSError.
    """
    file = open_unnoticed(name, directory)
    try:
        size = os.fstat(file).st_size
        offsets = (0, (size - _SAMPLE) // 2, size - _SAMPLE) if size > 3 * _SAMPLE else (0,)
        length = _SAMPLE if len(offsets) > 1 else size
        samples = [os.pread(file, length, offset) for offset in offsets]
    finally:
        os.close(file)
    sampled = sum(map(len, samples))
    ratio = sum(map(compressed_size, samples)) / sampled if sampled else 1.0
    estimate = round(size * ratio)
    # Nothing smaller than a block is freed.
    blocks = -(-estimate // _BLOCK) * _BLOCK if disk_size >= _BLOCK else estimate
    return Shrinkage(disk_size, blocks)
