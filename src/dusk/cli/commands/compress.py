"""``dusk compress``: logs and text become ``.zst`` files beside themselves."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from dusk.cli.parser import add_acting


def configure(subparsers: Any) -> None:
    """Describe the command line."""
    parser = subparsers.add_parser(
        "compress",
        help="compress logs and text in place, verify, then trash the original; undoable",
        description="Write each file as .zst beside itself, read that back and compare it, and only then "
        "move the original to the trash. Mode, owner, times and attributes stay. What would not shrink by a "
        "tenth, going by samples, is refused. dusk undo puts the originals back.",
    )
    parser.add_argument("paths", nargs="+", metavar="PATH", help="file to compress")
    add_acting(parser)


def run(arguments: Namespace) -> int:
    """Review, ask, act."""
    from dusk.cli.acting import act
    from dusk.rules.finding import Action

    return act(arguments, Action.COMPRESS)
