"""All rules: the shipped catalogue and the user's own, with what is wrong in the latter."""

from __future__ import annotations

import importlib.resources
import os
import tomllib
from dataclasses import dataclass

import msgspec

from dusk.fs import locations
from dusk.fs.names import display_name, display_path
from dusk.fs.units import parse_size
from dusk.rules.facts import Ages
from dusk.rules.ground import PROJECT_MARKERS
from dusk.rules.pattern import TriggerTable, is_literal
from dusk.rules.references import REFERENCE_NAMES
from dusk.rules.rule import Rule, RuleFile
from dusk.scan.scanner import Triggers
from dusk.settings import Thresholds

PROJECT = -1
"""Stands for a project's marker in the table of triggers."""
REFERENCE = -2
"""Stands for a text that may name a path."""
ENVIRONMENT = -3
"""Stands for what lies in the top of a Python environment or in an interpreter's own library."""


@dataclass(frozen=True, slots=True)
class RuleProblem:
    """Something wrong in a rule file."""

    file: str
    """Path as harmless text."""
    key: str
    """The key that is wrong, as ``rule[2].match.names``; empty when it is the whole file."""
    message: str
    """What is wrong with it."""

    def __str__(self) -> str:
        """Return one line for a person."""
        said = (self.file, display_name(self.key), display_name(self.message))  # both repeat what was written
        return ": ".join(part for part in said if part)


class RuleBook:
    """Rules by id, with the names that they want to hear of."""

    def __init__(self, rules: tuple[Rule, ...], problems: tuple[RuleProblem, ...] = ()) -> None:
        """Index the rules; of several with one id the last one holds."""
        self.rules = tuple({rule.id: rule for rule in rules}.values())
        self.problems = problems
        self.by_id = {rule.id: rule for rule in self.rules}
        self.table = TriggerTable()
        for number, rule in enumerate(self.rules):
            self.table.add(trigger_patterns(rule), number)
        self.table.add(PROJECT_MARKERS, PROJECT)
        self.table.add(REFERENCE_NAMES, REFERENCE)
        self.table.add(("pyvenv.cfg", "conda-meta", "site-packages", "dist-packages"), ENVIRONMENT)
        self.triggers: Triggers = self.table.triggers()

    @classmethod
    def load(cls, config_directory: bytes | None = None) -> RuleBook:
        """Read the shipped catalogue and the user's ``rules/*.toml``; what is wrong is in ``problems``."""
        rules = list(shipped_rules())
        problems: list[RuleProblem] = []
        directory = locations.config_directory() if config_directory is None else config_directory
        for path in _user_files(os.path.join(directory, b"rules"), problems):
            _read_user_file(path, rules, problems)
        return cls(tuple(rules), tuple(problems))


def shipped_rules() -> tuple[Rule, ...]:
    """Return the catalogue that dusk ships; an error in it is an error of dusk and is raised."""
    catalogue = importlib.resources.files("dusk.rules.catalogue")
    files = sorted(
        (file for file in catalogue.iterdir() if file.name.endswith(".toml")), key=lambda file: file.name
    )
    rules: list[Rule] = []
    for file in files:
        read = msgspec.toml.decode(file.read_bytes(), type=RuleFile)
        for rule in read.rule:
            check_rule(rule)
            rules.append(rule)
    return tuple(rules)


def trigger_patterns(rule: Rule) -> tuple[str, ...]:
    """Return the names by which the walker finds a rule's candidates."""
    return rule.match.names


def check_rule(rule: Rule) -> None:
    """Raise ValueError, with the key first, for a rule that cannot work."""
    if not rule.match.names and not rule.inspector:
        raise ValueError("match.names: at least one name is needed")
    try:
        TriggerTable().add(trigger_patterns(rule), 0)
    except ValueError as error:
        raise ValueError(f"match.names: {error}") from error
    for key, text in (("minimum_size", rule.match.minimum_size), ("maximum_size", rule.match.maximum_size)):
        _check_value(f"match.{key}", text, parse_size)
    _check_value("match.older_than", rule.match.older_than, Ages.from_thresholds(Thresholds()).named)
    if rule.match.content is not None:
        _check_value("match.content.starts_with_hex", rule.match.content.starts_with_hex, bytes.fromhex)
        if not is_literal(rule.match.content.file):
            raise ValueError("match.content.file: must be one name")
    if rule.inspector:
        from dusk.rules.inspectors import INSPECTORS

        if rule.inspector not in INSPECTORS:
            raise ValueError(f"inspector: there is none called {rule.inspector!r}")
    if rule.safety == "keep" and rule.actions:
        raise ValueError("actions: a rule that keeps offers nothing")


def _check_value(key: str, text: str, read: object) -> None:
    try:
        if text and callable(read):
            read(text)
    except ValueError as error:
        raise ValueError(f"{key}: {error}") from error


def _user_files(directory: bytes, problems: list[RuleProblem]) -> list[bytes]:
    try:
        names = os.listdir(directory)
    except FileNotFoundError:
        return []
    except OSError as error:
        problems.append(RuleProblem(display_path(directory), "", f"cannot be read: {error.strerror}"))
        return []
    return [os.path.join(directory, name) for name in sorted(names) if name.endswith(b".toml")]


def _read_user_file(path: bytes, rules: list[Rule], problems: list[RuleProblem]) -> None:
    """Add a file's good rules; report its bad ones, each with its key."""
    shown = display_path(path)
    try:
        with open(path, "rb") as file:
            document = tomllib.load(file)
    except OSError as error:
        problems.append(RuleProblem(shown, "", f"cannot be read: {error.strerror}"))
        return
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        problems.append(RuleProblem(shown, "", f"is not TOML: {error}"))
        return
    problems += [
        RuleProblem(shown, key, "is no key of a rule file; rules are [[rule]] tables")
        for key in document
        if key != "rule"
    ]
    tables = document.get("rule", [])
    if not isinstance(tables, list):
        problems.append(RuleProblem(shown, "rule", "must be written as [[rule]]"))
        return
    for number, table in enumerate(tables):
        try:
            rule = msgspec.convert(table, Rule)
            check_rule(rule)
            rules.append(rule)
        except msgspec.ValidationError as error:
            message, _, place = str(error).partition(" - at ")
            key = f"rule[{number}]" + place.strip("`").removeprefix("$")
            problems.append(RuleProblem(shown, key, message))
        except ValueError as error:
            key, _, message = str(error).partition(": ")
            problems.append(RuleProblem(shown, f"rule[{number}].{key}", message))
