"""The page of all kinds and the schema are those of the rules as they are: scripts/rules-page makes them."""

from __future__ import annotations

from pathlib import Path

from dusk.report.rules import rules_page
from dusk.rules.kinds import all_kinds
from dusk.rules.schema import schema_text
from dusk.rules.shipped import shipped_rules

TOP = Path(__file__).parents[2]
SAID = "run scripts/rules-page"


def test_the_page_of_kinds_is_current() -> None:
    assert (TOP / "docs" / "rules.md").read_text() == rules_page(shipped_rules(), all_kinds()), SAID


def test_the_schema_is_current() -> None:
    assert (TOP / "src" / "dusk" / "rules" / "rule.schema.json").read_text() == schema_text(), SAID
