"""The examples of a rule, built on a disk and judged: what must match, and what only looks alike."""

from __future__ import annotations

import os
import tempfile
import time
from dataclasses import dataclass

from dusk.fs.names import display_path
from dusk.fs.units import parse_age, parse_size
from dusk.rules.finding import Finding
from dusk.rules.judge import Judge
from dusk.rules.rule import Example, ExampleEntry, Rule
from dusk.rules.rulebook import RuleBook
from dusk.rules.wording import left_open
from dusk.scan.scanner import ScanOptions
from dusk.scan.start import open_scan
from dusk.settings import Settings

_PATIENCE = 30.0
_ANSWER = 20.0  # a machine that runs many tests at once is no filesystem that hangs


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


def try_example(rule: Rule, number: int, book: RuleBook) -> Trial:
    """Make one example's tree, judge it with all rules, and compare what this rule found."""
    example = rule.examples[number - 1]
    try:
        failure = check_example(rule, example, book)
    except TimeoutError as error:
        failure = str(error)
    except (OSError, ValueError) as error:
        failure = f"its tree cannot be made: {error}"
    except RuntimeError as error:
        failure = str(error)
    return Trial(rule.id, number, example.note, failure)


def build_example(example: Example, directory: bytes) -> None:
    """Make an example's tree in an empty directory, with its ages; raises OSError and ValueError."""
    times: list[tuple[bytes, float]] = []
    now = time.time()
    for item in example.tree:
        entry = item if isinstance(item, ExampleEntry) else ExampleEntry(item, text="x\n")
        parts = os.fsencode(entry.path.rstrip("/")).split(b"/")
        if b".." in parts or parts[0] == b"":
            raise ValueError(f"{entry.path} does not lie in the tree")
        path = os.path.join(directory, *parts)
        moment = now - parse_age(entry.age)
        if entry.path.endswith("/"):
            os.makedirs(path, exist_ok=True)
        else:
            os.makedirs(os.path.dirname(path), exist_ok=True)
            _make(path, entry)
        times.append((path, moment))
        above = os.path.dirname(path)
        while above != directory:
            times.append((above, now - parse_age("30d")))
            above = os.path.dirname(above)
    for path, moment in times:
        os.utime(path, (moment, moment), follow_symlinks=False)


def judge_directory(
    directory: bytes, book: RuleBook, settings: Settings | None = None, patience: float = _ANSWER
) -> Judge:
    """Scan and judge a directory to the end, with so many seconds for each answer of its filesystem.

    Raises TimeoutError, and RuntimeError for a faulty inspector.
    """
    scan = open_scan(directory, ScanOptions(triggers=book.triggers))
    judge = Judge(scan, book, settings or Settings(), patience)
    scan.start()
    judge.start()
    if not judge.wait(_PATIENCE):
        judge.stop()
        raise TimeoutError(judge.failure or "judging took too long")
    if judge.faults:
        raise RuntimeError(judge.faults[0])
    return judge


def check_example(rule: Rule, example: Example, book: RuleBook) -> str:
    """Return what is wrong with an example's outcome; empty when it is as the rule says."""
    with tempfile.TemporaryDirectory(prefix="dusk-example-") as name:
        directory = os.fsencode(os.path.realpath(name))
        build_example(example, directory)
        shown = os.fsdecode(directory)
        moved = {name: os.path.join(shown, value) for name, value in example.variables.items()}
        judge = judge_directory(directory, book.moved(moved) if moved else book)
        try:
            mine = [finding for finding in judge.findings() if finding.rule == rule.id]
        finally:
            judge.stop()
        found = {os.path.relpath(path, directory) for finding in mine for path in finding.paths}
        offered = {
            os.path.relpath(path, directory)
            for finding in mine
            for offer in finding.offers
            for path in offer.paths
        }
    for finding in mine:
        gap = _unfilled(finding)
        if gap:
            return f"says {gap}, which nothing fills in"
    expected = {os.fsencode(path) for path in example.matches}
    if found != expected:
        return f"found {_shown(found)} where {_shown(expected)} was expected"
    if rule.safety == "keep" and offered:
        return f"offers {_shown(offered)}, which must be kept"
    if example.matches and rule.safety != "keep" and example.offered is not bool(offered):
        return "something was expected to be offered" if example.offered else f"offers {_shown(offered)}"
    return ""


def _unfilled(finding: Finding) -> str:
    """Return a word in braces that is left in what a person would read; empty when there is none."""
    texts = [finding.title, finding.what, finding.cost, finding.recover, finding.command, *finding.evidence]
    for text in (*texts, *(said for offer in finding.offers for said in (offer.label, offer.note))):
        gap = left_open(text)
        if gap:
            return gap
    return ""


def _make(path: bytes, entry: ExampleEntry) -> None:
    if entry.link:
        os.symlink(os.fsencode(entry.link), path)
        return
    with open(path, "wb") as file:
        content = entry.text.encode("utf-8") + bytes.fromhex(entry.hex)
        file.write(content)
        if entry.size:
            file.truncate(max(parse_size(entry.size), len(content)))


def _shown(paths: set[bytes]) -> str:
    return ", ".join(display_path(path) for path in sorted(paths)) or "nothing"
