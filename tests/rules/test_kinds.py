"""Every kind of disk hog has a rule or the reason why there is none; every rule names its kinds."""

from __future__ import annotations

from collections import Counter

from dusk.rules.kinds import all_kinds, covering
from dusk.rules.shipped import shipped_files, shipped_rules

RULES = shipped_rules()
KINDS = all_kinds()


def test_kinds_are_numbered_without_a_gap() -> None:
    assert [kind.id for kind in KINDS] == [f"K{number:02}" for number in range(1, len(KINDS) + 1)]
    assert len(KINDS) >= 108


def test_every_kind_has_a_rule_or_a_reason() -> None:
    covered = covering(RULES)
    assert [kind.id for kind in KINDS if kind.id not in covered and not kind.none] == []


def test_every_rule_names_kinds_that_there_are() -> None:
    known = {kind.id for kind in KINDS}
    assert [rule.id for rule in RULES if not rule.kinds or not set(rule.kinds) <= known] == []


def test_no_id_is_used_twice() -> None:
    ids = Counter(rule.id for rule in RULES)
    assert [name for name, count in ids.items() if count > 1] == []
    places = Counter(place.id for file in shipped_files() for place in file.place)
    assert [name for name, count in places.items() if count > 1] == []


def test_texts_are_sentences_that_one_can_read() -> None:
    for rule in RULES:
        for text in (rule.explain.what, rule.explain.cost, rule.explain.recover):
            assert text.rstrip().endswith((".", "!", "?", ")", "}")), f"{rule.id}: {text}"
            assert len(text) <= 600, f"{rule.id}: too long to read"
