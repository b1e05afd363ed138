"""From names that the walker reported to what rules recognise in a complete directory."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence

from dusk.rules.facts import Facts
from dusk.rules.inspectors import EVERY_DIRECTORY, inspector
from dusk.rules.keeping import Kept
from dusk.rules.matching import Question, is_placed
from dusk.rules.naming import ReferenceDesk
from dusk.rules.probe import CannotTellError
from dusk.rules.rule import Rule
from dusk.rules.rulebook import ENVIRONMENT, PROJECT, REFERENCE, RuleBook
from dusk.rules.series import Order, sight_series
from dusk.rules.sighting import Sighting
from dusk.scan.tree import ROOT


class Recognition:
    """Remembers which directory interests which rule, and asks the rules when it is complete."""

    def __init__(self, facts: Facts, book: RuleBook, references: ReferenceDesk) -> None:
        """Begin with nothing heard of."""
        self._facts = facts
        self._book = book
        self._references = references
        # Rule and entry by turns, in arrays: hundreds of thousands of tuples would make every
        # collection of the interpreter's garbage hold up the screen.
        self._interests: dict[int, array[int]] = {}
        self._observers = [factory() for factory in EVERY_DIRECTORY]
        self._questions = [Question(rule.match) for rule in book.rules]
        self._orders = {
            number: Order.of(rule.series) for number, rule in enumerate(book.rules) if rule.series is not None
        }
        self._in_managed: dict[tuple[int, ...], tuple[int, ...]] = {}
        self._judged: set[int] = set()
        self.faults: list[str] = []
        """Inspectors that failed, for the log and the tests; what they would have said is not said."""
        self._by_inspector: dict[str, list[int]] = {}
        for number, rule in enumerate(book.rules):
            if rule.inspector:
                self._by_inspector.setdefault(rule.inspector, []).append(number)

    def hear(self, hits: Sequence[int]) -> None:
        """Take note of entries whose names some rule wants to hear of."""
        tree, rules_for = self._facts.tree, self._book.table.rules_for
        is_installed = self._facts.ground.is_installed
        for hit in hits:
            name = tree.name(hit)
            parent = tree.parent(hit)
            if parent < 0:
                name = name.rsplit(b"/", 1)[-1]
            numbers = rules_for(name)
            if numbers and is_installed(max(parent, 0)):
                numbers = self._for_managed(numbers)
            for number in numbers:
                if number < 0:
                    self._note_ground(number, hit, parent, name)
                elif is_placed(self._book.rules[number].match, hit, self._facts):
                    anchor = self._anchor(number, hit, parent)
                    noted = self._interests.get(anchor)
                    if noted is None:
                        noted = self._interests[anchor] = array("q")
                    noted.append(number)
                    noted.append(hit)

    def _note_ground(self, number: int, hit: int, parent: int, name: bytes) -> None:
        if number == REFERENCE:
            self._references.note_text(hit, parent, name)
        elif number == PROJECT:
            self._facts.ground.note_marker(max(parent, 0), name)
        else:
            self._facts.ground.note_environment(max(parent, 0))

    def _for_managed(self, numbers: tuple[int, ...]) -> tuple[int, ...]:
        """Return the rules that ask also about what an installer put there: most names there are nobody's."""
        known = self._in_managed.get(numbers)
        if known is None:
            rules = self._book.rules
            known = self._in_managed[numbers] = tuple(
                number
                for number in numbers
                if number == ENVIRONMENT
                or (number >= 0 and (rules[number].inspector or rules[number].match.managed))
            )
        return known

    def interesting(self, directories: Sequence[int]) -> list[int]:
        """Return those of some complete directories that a rule asks about; the others are done with."""
        for observer in self._observers:
            observer.note(directories, self._facts)
        interests = self._interests
        return [directory for directory in directories if directory in interests or directory == ROOT]

    def recognise(self, directory: int) -> Iterator[Sighting | Kept]:
        """Yield what the rules recognise in a directory whose subtree is complete."""
        for observer in self._observers if directory == ROOT else ():
            yield from observer.conclude(self._facts)
        interests = self._interests.get(directory)
        if not interests:
            return
        again = directory in self._judged
        self._judged.add(directory)
        inspected: dict[str, list[int]] = {}
        recognised: dict[int, dict[int, int]] = {}
        for number, hit in zip(interests[::2], interests[1::2], strict=True):
            if again and self._facts.tree.is_removed(hit):
                continue
            rule = self._book.rules[number]
            if rule.inspector:
                inspected.setdefault(rule.inspector, []).append(hit)
            elif (subject := self._subject(number, hit)) is not None:
                recognised.setdefault(number, {})[subject] = hit
        for number, found in recognised.items():
            yield from self._said(number, directory, found)
        for name, hits in inspected.items():
            if len(hits) >= self._minimum_hits(name):
                yield from self._inspect(name, directory, hits)

    def _said(self, number: int, directory: int, found: dict[int, int]) -> Iterator[Sighting | Kept]:
        """Yield what one rule says of the subjects, by the names they were recognised by, in a directory."""
        rule = self._book.rules[number]
        if rule.safety == "keep":
            yield self._kept(rule, directory, found)
        elif number in self._orders:
            yield from sight_series(rule, self._orders[number], tuple(found), self._facts)
        else:
            for subject in found:
                yield self._sighting(rule, subject)

    def _subject(self, number: int, hit: int) -> int | None:
        """Return what a rule recognises in an entry, None when it does not or nobody can tell."""
        question = self._questions[number]
        parent = self._facts.tree.parent(hit)
        if not question.match.managed and parent >= 0 and self._facts.ground.is_managed(parent):
            return None
        try:
            return question.subject(hit, self._facts)
        except CannotTellError:
            return None

    def _inspect(self, name: str, directory: int, hits: list[int]) -> Iterator[Sighting | Kept]:
        try:
            for seen in inspector(name)(directory, hits, self._facts):
                yield self._as_kept(seen) if self._is_keep(seen) else seen
        except CannotTellError:
            return
        except Exception as error:  # one faulty inspector must not silence the others
            self.faults.append(f"{name}: {type(error).__name__}: {error}")

    def _sighting(self, rule: Rule, subject: int) -> Sighting:
        withheld = ""
        if rule.live and self._facts.is_live(subject):
            withheld = f"it changed {self._facts.shown_age(subject)}; something may be at work in it."
        return Sighting(rule.id, (subject,), withheld=withheld)

    def _kept(self, rule: Rule, directory: int, found: dict[int, int]) -> Kept:
        tree = self._facts.tree
        entries = tuple(found)
        return Kept(
            rule=rule.id,
            directory=directory if rule.match.subject == "self" else max(tree.parent(entries[0]), 0),
            entries=entries,
            names=tuple(tree.name(hit) for hit in found.values()),
            absolute=rule.seals,
            seals=rule.seals,
            apparent_size=sum(tree.apparent_size(entry) for entry in entries),
            disk_size=sum(tree.disk_size(entry) for entry in entries),
            newest_mtime_ns=max(tree.newest_mtime_ns(entry) for entry in entries),
        )

    def _is_keep(self, seen: Sighting) -> bool:
        return self._book.by_id[seen.rule].safety == "keep"

    def _as_kept(self, seen: Sighting) -> Kept:
        tree = self._facts.tree
        rule = self._book.by_id[seen.rule]
        return Kept(
            rule=seen.rule,
            directory=max(tree.parent(seen.subjects[0]), 0),
            entries=seen.subjects,
            names=tuple(tree.name(entry) for entry in seen.subjects),
            absolute=rule.seals,
            seals=rule.seals,
            reasons=(*seen.evidence, *seen.reasons.values()),
            apparent_size=sum(tree.apparent_size(entry) for entry in seen.subjects),
            disk_size=sum(tree.disk_size(entry) for entry in seen.subjects),
            newest_mtime_ns=max(tree.newest_mtime_ns(entry) for entry in seen.subjects),
        )

    def _minimum_hits(self, name: str) -> int:
        return min(self._book.rules[number].match.minimum_hits for number in self._by_inspector[name])

    def _anchor(self, number: int, hit: int, parent: int) -> int:
        """Return the directory whose completion means that all a rule asks about is known."""
        rule = self._book.rules[number]
        match = rule.match
        tree = self._facts.tree
        if rule.inspector:
            wanted = {"self": hit, "parent": parent, "root": 0}.get(
                match.anchor, tree.parent(parent) if parent > 0 else parent
            )
            return max(wanted, 0) if self._facts.is_directory(max(wanted, 0)) else max(parent, 0)
        if (
            rule.safety == "keep"
            or rule.series is not None
            or self._questions[number].asks_siblings()
            or not self._facts.is_directory(hit)
        ):
            return max(parent, 0)
        return hit
