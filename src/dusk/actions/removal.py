"""Removing a tree for good: by descriptors, following no link and entering no mount.

Only for what is dusk's own or lies in an emptied trash. A tree may be deeper than the number of files a
process may open: directories far down are moved up first, which nobody can notice any more. Where the
compiled module is there (``native/fs/removal.cpp``) several threads work; otherwise Python does the same.
"""

from __future__ import annotations

import errno
import os
import secrets
import stat
from collections.abc import Callable

from dusk.fs import syscalls
from dusk.fs.cancellation import Cancelled, Cancelling, never, stop_if
from dusk.fs.mounts import mount_id

try:
    from dusk.fs._removal import remove_tree as _native
except ImportError:  # built without a compiler, or not for this system
    _native = None  # type: ignore[assignment]

_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_BLOCK = 512  # the unit of st_blocks
_DEEPEST = 32
_PASSES = 8
# Unlinking waits for the disk as much as for the processor.
_THREADS = max(2, min(8, 2 * (os.cpu_count() or 1)))
# No openat2, or more open files than this process may have: one directory after the other needs neither.
_OTHER_WAY = frozenset({errno.ENOSYS, errno.EPERM, errno.EMFILE, errno.ENFILE, errno.ENOMEM})


def remove_tree(
    holder: int,
    name: bytes,
    *,
    cancelled: Cancelling = never,
    on_removed: Callable[[int], None] = lambda _: None,
) -> int:
    """Remove the entry ``name`` of an open directory with all that is below it; return what that freed.

    Those are the disk bytes of all inodes that lost their last name. ``on_removed`` is told the number of
    entries removed now and then. Raises OSError (EXDEV at a mount), and Cancelled between entries; what is
    left then stays in ``holder``.
    """
    freed, is_done = _remove_natively(holder, name, cancelled, on_removed)
    return freed if is_done else freed + _Removal(holder, cancelled, on_removed).run(name)


def is_native() -> bool:
    """Return whether the compiled removal serves, on several threads."""
    return _native is not None


def _remove_natively(
    holder: int, name: bytes, cancelled: Cancelling, on_removed: Callable[[int], None]
) -> tuple[int, bool]:
    """Remove the tree on several threads; return what that freed, and whether nothing is left to do."""
    if _native is None:
        return 0, False
    told = 0

    def poll(count: int) -> bool:
        nonlocal told
        on_removed(count - told)
        told = count
        return not cancelled()

    stop_if(cancelled)
    count, problem, stopped, failed, freed = _native(holder, name, _THREADS, poll)
    on_removed(count - told)
    if problem in _OTHER_WAY:
        return freed, False
    if problem:
        raise OSError(problem, os.strerror(problem), failed)
    if stopped:
        raise Cancelled
    return freed, True


class _Removal:
    def __init__(self, holder: int, cancelled: Cancelling, on_removed: Callable[[int], None]) -> None:
        self._holder = holder
        self._cancelled = cancelled
        self._on_removed = on_removed
        self._waiting: list[bytes] = []
        self._freed = 0

    def run(self, name: bytes) -> int:
        self._waiting.append(name)
        while self._waiting:
            self._remove(self._holder, self._waiting.pop(), 0)
        return self._freed

    def _remove(self, directory: int, name: bytes, depth: int) -> None:
        stop_if(self._cancelled)
        status = os.stat(name, dir_fd=directory, follow_symlinks=False)
        if not stat.S_ISDIR(status.st_mode):
            self._unlink(directory, name, status)
        elif depth >= _DEEPEST:
            allow_owner(directory, name)  # a directory that moves is written to
            moved = b".deep-" + secrets.token_hex(8).encode()
            os.rename(name, moved, src_dir_fd=directory, dst_dir_fd=self._holder)
            self._waiting.append(moved)
        else:
            self._remove_directory(directory, name, status, depth)

    def _remove_directory(self, directory: int, name: bytes, status: os.stat_result, depth: int) -> None:
        descriptor = _open_inside(directory, name, status)
        try:
            for _ in range(_PASSES):
                self._clear(descriptor, depth)
                try:
                    blocks = os.fstat(descriptor).st_blocks
                    os.rmdir(name, dir_fd=directory)
                    self._freed += blocks * _BLOCK
                    break
                except OSError as error:
                    # Some filesystems skip entries of a listing that shrinks meanwhile.
                    if error.errno != errno.ENOTEMPTY:
                        raise
            else:
                raise OSError(errno.ENOTEMPTY, os.strerror(errno.ENOTEMPTY), name)
        finally:
            os.close(descriptor)

    def _clear(self, descriptor: int, depth: int) -> None:
        count = 0
        with os.scandir(descriptor) as entries:
            for entry in entries:
                name = os.fsencode(entry.name)
                if entry.is_dir(follow_symlinks=False):
                    self._remove(descriptor, name, depth + 1)
                else:
                    stop_if(self._cancelled)
                    self._unlink(descriptor, name, entry.stat(follow_symlinks=False))
                count += 1
        self._on_removed(count)

    def _unlink(self, directory: int, name: bytes, status: os.stat_result) -> None:
        os.unlink(name, dir_fd=directory)
        if status.st_nlink == 1:
            self._freed += status.st_blocks * _BLOCK


def _open_inside(directory: int, name: bytes, status: os.stat_result) -> int:
    if status.st_mode & stat.S_IRWXU != stat.S_IRWXU:
        allow_owner(directory, name)
    limits = syscalls.RESOLVE_BENEATH | syscalls.RESOLVE_NO_SYMLINKS | syscalls.RESOLVE_NO_XDEV
    try:
        return syscalls.openat2(name, _FLAGS, limits, directory)
    except OSError as error:
        if error.errno not in (errno.ENOSYS, errno.EPERM):
            raise
    descriptor = os.open(name, _FLAGS, dir_fd=directory)
    if mount_id(descriptor) != mount_id(directory):
        os.close(descriptor)
        raise OSError(errno.EXDEV, os.strerror(errno.EXDEV), name)
    return descriptor


def allow_owner(directory: int, name: bytes) -> None:
    """Let the owner into a directory that is being removed, without following a link put in its place."""
    if not hasattr(os, "O_PATH"):
        return
    try:
        descriptor = os.open(name, os.O_PATH | _FLAGS, dir_fd=directory)
    except NotADirectoryError:
        return
    try:
        os.chmod(f"/proc/self/fd/{descriptor}", stat.S_IRWXU)
    except OSError:
        pass  # then opening or unlinking says what is wrong
    finally:
        os.close(descriptor)
