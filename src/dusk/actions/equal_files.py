"""Finding files that hold the same bytes: by size, then by samples, then by the digest of all of it."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from dataclasses import dataclass

from dusk.actions.progress import ExecutionProgress
from dusk.fs.cancellation import Cancelling, never, stop_if
from dusk.fs.descent import open_directory, open_parent
from dusk.fs.mounts import MountTable
from dusk.fs.traversal import traverse
from dusk.fs.versioned import VERSION_CONTROL

_SAMPLE = 16 * 1024
# Checkpoints of one run share size and header: places further in tell them apart.
_PLACES = (0.0, 0.001, 0.25, 0.5, 0.75, 1.0)
_WINDOW = 8 << 20
_READING = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class EqualFiles:
    """Files with the same bytes, each an inode of its own."""

    size: int
    """Bytes of each."""
    paths: tuple[bytes, ...]
    """Where they are; the one with the oldest content first, which is the one that stays."""

    @property
    def spare(self) -> int:
        """Bytes that are held more than once."""
        return self.size * (len(self.paths) - 1)


@dataclass(frozen=True, slots=True)
class _File:
    path: bytes
    device: int
    inode: int
    size: int
    modified_ns: int


def find_equal(
    paths: Iterable[bytes],
    *,
    minimum_size: int = 1 << 20,
    progress: ExecutionProgress | None = None,
    cancelled: Cancelling = never,
) -> tuple[EqualFiles, ...]:
    """Return groups of equal files at and below absolute, resolved paths, the most wasteful first.

    No mount is entered, nothing inside a repository's own data is looked at, and names of one file count
    once. What cannot be read is left out. Raises Cancelled.
    """
    shown = progress or ExecutionProgress()
    by_size: dict[tuple[int, int], dict[int, _File]] = {}
    for path in paths:
        shown.at("looking for files", path)
        for file in _files(path, minimum_size, cancelled):
            by_size.setdefault((file.device, file.size), {}).setdefault(file.inode, file)
    candidates = [list(files.values()) for files in by_size.values() if len(files) > 1]
    shown.begin(sum(map(len, candidates)), sum(file.size for files in candidates for file in files))
    groups: list[EqualFiles] = []
    for files in candidates:
        for alike in _split(files, cancelled):
            groups.extend(_equal(alike, shown, cancelled))
    return tuple(sorted(groups, key=lambda group: (-group.spare, group.paths)))


def _files(path: bytes, minimum_size: int, cancelled: Cancelling) -> Iterable[_File]:
    try:
        parent, name = open_parent(path)
    except (OSError, ValueError):
        return
    try:
        status = os.stat(name, dir_fd=parent, follow_symlinks=False)
        if stat.S_ISREG(status.st_mode):
            yield _file(path, status)
            return
        top = open_directory(path)
    except OSError:
        return
    finally:
        os.close(parent)
    points = frozenset(mount.point[len(path.rstrip(b"/")) + 1 :] for mount in MountTable.read().below(path))
    try:
        for listing in traverse(top, mount_points=points, cancelled=cancelled):
            if VERSION_CONTROL.intersection(listing.path.split(b"/")):
                continue
            for name, status in listing.entries:
                if stat.S_ISREG(status.st_mode) and status.st_size >= max(1, minimum_size):
                    yield _file(os.path.join(path, listing.path, name), status)
    finally:
        os.close(top)


def _file(path: bytes, status: os.stat_result) -> _File:
    return _File(path, status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)


def _split(files: list[_File], cancelled: Cancelling) -> list[list[_File]]:
    """Return files of one size in groups whose samples are the same; those alone are left out."""
    from blake3 import blake3

    groups: dict[bytes, list[_File]] = {}
    for file in files:
        stop_if(cancelled)
        descriptor = _opened(file)
        if descriptor < 0:
            continue
        try:
            digest = blake3()
            for place in _PLACES:
                offset = int(place * max(0, file.size - _SAMPLE)) & ~0xFFF
                digest.update(os.pread(descriptor, _SAMPLE, offset))
            groups.setdefault(digest.digest(), []).append(file)
        except OSError:
            continue
        finally:
            os.close(descriptor)
    return [group for group in groups.values() if len(group) > 1]


def _equal(files: list[_File], progress: ExecutionProgress, cancelled: Cancelling) -> list[EqualFiles]:
    from blake3 import blake3

    groups: dict[bytes, list[_File]] = {}
    for file in files:
        progress.at("comparing", file.path)
        descriptor = _opened(file)
        if descriptor < 0:
            continue
        try:
            digest = blake3(max_threads=blake3.AUTO)
            offset = 0
            while window := os.pread(descriptor, _WINDOW, offset):
                stop_if(cancelled)
                digest.update(window)
                offset += len(window)
                progress.add_bytes(len(window))
            if offset == file.size:
                groups.setdefault(digest.digest(), []).append(file)
        except OSError:
            continue
        finally:
            os.close(descriptor)
        progress.add_item()
    return [
        EqualFiles(group[0].size, tuple(file.path for file in sorted(group, key=_age)))
        for group in groups.values()
        if len(group) > 1
    ]


def _age(file: _File) -> tuple[int, bytes]:
    return file.modified_ns, file.path


def _opened(file: _File) -> int:
    """Return the open file, -1 when it is another one by now or cannot be read."""
    try:
        parent, name = open_parent(file.path)
    except (OSError, ValueError):
        return -1
    try:
        descriptor = os.open(name, _READING, dir_fd=parent)
    except OSError:
        return -1
    finally:
        os.close(parent)
    status = os.fstat(descriptor)
    if (status.st_dev, status.st_ino, status.st_size) != (file.device, file.inode, file.size):
        os.close(descriptor)
        return -1
    return descriptor
