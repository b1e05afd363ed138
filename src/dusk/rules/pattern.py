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
        self._ends: list[tuple[bytes, bytes, int, str]] = []
        self._suffixes: tuple[bytes, ...] = ()
        self._prefixes: tuple[bytes, ...] = ()

    def add(self, patterns: tuple[str, ...], rule: int) -> None:
        """Let a rule hear of names; raises ValueError for a pattern that every name could match."""
        for pattern in patterns:
            beginning, end = (part.encode("utf-8") for part in _literal_ends(pattern))
            if is_literal(pattern):
                self._names.setdefault(beginning, []).append(rule)
            elif pattern.startswith("*.") and pattern.count(".") == 1 and is_literal(pattern[1:]):
                self._extensions.setdefault(end, []).append(rule)
            elif len(end) >= max(len(beginning), 2):
                self._ends.append((b"", end, rule, pattern))
            elif len(beginning) >= 2:
                self._ends.append((beginning, b"", rule, pattern))
            else:
                raise ValueError(
                    f"{pattern!r} begins and ends with a wildcard: every name would be looked at"
                )
        self._suffixes = tuple(sorted({end for _, end, _, _ in self._ends if end}))
        self._prefixes = tuple(sorted({beginning for beginning, _, _, _ in self._ends if beginning}))

    def triggers(self) -> Triggers:
        """Return the same as the walker wants it."""
        return Triggers(
            names=frozenset(self._names),
            prefixes=self._prefixes,
            suffixes=tuple(sorted({*self._extensions, *self._suffixes})),
        )

    def rules_for(self, name: bytes) -> tuple[int, ...]:
        """Return the rules that one of whose patterns matches the whole name, each once."""
        wanted = self._names.get(name, ())
        dot = name.rfind(b".")
        if dot >= 0 and (more := self._extensions.get(name[dot:])):
            wanted = [*wanted, *more]
        if name.endswith(self._suffixes) or name.startswith(self._prefixes):
            wanted = [
                *wanted,
                *(rule for start, end, rule, pattern in self._ends
                  if name.startswith(start) and name.endswith(end) and matches_any(name, (pattern,))),
            ]  # fmt: skip
        return tuple(wanted) if len(wanted) < 2 else tuple(dict.fromkeys(wanted))


def _literal_ends(pattern: str) -> tuple[str, str]:
    first = _WILD.search(pattern)
    if first is None:
        return pattern, pattern
    end = re.split(r"[*?]|\[[^\]]*\]", pattern)[-1]
    return pattern[: first.start()], end
