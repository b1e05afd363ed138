"""``dusk rules``: what dusk knows, and whether the rules hold on their own examples."""

from __future__ import annotations

import argparse
import os
from argparse import Namespace
from functools import partial
from typing import TYPE_CHECKING, Any

from dusk.cli.exit_codes import ExitCode, RefusalError

if TYPE_CHECKING:
    from dusk.rules.rule import Rule
    from dusk.rules.rulebook import RuleBook


def configure(subparsers: Any) -> None:
    """Describe the command line."""
    parser = subparsers.add_parser(
        "rules",
        help="list, show or test the rules",
        description="Show the shipped rules and the user's own, or run their examples.",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON document and nothing else")
    verbs = parser.add_subparsers(dest="verb", metavar="[list|show|test|schema]", title="commands")
    listing = verbs.add_parser("list", help="list all rules (default)")
    listing.add_argument(
        "--kinds", action="store_true", help="as a Markdown page of all kinds with their rules"
    )
    show = verbs.add_parser("show", help="show one rule whole")
    show.add_argument("rule", metavar="RULE", help="rule id, as dusk rules lists it")
    test = verbs.add_parser("test", help="run the examples of the rules")
    test.add_argument(
        "rule", nargs="?", metavar="RULE|FILE", help="only this rule, or the rules of this file"
    )
    verbs.add_parser("schema", help="print the JSON schema of rule files, for editors")
    for nested in (listing, show, test):
        nested.add_argument(
            "--json", action="store_true", default=argparse.SUPPRESS, help="print one JSON document"
        )


def run(arguments: Namespace) -> int:
    """List, show, test, or describe the files."""
    from dusk.cli.scanning import load_rules

    if arguments.verb == "schema":
        return _schema()
    book = load_rules()
    return {"show": _show, "test": _test}.get(arguments.verb, _list)(book, arguments)


def _schema() -> int:
    from dusk.cli.output import print_text
    from dusk.rules.schema import schema_text

    print_text(schema_text().rstrip("\n"))
    return ExitCode.DONE


def _list(book: RuleBook, arguments: Namespace) -> int:
    from dusk.cli.output import print_json, print_text
    from dusk.report.rules import rules_list, rules_page
    from dusk.rules.kinds import all_kinds

    if arguments.json:
        print_json([_document(rule) for rule in sorted(book.rules, key=lambda rule: (rule.family, rule.id))])
    elif getattr(arguments, "kinds", False):
        print_text(rules_page(book.rules, all_kinds()).rstrip("\n"))
    else:
        print_text(rules_list(book.rules))
    return ExitCode.DONE


def _show(book: RuleBook, arguments: Namespace) -> int:
    from dusk.cli.output import print_json, print_text
    from dusk.report.rules import rule_text

    rule = _named(book, arguments.rule)
    if arguments.json:
        print_json(_document(rule))
    else:
        print_text(rule_text(rule))
    return ExitCode.DONE


def _test(book: RuleBook, arguments: Namespace) -> int:
    from dusk.cli.background import finish
    from dusk.cli.output import print_error, print_json, print_text
    from dusk.cli.progress_line import ProgressLine
    from dusk.fs.names import display_name
    from dusk.fs.units import count_noun
    from dusk.rules.examples import try_example

    book, rules, wrong = _to_test(book, arguments.rule)
    trials = []
    with ProgressLine() as line:
        for rule in rules:
            for number in range(1, len(rule.examples) + 1):
                line.show(f"Trying {display_name(rule.id)}, example {number}")
                trials.append(finish(partial(try_example, rule, number, book)))
    failed = [trial for trial in trials if trial.failure]
    if arguments.json:
        print_json(
            [
                {"rule": one.rule, "example": one.number, "note": one.note, "failure": one.failure or None}
                for one in trials
            ]
        )
    else:
        examples, of = count_noun(len(trials), "example"), count_noun(len(rules), "rule")
        print_text(f"{examples} of {of}: {len(failed):,} failed.")
    for trial in failed:
        where = f"{trial.rule}, example {trial.number}"
        print_error(display_name(f"{where}: {trial.failure}. It shows: {trial.note}"))
    return ExitCode.REFUSED if failed or wrong else ExitCode.DONE


def _to_test(book: RuleBook, named: str | None) -> tuple[RuleBook, list[Rule], bool]:
    """Return what to try it with, the rules to try, and whether the file named has wrong ones."""
    from dusk.cli.output import print_error

    if named is None:
        return book, list(book.rules), False
    if named in book.by_id or not (named.endswith(".toml") or "/" in named):
        return book, [_named(book, named)], False
    if not os.path.isfile(named):
        raise RefusalError(f"There is no file {named!r} of rules.")
    book, read = book.with_file(os.fsencode(os.path.abspath(named)))
    for problem in read.problems:
        print_error(f"{problem}; this rule is left out.")
    return book, list(read.rules), bool(read.problems)


def _named(book: RuleBook, name: str) -> Rule:
    from dusk.fs.names import display_name

    rule = book.by_id.get(name)
    if rule is None:
        raise RefusalError(f"There is no rule {display_name(name)}. 'dusk rules list' shows all of them.")
    return rule


def _document(rule: Rule) -> dict[str, Any]:
    import msgspec

    document: dict[str, Any] = msgspec.to_builtins(rule)
    document["examples"] = len(rule.examples)
    return document
