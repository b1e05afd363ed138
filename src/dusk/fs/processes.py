"""Which processes use which paths: open files, mappings, programs, working directories, sockets.

Read from ``/proc`` without touching the files themselves, so that a hung mount does not matter. Source:
proc_pid_fd(5), proc_pid_maps(5), proc_pid_fdinfo(5); ``/proc/net/unix`` in unix(7).
"""

from __future__ import annotations

import bisect
import contextlib
import os
import re
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass

_PROC = b"/proc"
_FRESH = 1.0  # seconds that a table of all processes serves; making one takes a tenth of that and more
_DELETED = b" (deleted)"
_INITIAL_NAMESPACE = 0xEFFFFFFC  # inode of the first PID namespace, fixed in the kernel's proc_ns.h
_OCTAL = re.compile(rb"\\([0-7]{3})")


@dataclass(frozen=True, slots=True, order=True)
class Use:
    """One process using one path."""

    path: bytes
    """The path as the kernel shows it to this process."""
    pid: int
    """Process ID."""
    how: str
    """``running``, ``mapped``, ``open``, ``working directory``, ``root directory`` or ``socket``."""
    descriptor: bytes = b""
    """Number of the open file, where there is one."""


class ProcessTable:
    """What all visible processes use at one moment, this process left out."""

    def __init__(self, uses: list[Use], *, complete: bool) -> None:
        """Index uses by path; ``complete`` says whether no process was out of sight."""
        self._uses = sorted(uses)
        self.complete = complete

    @classmethod
    def read(cls) -> ProcessTable:
        """Read ``/proc`` whole. Processes that end meanwhile are left out."""
        uses: list[Use] = []
        complete = os.geteuid() == 0 and _sees_every_process()
        sockets: dict[bytes, int] = {}
        for pid in process_ids():
            try:
                uses.extend(_uses_of(pid, sockets))
            except PermissionError:
                complete = False
            except OSError:
                continue
        uses.extend(_socket_uses(sockets))
        return cls(uses, complete=complete)

    def using(self, path: bytes) -> tuple[Use, ...]:
        """Return the uses of a path and of everything below it."""
        start = bisect.bisect_left(self._uses, path, key=lambda use: use.path)
        found = []
        # Names that sort between "a" and "a/", such as "a-b", lie between the path and what is below it.
        while start < len(self._uses) and self._uses[start].path == path:
            found.append(self._uses[start])
            start += 1
        prefix = path.rstrip(b"/") + b"/"
        start = bisect.bisect_left(self._uses, prefix, key=lambda use: use.path)
        while start < len(self._uses) and self._uses[start].path.startswith(prefix):
            found.append(self._uses[start])
            start += 1
        return tuple(found)


class _Newest:
    """The newest table, shared by checks that follow each other closely."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._table: ProcessTable | None = None
        self._read_at = 0.0

    def get(self, patience: float) -> ProcessTable | None:
        if not self._lock.acquire(timeout=max(patience, 0)):
            return None
        try:
            if self._table is None or time.monotonic() - self._read_at > _FRESH:
                began = time.monotonic()
                self._table, self._read_at = ProcessTable.read(), began
            return self._table
        finally:
            self._lock.release()


_newest = _Newest()


def current_processes(patience: float = 5.0) -> ProcessTable | None:
    """Return a table at most a second old; None when another thread cannot finish reading one."""
    return _newest.get(patience)


def process_ids() -> list[int]:
    """Return the IDs of the visible processes, this one left out; empty where there is no ``/proc``."""
    try:
        return [int(name) for name in os.listdir(_PROC) if name.isdigit() and int(name) != os.getpid()]
    except OSError:
        return []


def uses_of_inode(device: int, inode: int) -> tuple[Use, ...]:
    """Return who has an inode open or mapped, whatever path it was opened by.

    A process in a container shows a path of its own. Slower than a table: every open file is looked at.
    """
    found: list[Use] = []
    for pid in process_ids():
        with contextlib.suppress(OSError):
            found.extend(_uses_of_inode(pid, device, inode))
    return tuple(found)


def is_writing(use: Use) -> bool:
    """Return whether an open file was opened for writing."""
    information = _read(b"%b/%d/fdinfo/%b" % (_PROC, use.pid, use.descriptor)) if use.descriptor else b""
    flags = re.search(rb"^flags:\s*([0-7]+)", information, re.MULTILINE)
    return flags is not None and int(flags[1], 8) & os.O_ACCMODE != os.O_RDONLY


def command_line(pid: int) -> bytes:
    """Return the command of a process as it was started; empty when it ended."""
    words = _read(b"%b/%d/cmdline" % (_PROC, pid)).replace(b"\0", b" ").strip()
    return words or _read(b"%b/%d/comm" % (_PROC, pid)).strip()


def owner_of(pid: int) -> int:
    """Return the user ID of a process; -1 when it ended."""
    try:
        return os.stat(b"%b/%d" % (_PROC, pid)).st_uid
    except OSError:
        return -1


def _sees_every_process() -> bool:
    try:
        return os.stat("/proc/self/ns/pid").st_ino == _INITIAL_NAMESPACE
    except OSError:
        return False


def _uses_of(pid: int, sockets: dict[bytes, int]) -> Iterator[Use]:
    base = b"%b/%d/" % (_PROC, pid)
    for link, how in ((b"exe", "running"), (b"cwd", "working directory"), (b"root", "root directory")):
        path = _target(base + link)
        if path.startswith(b"/") and path != b"/":
            yield Use(path, pid, how)
    for path in _mapped_paths(_read_or_raise(base + b"maps")):
        yield Use(path, pid, "mapped")
    for number in os.listdir(base + b"fd"):
        path = _target(base + b"fd/" + number)
        if path.startswith(b"/"):
            yield Use(path, pid, "open", number)
        elif path.startswith(b"socket:["):
            sockets[path[8:-1]] = pid


def _uses_of_inode(pid: int, device: int, inode: int) -> Iterator[Use]:
    base = b"%b/%d/" % (_PROC, pid)
    wanted = re.compile(rb"^ino:\s*%d$" % inode, re.MULTILINE)
    for number in os.listdir(base + b"fd"):
        link = base + b"fd/" + number
        if wanted.search(_read(base + b"fdinfo/" + number)) and _is_file(link, device, inode):
            yield Use(_target(link), pid, "open", number)
    for line in _read(base + b"maps").split(b"\n"):
        fields = line.split(None, 5)
        # On btrfs and overlay the device shown here is not the one that stat tells: the inode decides.
        if len(fields) == 6 and fields[4] == b"%d" % inode and not fields[5].endswith(_DELETED):
            yield Use(_unescape(fields[5]), pid, "mapped")


def _is_file(link: bytes, device: int, inode: int) -> bool:
    try:
        status = os.stat(link)
    except OSError:
        return False
    return (status.st_dev, status.st_ino) == (device, inode)


def _mapped_paths(maps: bytes) -> set[bytes]:
    paths = {line[line.index(b"/") :] for line in maps.split(b"\n") if b"/" in line}
    return {_unescape(path) for path in paths if not path.endswith(_DELETED)}


def _socket_uses(owners: dict[bytes, int]) -> Iterator[Use]:
    for line in _read(b"/proc/net/unix").split(b"\n")[1:]:
        fields = line.split(None, 7)
        if len(fields) == 8 and fields[7].startswith(b"/"):
            yield Use(fields[7], owners.get(fields[6], 0), "socket")


def _target(link: bytes) -> bytes:
    """Return what a link of ``/proc`` leads to; empty when it is gone or names nothing any more."""
    try:
        path = os.readlink(link)
    except PermissionError:
        raise
    except OSError:
        return b""
    return b"" if path.endswith(_DELETED) else path


def _read(path: bytes) -> bytes:
    try:
        return _read_or_raise(path)
    except OSError:
        return b""


def _read_or_raise(path: bytes) -> bytes:
    with open(path, "rb") as file:
        return file.read()


def _unescape(path: bytes) -> bytes:
    return _OCTAL.sub(lambda octal: bytes([int(octal[1], 8) & 0xFF]), path) if b"\\" in path else path
