"""Asking for leases on the files of a tree: all of a small one, the newest and biggest of a large one."""

from __future__ import annotations

import heapq
import os
import stat
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from dusk.fs.cancellation import Cancelled
from dusk.fs.descent import open_directory
from dusk.fs.leases import Lease, probe_lease
from dusk.fs.traversal import traverse

_TIME_FOR_LOOKING = 0.6  # of the time there is; the rest is for asking and for naming processes

_Ranked = tuple[int, bytes, bytes, os.stat_result]


@dataclass(frozen=True, slots=True)
class AskedFile:
    """A file whose lease was not granted."""

    path: bytes
    """Absolute path."""
    status: os.stat_result
    """Its status when it was chosen."""


@dataclass(slots=True)
class LeaseSample:
    """What the leases of some files said."""

    size: int
    """How many files below a directory are asked at most."""
    deadline: float
    """When to stop, in the seconds of ``time.monotonic``."""
    files: int = 0
    """Regular files that were seen."""
    free: int = 0
    """Files that nobody has open."""
    whole: bool = True
    """Whether every directory was read and every chosen file asked."""
    held: list[AskedFile] = field(default_factory=list)
    """Files that somebody has open."""
    refused: AskedFile | None = None
    """The first file that this process may not ask about."""

    def ask(self, directory: int, name: bytes, path: bytes, status: os.stat_result) -> None:
        """Ask about one regular file of an open directory."""
        if time.monotonic() > self.deadline:
            self.whole = False
            return
        lease = probe_lease(directory, name)
        if lease is Lease.FREE:
            self.free += 1
        elif lease is Lease.HELD:
            self.held.append(AskedFile(path, status))
        elif lease is Lease.REFUSED and self.refused is None:
            self.refused = AskedFile(path, status)

    def ask_below(self, top: int, path: bytes, mount_points: frozenset[bytes]) -> None:
        """Ask about the newest and the biggest files below an open directory: a live process uses those.

        ``mount_points`` are relative paths that are not touched.
        """
        chosen = self._chosen(top, mount_points)
        for directory, descriptor in self._opened(top, chosen):
            for name, status in chosen[directory].items():
                self.ask(descriptor, name, os.path.join(path, directory, name), status)

    def ask_these(self, top: int, path: bytes, files: Iterable[bytes]) -> None:
        """Ask about files below an open directory, named by their relative paths; what is gone is free."""
        by_directory: dict[bytes, list[bytes]] = {}
        for file in files:
            directory, name = os.path.split(file)
            by_directory.setdefault(directory, []).append(name)
        for directory, descriptor in self._opened(top, by_directory):
            for name in by_directory[directory]:
                self._ask_named(descriptor, name, os.path.join(path, directory, name))

    def _opened(self, top: int, directories: Iterable[bytes]) -> Iterator[tuple[bytes, int]]:
        """Yield the directories that can be opened, each open until the next one."""
        for directory in directories:
            try:
                descriptor = open_directory(directory, within=top, one_mount=True)
            except OSError:
                self.whole = False
                continue
            try:
                yield directory, descriptor
            finally:
                os.close(descriptor)

    def _ask_named(self, directory: int, name: bytes, path: bytes) -> None:
        try:
            status = os.stat(name, dir_fd=directory, follow_symlinks=False)
        except OSError:
            return
        if stat.S_ISREG(status.st_mode):
            self.files += 1
            self.ask(directory, name, path, status)

    def _chosen(self, top: int, mount_points: frozenset[bytes]) -> dict[bytes, dict[bytes, os.stat_result]]:
        newest: list[_Ranked] = []
        biggest: list[_Ranked] = []
        now = time.monotonic()
        stop = now + (self.deadline - now) * _TIME_FOR_LOOKING
        walk = traverse(top, mount_points=mount_points, cancelled=lambda: time.monotonic() > stop)
        try:
            for listing in walk:
                self.whole = self.whole and not listing.problem
                for name, status in listing.entries:
                    if stat.S_ISREG(status.st_mode):
                        self.files += 1
                        _keep(newest, self.size, (status.st_mtime_ns, listing.path, name, status))
                        _keep(biggest, self.size, (status.st_size, listing.path, name, status))
        except Cancelled:
            self.whole = False
        if self.files > self.size:
            newest = heapq.nlargest((self.size + 1) // 2, newest)
            biggest = heapq.nlargest(self.size // 2, biggest)
        chosen: dict[bytes, dict[bytes, os.stat_result]] = {}
        for _, directory, name, status in newest + biggest:
            chosen.setdefault(directory, {})[name] = status
        return chosen


def _keep(heap: list[_Ranked], capacity: int, item: _Ranked) -> None:
    if len(heap) < capacity:
        heapq.heappush(heap, item)
    elif item[0] > heap[0][0]:
        heapq.heapreplace(heap, item)
