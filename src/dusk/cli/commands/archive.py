"""``dusk archive``: copy paths to another place, verify the copies, then trash the sources."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from dusk.cli.parser import add_acting


def configure(subparsers: Any) -> None:
    """Describe the command line."""
    parser = subparsers.add_parser(
        "archive",
        help="copy paths elsewhere, verify, then trash the source; undoable",
        description="Copy files and directories to another place, read the copies back and compare them, "
        "and only then move the sources to the trash. dusk undo puts everything back.",
    )
    parser.add_argument("paths", nargs="+", metavar="PATH", help="file or directory to archive")
    parser.add_argument(
        "--to", metavar="DIR", help="directory to copy to (default: archive_directory of config.toml)"
    )
    parser.add_argument(
        "--form",
        choices=("copy", "tar.zst"),
        default="copy",
        help="copy: the same tree; tar.zst: one compressed pack with a manifest (default: copy)",
    )
    add_acting(parser)


def run(arguments: Namespace) -> int:
    """Review, ask, act."""
    from dusk.cli.acting import act
    from dusk.rules.finding import NO_OPTIONS, Action, ActionOptions

    form = arguments.form
    return act(arguments, Action.ARCHIVE, NO_OPTIONS if form == "copy" else ActionOptions(form=form))
