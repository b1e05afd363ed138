"""Trash directories: which one a file may go to, opened so that nobody can plant one.

Source: FreeDesktop.org Trash specification 1.0. Beyond it, every directory must belong to the user and be
writable by nobody else, and below a mount whose top directory the user cannot write, the trash is made in
the user's own highest directory there.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from dusk.actions.relocation import sync
from dusk.fs.descent import open_directory
from dusk.fs.locations import home_trash
from dusk.fs.mounts import Mount, MountTable, mount_id
from dusk.fs.names import display_path

_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


class NoTrash(Exception):  # noqa: N818 - a finding, not an error
    """No trash may take the file; the text names every candidate and what is wrong with it."""


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


class TrashDirectories:
    """The trash directories of one run, each opened once."""

    def __init__(self, extra: Iterable[bytes] = ()) -> None:
        """Begin with none open; ``extra`` are places that earlier runs made."""
        self._extra = tuple(extra)
        self._open: dict[bytes, TrashDirectory] = {}
        self._chosen: dict[bytes, TrashDirectory] = {}

    def close(self) -> None:
        """Close all of them."""
        for directory in self._open.values():
            directory.close()
        self._open.clear()
        self._chosen.clear()

    def for_entry(self, parent: int, parent_path: bytes) -> TrashDirectory:
        """Return the trash for an entry of an open directory, made where it may be made. Raises NoTrash."""
        if parent_path not in self._chosen:
            self._chosen[parent_path] = self._choose(parent, parent_path)
        return self._chosen[parent_path]

    def existing(self, path: bytes) -> TrashDirectory:
        """Open a trash directory that was used before. Raises Unusable."""
        if path not in self._open:
            # A symbolic link above it may be the user's own; the trash itself may not be one.
            parent, name = os.path.split(path)
            try:
                above = open_directory(os.path.realpath(parent))
            except OSError as error:
                raise Unusable(f"{display_path(parent)} cannot be opened: {error.strerror}") from error
            try:
                self._open[path] = _open_trash(above, path, name, make=False)
            except OSError as error:
                raise Unusable(f"{display_path(path)} cannot be opened: {error.strerror}") from error
            finally:
                os.close(above)
        return self._open[path]

    def _choose(self, parent: int, parent_path: bytes) -> TrashDirectory:
        place = _Place(parent, parent_path)
        reasons: list[str] = []
        for path, candidate in _candidates(place, self._extra):
            try:
                opened = self._open.get(path) or candidate()
            except Unusable as problem:
                reasons.append(f"{display_path(path)}: {problem}")
                continue
            except OSError as error:
                reasons.append(f"{display_path(path)}: {error.strerror}")
                continue
            self._open[path] = opened
            if place.holds(opened.files):
                return opened
            reasons.append(f"{display_path(path)}: is on another filesystem")
        raise NoTrash("no trash can take it without copying (" + "; ".join(reasons) + ")")


class _Place:
    """Where an entry lies: renames are possible within one mount and one filesystem only."""

    def __init__(self, parent: int, path: bytes) -> None:
        self.path = path
        self.mount_id = mount_id(parent)
        self.device = os.fstat(parent).st_dev
        self.mount = self._mount()

    def holds(self, descriptor: int) -> bool:
        return (mount_id(descriptor), os.fstat(descriptor).st_dev) == (self.mount_id, self.device)

    def _mount(self) -> Mount | None:
        table = MountTable.read()
        for mount in table.mounts:
            if mount.id == self.mount_id:
                return mount
        return table.containing(self.path)


class _Candidate:
    """One rung of the ladder: opens, and makes where it may, a trash directory."""

    def __init__(self, place: _Place, above: bytes, names: tuple[bytes, ...], top: bytes, kind: str) -> None:
        self._place = place
        self._above = above
        self._names = names
        self._top = top
        self._kind = kind

    def __call__(self) -> TrashDirectory:
        directory = open_directory(self._above)
        try:
            if not self._place.holds(directory):
                raise Unusable("is on another filesystem")
            if self._kind == "home" and os.fstat(directory).st_uid != os.geteuid():
                # What root made in a user's home, the user could never clear.
                raise Unusable(f"{display_path(self._above)} belongs to another user")
            path = self._above
            for name in self._names[:-1]:
                path = os.path.join(path, name)
                following = (
                    self._open_shared(directory, name) if self._kind == "shared" else _step(directory, name)
                )
                os.close(directory)
                directory = following
            path = os.path.join(path, self._names[-1])
            return _open_trash(
                directory, path, self._names[-1], make=True, top=self._top, is_extra=self._kind == "own"
            )
        finally:
            os.close(directory)

    @staticmethod
    def _open_shared(directory: int, name: bytes) -> int:
        try:
            status = os.stat(name, dir_fd=directory, follow_symlinks=False)
        except FileNotFoundError as error:
            raise Unusable("there is none") from error
        if not stat.S_ISDIR(status.st_mode):
            raise Unusable(f"{display_path(name)} is not a directory")
        if not status.st_mode & stat.S_ISVTX:
            raise Unusable(f"{display_path(name)} lacks the sticky bit: anyone could replace what is in it")
        return os.open(name, _FLAGS, dir_fd=directory)


def resolved_home_trash() -> bytes:
    """Return the home trash with the directories above it resolved."""
    above, missing = _existing_ancestor(home_trash())
    return os.path.join(above, *missing)


def candidate_paths(mount_point: bytes) -> tuple[bytes, bytes]:
    """Return where the specification puts a user's trash below a mount point."""
    user = b"%d" % os.geteuid()
    return os.path.join(mount_point, b".Trash", user), os.path.join(mount_point, b".Trash-" + user)


def _candidates(place: _Place, extra: tuple[bytes, ...]) -> Iterator[tuple[bytes, _Candidate]]:
    user = b"%d" % os.geteuid()
    above, missing = _existing_ancestor(home_trash())
    yield os.path.join(above, *missing), _Candidate(place, above, missing, b"", "home")
    if place.mount is None:
        return
    top = place.mount.point
    shared, own = candidate_paths(top)
    yield shared, _Candidate(place, top, (b".Trash", user), top, "shared")
    yield own, _Candidate(place, top, (b".Trash-" + user,), top, "volume")
    known = [os.path.dirname(path) for path in extra if _is_within(place.path, os.path.dirname(path))]
    for directory in dict.fromkeys((*known, *_own_ancestors(place, top))):
        yield (
            os.path.join(directory, b".Trash-" + user),
            _Candidate(place, directory, (b".Trash-" + user,), directory, "own"),
        )


def _own_ancestors(place: _Place, top: bytes) -> list[bytes]:
    """Return the directories above the entry that are the user's alone, the highest first.

    The highest, so that a disk gets one trash and not one in every directory that was ever cleaned.
    """
    found: list[bytes] = []
    path = place.path
    while len(path) > len(top.rstrip(b"/")):
        with contextlib.suppress(OSError):
            status = os.stat(path, follow_symlinks=False)
            if status.st_uid == os.geteuid() and not status.st_mode & _OTHERS_WRITE:
                found.append(path)
        path = os.path.dirname(path)
    return found[::-1]


def _existing_ancestor(path: bytes) -> tuple[bytes, tuple[bytes, ...]]:
    """Split a path into what exists, resolved, and the names still to be made below it."""
    above, name = os.path.split(path)
    missing = [name]
    while not os.path.isdir(above):
        above, name = os.path.split(above)
        missing.append(name)
    return os.path.realpath(above), tuple(reversed(missing))


def _is_within(path: bytes, ancestor: bytes) -> bool:
    return path == ancestor or path.startswith(ancestor.rstrip(b"/") + b"/")


def _open_trash(
    above: int, path: bytes, name: bytes, *, make: bool, top: bytes | None = None, is_extra: bool = False
) -> TrashDirectory:
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


def _step(directory: int, name: bytes) -> int:
    with contextlib.suppress(FileExistsError):
        os.mkdir(name, 0o700, dir_fd=directory)
        sync(directory)
    return os.open(name, _FLAGS, dir_fd=directory)


def open_own(directory: int, name: bytes, *, make: bool = False) -> int:
    """Open a directory that only this user can have put there. Raises Unusable."""
    try:
        if make:
            with contextlib.suppress(FileExistsError):
                os.mkdir(name, 0o700, dir_fd=directory)
                sync(directory)
        descriptor = os.open(name, _FLAGS, dir_fd=directory)
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
    elif status.st_mode & _OTHERS_WRITE:
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
