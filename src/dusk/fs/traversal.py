"""One tree, directory by directory, by descriptors: no symbolic link followed, no mount entered.

The tree may be deeper than the number of files a process may open; only the last few directories on the
way down stay open, the others are opened again, and recognised, when their turn comes.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass

from dusk.fs.cancellation import Cancelling, never, stop_if
from dusk.fs.descent import open_directory, open_subdirectory

# Directories kept open on the way down. A soft limit of 256 open files still leaves room for the rest.
_KEPT_OPEN = 48
_ENTRIES_BETWEEN_QUESTIONS = 2048


@dataclass(slots=True)
class Listing:
    """One directory of a tree."""

    path: bytes
    """Path below the top of the tree; empty for the top itself."""
    depth: int
    """Levels below the top."""
    descriptor: int
    """The open directory, valid until the next listing is asked for; -1 when it could not be opened."""
    entries: list[tuple[bytes, os.stat_result]]
    """Its entries by the bytes of their names; mount points are left out, they must not be touched."""
    problem: int = 0
    """``errno`` of what kept the directory from being read whole; 0 when nothing did."""
    finished: bool = True
    """Whether ``entries`` is all that could be listed."""


@dataclass(slots=True)
class _Level:
    name: bytes
    path: bytes
    descriptor: int
    device: int
    inode: int
    pending: list[tuple[bytes, os.stat_result]]


def traverse(
    top: int, *, mount_points: frozenset[bytes] = frozenset(), cancelled: Cancelling = never
) -> Iterator[Listing]:
    """Yield the directories of the tree below an open directory, each before the ones in it.

    The order depends on names alone. ``mount_points`` are relative paths that are left out untouched.
    Raises Cancelled; OSError when the way back to a directory higher up is gone.
    """
    walk = _Walk(top, mount_points, cancelled)
    try:
        yield from walk.listings()
    finally:
        walk.close()


class _Walk:
    def __init__(self, top: int, mount_points: frozenset[bytes], cancelled: Cancelling) -> None:
        self._top = top
        self._cancelled = cancelled
        self._levels: list[_Level] = []
        self._mounted: dict[bytes, set[bytes]] = {}
        for point in mount_points:
            parent, _, name = point.rpartition(b"/")
            self._mounted.setdefault(parent, set()).add(name)

    def close(self) -> None:
        for level in self._levels:
            if level.descriptor >= 0:
                os.close(level.descriptor)
                level.descriptor = -1

    def listings(self) -> Iterator[Listing]:
        status = os.fstat(self._top)
        yield self._enter(os.dup(self._top), b"", b"", status)
        while self._levels:
            level = self._levels[-1]
            if not level.pending:
                self._leave()
                continue
            name, status = level.pending.pop()
            path = level.path + b"/" + name if level.path else name
            stop_if(self._cancelled)
            try:
                descriptor = self._open(level, name, status)
            except OSError as error:
                yield Listing(path, len(self._levels), -1, [], error.errno or errno.EIO, finished=False)
                continue
            yield self._enter(descriptor, name, path, status)

    def _open(self, level: _Level, name: bytes, status: os.stat_result) -> int:
        if level.descriptor < 0:
            level.descriptor = self._again(level)
        descriptor = open_subdirectory(level.descriptor, name)
        now = os.fstat(descriptor)
        if (now.st_dev, now.st_ino) != (status.st_dev, status.st_ino):
            os.close(descriptor)
            raise OSError(errno.ESTALE, os.strerror(errno.ESTALE), name)
        return descriptor

    def _again(self, level: _Level) -> int:
        descriptor = open_directory(level.path, within=self._top, one_mount=True)
        now = os.fstat(descriptor)
        if (now.st_dev, now.st_ino) != (level.device, level.inode):
            os.close(descriptor)
            raise OSError(errno.ESTALE, os.strerror(errno.ESTALE), level.path)
        return descriptor

    def _enter(self, descriptor: int, name: bytes, path: bytes, status: os.stat_result) -> Listing:
        level = _Level(name, path, descriptor, status.st_dev, status.st_ino, [])
        self._levels.append(level)
        self._spare_descriptors()
        listing = Listing(path, len(self._levels) - 1, descriptor, [])
        try:
            self._list(listing)
        except OSError as error:
            listing.problem = error.errno or errno.EIO
            listing.finished = False
        level.pending = [pair for pair in reversed(listing.entries) if stat.S_ISDIR(pair[1].st_mode)]
        return listing

    def _list(self, listing: Listing) -> None:
        mounted = self._mounted.get(listing.path, ())
        entries = listing.entries
        fsencode = os.fsencode
        with os.scandir(listing.descriptor) as found:
            for number, entry in enumerate(found):
                if not number % _ENTRIES_BETWEEN_QUESTIONS:
                    stop_if(self._cancelled)
                name = fsencode(entry.name)
                if name in mounted:
                    continue
                try:
                    entries.append((name, entry.stat(follow_symlinks=False)))
                except OSError as error:
                    listing.problem = error.errno or errno.EIO
        # Names differ within a directory, so the comparison never reaches the second part.
        entries.sort()

    def _leave(self) -> None:
        level = self._levels.pop()
        if level.descriptor >= 0:
            os.close(level.descriptor)

    def _spare_descriptors(self) -> None:
        if len(self._levels) > _KEPT_OPEN:
            level = self._levels[-_KEPT_OPEN - 1]
            if level.descriptor >= 0:
                os.close(level.descriptor)
                level.descriptor = -1
