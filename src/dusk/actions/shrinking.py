"""What compressing would come to, found out on samples of the beginning, middle and end of files."""

from __future__ import annotations

import heapq
import os
import stat
from dataclasses import dataclass

from dusk.actions.copying import open_unnoticed
from dusk.actions.pack_entry import kind_of
from dusk.actions.zstd_frames import compressed_size
from dusk.fs.cancellation import Cancelling, never
from dusk.fs.descent import open_directory, open_subdirectory
from dusk.fs.traversal import traverse
from dusk.fs.units import format_size

LEAST_GAIN = 0.1
"""Files that shrink by less than this part are left alone."""
_SAMPLE = 1 << 20
_SAMPLED = 12  # files of a tree
_PACKED_HEADER = 128  # what the headers of one entry come to, compressed
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


@dataclass(frozen=True, slots=True)
class SampledTree:
    """What packing a tree comes to."""

    estimate: int
    """Bytes that the pack would take."""
    odd: bytes | None = None
    """Path of something that no pack can hold; None when there is nothing of the kind."""


def sample_tree(
    parent: int, name: bytes, apparent_size: int, *, cancelled: Cancelling = never
) -> SampledTree:
    """Return what packing an entry of an open directory comes to, by samples of its biggest files.

    Raises OSError, Cancelled.
    """
    status = os.stat(name, dir_fd=parent, follow_symlinks=False)
    if kind_of(status) is None:
        return SampledTree(0, name)
    if stat.S_ISREG(status.st_mode):
        ratio, entries = _ratio([shrinkage(parent, name, status.st_size)]), 1
    elif not stat.S_ISDIR(status.st_mode):
        return SampledTree(_BLOCK)
    else:
        top = open_subdirectory(parent, name)
        try:
            biggest, entries, odd = _biggest(top, cancelled)
            if odd is not None:
                return SampledTree(0, os.path.join(name, odd))
            ratio = _ratio([_shrinkage_below(top, path, size) for size, path in biggest])
        finally:
            os.close(top)
    return SampledTree(round(apparent_size * ratio) + entries * _PACKED_HEADER + _BLOCK)


def _biggest(top: int, cancelled: Cancelling) -> tuple[list[tuple[int, bytes]], int, bytes | None]:
    """Return the biggest files that are not mostly holes, how many entries there are, and an odd one."""
    biggest: list[tuple[int, bytes]] = []
    entries = 0
    for listing in traverse(top, cancelled=cancelled):
        entries += len(listing.entries)
        for name, status in listing.entries:
            path = os.path.join(listing.path, name)
            if kind_of(status) is None:
                return [], entries, path
            if stat.S_ISREG(status.st_mode) and status.st_size:
                item = (min(status.st_size, status.st_blocks * 512), path)
                (heapq.heappush if len(biggest) < _SAMPLED else heapq.heappushpop)(biggest, item)
    return biggest, entries, None


def _shrinkage_below(top: int, path: bytes, size: int) -> Shrinkage:
    above, _, name = path.rpartition(b"/")
    directory = open_directory(above, within=top, one_mount=True)
    try:
        return shrinkage(directory, name, size)
    finally:
        os.close(directory)


def _ratio(found: list[Shrinkage]) -> float:
    before = sum(one.before for one in found)
    return min(1.0, sum(one.estimate for one in found) / before) if before else 0.0
