"""Trying rules on their own examples: small trees, made in a temporary directory and judged there."""

from __future__ import annotations

import os
import tempfile
import time
from dataclasses import dataclass

from dusk.cli.background import finish
from dusk.cli.exit_codes import RefusalError
from dusk.fs.names import display_path
from dusk.fs.units import parse_age, parse_size
from dusk.rules.judge import Judge
from dusk.rules.rule import Example, ExampleEntry, Rule
from dusk.rules.rulebook import RuleBook
from dusk.scan.scanner import ScanOptions
from dusk.scan.start import open_scan
from dusk.settings import Settings

_LIMIT = 30.0  # seconds that one small tree may take


@dataclass(frozen=True, slots=True)
class Trial:
    """How one example went."""

    rule: str
    """Rule id."""
    number: int
    """Which of the rule's examples, from 1."""
    note: str
    """What the example shows."""
    failure: str
    """What was otherwise than the example says; empty when all was well."""


def try_example(book: RuleBook, rule: Rule, number: int) -> Trial:
    """Make the tree of one example, judge it with all rules, and compare what this rule found."""
    example = rule.examples[number - 1]
    with tempfile.TemporaryDirectory(prefix="dusk-rules-") as place:
        top = os.path.realpath(os.fsencode(place))
        try:
            for entry in example.tree:
                _make(top, ExampleEntry(entry) if isinstance(entry, str) else entry)
            failure = finish(lambda: _compare(book, rule, example, top))
        except (OSError, ValueError) as error:
            failure = f"its tree cannot be made: {error}"
    return Trial(rule.id, number, example.note, failure)


def _make(top: bytes, entry: ExampleEntry) -> None:
    parts = os.fsencode(entry.path).split(b"/")
    if b".." in parts or parts[0] == b"":
        raise ValueError(f"{entry.path} does not lie in the tree")
    path = os.path.join(top, *parts)
    if entry.path.endswith("/"):
        os.makedirs(path, exist_ok=True)
    else:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        _make_leaf(path, entry)
    moment = int((time.time() - parse_age(entry.age)) * 1e9)
    os.utime(path, ns=(moment, moment), follow_symlinks=False)


def _make_leaf(path: bytes, entry: ExampleEntry) -> None:
    if entry.link:
        os.symlink(os.fsencode(entry.link), path)
        return
    with open(path, "wb") as file:
        file.write((entry.text or "\n").encode("utf-8", "surrogateescape"))
        if entry.size:
            file.truncate(max(file.tell(), parse_size(entry.size)))


def _compare(book: RuleBook, rule: Rule, example: Example, top: bytes) -> str:
    scan = open_scan(top, ScanOptions(triggers=book.triggers))
    judge = Judge(scan, book, Settings())
    scan.start()
    judge.start()
    if not judge.wait(_LIMIT):
        raise RefusalError(f"judging an example of {rule.id} did not end. {judge.failure}".rstrip())
    judge.stop()
    findings = [finding for finding in judge.findings() if finding.rule == rule.id]
    found = {os.path.relpath(path, top) for finding in findings for path in finding.paths}
    wanted = {os.fsencode(path.rstrip("/")) for path in example.matches}
    if found != wanted:
        return f"found {_listed(found)} instead of {_listed(wanted)}"
    offered = any(finding.offers for finding in findings)
    if found and rule.actions and offered is not example.offered:
        return "something is offered, and nothing should be" if offered else "nothing is offered"
    return ""


def _listed(paths: set[bytes]) -> str:
    return ", ".join(display_path(path) for path in sorted(paths)) or "nothing"
