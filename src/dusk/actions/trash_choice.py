"""Which trash a file may go to: one on its own mount, made where it may be made, or none.

Source: FreeDesktop.org Trash specification 1.0. Beyond it, below a mount whose top directory the user cannot
write, the trash is made in the user's own highest directory there.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterable, Iterator

from dusk.actions.relocation import sync
from dusk.actions.trash_directory import (
    OPENING,
    OTHERS_WRITE,
    TrashDirectory,
    Unusable,
    candidate_paths,
    existing_ancestor,
    open_own,
    open_trash,
)
from dusk.fs.descent import open_directory
from dusk.fs.locations import home_trash
from dusk.fs.mounts import Mount, MountTable, mount_id
from dusk.fs.names import display_path


class NoTrash(Exception):  # noqa: N818 - a finding, not an error
    """No trash may take the file; the text names every candidate and what is wrong with it."""


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
                self._open[path] = open_trash(above, path, name, make=False)
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
        raise NoTrash(_no_trash(reasons))


def refusal(parent: int, parent_path: bytes, extra: Iterable[bytes] = ()) -> str | None:
    """Return why no trash can take an entry of an open directory; None when one can. Makes nothing."""
    place = _Place(parent, parent_path)
    reasons: list[str] = []
    for path, candidate in _candidates(place, tuple(extra)):
        try:
            candidate.check()
        except Unusable as problem:
            reasons.append(f"{display_path(path)}: {problem}")
        except OSError as error:
            reasons.append(f"{display_path(path)}: {error.strerror}")
        else:
            return None
    return _no_trash(reasons)


def _no_trash(reasons: list[str]) -> str:
    return "no trash can take it without copying it there (" + "; ".join(reasons) + ")"


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

    def check(self) -> None:
        """Raise Unusable or OSError when calling it could not give a trash; makes nothing."""
        directory = self._open_above()
        try:
            for name in self._names:
                is_shared = self._kind == "shared" and name == self._names[0]
                try:
                    following = (
                        self._open_shared(directory, name) if is_shared else self._open_made(directory, name)
                    )
                except FileNotFoundError:
                    if not os.access(b".", os.W_OK | os.X_OK, dir_fd=directory, effective_ids=True):
                        raise Unusable("cannot be made by this user") from None
                    return
                os.close(directory)
                directory = following
            if not self._place.holds(directory):
                raise Unusable("is on another filesystem")
        finally:
            os.close(directory)

    def _open_made(self, directory: int, name: bytes) -> int:
        if name != self._names[-1]:
            return os.open(name, OPENING, dir_fd=directory)
        os.stat(name, dir_fd=directory, follow_symlinks=False)
        return open_own(directory, name)

    def _open_above(self) -> int:
        directory = open_directory(self._above)
        try:
            if not self._place.holds(directory):
                raise Unusable("is on another filesystem")
            if self._kind == "home" and os.fstat(directory).st_uid != os.geteuid():
                # What root made in a user's home, the user could never clear.
                raise Unusable(f"{display_path(self._above)} belongs to another user")
        except BaseException:
            os.close(directory)
            raise
        return directory

    def __call__(self) -> TrashDirectory:
        directory = self._open_above()
        try:
            path = self._above
            for name in self._names[:-1]:
                path = os.path.join(path, name)
                following = (
                    self._open_shared(directory, name) if self._kind == "shared" else _step(directory, name)
                )
                os.close(directory)
                directory = following
            path = os.path.join(path, self._names[-1])
            return open_trash(
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
        return os.open(name, OPENING, dir_fd=directory)


def _candidates(place: _Place, extra: tuple[bytes, ...]) -> Iterator[tuple[bytes, _Candidate]]:
    user = b"%d" % os.geteuid()
    above, missing = existing_ancestor(home_trash())
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
            if status.st_uid == os.geteuid() and not status.st_mode & OTHERS_WRITE:
                found.append(path)
        path = os.path.dirname(path)
    return found[::-1]


def _step(directory: int, name: bytes) -> int:
    with contextlib.suppress(FileExistsError):
        os.mkdir(name, 0o700, dir_fd=directory)
        sync(directory)
    return os.open(name, OPENING, dir_fd=directory)


def _is_within(path: bytes, ancestor: bytes) -> bool:
    return path == ancestor or path.startswith(ancestor.rstrip(b"/") + b"/")
