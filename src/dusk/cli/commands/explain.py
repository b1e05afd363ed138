"""``dusk explain``: what a path is, and whether it may be deleted."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from dusk.cli.exit_codes import ExitCode
from dusk.cli.parser import add_json


def configure(subparsers: Any) -> None:
    """Describe the command line."""
    parser = subparsers.add_parser(
        "explain",
        help="say what a path is and whether it may be deleted",
        description="Say what a path is, why dusk thinks so, what deleting it costs and how it comes back.",
    )
    parser.add_argument("path", metavar="PATH", help="file or directory")
    add_json(parser)
