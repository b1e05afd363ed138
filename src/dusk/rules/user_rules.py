"""The user's own rule files: what is good in them, and what is wrong, with file, line and key."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Container
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec

from dusk.fs.names import display_name, display_path
from dusk.rules.checking import check_place, check_rule
from dusk.rules.place import Place
from dusk.rules.rule import Rule
from dusk.toml_lines import line_of

T = TypeVar("T")
_UNKNOWN = re.compile(r"Object contains unknown field `([^`]*)`")
_TOML_LINE = re.compile(r"\(at line (\d+), column \d+\)")


@dataclass(frozen=True, slots=True)
class RuleProblem:
    """Something wrong in a rule file."""

    file: str
    """Path as harmless text."""
    key: str
    """The key that is wrong, as ``rule[2].match.names``; empty when it is the whole file."""
    message: str
    """What is wrong with it."""
    line: int = 0
    """The line it stands on, from 1; 0 when it is the whole file."""

    def __str__(self) -> str:
        """Return one line for a person."""
        place = f"{self.file}:{self.line}" if self.line else self.file
        said = (place, display_name(self.key), display_name(self.message))  # both repeat what was written
        return ": ".join(part for part in said if part)


@dataclass(frozen=True, slots=True)
class UserRules:
    """What the user's files say."""

    rules: tuple[Rule, ...] = ()
    """The good rules."""
    places: tuple[Place, ...] = ()
    """The good places."""
    problems: tuple[RuleProblem, ...] = ()
    """What is wrong; the rest is used all the same."""


def read_user_rules(directory: bytes, known_places: Container[str]) -> UserRules:
    """Read all ``rules/*.toml`` of a configuration directory."""
    problems: list[RuleProblem] = []
    read = UserRules()
    for path in _files(os.path.join(directory, b"rules"), problems):
        one = read_rule_file(path, known_places)
        read = UserRules(
            (*read.rules, *one.rules), (*read.places, *one.places), (*read.problems, *one.problems)
        )
    return UserRules(read.rules, read.places, (*problems, *read.problems))


def read_rule_file(path: bytes, known_places: Container[str]) -> UserRules:
    """Return a file's good rules and places, and its bad ones as problems."""
    import tomllib  # most people have no rules of their own

    shown = display_path(path)
    try:
        with open(path, "rb") as file:
            text = file.read().decode("utf-8")
        document = tomllib.loads(text)
    except OSError as error:
        return UserRules(problems=(RuleProblem(shown, "", f"cannot be read: {error.strerror}"),))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        line = _TOML_LINE.search(str(error))
        problem = RuleProblem(shown, "", f"is not TOML: {error}", int(line[1]) if line else 0)
        return UserRules(problems=(problem,))
    problems: list[RuleProblem] = []

    def report(key: str, message: str) -> None:
        problems.append(RuleProblem(shown, key, message, line_of(text, key)))

    for key in document:
        if key not in ("rule", "place"):
            report(key, "is no key of a rule file; rules are [[rule]] tables, places [[place]]")
    places = _tables(document, "place", Place, check_place, report)
    own = {place.id for place in places}
    every: Container[str] = _Either(own, known_places)
    rules = _tables(document, "rule", Rule, lambda rule: check_rule(rule, every), report)
    return UserRules(tuple(rules), tuple(places), tuple(problems))


@dataclass(frozen=True, slots=True)
class _Either:
    first: Container[str]
    second: Container[str]

    def __contains__(self, name: object) -> bool:
        return name in self.first or name in self.second


def _tables(
    document: dict[str, Any],
    name: str,
    kind: type[T],
    check: Callable[[T], None],
    report: Callable[[str, str], None],
) -> list[T]:
    """Return the good ones of a file's tables of one name; report the others."""
    tables = document.get(name, [])
    if not isinstance(tables, list):
        report(name, f"must be written as [[{name}]]")
        return []
    good: list[T] = []
    for number, table in enumerate(tables):
        try:
            read = msgspec.convert(table, kind)
            check(read)
            good.append(read)
        except msgspec.ValidationError as error:
            message, _, place = str(error).partition(" - at ")
            key = f"{name}[{number}]" + place.strip("`").removeprefix("$")
            unknown = _UNKNOWN.search(message)
            report(f"{key}.{unknown[1]}" if unknown else key, message)
        except ValueError as error:
            key, _, message = str(error).partition(": ")
            report(f"{name}[{number}].{key}", message)
    return good


def _files(directory: bytes, problems: list[RuleProblem]) -> list[bytes]:
    try:
        names = os.listdir(directory)
    except FileNotFoundError:
        return []
    except OSError as error:
        problems.append(RuleProblem(display_path(directory), "", f"cannot be read: {error.strerror}"))
        return []
    return [os.path.join(directory, name) for name in sorted(names) if name.endswith(b".toml")]
