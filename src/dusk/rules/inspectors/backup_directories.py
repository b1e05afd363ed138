"""Whole directories that were copied under a name with a date, wherever they lie.

A name such as ``model_backup_20251001`` begins and ends with what any name may have, so that no rule hears of
it: every directory that is complete is asked for the word instead.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from dusk.rules.facts import Facts
from dusk.rules.inspectors.backups import inspect_dated
from dusk.rules.sighting import Sighting
from dusk.scan.tree import ROOT

_WORD = re.compile(rb"[Bb]ackup|[-_]bak")


class BackupDirectories:
    """Remembers directories whose names say that they are copies, until everything beside them is known."""

    def __init__(self) -> None:
        """Begin with nothing seen."""
        self._seen: set[int] = set()

    def note(self, directories: Sequence[int], facts: Facts) -> None:
        """Take note of complete directories: many at once, because a disk has a hundred thousand of them."""
        name, is_copy = facts.tree.name, _WORD.search
        self._seen.update([one for one in directories if is_copy(name(one))])

    def conclude(self, facts: Facts) -> Iterator[Sighting]:
        """Yield all but the newest of each series, once the whole tree is complete."""
        tree = facts.tree
        beside: dict[int, list[int]] = {}
        for one in sorted(self._seen):
            if one > ROOT and not tree.is_removed(one):
                beside.setdefault(tree.parent(one), []).append(one)
        for directory, copies in beside.items():
            yield from inspect_dated(directory, copies, facts)
