"""Shell patterns over bytes, and the walker's triggers that stand for them."""

from __future__ import annotations

import fnmatch
import functools
import re

from dusk.scan.scanner import Triggers

_WILD = re.compile(r"[*?\[]")


@functools.lru_cache(maxsize=4096)
def compiled(pattern: str) -> re.Pattern[bytes]:
    """Return the expression that matches whole names as a shell pattern does, case counting."""
    return re.compile(fnmatch.translate(pattern).encode("utf-8"), re.DOTALL)


def is_literal(pattern: str) -> bool:
    """Return whether a pattern can only match itself."""
    return _WILD.search(pattern) is None


def matches_any(name: bytes, patterns: tuple[str, ...]) -> bool:
    """Return whether one of the patterns matches the whole name."""
    for pattern in patterns:
        if is_literal(pattern):
            if name == pattern.encode("utf-8"):
                return True
        elif compiled(pattern).match(name) is not None:
            return True
    return False


class TriggerTable:
    """Which rules want to hear of which names: one dictionary look-up for most names."""

    def __init__(self) -> None:
        """Begin with no pattern."""
        self._names: dict[bytes, list[int]] = {}
        self._extensions: dict[bytes, list[int]] = {}
        self._suffixes: list[tuple[bytes, int]] = []
        self._prefixes: list[tuple[bytes, int]] = []
        self._patterns: dict[int, tuple[str, ...]] = {}

    def add(self, patterns: tuple[str, ...], rule: int) -> None:
        """Let a rule hear of names; raises ValueError for a pattern that every name could match."""
        for pattern in patterns:
            beginning, end = _literal_ends(pattern)
            if is_literal(pattern):
                self._names.setdefault(pattern.encode("utf-8"), []).append(rule)
            elif len(end) >= max(len(beginning), 2):
                self._add_suffix(end.encode("utf-8"), rule)
            elif len(beginning) >= 2:
                self._prefixes.append((beginning.encode("utf-8"), rule))
            else:
                raise ValueError(
                    f"{pattern!r} begins and ends with a wildcard: every name would be looked at"
                )
            self._patterns[rule] = (*self._patterns.get(rule, ()), pattern)

    def triggers(self) -> Triggers:
        """Return the same as the walker wants it."""
        suffixes = {*self._extensions, *(suffix for suffix, _ in self._suffixes)}
        return Triggers(
            names=frozenset(self._names),
            prefixes=tuple(sorted({prefix for prefix, _ in self._prefixes})),
            suffixes=tuple(sorted(suffixes)),
        )

    def rules_for(self, name: bytes) -> tuple[int, ...]:
        """Return the rules that one of whose patterns matches the whole name."""
        found = self._names.get(name)
        wanted = list(found) if found else []
        dot = name.rfind(b".")
        if dot >= 0:
            wanted += self._extensions.get(name[dot:], ())
        wanted += [rule for suffix, rule in self._suffixes if name.endswith(suffix)]
        wanted += [rule for prefix, rule in self._prefixes if name.startswith(prefix)]
        if not wanted:
            return ()
        if len(wanted) == len(found or ()):
            return tuple(wanted)
        return tuple(rule for rule in dict.fromkeys(wanted) if matches_any(name, self._patterns[rule]))

    def _add_suffix(self, suffix: bytes, rule: int) -> None:
        if suffix.startswith(b".") and suffix.count(b".") == 1:
            self._extensions.setdefault(suffix, []).append(rule)
        else:
            self._suffixes.append((suffix, rule))


def _literal_ends(pattern: str) -> tuple[str, str]:
    first = _WILD.search(pattern)
    if first is None:
        return pattern, pattern
    end = re.split(r"[*?]|\[[^\]]*\]", pattern)[-1]
    return pattern[: first.start()], end
