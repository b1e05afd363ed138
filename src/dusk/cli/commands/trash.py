"""``dusk trash``: move paths to the trash of their filesystem."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from dusk.cli.parser import add_acting


def configure(subparsers: Any) -> None:
    """Describe the command line."""
    parser = subparsers.add_parser(
        "trash",
        help="move paths to the trash; undoable",
        description="Move files and directories to the trash of their own filesystem. That frees nothing "
        "until the trash is emptied (dusk bin empty); dusk undo puts everything back.",
    )
    parser.add_argument("paths", nargs="+", metavar="PATH", help="file or directory to trash")
    add_acting(parser)


def run(arguments: Namespace) -> int:
    """Review, ask, act."""
    from dusk.cli.acting import act
    from dusk.rules.finding import Action

    return act(arguments, Action.TRASH)
