"""All rules: the shipped catalogue and the user's own, with what is wrong in the latter."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from dusk.fs import locations
from dusk.rules.ground import PROJECT_MARKERS
from dusk.rules.inspectors import OUTSIDE_INSTALLED
from dusk.rules.installed import INSTALLED
from dusk.rules.pattern import TriggerTable
from dusk.rules.place import Place
from dusk.rules.places import Places
from dusk.rules.references import REFERENCE_NAMES
from dusk.rules.rule import Rule
from dusk.rules.shipped import shipped_files
from dusk.rules.user_rules import RuleProblem, UserRules, read_rule_file, read_user_rules
from dusk.scan.scanner import Triggers

PROJECT = -1
"""Stands for a project's marker in the table of triggers."""
REFERENCE = -2
"""Stands for a text that may name a path."""
ENVIRONMENT = -3
"""Stands for what lies in the top of a Python environment or in an interpreter's own library."""


class RuleBook:
    """Rules by id, with the names that they want to hear of."""

    def __init__(
        self,
        rules: tuple[Rule, ...],
        problems: tuple[RuleProblem, ...] = (),
        places: tuple[Place, ...] = (),
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """Index the rules; of several with one id the last one holds.

        Places are looked up in the process's own environment when no other is given.
        """
        self.rules = tuple({rule.id: rule for rule in rules}.values())
        self.problems = problems
        self.by_id = {rule.id: rule for rule in self.rules}
        self.known_places = places
        self.places = Places.resolve(places, environment)
        self.table = TriggerTable()
        for number, rule in enumerate(self.rules):
            self.table.add(trigger_patterns(rule, self.places), number)
        self.table.add(PROJECT_MARKERS, PROJECT)
        self.table.add(REFERENCE_NAMES, REFERENCE)
        self.table.add(
            ("pyvenv.cfg", "conda-meta", "site-packages", "dist-packages", "archive-v0"), ENVIRONMENT
        )
        self.triggers: Triggers = dataclasses.replace(
            self.table.triggers(),
            enclosures=INSTALLED.enclosures,
            openings=INSTALLED.openings,
            inside=self.table.triggers(self.asks_installed),
        )

    @classmethod
    def load(cls, config_directory: bytes | None = None) -> RuleBook:
        """Read the shipped catalogue and the user's ``rules/*.toml``; what is wrong is in ``problems``."""
        shipped = shipped_files()
        rules = [rule for file in shipped for rule in file.rule]
        places = [place for file in shipped for place in file.place]
        directory = locations.config_directory() if config_directory is None else config_directory
        own = read_user_rules(directory, {place.id for place in places})
        return cls((*rules, *own.rules), own.problems, (*places, *own.places))

    def asks_installed(self, number: int) -> bool:
        """Return whether a rule, or what stands for one, asks about what an installer put there."""
        if number < 0:
            return number == ENVIRONMENT
        rule = self.rules[number]
        if rule.inspector in OUTSIDE_INSTALLED and rule.match.anchor in ("self", "parent"):
            return False
        return bool(rule.inspector) or rule.match.managed

    def with_file(self, path: bytes) -> tuple[RuleBook, UserRules]:
        """Return these rules with those of one more file, and what that file says by itself."""
        read = read_rule_file(path, {place.id for place in self.known_places})
        more = RuleBook((*self.rules, *read.rules), self.problems, (*self.known_places, *read.places))
        return more, read

    def moved(self, environment: Mapping[str, str]) -> RuleBook:
        """Return the same rules with their places as another environment has them."""
        return RuleBook(self.rules, self.problems, self.known_places, environment)


def trigger_patterns(rule: Rule, places: Places) -> tuple[str, ...]:
    """Return the names by which the walker finds a rule's candidates."""
    return rule.match.names or places.names(rule.match.place)
