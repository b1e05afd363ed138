"""Rule files: a wrong one is reported with file and key, and the rest still load."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from dusk.rules.examples import judge_directory
from dusk.rules.pattern import TriggerTable, matches_any
from dusk.rules.rulebook import RuleBook

from .trees import put

GOOD = """
[[rule]]
id = "my-scratch"
title = "Scratch of {name}"
family = "mine"
tag = "scratch"
safety = "costly"
actions = ["trash"]
[rule.match]
names = ["scratch-*"]
kind = "directory"
markers = [".disposable"]
[rule.explain]
what = "Scratch space."
cost = "Little."
recover = "Run again."
"""


def load(tmp_path: Path, **files: str) -> RuleBook:
    for name, text in files.items():
        put(tmp_path / "config" / "rules" / f"{name}.toml", text)
    return RuleBook.load(os.fsencode(tmp_path / "config"))


def test_a_users_rule_is_used_like_a_shipped_one(tmp_path: Path) -> None:
    book = load(tmp_path, mine=GOOD)
    assert not book.problems
    put(tmp_path / "tree" / "scratch-1" / ".disposable")
    put(tmp_path / "tree" / "scratch-2" / "precious")
    judging = judge_directory(os.fsencode(tmp_path / "tree"), book)
    found = [finding for finding in judging.findings() if finding.rule == "my-scratch"]
    assert [finding.paths for finding in found] == [(os.fsencode(tmp_path / "tree" / "scratch-1"),)]
    assert found[0].title == "Scratch of scratch-1"


@pytest.mark.parametrize(
    ("change", "key", "message"),
    [
        (('safety = "costly"', 'safety = "harmless"'), "rule[0].safety", "harmless"),
        (('tag = "scratch"', 'tag = "scratch"\ncolour = "red"'), "rule[0].colour", "colour"),
        (('kind = "directory"', 'kind = "folder"'), "rule[0].match.kind", "folder"),
        (('markers = [".disposable"]', "markers = [3]"), "rule[0].match.markers[0]", "str"),
        (('kind = "directory"', 'older_than = "soon"'), "rule[0].match.older_than", "soon"),
        (('kind = "directory"', 'minimum_size = "big"'), "rule[0].match.minimum_size", "big"),
        (('names = ["scratch-*"]', 'names = ["*"]'), "rule[0].match.names", "every name"),
        (('names = ["scratch-*"]', "names = []"), "rule[0].match.names", "at least one"),
        (('actions = ["trash"]', 'inspector = "magic"'), "rule[0].inspector", "magic"),
        (('what = "Scratch space."', ""), "rule[0].explain", "what"),
        (('safety = "costly"', 'safety = "keep"'), "rule[0].actions", "keeps"),
        (('safety = "costly"', 'safety = "costly"\nadmits = true'), "rule[0].admits", "seal"),
        (("[[rule]]", "[[rules]]"), "rules", "no key"),
    ],
)
def test_a_wrong_rule_is_reported_with_file_and_key(
    tmp_path: Path, change: tuple[str, str], key: str, message: str
) -> None:
    book = load(tmp_path, bad=GOOD.replace(*change), good=GOOD)
    problem = book.problems[0]
    assert problem.file.endswith("rules/bad.toml")
    assert problem.key == key
    assert message in problem.message
    assert "my-scratch" in book.by_id, "the other file loads all the same"


def test_a_report_holds_no_terminal_command(tmp_path: Path) -> None:
    book = load(
        tmp_path, bad=GOOD.replace('kind = "directory"', '"\\u001b[31m" = 1'), odd='"\\u001b]0;x" = 3'
    )
    assert len(book.problems) == 2
    assert all(str(problem).isprintable() for problem in book.problems)


def test_text_that_is_no_toml_and_files_that_cannot_be_read_are_reported(tmp_path: Path) -> None:
    directory = tmp_path / "config" / "rules" / "directory.toml"
    directory.mkdir(parents=True)
    book = load(tmp_path, broken="[[rule", odd="rule = 3")
    problems = {problem.file.rsplit("/", 1)[-1]: problem for problem in book.problems}
    assert "is not TOML" in problems["broken.toml"].message
    assert problems["odd.toml"].key == "rule"
    assert "cannot be read" in problems["directory.toml"].message
    assert len(book.rules) == len(RuleBook.load(b"/nonexistent").rules)


def test_no_directory_of_rules_is_no_problem(tmp_path: Path) -> None:
    assert RuleBook.load(os.fsencode(tmp_path / "nowhere")).problems == ()


def test_the_walker_hears_of_exactly_the_names_that_rules_want() -> None:
    book = RuleBook.load(b"/nonexistent")
    wanted = (
        b"models--a--b",
        b"checkpoint-7",
        b"config.json",
        b"failed",
        b"x.md",
        b".env",
        b".env.local",
        b"a.db-wal",
    )
    for name in wanted:
        assert book.triggers.match(name) and book.table.rules_for(name), name
    for name in (b"photo.jpeg", b"blob", b"pictures", b"x.pyc", b"", b"\xff\xfe", b".envrc"):
        assert not book.table.rules_for(name), name


def test_patterns_are_shell_patterns_over_bytes() -> None:
    assert matches_any(b"LICENSE.txt", ("LICENSE*",))
    assert not matches_any(b"license.txt", ("LICENSE*",))
    assert matches_any(b"a\xff.md", ("*.md",))
    table = TriggerTable()
    table.add(("run-*.tar.gz", "ab[0-9]"), 1)
    assert table.rules_for(b"run-3.tar.gz") == (1,)
    assert table.rules_for(b"walk-3.tar.gz") == ()
