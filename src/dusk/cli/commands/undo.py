"""``dusk undo``: take back a batch."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from dusk.cli.exit_codes import ExitCode
from dusk.cli.parser import add_json, add_read_only
from dusk.cli.values import batch_number


def configure(subparsers: Any) -> None:
    """Describe the command line."""
    parser = subparsers.add_parser(
        "undo",
        help="take back the newest batch, or the one named",
        description="Take back the newest batch that is not undone yet, or the one named. Nothing that is "
        "in the way is ever replaced, so this asks no question.",
    )
    parser.add_argument(
        "batch", nargs="?", type=batch_number, metavar="BATCH", help="number that dusk journal shows"
    )
    add_json(parser)
    parser.add_argument("--dry-run", action="store_true", help="say what would come back, and do nothing")
    parser.add_argument("--yes", action="store_true", help="accepted for scripts; undo asks nothing")
    add_read_only(parser)
