"""The Linux system calls that Python does not wrap: ``openat2``, ``renameat2``, ``syncfs``,
``sync_file_range``.

Source: openat2(2), rename(2), syncfs(2), sync_file_range(2).
"""

from __future__ import annotations

import ctypes
import errno
import os
import sys

RENAME_NOREPLACE = 1
RENAME_EXCHANGE = 2
RESOLVE_NO_XDEV = 0x01
RESOLVE_NO_MAGICLINKS = 0x02
RESOLVE_NO_SYMLINKS = 0x04
RESOLVE_BENEATH = 0x08

_AT_FDCWD = -100
_SYNC_FILE_RANGE_WRITE = 2
_SYNC_FILE_RANGE_WAIT = 1 | 4  # for what is under way already, and for what is begun now
_SYS_OPENAT2 = 437  # the same number on every architecture since Linux 5.6
_libc = ctypes.CDLL(None, use_errno=True)


class _OpenHow(ctypes.Structure):
    _fields_ = (("flags", ctypes.c_uint64), ("mode", ctypes.c_uint64), ("resolve", ctypes.c_uint64))


def openat2(path: bytes, flags: int, resolve: int, directory: int = _AT_FDCWD) -> int:
    """Open a path with the kernel's own resolution limits and return the descriptor.

    Raises OSError; EXDEV when the path leaves the mount, ELOOP when it holds a symbolic link, ENOSYS
    where the kernel is too old.
    """
    how = _OpenHow(flags | os.O_CLOEXEC, 0, resolve)
    if b"\0" in path:
        # C would read the path up to there: another file than the one that was meant.
        raise OSError(errno.EINVAL, "a path may not hold a null byte", path)
    if not sys.platform.startswith("linux"):
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS), path)
    while True:
        descriptor = int(_libc.syscall(_SYS_OPENAT2, directory, path, ctypes.byref(how), ctypes.sizeof(how)))
        if descriptor >= 0:
            return descriptor
        number = ctypes.get_errno()
        if number not in (errno.EINTR, errno.EAGAIN):
            raise OSError(number, os.strerror(number), path)


def renameat2(source_directory: int, source: bytes, target_directory: int, target: bytes, flags: int) -> None:
    """Rename between two open directories without ever replacing what is there.

    Raises OSError; EEXIST when the target is taken, EINVAL where the filesystem lacks the flag (FUSE, NFS).
    """
    if b"\0" in source + target:
        raise OSError(errno.EINVAL, "a name may not hold a null byte", source)
    if not hasattr(_libc, "renameat2"):
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL), source)
    if _libc.renameat2(source_directory, source, target_directory, target, flags):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), source)


def sync_filesystem(descriptor: int) -> bool:
    """Write everything that the filesystem of an open file holds back to its disk.

    False where the platform cannot. Raises OSError (EIO) when something could not be written; kernels
    before 5.8 do not tell.
    """
    if not hasattr(_libc, "syncfs"):
        return False
    if _libc.syncfs(descriptor):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return True


def begin_writing_back(descriptor: int, offset: int, length: int) -> None:
    """Let the disk begin with a part of an open file, without waiting; a hint that may do nothing.

    What is written is not durable for it: a sync has to follow, and then has less left to wait for.
    """
    if hasattr(_libc, "sync_file_range"):
        _libc.sync_file_range(
            descriptor, ctypes.c_int64(offset), ctypes.c_int64(length), ctypes.c_uint(_SYNC_FILE_RANGE_WRITE)
        )


def finish_writing_back(descriptor: int, offset: int, length: int) -> None:
    """Wait until a part of an open file was written to its disk, so that it can be read from there.

    It is not durable for that: a sync has to follow. Raises OSError when the disk reports an error, which
    no later sync of this descriptor would report again.
    """
    flags = _SYNC_FILE_RANGE_WRITE | _SYNC_FILE_RANGE_WAIT
    if hasattr(_libc, "sync_file_range"):
        if not _libc.sync_file_range(
            descriptor, ctypes.c_int64(offset), ctypes.c_int64(length), ctypes.c_uint(flags)
        ):
            return
        number = ctypes.get_errno()
        if number not in (errno.ENOSYS, errno.EINVAL):
            raise OSError(number, os.strerror(number))
    os.fsync(descriptor)
