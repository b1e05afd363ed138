"""What a file has beside its content: mode, owner, times, extended attributes and access control lists."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass

# Attributes that belong to the file. Others, such as a security label, belong to the machine it is on.
# Access control lists are attributes too. Source: xattr(7), acl(5).
_ACCESS_LISTS = (b"system.posix_acl_access", b"system.posix_acl_default")
_CARRIED = (b"user.", b"trusted.")
_CARRIED_NAMES = frozenset({*_ACCESS_LISTS, b"security.capability"})
_UNSUPPORTED = frozenset(
    {errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EPERM, errno.EACCES, errno.EINVAL}
)


@dataclass(frozen=True, slots=True)
class Metadata:
    """The metadata of one entry."""

    status: os.stat_result
    """Its status, of which mode, owner and times count."""
    attributes: tuple[tuple[bytes, bytes], ...]
    """Extended attributes by name, those that belong to the file."""


def place_of(directory: int, name: bytes) -> bytes:
    """Return a path to an entry of an open directory, for calls that take only paths."""
    return b"/proc/self/fd/%d/%b" % (directory, name)


def read_metadata(target: int | bytes) -> Metadata:
    """Return the metadata of an open file or of a path that is not followed. Raises OSError."""
    status = os.stat(target, follow_symlinks=isinstance(target, int))
    return Metadata(status, read_attributes(target, status.st_mode))


def read_attributes(target: int | bytes, mode: int) -> tuple[tuple[bytes, bytes], ...]:
    """Return the extended attributes that belong to a file, sorted; none where there are no such things."""
    if stat.S_ISLNK(mode) or not hasattr(os, "listxattr"):
        return ()
    follow = isinstance(target, int)
    try:
        names = sorted(os.fsencode(name) for name in os.listxattr(target, follow_symlinks=follow))
    except OSError as error:
        if error.errno in _UNSUPPORTED:
            return ()
        raise
    return tuple(
        (name, os.getxattr(target, name, follow_symlinks=follow)) for name in names if _is_carried(name)
    )


def write_metadata(target: int | bytes, metadata: Metadata) -> frozenset[str]:
    """Give a new entry the metadata of another; return what could not be kept, in words.

    Only what the destination or this user cannot do is left out so: owners, attributes, modes, exact
    times. Raises OSError for anything else.
    """
    wanted = metadata.status
    lost: set[str] = set()
    _write_owner(target, wanted)
    if not stat.S_ISLNK(wanted.st_mode):
        # Attributes need a file that its owner may write, so before the mode; both after the owner,
        # because a change of owner clears the set-user-ID bit and file capabilities.
        if not _write_attributes(target, metadata.attributes, wanted.st_mode):
            lost.add("extended attributes")
        with _loss_allowed():
            os.chmod(target, _mode_for(target, wanted))
    times = (wanted.st_atime_ns, wanted.st_mtime_ns)
    os.utime(target, ns=times, follow_symlinks=isinstance(target, int))
    now = os.stat(target, follow_symlinks=isinstance(target, int))
    if (now.st_uid, now.st_gid) != (wanted.st_uid, wanted.st_gid):
        lost.add("owners")
    if not stat.S_ISLNK(wanted.st_mode) and stat.S_IMODE(now.st_mode) != stat.S_IMODE(wanted.st_mode):
        lost.add("permissions")
    if now.st_mtime_ns != wanted.st_mtime_ns:
        lost.add("exact times")
    return frozenset(lost)


def _mode_for(target: int | bytes, wanted: os.stat_result) -> int:
    """Return the mode to give: a program that runs as its owner must not run as another one."""
    now = os.stat(target, follow_symlinks=isinstance(target, int))
    same = (now.st_uid, now.st_gid) == (wanted.st_uid, wanted.st_gid)
    return stat.S_IMODE(wanted.st_mode) & ~(0 if same else stat.S_ISUID | stat.S_ISGID)


def _write_owner(target: int | bytes, wanted: os.stat_result) -> None:
    follow = isinstance(target, int)
    now = os.stat(target, follow_symlinks=follow)
    if (now.st_uid, now.st_gid) == (wanted.st_uid, wanted.st_gid):
        return
    # The owner is root's to give; the group may still be one of this user's own.
    with _loss_allowed():
        os.chown(target, -1, wanted.st_gid, follow_symlinks=follow)
    with _loss_allowed():
        os.chown(target, wanted.st_uid, -1, follow_symlinks=follow)


def _write_attributes(target: int | bytes, attributes: tuple[tuple[bytes, bytes], ...], mode: int) -> bool:
    if not hasattr(os, "setxattr"):
        return not attributes
    follow = isinstance(target, int)
    whole = True
    wanted = dict(attributes)
    for name, _ in read_attributes(target, mode):
        if name in _ACCESS_LISTS and name not in wanted:
            # The directory of the copy hands its default list down; the source had none.
            os.removexattr(target, name, follow_symlinks=follow)
    present = dict(read_attributes(target, mode))
    # Access lists last: they can take the right to write the others away.
    for name, value in sorted(attributes, key=lambda attribute: attribute[0] in _ACCESS_LISTS):
        if present.get(name) == value:
            continue
        kept = False
        with _loss_allowed():
            os.setxattr(target, name, value, follow_symlinks=follow)
            kept = True
        whole = whole and kept
    return whole


@contextlib.contextmanager
def _loss_allowed() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno not in _UNSUPPORTED:
            raise


def _is_carried(name: bytes) -> bool:
    return name.startswith(_CARRIED) or name in _CARRIED_NAMES
