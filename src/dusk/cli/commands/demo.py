"""``dusk demo``: the practice tree."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from dusk.cli.exit_codes import ExitCode
from dusk.cli.parser import add_app_options, add_json, add_read_only


def configure(subparsers: Any) -> None:
    """Describe the command line."""
    parser = subparsers.add_parser(
        "demo",
        help="build the practice tree and open it",
        description="Build the practice tree, a training directory of hundreds of gigabytes that takes "
        "next to no space, and open it. Everything works there; nothing of yours is in it.",
    )
    parser.add_argument(
        "directory", nargs="?", metavar="DIR", help="where to build (default: dusk's data directory)"
    )
    parser.add_argument("--no-open", action="store_true", help="only build it and say what to try")
    add_json(parser)
    add_read_only(parser)
    add_app_options(parser)
