"""``dusk rules``: what dusk knows, and whether the rules hold on their own examples."""

from __future__ import annotations

import argparse
from argparse import Namespace
from typing import Any

from dusk.cli.exit_codes import ExitCode


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
