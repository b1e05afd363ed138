"""Reading the heads of files without ever being caught by a mount that does not answer."""

from __future__ import annotations

import fcntl
import os
import queue
import stat
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from dusk.fs.descent import open_directory

T = TypeVar("T")
HEAD = 64 * 1024
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY
_NO_ATIME = getattr(os, "O_NOATIME", 0)
_STRIKES = 2  # a filesystem that failed to answer twice is not asked again


class CannotTellError(Exception):
    """A fact that a rule needs could not be had; nothing may be offered on a guess."""


class _Request(Generic[T]):
    """One task with its answer."""

    def __init__(self, task: Callable[[], T]) -> None:
        self.task = task
        self.result: T | None = None
        self.error: BaseException | None = None
        self.done = threading.Event()


class Prober:
    """Runs small reads in a thread of its own, which is left behind when it hangs."""

    def __init__(self, root: bytes, timeout: float = 2.0) -> None:
        """Read below ``root``; give up on one task after ``timeout`` seconds."""
        self.root = root
        self.timeout = timeout
        self._root_descriptor = -1
        self._requests: queue.SimpleQueue[_Request[object] | None] | None = None
        self._strikes: dict[int, int] = {}

    def run(self, task: Callable[[], T], device: int = 0, timeout: float | None = None) -> T:
        """Run a task in the probe thread and return its answer.

        Raises CannotTellError when it takes too long, when the system refuses it, or when its filesystem
        did not answer before.
        """
        if self._strikes.get(device, 0) >= _STRIKES:
            raise CannotTellError("its filesystem does not answer")
        request: _Request[T] = _Request(task)
        if self._requests is None:
            self._requests = queue.SimpleQueue()
            threading.Thread(target=_serve, args=(self._requests,), name="dusk-probe", daemon=True).start()
        self._requests.put(request)  # type: ignore[arg-type]
        if not request.done.wait(self.timeout if timeout is None else timeout):
            self._strikes[device] = self._strikes.get(device, 0) + 1
            self._requests.put(None)
            self._requests = None
            raise CannotTellError("reading it took too long")
        if isinstance(request.error, OSError):
            raise CannotTellError(request.error.strerror or "it cannot be read") from request.error
        if request.error is not None:
            raise request.error
        return request.result  # type: ignore[return-value]

    def close(self) -> None:
        """Let the probe thread end when it is idle."""
        if self._requests is not None:
            self._requests.put(None)
            self._requests = None

    def heads(self, paths: list[bytes], device: int, limit: int = HEAD) -> list[bytes | None]:
        """Return the first bytes of regular files on one filesystem; None for those that cannot be read.

        Raises CannotTellError when the whole takes too long.
        """

        def read_all() -> list[bytes | None]:
            heads: list[bytes | None] = []
            for path in paths:
                try:
                    heads.append(self._head(path, device, limit))
                except OSError:
                    heads.append(None)
            return heads

        return self.run(read_all, device)

    def head(self, path: bytes, device: int, limit: int = HEAD) -> bytes:
        """Return the first bytes of one regular file; raises CannotTellError."""
        return self.run(lambda: self._head(path, device, limit), device)

    def tail(self, path: bytes, device: int, start: int, limit: int) -> bytes:
        """Return bytes of one regular file from an offset on; raises CannotTellError."""
        return self.run(lambda: self._head(path, device, limit, start), device)

    def read(self, path: bytes, device: int, task: Callable[[int], T], timeout: float | None = None) -> T:
        """Return what a task reads from one regular file's descriptor; raises CannotTellError."""

        def open_and_read() -> T:
            descriptor = self._open(path, device)
            try:
                return task(descriptor)
            finally:
                os.close(descriptor)

        return self.run(open_and_read, device, timeout)

    def links(self, paths: list[bytes], device: int) -> list[bytes]:
        """Return the targets of symbolic links; raises CannotTellError when one of them cannot be read."""

        def read_all() -> list[bytes]:
            targets = []
            opened: dict[bytes, int] = {}
            try:
                for path in paths:
                    parent, name = os.path.split(path)
                    if parent not in opened:
                        opened[parent] = self._open_directory(parent)
                    targets.append(os.readlink(name, dir_fd=opened[parent]))
            finally:
                for descriptor in opened.values():
                    os.close(descriptor)
            return targets

        return self.run(read_all, device)

    def locked(self, path: bytes, device: int) -> bool:
        """Return whether a process holds a ``flock`` on the file; a missing file is not locked.

        Raises CannotTellError where the filesystem knows no such locks.
        """

        def ask() -> bool:
            try:
                descriptor = self._open(path, device)
            except FileNotFoundError:
                return False
            try:
                # A shared lock, given back at once: whoever waits for the file polls and tries again.
                fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
            finally:
                os.close(descriptor)
            return False

        return self.run(ask, device)

    def _head(self, path: bytes, device: int, limit: int, start: int = 0) -> bytes:
        descriptor = self._open(path, device)
        try:
            return os.pread(descriptor, limit, start)
        finally:
            os.close(descriptor)

    def _open(self, path: bytes, device: int) -> int:
        parent, name = os.path.split(path)
        directory = self._open_directory(parent)
        try:
            try:
                descriptor = os.open(name, _READ | _NO_ATIME, dir_fd=directory)
            except PermissionError:
                # Only the owner may ask that the access time stays as it is.
                descriptor = os.open(name, _READ, dir_fd=directory)
        finally:
            os.close(directory)
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or (device and status.st_dev != device):
            os.close(descriptor)
            raise OSError(0, "it is no regular file of the scanned filesystem")
        return descriptor

    def _open_directory(self, path: bytes) -> int:
        if self._root_descriptor < 0:
            self._root_descriptor = os.open(self.root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        root = self.root.rstrip(b"/")
        if path not in (root, self.root) and not path.startswith(root + b"/"):
            raise OSError(0, "it lies outside of what was scanned")
        return open_directory(path[len(root) :].lstrip(b"/"), within=self._root_descriptor)

    def __del__(self) -> None:
        """Close the root's descriptor."""
        if self._root_descriptor >= 0:
            os.close(self._root_descriptor)


def _serve(requests: queue.SimpleQueue[_Request[object] | None]) -> None:
    while (request := requests.get()) is not None:
        try:
            request.result = request.task()
        except BaseException as error:
            request.error = error
        request.done.set()
