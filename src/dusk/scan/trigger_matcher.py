"""Matching the names of a whole batch against the names that rules want to hear of."""

from __future__ import annotations

from collections.abc import Sequence

from dusk.scan.scanner import Triggers


class TriggerMatcher:
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
