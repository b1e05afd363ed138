"""``dusk rules``: what dusk knows, and whether the rules hold on their own examples."""

from __future__ import annotations

import argparse
from argparse import Namespace
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
    verbs = parser.add_subparsers(dest="verb", metavar="[list|show|test]", title="commands")
    listing = verbs.add_parser("list", help="list all rules (default)")
    show = verbs.add_parser("show", help="show one rule whole")
    show.add_argument("rule", metavar="RULE", help="rule id, as dusk rules lists it")
    test = verbs.add_parser("test", help="run the examples of the rules")
    test.add_argument("rule", nargs="?", metavar="RULE", help="only this rule")
    for nested in (listing, show, test):
        nested.add_argument(
            "--json", action="store_true", default=argparse.SUPPRESS, help="print one JSON document"
        )


def run(arguments: Namespace) -> int:
    """List, show or test."""
    from dusk.cli.scanning import load_rules

    book = load_rules()
    return {"show": _show, "test": _test}.get(arguments.verb, _list)(book, arguments)


def _list(book: RuleBook, arguments: Namespace) -> int:
    from dusk.cli.output import print_json, print_text
    from dusk.fs.names import display_name

    rules = sorted(book.rules, key=lambda rule: (rule.family, rule.id))
    if arguments.json:
        print_json([_document(rule) for rule in rules])
        return ExitCode.DONE
    width = max((len(display_name(rule.id)) for rule in rules), default=0)
    family = ""
    for rule in rules:
        if rule.family != family:
            family = rule.family
            print_text(display_name(family))
        print_text(f"  {display_name(rule.id):<{width}}  {rule.safety:<6}  {display_name(rule.title)}")
    return ExitCode.DONE


def _show(book: RuleBook, arguments: Namespace) -> int:
    from dusk.cli.output import print_json, print_text
    from dusk.fs.names import display_name

    rule = _named(book, arguments.rule)
    if arguments.json:
        print_json(_document(rule))
        return ExitCode.DONE
    print_text(f"{display_name(rule.id)}: {display_name(rule.title)}")
    explain = rule.explain
    for label, text in (
        ("family", rule.family),
        ("safety", rule.safety),
        ("what it is", explain.what),
        ("cost", explain.cost),
        ("comes back", explain.recover),
        ("by hand", explain.command),
        ("looks for", ", ".join(rule.match.names)),
        ("read by", rule.inspector and f"the inspector {rule.inspector}"),
        ("offers", ", ".join(rule.actions) or "nothing"),
        ("examples", f"{len(rule.examples)}"),
        ("source", explain.source),
    ):
        if text:
            print_text(f"  {label:<10}  {display_name(text)}")
    return ExitCode.DONE


def _test(book: RuleBook, arguments: Namespace) -> int:
    from dusk.cli.output import print_error, print_json, print_text
    from dusk.cli.progress_line import ProgressLine
    from dusk.cli.rule_examples import try_example
    from dusk.fs.names import display_name
    from dusk.fs.units import count_noun

    rules = [_named(book, arguments.rule)] if arguments.rule else list(book.rules)
    trials = []
    with ProgressLine() as line:
        for rule in rules:
            for number in range(1, len(rule.examples) + 1):
                line.show(f"Trying {display_name(rule.id)}, example {number}")
                trials.append(try_example(book, rule, number))
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
    return ExitCode.REFUSED if failed else ExitCode.DONE


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
