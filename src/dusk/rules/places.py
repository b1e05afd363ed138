"""Where tools keep their things on this machine: variables and config files first, then the defaults.

A place is recognised where the user's settings put it, and at its default below any home directory, so
that other people's caches and those on a disk from elsewhere are known as well.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from dusk.fs.locations import home_directory
from dusk.fs.mounts import MountTable
from dusk.rules.pattern import is_literal, matches_any
from dusk.rules.place import Place
from dusk.rules.place_files import expand, values
from dusk.scan.tree import ROOT, SizeTree

_MOST_LINKS = 40
# What lies directly in a home may be anything: there one of these must show that it is a home.
_HOME_SIGNS = (b".bashrc", b".profile", b".zshrc", b".ssh", b".cache", b".config", b".local")
_HOMES = (b"/home", b"/Users")


@dataclass(frozen=True, slots=True)
class Located:
    """One place with the paths that it may be found at."""

    place: Place
    """What it is."""
    paths: tuple[bytes, ...]
    """Absolute paths, the one that the tool uses first; links resolved as well."""
    endings: tuple[tuple[str, ...], ...]
    """Defaults below a home, as names; the last may be a pattern."""
    patterns: tuple[tuple[str, ...], ...]
    """Absolute defaults with a pattern in them, as names."""

    @property
    def names(self) -> tuple[str, ...]:
        """Names, or patterns of names, that an entry at this place can have."""
        own = (_as_pattern(os.path.basename(path)) for path in self.paths)
        found = [*own, *(names[-1] for names in (*self.endings, *self.patterns))]
        return tuple(dict.fromkeys(name for name in found if name))


class Places:
    """All places that the rules know, resolved for one user. Reading it touches no disk."""

    def __init__(self, located: Iterable[Located] = ()) -> None:
        """Hold resolved places."""
        self._located = {one.place.id: one for one in located}
        self._within: dict[tuple[str, int], bool] = {}
        self._tree: SizeTree | None = None

    @classmethod
    def resolve(
        cls, places: Iterable[Place], environment: Mapping[str, str] | None = None, home: bytes | None = None
    ) -> Places:
        """Ask environment and config files where each place is; never waits for a network mount."""
        environment = os.environ if environment is None else environment
        home = home_directory() if home is None else home
        mounts = MountTable.read()
        return cls(_locate(place, environment, home, mounts) for place in places)

    def __contains__(self, name: object) -> bool:
        """Return whether there is a place of this id."""
        return name in self._located

    def names(self, name: str) -> tuple[str, ...]:
        """Return the names, as patterns, that an entry at a place can have."""
        located = self._located.get(name)
        return located.names if located is not None else ()

    def title(self, name: str) -> str:
        """Return what a place is, in a few words; empty for one that nobody knows."""
        located = self._located.get(name)
        return located.place.title if located is not None else ""

    def paths(self, name: str) -> tuple[bytes, ...]:
        """Return where a place can be on this machine, what the tool uses first; it need not exist."""
        located = self._located.get(name)
        return located.paths if located is not None else ()

    def is_at(self, name: str, tree: SizeTree, index: int) -> bool:
        """Return whether an entry is a place itself."""
        located = self._located.get(name)
        if located is None:
            return False
        own = tree.name(index).rsplit(b"/", 1)[-1]
        if not matches_any(own, located.names):
            return False
        if any(path.endswith(own) for path in located.paths) and tree.path(index) in located.paths:
            return True
        return any(_ends(tree, index, ending) for ending in located.endings) or any(
            _is_whole(tree.path(index), pattern) for pattern in located.patterns
        )

    def place_above(self, name: str, tree: SizeTree, index: int) -> int | None:
        """Return the place that an entry is or lies below, the nearest one; the root of the tree is none."""
        while index > ROOT:
            if self.is_at(name, tree, index):
                return index
            index = tree.parent(index)
        return None

    def is_within(self, name: str, tree: SizeTree, index: int) -> bool:
        """Return whether an entry is a place or lies anywhere below it."""
        if self._tree is not tree:
            self._tree = tree
            self._within.clear()
        path = []
        while index >= ROOT and (name, index) not in self._within:
            path.append(index)
            if self.is_at(name, tree, index):
                self._within[name, index] = True
                break
            index = tree.parent(index)
        answer = self._within.get((name, index)) if index >= ROOT else self._holds_root(name, tree)
        self._within.update(dict.fromkeys(((name, one) for one in path), bool(answer)))
        return bool(answer)

    def _holds_root(self, name: str, tree: SizeTree) -> bool:
        """Return whether what is scanned lies inside a place."""
        located = self._located.get(name)
        if located is None:
            return False
        root = tree.name(ROOT)
        if any(root.startswith(path + b"/") for path in located.paths):
            return True
        parts = [os.fsdecode(part) for part in root.split(b"/") if part]
        return any(
            len(ending) > 1 and list(ending) == parts[start : start + len(ending)]
            for ending in located.endings
            for start in range(len(parts))
        )


def _locate(place: Place, environment: Mapping[str, str], home: bytes, mounts: MountTable) -> Located:
    shown_home = os.fsdecode(home)
    said = [
        path
        for variable in place.variables
        for path in _from_variable(place, variable, environment, shown_home)
    ]
    for source in place.files:
        said += values(source, environment, shown_home)
    plain = [one for one in place.defaults if is_literal(one)]
    said += [text for one in plain if (text := expand(one, environment, shown_home)) is not None]
    paths: dict[bytes, None] = {}
    for one_said in said:
        path = os.path.normpath(os.fsencode(one_said))
        for one in (path, _resolved(path, mounts)):
            # A variable that names a home or less would make everything in it a cache.
            if one.count(b"/") >= 2 and one != home and not (home + b"/").startswith(one + b"/"):
                paths[one] = None
    endings = (one[2:] for one in place.defaults if one.startswith("~/"))
    patterns = (one[1:] for one in place.defaults if one.startswith("/") and one not in plain)
    return Located(
        place,
        tuple(paths),
        tuple(tuple(one.split("/")) for one in endings),
        tuple(tuple(one.split("/")) for one in patterns),
    )


def _from_variable(place: Place, variable: str, environment: Mapping[str, str], home: str) -> list[str]:
    name, _, below = variable.partition("/")
    value = environment.get(name, "").strip()
    found = value.split(os.pathsep) if place.separated else [value]
    expanded = [home + one[1:] if one == "~" or one.startswith("~/") else one for one in found if one]
    # Tools differ in what a relative path means: relative to whatever directory they were started in.
    return [os.path.join(one, below) if below else one for one in expanded if os.path.isabs(one)]


def _resolved(path: bytes, mounts: MountTable) -> bytes:
    """Return a path without symbolic links, as far as that can be told without asking a network."""
    done = b"/"
    waiting = [part for part in reversed(path.split(b"/")) if part]
    links = 0
    while waiting:
        part = waiting.pop()
        if part == b"..":
            done = os.path.dirname(done)
            continue
        candidate = os.path.join(done, part)
        mount = mounts.at(candidate)
        if mount is not None and (mount.is_network or mount.is_pseudo):
            return os.path.join(candidate, *reversed(waiting))
        try:
            target = os.readlink(candidate)
        except OSError:
            done = candidate
            continue
        links += 1
        if links > _MOST_LINKS:
            return path
        waiting += [one for one in reversed(target.split(b"/")) if one not in (b"", b".")]
        done = b"/" if target.startswith(b"/") else done
    return done


def _ends(tree: SizeTree, index: int, ending: tuple[str, ...]) -> bool:
    """Return whether an entry's path ends so, below what looks like somebody's home."""
    names = _names_upwards(tree, index)
    if not all(matches_any(next(names, b""), (name,)) for name in reversed(ending)):
        return False
    if len(ending) > 1 or ending[0].startswith("."):
        return True
    return index > ROOT and _is_home(tree, tree.parent(index))


def _names_upwards(tree: SizeTree, index: int) -> Iterator[bytes]:
    while index > ROOT:
        yield tree.name(index)
        index = tree.parent(index)
    yield from (part for part in reversed(tree.name(ROOT).split(b"/")) if part)


def _is_home(tree: SizeTree, index: int) -> bool:
    path = tree.path(index)
    if path in (home_directory(), b"/root") or os.path.dirname(path) in _HOMES:
        return True
    return any(tree.child(index, sign) is not None for sign in _HOME_SIGNS)


def _is_whole(path: bytes, pattern: tuple[str, ...]) -> bool:
    parts = path.split(b"/")[1:]
    if len(parts) != len(pattern):
        return False
    return all(matches_any(part, (one,)) for part, one in zip(parts, pattern, strict=True))


def _as_pattern(name: bytes) -> str:
    """Return a pattern that matches just this name; empty for one that patterns cannot hold."""
    try:
        return re.sub(r"([*?\[])", r"[\1]", name.decode("utf-8"))
    except UnicodeDecodeError:
        return ""
