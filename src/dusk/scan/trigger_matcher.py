"""Matching the names of a whole batch against the names that rules want to hear of."""

from __future__ import annotations

from collections.abc import Sequence

from dusk.scan.enclosed import Enclosed
from dusk.scan.scanner import Triggers
from dusk.scan.storage import Storage


class TreeMatcher:
    """Triggers as they count in the directories of one tree; two threads may ask at once."""

    def __init__(self, triggers: Triggers, storage: Storage) -> None:
        """Prepare triggers for a tree that grows."""
        self._outside = NameMatcher(triggers)
        self._inside = NameMatcher(triggers.inside or triggers)
        self._enclosed = Enclosed(
            triggers.encloses, triggers.most_parts, storage.name, lambda index: storage.parents[index]
        )

    def hits(self, directory: int, first: int, names: Sequence[bytes]) -> list[int]:
        """Return which of a directory's entries, from the first one on, a trigger matches."""
        matcher = self._inside if self._enclosed.holds(directory) else self._outside
        return [first + position for position in matcher.positions(names)]


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
