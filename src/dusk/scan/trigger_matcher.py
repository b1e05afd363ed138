"""Matching the names of a whole batch against the names that rules want to hear of."""

from __future__ import annotations

from collections.abc import Sequence

from dusk.scan.scanner import Triggers
from dusk.scan.storage import Storage
from dusk.scan.tree import ROOT


class TreeMatcher:
    """Triggers as they count in the directories of one tree; two threads may ask at once."""

    def __init__(self, triggers: Triggers, storage: Storage) -> None:
        """Prepare triggers for a tree that grows."""
        self._triggers = triggers
        self._storage = storage
        self._outside = NameMatcher(triggers)
        self._inside = NameMatcher(triggers.inside or triggers)
        self._enclosed: dict[int, bool] = {}

    def hits(self, directory: int, first: int, names: Sequence[bytes]) -> list[int]:
        """Return which of a directory's entries, from the first one on, a trigger matches."""
        is_enclosed = self._triggers.enclosures and self._is_enclosed(directory)
        matcher = self._inside if is_enclosed else self._outside
        return [first + position for position in matcher.positions(names)]

    def _is_enclosed(self, directory: int) -> bool:
        unknown = []
        while directory > ROOT and directory not in self._enclosed:
            unknown.append(directory)
            directory = self._storage.parents[directory]
        if directory == ROOT and ROOT not in self._enclosed:
            self._enclosed[ROOT] = self._triggers.encloses_path(self._storage.name(ROOT))
        enclosed = self._enclosed[directory]
        for inner in reversed(unknown):
            above = self._storage.name(self._storage.parents[inner]).rpartition(b"/")[2]
            enclosed = enclosed or self._triggers.encloses(above, self._storage.name(inner))
            self._enclosed[inner] = enclosed
        return enclosed


class NameMatcher:
    """Triggers prepared so that names no rule knows cost next to nothing."""

    def __init__(self, triggers: Triggers) -> None:
        """Prepare triggers; endings such as ``.pyc`` become a set, the other ones are compared."""
        self._triggers = triggers
        plain = [suffix for suffix in triggers.suffixes if _is_extension(suffix)]
        self._extensions = frozenset(suffix[1:] for suffix in plain)
        self._suffixes = tuple(suffix for suffix in triggers.suffixes if not _is_extension(suffix))

    def positions(self, names: Sequence[bytes]) -> list[int]:
        """Return where in a batch the names are that a trigger matches."""
        whole, prefixes, suffixes = self._triggers.names, self._triggers.prefixes, self._suffixes
        extensions = self._extensions
        if not {name.rpartition(b".")[2] for name in names}.isdisjoint(extensions):
            match = self._triggers.match
            return [position for position, name in enumerate(names) if match(name)]
        return [
            position
            for position, name in enumerate(names)
            if name in whole or name.startswith(prefixes) or name.endswith(suffixes)
        ]


def _is_extension(suffix: bytes) -> bool:
    return suffix.startswith(b".") and b"." not in suffix[1:] and len(suffix) > 1
