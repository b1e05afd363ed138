"""Trash directories, opened so that nobody can plant one.

Source: FreeDesktop.org Trash specification 1.0. Beyond it, every directory must belong to the user and be
writable by nobody else.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import stat
from dataclasses import dataclass

from dusk.actions.relocation import sync
from dusk.fs.locations import home_trash
from dusk.fs.names import display_path

OPENING = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


class Unusable(Exception):  # noqa: N818 - a finding, not an error
    """One candidate may not be used; the text says why."""


@dataclass(frozen=True, slots=True)
class TrashDirectory:
    """An open trash directory. Everything is done through its descriptors, never by its path again."""

    path: bytes
    """Absolute path."""
    top: bytes
    """Directory that the paths in its documents are relative to; empty when they are absolute."""
    descriptor: int
    """The directory itself."""
    files: int
    """Its ``files``."""
    info: int
    """Its ``info``."""
    is_extra: bool = False
    """Whether no mount table leads to it, so that only the journal does."""

    def close(self) -> None:
        """Close the descriptors, which also gives up the lock."""
        for descriptor in (self.files, self.info, self.descriptor):
            os.close(descriptor)

    def lock(self, *, alone: bool = False) -> bool:
        """Lock it against emptying, or with ``alone`` for emptying; return False when another dusk has it."""
        operation = fcntl.LOCK_EX | fcntl.LOCK_NB if alone else fcntl.LOCK_SH
        try:
            fcntl.flock(self.descriptor, operation)
        except BlockingIOError:
            return False
        except OSError:
            return True  # a filesystem without locks on directories
        return True


def resolved_home_trash() -> bytes:
    """Return the home trash with the directories above it resolved."""
    above, missing = existing_ancestor(home_trash())
    return os.path.join(above, *missing)


def candidate_paths(mount_point: bytes) -> tuple[bytes, bytes]:
    """Return where the specification puts a user's trash below a mount point."""
    user = b"%d" % os.geteuid()
    return os.path.join(mount_point, b".Trash", user), os.path.join(mount_point, b".Trash-" + user)


def existing_ancestor(path: bytes) -> tuple[bytes, tuple[bytes, ...]]:
    """Split a path into what exists, resolved, and the names still to be made below it."""
    above, name = os.path.split(path)
    missing = [name]
    while not os.path.isdir(above):
        above, name = os.path.split(above)
        missing.append(name)
    return os.path.realpath(above), tuple(reversed(missing))


def open_trash(
    above: int, path: bytes, name: bytes, *, make: bool, top: bytes | None = None, is_extra: bool = False
) -> TrashDirectory:
    """Open a trash below an open directory, with ``make`` also making it. Raises Unusable and OSError.

    ``top`` is what its documents are relative to; None finds that out from the path.
    """
    opened: list[int] = []
    try:
        for directory, part in ((above, name), (-1, b"files"), (-1, b"info")):
            opened.append(open_own(opened[0] if directory < 0 else directory, part, make=make))
    except BaseException:
        for descriptor in opened:
            os.close(descriptor)
        raise
    if top is None:
        top = b"" if path == resolved_home_trash() else _top_of(path)
    return TrashDirectory(path, top, opened[0], opened[1], opened[2], is_extra)


def _top_of(path: bytes) -> bytes:
    above, name = os.path.split(path)
    return os.path.dirname(above) if not name.startswith(b".Trash-") else above


def open_own(directory: int, name: bytes, *, make: bool = False) -> int:
    """Open a directory that only this user can have put there. Raises Unusable."""
    try:
        if make:
            with contextlib.suppress(FileExistsError):
                os.mkdir(name, 0o700, dir_fd=directory)
                sync(directory)
        descriptor = os.open(name, OPENING, dir_fd=directory)
    except OSError as error:
        raise Unusable(_refusal(name, error)) from error
    try:
        status = os.fstat(descriptor)
    except OSError as error:
        os.close(descriptor)
        raise Unusable(_refusal(name, error)) from error
    problem = ""
    if status.st_uid != os.geteuid():
        problem = f"{display_path(name)} belongs to user {status.st_uid}"
    elif status.st_mode & OTHERS_WRITE:
        problem = f"{display_path(name)} can be written by others"
    if problem:
        os.close(descriptor)
        raise Unusable(problem)
    return descriptor


def _refusal(name: bytes, error: OSError) -> str:
    if error.errno in (errno.ELOOP, errno.ENOTDIR):
        return f"{display_path(name)} is a symbolic link or not a directory"
    if error.errno == errno.ENOENT:
        return "there is none"
    if error.errno in (errno.EACCES, errno.EPERM):
        return "cannot be made or opened by this user"
    return f"{display_path(name)}: {error.strerror}"
