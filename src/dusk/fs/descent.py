"""Opening paths by descriptor, component by component: longer than PATH_MAX, and through no symbolic link."""

from __future__ import annotations

import errno
import os

from dusk.fs import syscalls
from dusk.fs.mounts import mount_id

# Linux refuses paths of 4,096 bytes and more; a tree 1,500 levels deep is longer.
_CHUNK = 3500
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def open_directory(path: bytes, *, within: int | None = None, one_mount: bool = False) -> int:
    """Open a directory for reading and return its descriptor.

    A relative path is taken below the descriptor ``within`` and cannot leave it. No component may be a
    symbolic link. With ``one_mount`` no component may cross a mount. Raises OSError.
    """
    components = [component for component in path.split(b"/") if component not in (b"", b".")]
    if b".." in components:
        raise OSError(errno.EINVAL, "a path to act on may not hold '..'", path)
    if path.startswith(b"/") or within is None:
        current = os.open(b"/" if path.startswith(b"/") else b".", _DIRECTORY)
    else:
        current = os.dup(within)
    try:
        for chunk in _chunks(components):
            following = _open_beneath(current, chunk, one_mount)
            os.close(current)
            current = following
    except OSError:
        os.close(current)
        raise
    return current


def open_subdirectory(directory: int, name: bytes) -> int:
    """Open a directory that an open directory holds, for reading, and return its descriptor.

    Raises OSError: ELOOP or ENOTDIR when the name is no directory, EXDEV when something is mounted on it.
    """
    if b"/" in name or name in (b"", b".", b".."):
        raise OSError(errno.EINVAL, "not the name of an entry", name)
    return _open_beneath(directory, name, one_mount=True)


def open_parent(path: bytes) -> tuple[int, bytes]:
    """Open the directory that holds an absolute path; return its descriptor and the last component.

    Raises OSError; ValueError when the path names no entry of a directory, as ``/`` does.
    """
    parent, name = os.path.split(path.rstrip(b"/"))
    if not path.startswith(b"/") or name in (b"", b".", b".."):
        raise ValueError(f"not an absolute path of one entry: {path!r}")
    return open_directory(parent), name


def _chunks(components: list[bytes]) -> list[bytes]:
    chunks: list[bytes] = []
    for component in components:
        if chunks and len(chunks[-1]) + len(component) < _CHUNK:
            chunks[-1] += b"/" + component
        else:
            chunks.append(component)
    return chunks


def _open_beneath(directory: int, chunk: bytes, one_mount: bool) -> int:
    resolve = syscalls.RESOLVE_BENEATH | syscalls.RESOLVE_NO_SYMLINKS | syscalls.RESOLVE_NO_MAGICLINKS
    try:
        return syscalls.openat2(
            chunk, _DIRECTORY, resolve | (syscalls.RESOLVE_NO_XDEV if one_mount else 0), directory
        )
    except OSError as error:
        if error.errno not in (errno.ENOSYS, errno.EPERM):
            raise
    # Kernels before 5.6 and some container filters refuse openat2: one step at a time says the same.
    current = os.dup(directory)
    try:
        for component in chunk.split(b"/"):
            following = os.open(component, _DIRECTORY, dir_fd=current)
            if one_mount and not _on_one_mount(current, following):
                os.close(following)
                raise OSError(errno.EXDEV, os.strerror(errno.EXDEV), chunk)
            os.close(current)
            current = following
    except OSError:
        os.close(current)
        raise
    return current


def _on_one_mount(one: int, other: int) -> bool:
    mounts = mount_id(one), mount_id(other)
    # A bind mount shows the device of its source, a subvolume another device on the same mount.
    return mounts[0] == mounts[1] if -1 not in mounts else os.fstat(one).st_dev == os.fstat(other).st_dev
