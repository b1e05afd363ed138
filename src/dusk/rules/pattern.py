"""Shell patterns over bytes, and the walker's triggers that stand for them."""

from __future__ import annotations

import fnmatch
import functools
import re
from collections.abc import Callable

from dusk.scan.scanner import Triggers

_WILD = re.compile(r"[*?\[]")
_REPEATED = re.compile(r"\]\\\{(\d+)\\\}")


@functools.lru_cache(maxsize=4096)
def compiled(pattern: str) -> re.Pattern[bytes]:
    """Return the expression that matches whole names as a shell pattern does, case counting.

    A class may be repeated, as hashes are: ``[0-9a-f]{64}``.
    """
    expression = _REPEATED.sub(r"]{\1}", fnmatch.translate(pattern))
    return re.compile(expression.encode("utf-8"), re.DOTALL)


@functools.lru_cache(maxsize=256)
def any_of(patterns: tuple[str, ...]) -> re.Pattern[bytes]:
    """Return one expression that matches whole names as one of these patterns does; nothing without any."""
    return re.compile(b"|".join(compiled(pattern).pattern for pattern in patterns) or rb"(?!)", re.DOTALL)


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
    """Which rules want to hear of which names: a few dictionary look-ups for each name."""

    def __init__(self) -> None:
        """Begin with no pattern."""
        self._names: dict[bytes, tuple[int, ...]] = {}
        self._extensions: dict[bytes, tuple[int, ...]] = {}
        # The others by the first or the last two bytes, which almost no name shares with them.
        self._beginnings: dict[bytes, list[tuple[bytes, int, str]]] = {}
        self._endings: dict[bytes, list[tuple[bytes, int, str]]] = {}

    def add(self, patterns: tuple[str, ...], rule: int) -> None:
        """Let a rule hear of names; raises ValueError for a pattern that every name could match."""
        for pattern in patterns:
            beginning, end = (part.encode("utf-8") for part in _literal_ends(pattern))
            if is_literal(pattern):
                self._names[beginning] = (*self._names.get(beginning, ()), rule)
            elif pattern.startswith("*.") and pattern.count(".") == 1 and is_literal(pattern[1:]):
                self._extensions[end] = (*self._extensions.get(end, ()), rule)
            elif len(end) >= max(len(beginning), 2):
                self._endings.setdefault(end[-2:], []).append((end, rule, pattern))
            elif len(beginning) >= 2:
                self._beginnings.setdefault(beginning[:2], []).append((beginning, rule, pattern))
            else:
                raise ValueError(
                    f"{pattern!r} begins and ends with a wildcard: every name would be looked at"
                )

    def triggers(self, counts: Callable[[int], bool] = lambda _: True) -> Triggers:
        """Return what the rules that count hear of, as the walker wants it."""

        def wanted(listed: dict[bytes, tuple[int, ...]]) -> set[bytes]:
            return {name for name, rules in listed.items() if any(map(counts, rules))}

        def parts(listed: dict[bytes, list[tuple[bytes, int, str]]]) -> set[bytes]:
            return {part for some in listed.values() for part, rule, _ in some if counts(rule)}

        return Triggers(
            names=frozenset(wanted(self._names)),
            prefixes=tuple(sorted(parts(self._beginnings))),
            suffixes=tuple(sorted(wanted(self._extensions) | parts(self._endings))),
        )

    def rules_for(self, name: bytes) -> tuple[int, ...]:
        """Return the rules that one of whose patterns matches the whole name, each once."""
        wanted = self._names.get(name, ())
        dot = name.rfind(b".")
        if dot >= 0 and (more := self._extensions.get(name[dot:])):
            wanted = (*wanted, *more) if wanted else more
        if (listed := self._endings.get(name[-2:])) is not None:
            wanted = (
                *wanted,
                *(rule for end, rule, pattern in listed
                  if name.endswith(end) and matches_any(name, (pattern,))),
            )  # fmt: skip
        if (listed := self._beginnings.get(name[:2])) is not None:
            wanted = (
                *wanted,
                *(rule for start, rule, pattern in listed
                  if name.startswith(start) and matches_any(name, (pattern,))),
            )  # fmt: skip
        return wanted if len(wanted) < 2 else _once(wanted)


@functools.lru_cache(maxsize=4096)
def _once(rules: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(dict.fromkeys(rules))


def _literal_ends(pattern: str) -> tuple[str, str]:
    first = _WILD.search(pattern)
    if first is None:
        return pattern, pattern
    end = re.split(r"[*?]|\[[^\]]*\]", pattern)[-1]
    return pattern[: first.start()], end
