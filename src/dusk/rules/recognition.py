"""From names that the walker reported to what rules recognise in a complete directory."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Sequence

from dusk.rules.facts import Facts
from dusk.rules.hearing import Hearing
from dusk.rules.inspectors import EVERY_DIRECTORY, inspector
from dusk.rules.keeping import Kept
from dusk.rules.match_evidence import match_evidence
from dusk.rules.matching import Question, is_inside
from dusk.rules.naming import ReferenceDesk
from dusk.rules.probe import CannotTellError
from dusk.rules.rule import Match, Rule
from dusk.rules.rulebook import RuleBook
from dusk.rules.series import Order, sight_series
from dusk.rules.sighting import Sighting
from dusk.rules.strangers import Strangers
from dusk.scan.tree import ROOT


class Recognition:
    """Asks the rules about a directory once it is complete."""

    def __init__(self, facts: Facts, book: RuleBook, references: ReferenceDesk) -> None:
        """Begin with nothing heard of."""
        self._facts = facts
        self._book = book
        self._strangers = Strangers(facts, book)
        self._observers = [factory() for factory in EVERY_DIRECTORY]
        self._questions = [Question(rule.match) for rule in book.rules]
        self._hearing = Hearing(facts, book, references, self._questions)
        self._orders = {
            number: Order.of(rule.series) for number, rule in enumerate(book.rules) if rule.series is not None
        }
        self._judged: set[int] = set()
        self.faults: list[str] = []
        """Inspectors that failed, for the log and the tests; what they would have said is not said."""
        self._minimum_hits: dict[str, int] = {}
        for rule in book.rules:
            least = self._minimum_hits.get(rule.inspector, rule.match.minimum_hits)
            self._minimum_hits[rule.inspector] = min(least, rule.match.minimum_hits)

    def hear(self, hits: Sequence[int]) -> None:
        """Take note of entries whose names some rule wants to hear of."""
        self._hearing.hear(hits)

    def interesting(self, directories: Sequence[int]) -> list[int]:
        """Return those of some complete directories that a rule asks about; the others are done with."""
        for observer in self._observers:
            observer.note(directories, self._facts)
        found = self._hearing.interesting(directories)
        if ROOT in directories and not self._hearing.is_interesting(ROOT):
            found.append(ROOT)
        return found

    def recognise(self, directory: int) -> Iterator[Sighting | Kept]:
        """Yield what the rules recognise in a directory whose subtree is complete."""
        for seen in self._recognised(directory):
            if isinstance(seen, Kept):
                yield seen
            else:
                yield from self._strangers.sort_out(seen)

    def _recognised(self, directory: int) -> Iterator[Sighting | Kept]:
        for observer in self._observers if directory == ROOT else ():
            yield from observer.conclude(self._facts)
        again = directory in self._judged
        self._judged.add(directory)
        inspected: dict[str, list[int]] = {}
        recognised: dict[int, dict[int, int]] = {}
        for numbers, hits in self._hearing.groups(directory):
            there = [hit for hit in hits if not self._facts.tree.is_removed(hit)] if again else hits
            for number in numbers:
                rule = self._book.rules[number]
                if rule.inspector:
                    inspected.setdefault(rule.inspector, []).extend(self._inside(rule.match, there))
                else:
                    found = dict(self._questions[number].subjects(there, self._facts))
                    if found:
                        recognised.setdefault(number, {}).update(found)
        for number, found in recognised.items():
            yield from self._said(number, directory, found)
        for name, hits in inspected.items():
            if len(hits) >= self._minimum_hits[name]:
                yield from self._inspect(name, directory, list(dict.fromkeys(hits)))

    def _inside(self, match: Match, hits: list[int]) -> Iterable[int]:
        """Return the entries that lie where a match says, asked once for each directory."""
        if not match.within and not match.not_within:
            return hits
        tree = self._facts.tree
        parents = {tree.parent(hit) for hit in hits}
        inside = {parent for parent in parents if is_inside(match, parent, self._facts)}
        return hits if inside == parents else [hit for hit in hits if tree.parent(hit) in inside]

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

    def _inspect(self, name: str, directory: int, hits: list[int]) -> Iterator[Sighting | Kept]:
        try:
            for seen in inspector(name)(directory, hits, self._facts):
                yield self._as_kept(seen) if self._is_keep(seen) else self._at_rest(seen)
        except CannotTellError:
            return
        except Exception as error:  # one faulty inspector must not silence the others
            self.faults.append(f"{name}: {type(error).__name__}: {error}")

    def _sighting(self, rule: Rule, subject: int) -> Sighting:
        withheld = self._live(subject) if rule.live else ""
        return Sighting(
            rule.id, (subject,), evidence=match_evidence(rule, subject, self._facts), withheld=withheld
        )

    def _at_rest(self, seen: Sighting) -> Sighting:
        """Return what an inspector saw, withheld where it would go without a question but may be in use."""
        rule = self._book.by_id[seen.rule]
        if seen.withheld or not rule.live or (seen.safety or rule.safety) != "safe":
            return seen
        withheld = self._live(*seen.subjects)
        return dataclasses.replace(seen, withheld=withheld) if withheld else seen

    def _live(self, *subjects: int) -> str:
        """Say that something may be at work in what just changed; empty when it rests."""
        if not self._facts.is_live(*subjects):
            return ""
        return f"it changed {self._facts.shown_age(*subjects)}; something may be at work in it."

    def _kept(self, rule: Rule, directory: int, found: dict[int, int]) -> Kept:
        tree = self._facts.tree
        if rule.match.subject != "self":
            directory = max(tree.parent(next(iter(found))), 0)
        return Kept.of(rule, directory, {entry: tree.name(hit) for entry, hit in found.items()}, tree)

    def _is_keep(self, seen: Sighting) -> bool:
        return self._book.by_id[seen.rule].safety == "keep"

    def _as_kept(self, seen: Sighting) -> Kept:
        tree = self._facts.tree
        directory = max(tree.parent(seen.subjects[0]), 0)
        named = {entry: tree.name(entry) for entry in seen.subjects}
        kept = Kept.of(self._book.by_id[seen.rule], directory, named, tree)
        return dataclasses.replace(kept, reasons=(*seen.evidence, *seen.reasons.values()))
