"""What a person put at the top of a cache that would be fetched again: it holds the cache back."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from dusk.rules.examples import build_example
from dusk.rules.rule import Example, Rule

from .trees import book, judge, judge_example, offered, plant, put, set_ages

BOOK = book()
NAMES = ("results.csv", "thesis.docx", "model.safetensors", "measured.jsonl")
CASES = [
    pytest.param(rule, example, id=f"{rule.id}-{number}")
    for rule in BOOK.rules
    for number, example in enumerate(rule.examples)
    if rule.safety == "costly" and "*" in rule.parts and "*.*" not in rule.parts and rule.own_levels != 0
    if rule.actions not in {(), ("native",)} and example.offered and example.matches
]


def offered_paths(top: Path, example: Example) -> list[str]:
    """Return what is offered to be removed in an example's tree."""
    found = judge_example(top, example, BOOK).findings()
    return [os.fsdecode(path) for finding in found for offer in finding.offers for path in offer.paths]


def units_of(top: Path, rule: Rule, example: Example) -> list[Path]:
    """Return the directories that a rule matches and those below in as many levels as are its own."""
    matched = [top / path for path in example.matches if (top / path).is_dir()]
    return [
        Path(place)
        for unit in matched
        for place, _, _ in os.walk(unit)
        if len(Path(place).relative_to(unit).parts) < (rule.own_levels or 1)
        if "packages" not in Path(place).parent.parts  # what lies in one is its own, and a part names that
    ]


@pytest.mark.parametrize(("rule", "example"), CASES)
def test_a_file_of_ones_own_holds_a_cache_back(tmp_path: Path, rule: Rule, example: Example) -> None:
    build_example(example, os.fsencode(tmp_path))
    for directory in units_of(tmp_path, rule, example):
        for name in NAMES:
            planted = plant(directory, name)
            taken = [path for path in offered_paths(tmp_path, example) if planted.is_relative_to(path)]
            assert not taken, f"{planted.relative_to(tmp_path)} goes with {taken[0]}"
            planted.unlink()


def test_below_its_own_levels_a_cache_may_hold_anything(tmp_path: Path) -> None:
    put(tmp_path / "work/package.json")
    put(tmp_path / "work/package-lock.json")
    put(tmp_path / "work/node_modules/.package-lock.json")
    put(tmp_path / "work/node_modules/d3/README.md")
    put(tmp_path / "work/node_modules/d3/data/flights.csv")
    put(tmp_path / ".cache/pdm/packages/six-1.17.0-py2.py3-none-any/six.py")
    put(tmp_path / ".cache/pdm/http/ab/cd")
    set_ages(tmp_path)
    assert offered(judge(tmp_path), tmp_path) == {"work/node_modules", ".cache/pdm"}


def test_rows_that_somebody_labelled_beside_prepared_ones_stay(tmp_path: Path) -> None:
    prepared = tmp_path / "cache/json/default-858f07bea1009b46/0.0.0/915409a0dcfcf3c0e0e2b1d1e761f7ea"
    put(prepared / "dataset_info.json", '{"builder_name": "json", "dataset_name": "json", "version": {}}')
    put(prepared / "json-train.arrow", size=1 << 20)
    set_ages(tmp_path)
    there = offered(judge(tmp_path), tmp_path)
    assert there
    put(prepared / "labels_by_hand.csv")
    set_ages(tmp_path)
    assert offered(judge(tmp_path), tmp_path) == set()
