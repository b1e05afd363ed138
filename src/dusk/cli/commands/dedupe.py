"""``dusk dedupe``: keep equal bytes once."""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING, Any

from dusk.cli.parser import add_acting
from dusk.cli.values import size

if TYPE_CHECKING:
    from dusk.actions.equal_files import EqualFiles
    from dusk.cli.choosing import Chosen
    from dusk.fs.protected import Protection
    from dusk.settings import Settings


def configure(subparsers: Any) -> None:
    """Describe the command line."""
    parser = subparsers.add_parser(
        "dedupe",
        help="find equal files and let them share their blocks",
        description="Find files with the same bytes and let them share their blocks, where the filesystem "
        "can (xfs, btrfs): the kernel compares the bytes itself, and names, contents and times stay as they "
        "are. With --hard-link equal files become names of one file instead; the separate ones go to the "
        "trash, and dusk undo brings them back.",
    )
    parser.add_argument("paths", nargs="+", metavar="PATH", help="file or directory to look through")
    parser.add_argument(
        "--hard-link",
        action="store_true",
        help="make equal files one file with several names: writing to one in place changes all",
    )
    parser.add_argument(
        "--min-size",
        type=size,
        default=1 << 20,
        metavar="SIZE",
        help="leave smaller files alone (default: 1M)",
    )
    add_acting(parser)


def run(arguments: Namespace) -> int:
    """Look for equal files, review, ask, act."""
    from dusk.cli.acting import act_on
    from dusk.cli.choosing import choose_together
    from dusk.cli.output import print_text
    from dusk.rules.finding import Action, ActionOptions

    options = ActionOptions(form="hard-link" if arguments.hard_link else "reflink")

    def choosing(_settings: Settings, _protection: Protection) -> Chosen:
        groups = _groups(arguments)
        if not groups and not arguments.json:
            print_text("No equal files were found.")
        return choose_together(
            (group.paths for group in groups), Action.DEDUPE, options, insist=arguments.insist
        )

    return act_on(arguments, Action.DEDUPE, choosing, none_is_fine=True)


def _groups(arguments: Namespace) -> tuple[EqualFiles, ...]:
    from dusk.actions.equal_files import find_equal
    from dusk.actions.progress import ExecutionProgress
    from dusk.cli.background import finish
    from dusk.cli.carrying_out import progress_text
    from dusk.cli.paths import target_to_act_on
    from dusk.cli.progress_line import ProgressLine

    paths = [target_to_act_on(word) for word in arguments.paths]
    progress = ExecutionProgress()
    with ProgressLine() as line:
        return finish(
            lambda: find_equal(paths, minimum_size=arguments.min_size, progress=progress),
            lambda: line.show(progress_text(progress)),
        )
