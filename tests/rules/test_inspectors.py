"""The table of inspectors: every name leads to a function, and nothing is imported before it is needed."""

from __future__ import annotations

import subprocess
import sys

import pytest

from dusk.rules.inspectors import INSPECTORS, inspector

from .trees import book


@pytest.mark.parametrize("name", sorted(INSPECTORS))
def test_every_inspector_is_there(name: str) -> None:
    assert callable(inspector(name))


def test_every_inspector_is_named_by_a_rule() -> None:
    assert {rule.inspector for rule in book().rules} - {""} == set(INSPECTORS)


def test_a_disk_without_models_imports_nothing_that_reads_them() -> None:
    program = (
        "import sys; from dusk.rules.rulebook import RuleBook; import dusk.rules.judge; RuleBook.load(b'/x');"
        "print([name for name in sys.modules if name.startswith('dusk.rules.headers')])"
    )
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"
