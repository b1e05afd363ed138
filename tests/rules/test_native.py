"""What the owner's own command removes: which words it gets, and where dusk itself may touch nothing."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from dusk.rules.examples import judge_directory
from dusk.rules.finding import Action
from dusk.rules.rulebook import RuleBook

from .trees import put

RULE = """
[[rule]]
id = "my-store"
title = "Store"
family = "mine"
tag = "store"
safety = "costly"
actions = ["native"]
native = ["store-tool", "clean", "--at", "{path}", "--in={parent}", "{name}"]
preview = ["store-tool", "clean", "--dry-run", "{path}"]
[rule.match]
names = ["store"]
kind = "directory"
[rule.explain]
what = "A store."
cost = "Time."
recover = "Again."
"""


def load(tmp_path: Path, text: str) -> RuleBook:
    put(tmp_path / "config" / "rules" / "mine.toml", text)
    return RuleBook.load(os.fsencode(tmp_path / "config"))


def test_the_command_gets_the_path_as_one_word(tmp_path: Path) -> None:
    put(tmp_path / "tree" / "a b" / "store" / "x")
    judging = judge_directory(os.fsencode(tmp_path / "tree"), load(tmp_path, RULE))
    [finding] = [one for one in judging.findings() if one.rule == "my-store"]
    [offer] = finding.offers
    where = str(tmp_path / "tree" / "a b" / "store")
    assert offer.action is Action.NATIVE
    assert offer.options.command == (
        "store-tool", "clean", "--at", where, f"--in={tmp_path / 'tree' / 'a b'}", "store",
    )  # fmt: skip
    assert offer.options.preview[-1] == where
    assert offer.frees_now == offer.frees_after_purge > 0


def test_a_name_that_is_no_text_is_not_handed_to_a_command(tmp_path: Path) -> None:
    odd = os.fsencode(tmp_path / "tree") + b"/\xff"
    os.makedirs(odd + b"/store")
    with open(odd + b"/store/x", "wb") as file:
        file.write(b"x")
    judging = judge_directory(os.fsencode(tmp_path / "tree"), load(tmp_path, RULE))
    assert not any(one.offers for one in judging.findings())


@pytest.mark.parametrize(
    ("change", "key"),
    [
        (('actions = ["native"]', 'actions = ["trash"]'), "native"),
        (('native = ["store-tool", "clean", "--at", "{path}", "--in={parent}", "{name}"]', ""), "native"),
        (('"--dry-run", "{path}"', '"--dry-run", "{where}"'), "preview"),
    ],
)
def test_a_command_that_cannot_work_is_reported(tmp_path: Path, change: tuple[str, str], key: str) -> None:
    [problem] = load(tmp_path, RULE.replace(*change)).problems
    assert f".{key}" in problem.key
