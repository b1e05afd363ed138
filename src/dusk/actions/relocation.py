"""Moving one entry between two open directories: by rename, replacing nothing, and only the right inode.

Source: rename(2), link(2).
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Callable, Iterator

from dusk.fs import syscalls
from dusk.fs.descent import open_parent
from dusk.fs.identity import Identity

# What filesystems answer that do not know RENAME_NOREPLACE, such as FUSE and NFS.
_UNSUPPORTED = (errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP)
_NO_LINKS = (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EACCES)


class Swapped(Exception):  # noqa: N818 - a finding, not an error
    """What was moved was not what had been looked at; it was moved back."""


class Stranded(Exception):  # noqa: N818 - a finding, not an error
    """What was moved may be another file than the one that was meant, and it could not be moved back.

    Where it is now, only another look can tell: whoever journals it leaves the record open for recovery.
    """


def relocate(
    source_directory: int,
    source: bytes,
    target_directory: int,
    target: bytes,
    is_expected: Callable[[os.stat_result], bool],
) -> None:
    """Rename an entry without replacing anything, and take it back when it is not the expected one.

    Raises FileExistsError when the target name is taken, Swapped and OSError, all of them with the entry
    where it was; and Stranded.
    """
    if not is_expected(_status_once_renamed(source_directory, source, target_directory, target)):
        move_back(source_directory, source, target_directory, target)
        raise Swapped


def publish(
    working_directory: int,
    made: bytes,
    target_directory: int,
    name: bytes,
    is_expected: Callable[[os.stat_result], bool],
) -> None:
    """Give what dusk made its final name, replacing nothing.

    Raises FileExistsError when the name is taken, OSError with what was made where it was, and Stranded.
    Where something else took the name over at this moment, that stays, with ESTALE: moved back it would go
    with the working directory.
    """
    if not is_expected(_status_once_renamed(working_directory, made, target_directory, name)):
        raise OSError(errno.ESTALE, "something else took its name at this moment")


def _status_once_renamed(
    source_directory: int, source: bytes, target_directory: int, target: bytes
) -> os.stat_result:
    """Rename an entry without replacing anything; return what has the target name then.

    Raises OSError with the entry where it was, and Stranded.
    """
    _rename(source_directory, source, target_directory, target)
    try:
        return os.stat(target, dir_fd=target_directory, follow_symlinks=False)
    except OSError:
        move_back(source_directory, source, target_directory, target)
        raise


def move_back(source_directory: int, source: bytes, target_directory: int, target: bytes) -> None:
    """Take a relocation back. Raises Stranded when that is not possible; the entry stays at the target."""
    try:
        _rename(target_directory, target, source_directory, source)
    except OSError as error:
        raise Stranded(error.strerror) from error


def modified_ns(directory: int) -> int:
    """Return when an open directory was modified; 0 when that cannot be told, and then nobody relies on it.

    For what is only asked once something has moved: an error then must not look like one before it.
    """
    try:
        return os.fstat(directory).st_mtime_ns
    except OSError:
        return 0


def give_time_back(directory: int, now: os.stat_result, before_ns: int, after_ns: int) -> None:
    """Give an open directory the time that it had before an act, where nothing but that act changed it.

    ``now`` is its status before anything moved back; the two times are those that were journaled, 0 where
    they could not be told. What the disk refuses is let go: a time is not worth an error.
    """
    if before_ns and after_ns and now.st_mtime_ns == after_ns:
        with contextlib.suppress(OSError):
            os.utime(directory, ns=(now.st_atime_ns, before_ns))


@contextlib.contextmanager
def time_kept(
    directory: int, known_ns: int, then_ns: int = 0, *, noting: Callable[[int], None] = lambda _: None
) -> Iterator[None]:
    """Give an open directory its time back right after a change of dusk's own in the block.

    Only if it had ``known_ns`` before, so that nobody else's change is hidden; 0 for nothing to keep. With
    ``then_ns`` it gets that one instead, if the change was made. Where nothing that is left would tell of a
    kill in between, ``noting`` is told that time before, and 0 after.
    """
    then_ns = then_ns or known_ns
    is_made = False
    try:
        before = os.fstat(directory) if known_ns else None
    except OSError:
        before = None
    if before is None or before.st_mtime_ns != known_ns:
        yield
        return
    noting(then_ns)
    try:
        yield
        is_made = True
    finally:
        give_time_back(directory, before, then_ns if is_made else known_ns, known_ns)
        noting(0)


def same_inode(identity: Identity) -> Callable[[os.stat_result], bool]:
    """Return a test for the inode of an identity."""
    return lambda status: identity.is_same_inode(Identity.from_stat(status))


def status_of(directory: int, name: bytes) -> os.stat_result | None:
    """Return the status of an entry itself, not of what it points to; None when there is none."""
    try:
        return os.stat(name, dir_fd=directory, follow_symlinks=False)
    except FileNotFoundError:
        return None


def entry_status(path: bytes) -> os.stat_result | None:
    """Return the status of an entry reached through no symbolic link; None when it cannot be seen."""
    try:
        parent, name = open_parent(path)
    except (OSError, ValueError):
        return None
    try:
        return status_of(parent, name)
    except OSError:
        return None
    finally:
        os.close(parent)


def sync(descriptor: int) -> None:
    """Make a directory durable; some network filesystems cannot, and are durable on their own or never.

    Raises OSError when the disk reports an error.
    """
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _UNSUPPORTED:
            raise


def _rename(source_directory: int, source: bytes, target_directory: int, target: bytes) -> None:
    try:
        syscalls.renameat2(source_directory, source, target_directory, target, syscalls.RENAME_NOREPLACE)
        return
    except OSError as error:
        if error.errno not in _UNSUPPORTED:
            raise
    status = os.stat(source, dir_fd=source_directory, follow_symlinks=False)
    if stat.S_ISDIR(status.st_mode):
        _rename_directory(source_directory, source, target_directory, target)
        return
    try:
        os.link(
            source, target, src_dir_fd=source_directory, dst_dir_fd=target_directory, follow_symlinks=False
        )
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        _rename_over_placeholder(source_directory, source, target_directory, target)
        return
    try:
        os.unlink(source, dir_fd=source_directory)
    except OSError:
        _take_away(target_directory, target)
        raise


def _take_away(directory: int, name: bytes) -> None:
    """Remove the second name of an entry whose first one stays. Raises Stranded."""
    try:
        os.unlink(name, dir_fd=directory)
    except OSError as error:
        raise Stranded(error.strerror) from error


def _rename_directory(source_directory: int, source: bytes, target_directory: int, target: bytes) -> None:
    # rename(2) replaces an empty directory only: a name that we made and nobody filled.
    os.mkdir(target, 0o700, dir_fd=target_directory)
    try:
        os.rename(source, target, src_dir_fd=source_directory, dst_dir_fd=target_directory)
    except OSError:
        with contextlib.suppress(OSError):
            os.rmdir(target, dir_fd=target_directory)
        raise


def _rename_over_placeholder(
    source_directory: int, source: bytes, target_directory: int, target: bytes
) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    os.close(os.open(target, flags, 0o600, dir_fd=target_directory))
    try:
        os.rename(source, target, src_dir_fd=source_directory, dst_dir_fd=target_directory)
    except OSError:
        with contextlib.suppress(OSError):
            os.unlink(target, dir_fd=target_directory)
        raise
