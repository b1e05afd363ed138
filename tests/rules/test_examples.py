"""Every shipped rule's own examples: what must match, and what only looks alike."""

from __future__ import annotations

import pytest

from dusk.rules.examples import check_example
from dusk.rules.rule import Example, Rule

from .trees import book

BOOK = book()
CASES = [
    pytest.param(rule, example, id=f"{rule.id}-{number}")
    for rule in BOOK.rules
    for number, example in enumerate(rule.examples)
]


@pytest.mark.parametrize(("rule", "example"), CASES)
def test_an_example_turns_out_as_the_rule_says(rule: Rule, example: Example) -> None:
    assert check_example(rule, example, BOOK) == ""


def test_every_rule_that_offers_something_has_a_match_and_a_look_alike() -> None:
    emitted_with_another = {
        "hf-shared-payload-orphan",
        "hf-shared-store",
        "chroma-orphan-index",
        "empty-directories",
        "status-log-pile",
        "archive-unpacked",
        "git-lfs-unused",
        "git-loose-objects",
    }
    for rule in BOOK.rules:
        if rule.safety == "keep" or rule.id in emitted_with_another:
            continue
        assert any(example.matches for example in rule.examples), rule.id


def test_tags_fit_the_row_of_the_tree_and_texts_are_there() -> None:
    for rule in BOOK.rules:
        assert 0 < len(rule.tag) <= 14, rule.id
        for text in (rule.explain.what, rule.explain.cost, rule.explain.recover, rule.explain.command):
            assert text, rule.id
        assert rule.explain.source, rule.id
