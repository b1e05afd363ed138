"""Which directory interests which rule: from the names that the walker reported, a few steps each."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from dusk.rules.facts import Facts
from dusk.rules.matching import Question, is_placed
from dusk.rules.naming import ReferenceDesk
from dusk.rules.rulebook import PROJECT, REFERENCE, RuleBook
from dusk.scan.tree import ROOT


@dataclass(frozen=True, slots=True)
class _Wishes:
    """What the rules that ask for one name want done with an entry of it."""

    notes: tuple[int, ...]
    """Markers of projects, texts that may name a path, environments."""
    together: int
    """Group of the rules that look at it once the directory that holds it is complete; -1 for none."""
    at_root: int
    """Group of the rules that look at it once everything is complete; -1 for none."""
    apart: tuple[int, ...]
    """Rules whose directory depends on the entry."""


class Hearing:
    """Remembers what was heard of, by the directory whose completion means that all of it is known."""

    def __init__(
        self, facts: Facts, book: RuleBook, references: ReferenceDesk, questions: Sequence[Question]
    ) -> None:
        """Begin with nothing heard of."""
        self._facts = facts
        self._book = book
        self._references = references
        self._questions = questions
        # Group and entry by turns, in arrays: hundreds of thousands of tuples would make every
        # collection of the interpreter's garbage hold up the screen.
        self._heard: dict[int, array[int]] = {}
        self._wishes: dict[tuple[int, ...], _Wishes] = {}
        self._wishes_installed: dict[tuple[int, ...], _Wishes] = {}
        self._groups: list[tuple[int, ...]] = []
        self._numbers: dict[tuple[int, ...], int] = {}

    def hear(self, hits: Sequence[int]) -> None:
        """Take note of entries whose names some rule wants to hear of."""
        tree, rules_for = self._facts.tree, self._book.table.rules_for
        is_installed, heard = self._facts.ground.is_installed, self._heard
        known_wishes = (self._wishes, self._wishes_installed)
        last, installed = -2, False
        for hit in hits:
            name, parent = tree.name(hit), tree.parent(hit)
            if parent < 0:
                name, parent = name.rsplit(b"/", 1)[-1], 0
            rules = rules_for(name)
            if not rules:
                continue
            if parent != last:
                last, installed = parent, is_installed(parent)
            wishes = known_wishes[installed].get(rules) or self._wish(rules, installed)
            if wishes.together >= 0:
                noted = heard.get(parent)
                if noted is None:
                    noted = heard[parent] = array("q")
                noted.append(wishes.together)
                noted.append(hit)
            if wishes.at_root >= 0:
                noted = heard.setdefault(ROOT, array("q"))
                noted.append(wishes.at_root)
                noted.append(hit)
            if wishes.notes:
                self._note(wishes.notes, hit, parent, name)
            for number in wishes.apart:
                self._hear_apart(number, hit, tree.parent(hit))

    def is_interesting(self, directory: int) -> bool:
        """Return whether something was heard of that waits for a directory."""
        return directory in self._heard

    def interesting(self, directories: Sequence[int]) -> list[int]:
        """Return those directories for which something waits."""
        heard = self._heard
        return [directory for directory in directories if directory in heard]

    def groups(self, directory: int) -> Iterator[tuple[tuple[int, ...], list[int]]]:
        """Yield rules, each with the entries of a directory that they want to look at."""
        noted = self._heard.get(directory)
        if noted is None:
            return
        by_group: dict[int, list[int]] = {}
        for group, hit in zip(noted[::2], noted[1::2], strict=True):
            by_group.setdefault(group, []).append(hit)
        for group, hits in by_group.items():
            yield self._groups[group], hits

    def _wish(self, rules: tuple[int, ...], installed: bool) -> _Wishes:
        """Work out what rules want of a name; below what an installer filled most of them want nothing."""
        together: list[int] = []
        at_root: list[int] = []
        apart: list[int] = []
        for number in rules:
            if number < 0 or (installed and not self._book.asks_installed(number)):
                continue
            if self._is_at_root(number):
                at_root.append(number)
            else:
                (together if self._is_at_parent(number) else apart).append(number)
        notes = tuple(one for one in rules if one < 0 and (not installed or self._book.asks_installed(one)))
        wishes = _Wishes(notes, self._group(together), self._group(at_root), tuple(apart))
        (self._wishes_installed if installed else self._wishes)[rules] = wishes
        return wishes

    def _is_at_parent(self, number: int) -> bool:
        """Return whether a rule always waits for the directory that holds the entry."""
        rule = self._book.rules[number]
        match = rule.match
        if rule.inspector:
            return not match.place and (
                match.anchor == "parent" or (match.anchor == "self" and match.kind == "file")
            )
        waits = rule.safety == "keep" or rule.series is not None or self._questions[number].asks_siblings()
        return waits or match.kind in ("file", "symlink")

    def _is_at_root(self, number: int) -> bool:
        rule = self._book.rules[number]
        return bool(rule.inspector) and rule.match.anchor == "root" and not rule.match.place

    def _group(self, numbers: Sequence[int]) -> int:
        """Return the number of a group of rules; -1 when there are none in it."""
        if not numbers:
            return -1
        group = tuple(numbers)
        known = self._numbers.get(group)
        if known is None:
            known = self._numbers[group] = len(self._groups)
            self._groups.append(group)
        return known

    def _note(self, notes: tuple[int, ...], hit: int, parent: int, name: bytes) -> None:
        for note in notes:
            if note == REFERENCE:
                self._references.note_text(hit, parent, name)
            elif note == PROJECT:
                self._facts.ground.note_marker(parent, name)
            else:
                self._facts.ground.note_environment(parent)

    def _hear_apart(self, number: int, hit: int, parent: int) -> None:
        if is_placed(self._book.rules[number].match, hit, self._facts):
            noted = self._heard.setdefault(self._anchor(number, hit, parent), array("q"))
            noted.append(self._group((number,)))
            noted.append(hit)

    def _anchor(self, number: int, hit: int, parent: int) -> int:
        """Return the directory whose completion means that all a rule asks about is known."""
        rule = self._book.rules[number]
        facts = self._facts
        if not rule.inspector:
            return max(parent, 0) if self._is_at_parent(number) or not facts.is_directory(hit) else hit
        wanted = {"self": hit, "parent": parent, "root": 0}.get(
            rule.match.anchor, facts.tree.parent(parent) if parent > 0 else parent
        )
        wanted = max(wanted, 0)
        return wanted if facts.is_directory(wanted) else max(parent, 0)
