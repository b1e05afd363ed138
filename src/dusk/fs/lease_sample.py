"""Asking for leases on some files of a tree, which somebody chose."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from dusk.fs.descent import open_directory
from dusk.fs.leases import Lease, probe_lease


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

    deadline: float
    """When to stop, in the seconds of ``time.monotonic``."""
    files: int = 0
    """Regular files that were to be asked."""
    free: int = 0
    """Files that nobody has open."""
    whole: bool = True
    """Whether every chosen file was asked."""
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

    def ask_below(self, top: int, path: bytes, files: Iterable[bytes]) -> None:
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
