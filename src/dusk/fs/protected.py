"""Places that no action may touch, whatever a rule or a person says."""

from __future__ import annotations

import contextlib
import os
import re
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

from dusk.fs import locations
from dusk.fs.mounts import MountTable
from dusk.fs.names import display_path

# Whole trees that belong to the operating system. What lies in /usr/local belongs to the machine too.
_SYSTEM_TREES = (
    b"/bin", b"/boot", b"/dev", b"/etc", b"/lib", b"/lib32", b"/lib64", b"/libx32", b"/proc", b"/run",
    b"/sbin", b"/snap", b"/sys", b"/usr", b"/var/lib", b"/var/spool", b"/var/mail", b"/nix/store",
    b"/System", b"/Library",
)  # fmt: skip
# Directories that must stay while what they hold may go.
_SYSTEM_DIRECTORIES = (
    b"/dev/shm", b"/home", b"/media", b"/mnt", b"/nix", b"/opt", b"/root", b"/srv", b"/tmp", b"/var",
    b"/var/tmp",
)  # fmt: skip
# Shared memory is the users' own: files there are left behind by jobs that crashed.
_FREE_IN_SYSTEM_TREES = {b"/dev": frozenset({b"shm"})}
# Directories whose own entries must stay while what those hold may go.
_SHELVES = {
    b"/opt": "is the directory of an installed program",
    b"/var": "is a system directory",
    b"/home": "is another user's home directory",
}
# A conda installation keeps these beside the interpreter; they are caches and environments of their own.
_BESIDE_AN_INTERPRETER = frozenset({b"pkgs", b"envs"})
_TRASH_NAME = re.compile(rb"\.Trash(?:-\d+)?\Z")
_MOUNTS_LAST = 1.0  # seconds that a mount table may be old before it is read again


class HasProtectedPaths(Protocol):
    """The part of the settings that matters here."""

    @property
    def protected(self) -> tuple[str, ...]:
        """Paths that the user protects; ``~`` is the home directory."""


@dataclass(frozen=True, slots=True)
class _Place:
    path: bytes
    label: str
    """What it is, as in "contains your home directory"."""
    itself: str = ""
    """The whole predicate for the place itself where "is <label>" would not read well."""
    below: bool = False
    """Whether everything in it is protected too."""
    free: frozenset[bytes] = frozenset()
    """First components below it that are not protected."""


class Protection:
    """The protected places of one machine, user and configuration."""

    def __init__(self, places: Iterable[_Place], *, mounts: MountTable | None = None) -> None:
        """Index places by path and by every directory that contains them.

        Without ``mounts`` the kernel's own table is used, never older than a second.
        """
        self._places: dict[bytes, _Place] = {}
        self._around: dict[bytes, _Place] = {}
        for place in places:
            known = self._places.setdefault(place.path, place)
            if place.below and not known.below:
                self._places[place.path] = place
            for ancestor in _ancestors(place.path):
                self._around.setdefault(ancestor, place)
        self._fixed_mounts = mounts
        self._mounts = mounts
        self._mounts_read = 0.0

    @classmethod
    def load(
        cls, settings: HasProtectedPaths | None = None, *, mounts: MountTable | None = None
    ) -> Protection:
        """Return the protection of this process; ``settings`` add the user's own paths."""
        table = MountTable.read() if mounts is None else mounts
        places: list[_Place] = []
        for place in _all_places(settings):
            places.append(place)
            resolved = _resolved(place.path, table)
            if resolved != place.path:
                places.append(_Place(resolved, place.label, place.itself, place.below, place.free))
        return cls(places, mounts=mounts)

    def reason(self, path: bytes) -> str | None:
        """Return why nothing may be done to a resolved absolute path, as the rest of a sentence; or None.

        It fits behind the path: "/home/ann contains …". The path itself is never touched.
        """
        if not path.startswith(b"/") or b"\0" in path:
            return "is not an absolute path"
        components = [component for component in path.split(b"/") if component not in (b"", b".")]
        if b".." in components:
            return "is not a resolved path"
        if not components:
            return "is the root of the file system"
        path = b"/" + b"/".join(components)
        return self._by_mounts(path) or self._by_place(path) or _by_name(components)

    def _by_mounts(self, path: bytes) -> str | None:
        table = self._mount_table()
        if table.at(path) is not None:
            return "is the root of a mounted filesystem"
        below = table.below(path)
        if below:
            return f"contains the mounted filesystem {display_path(below[0].point)}"
        return None

    def _by_place(self, path: bytes) -> str | None:
        place = self._places.get(path)
        if place is not None:
            return place.itself or f"is {place.label}"
        around = self._around.get(path)
        if around is not None:
            return f"contains {around.label}"
        parent = os.path.dirname(path)
        for ancestor in _ancestors(path):
            place = self._places.get(ancestor)
            if place is not None and place.below:
                first = path[len(ancestor) :].lstrip(b"/").split(b"/", 1)[0]
                if first not in place.free:
                    return f"is in {place.label}"
        return _SHELVES.get(parent)

    def _mount_table(self) -> MountTable:
        if self._fixed_mounts is not None:
            return self._fixed_mounts
        now = time.monotonic()
        if self._mounts is None or now - self._mounts_read > _MOUNTS_LAST:
            self._mounts, self._mounts_read = MountTable.read(), now
        return self._mounts


def _by_name(components: list[bytes]) -> str | None:
    for depth, name in enumerate(components, start=1):
        inside = depth < len(components)
        if name == b".git":
            return f"is {'inside ' if inside else ''}a Git repository's own data"
        if _TRASH_NAME.match(name):
            return "is in the trash" if inside else "is a trash directory"
        if name == b"lost+found":
            return "belongs to the filesystem's repair"
    return None


def _all_places(settings: HasProtectedPaths | None) -> Iterable[_Place]:
    """Yield the protected places; of two with one path the first gives the words."""
    yield from _user_places(settings)
    for path in _SYSTEM_TREES:
        free = _FREE_IN_SYSTEM_TREES.get(path, frozenset())
        yield _Place(path, f"the system directory {display_path(path)}", below=True, free=free)
    for path in _SYSTEM_DIRECTORIES:
        yield _Place(path, f"the system directory {display_path(path)}")
    yield _Place(_normal(locations.home_directory()), "your home directory")
    yield from _own_places()
    for path in _homes_of_others():
        yield _Place(path, f"the home directory {display_path(path)}", "is another user's home directory")
    for path in _swap_files():
        yield _Place(path, f"the swap file {display_path(path)}", "is in use as swap space")


def _user_places(settings: HasProtectedPaths | None) -> Iterable[_Place]:
    for text in settings.protected if settings is not None else ():
        # What is written without a root is meant from home: a protection must not silently do nothing.
        path = os.path.join(locations.home_directory(), os.path.expanduser(os.fsencode(text)))
        label = f"{display_path(_normal(path))}, which your settings protect"
        yield _Place(_normal(path), label, "is protected by your settings", below=True)


def _own_places() -> Iterable[_Place]:
    # One that was removed needs no protection any more.
    with contextlib.suppress(FileNotFoundError):
        yield _Place(os.getcwdb(), "the directory that dusk was started in")
    yield _Place(_normal(locations.home_trash()), "your trash", "is your trash directory", below=True)
    # Where a platform has one directory for all of a program's files, the practice tree is in it.
    practice = frozenset({os.path.basename(locations.practice_directory())})
    yield _Place(_normal(locations.state_directory()), "the directory of dusk's journal", "", True, practice)
    yield _Place(
        _normal(locations.config_directory()), "the directory of dusk's settings", "", True, practice
    )
    for path in locations.installation_directories():
        if not any(path == tree or path.startswith(tree + b"/") for tree in _SYSTEM_TREES):
            yield _Place(_normal(path), "the Python that dusk runs from", "", True, _BESIDE_AN_INTERPRETER)


def _homes_of_others() -> Iterable[bytes]:
    # The file only: asking a directory service for every user of a company can take minutes.
    try:
        with open("/etc/passwd", "rb") as accounts:
            lines = accounts.read().split(b"\n")
    except OSError:
        return
    for line in lines:
        fields = line.split(b":")
        if len(fields) >= 7 and fields[5].startswith(b"/") and fields[5].strip(b"/"):
            yield _normal(fields[5])


def _swap_files() -> Iterable[bytes]:
    # Source: proc_swaps(5); spaces and such are octal escapes.
    try:
        with open("/proc/swaps", "rb") as swaps:
            lines = swaps.read().split(b"\n")[1:]
    except OSError:
        return
    for line in lines:
        fields = line.split()
        if len(fields) > 1 and fields[1] == b"file":
            yield re.sub(rb"\\([0-7]{3})", lambda octal: bytes([int(octal[1], 8)]), fields[0])


def _resolved(path: bytes, table: MountTable) -> bytes:
    """Return the path behind symbolic links, unless a server that may be gone would have to be asked."""
    mount = table.containing(path)
    if mount is not None and mount.is_network:
        return path
    return os.path.realpath(path)


def _normal(path: bytes) -> bytes:
    return os.path.normpath(b"/" + path.lstrip(b"/")) if path.startswith(b"/") else os.path.abspath(path)


def _ancestors(path: bytes) -> Iterator[bytes]:
    """Yield every directory above an absolute path, nearest first."""
    while path != b"/":
        path = os.path.dirname(path)
        yield path
