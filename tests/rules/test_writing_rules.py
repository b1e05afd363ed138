"""What docs/writing-rules.md shows works as written there; schema and lines know every key."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import msgspec
import pytest

from dusk.rules.examples import try_example
from dusk.rules.rule import RuleFile
from dusk.rules.schema import rule_file_schema
from dusk.toml_lines import line_of

from .trees import book

PAGE = (Path(__file__).parents[2] / "docs" / "writing-rules.md").read_text()
BLOCKS = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.parametrize("number", range(len(BLOCKS)))
def test_a_block_of_the_page_is_a_rule_file_whose_examples_hold(number: int, tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(BLOCKS[number])
    rules, read = book().with_file(bytes(file))
    assert read.problems == ()
    assert read.rules
    for rule in read.rules:
        assert any(example.matches for example in rule.examples)
        assert any(not example.matches for example in rule.examples)
        for position in range(1, len(rule.examples) + 1):
            assert try_example(rule, position, rules).failure == ""


def test_an_example_that_promises_too_much_fails_with_what_was_found(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(BLOCKS[0].replace('tree = ["notes', 'matches = ["notes/render-cache"]\ntree = ["notes'))
    rules, read = book().with_file(bytes(file))
    assert try_example(read.rules[0], 2, rules).failure == (
        "found nothing where notes/render-cache was expected"
    )
    file.write_text(BLOCKS[0].replace("shot7/render-cache/frames.idx", "../out/frames.idx"))
    rules, read = book().with_file(bytes(file))
    assert "does not lie in the tree" in try_example(read.rules[0], 1, rules).failure


def test_the_schema_knows_every_key_and_says_what_each_means() -> None:
    schema = rule_file_schema()
    for name in ("Rule", "Match", "Explain", "Example", "ExampleEntry", "Content", "Series", "Place"):
        for field, described in schema["$defs"][name]["properties"].items():
            assert described.get("description"), f"{name}.{field}"
        assert schema["$defs"][name]["additionalProperties"] is False
    assert "hub" in schema["$defs"]["Rule"]["properties"]["inspector"]["enum"]


def test_keys_are_found_on_their_lines_also_below_long_texts() -> None:
    text = '# a\n[[rule]]\nid = "a"\nwhat = """\nid = "no"\n[[rule]]\n"""\n[rule.match]\nnames = ["x"]\n'
    text += "[[rule]]\n"
    text += '  [rule.explain] # why\n  "cost" = "x"\n  [[rule.examples]]\n  tree = []\n  [[rule.examples]]\n'
    assert tomllib.loads(text)
    assert line_of(text, "rule[0].id") == 3
    assert line_of(text, "rule[0].match.names[0]") == 9
    assert line_of(text, "rule[1]") == 10
    assert line_of(text, "rule[1].explain.cost") == 12
    assert line_of(text, "rule[1].examples[1].tree") == 15
    assert line_of(text, "rule[1].match.names") == 10
    assert line_of(text, "rule[7]") == 2
    assert line_of(text, "nothing") == 0
    assert line_of("", "rule[0]") == 0


def test_a_rule_file_survives_being_written_and_read_again() -> None:
    for block in BLOCKS:
        read = msgspec.toml.decode(block, type=RuleFile)
        assert msgspec.convert(msgspec.to_builtins(read), RuleFile) == read
