"""``dusk suggest``: what could go, what losing it would cost and what it frees."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from dusk.cli.exit_codes import ExitCode
from dusk.cli.parser import add_cross, add_measure
from dusk.cli.values import size


def configure(subparsers: Any) -> None:
    """Describe the command line."""
    parser = subparsers.add_parser(
        "suggest",
        help="list what could go, what losing it costs and what it frees",
        description="Walk a directory, judge what is in it and list what could go. Changes nothing.",
    )
    parser.add_argument("path", nargs="?", default=".", metavar="PATH", help="directory (default: .)")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print one JSON array and nothing else")
    form.add_argument("--ndjson", action="store_true", help="print each finding as a line of JSON")
    parser.add_argument(
        "--min-size", type=size, metavar="SIZE", help="leave out what is smaller, such as 500M (default: 0)"
    )
    add_measure(parser)
    add_cross(parser)
