"""``dusk empty-dirs``: remove directories that hold nothing."""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING, Any

from dusk.cli.parser import add_acting

if TYPE_CHECKING:
    from dusk.cli.choosing import Chosen
    from dusk.fs.protected import Protection
    from dusk.settings import Settings


def configure(subparsers: Any) -> None:
    """Describe the command line."""
    parser = subparsers.add_parser(
        "empty-dirs",
        help="remove directories without a file at any depth; undoable",
        description="Find directories below a path that hold no file at any depth, and remove them, bottom "
        "up. Nothing but empty directories is ever removed; mount points and the data of version control "
        "stay. dusk undo makes them again, with their owners, permissions and times.",
    )
    parser.add_argument("paths", nargs="+", metavar="PATH", help="directory to look through")
    add_acting(parser)


def run(arguments: Namespace) -> int:
    """Look for empty directories, review, ask, act."""
    from dusk.cli.acting import act_on
    from dusk.cli.choosing import choose_together
    from dusk.cli.output import print_text
    from dusk.rules.finding import NO_OPTIONS, Action

    def choosing(_settings: Settings, _protection: Protection) -> Chosen:
        found = _empty(arguments.paths)
        if not found and not arguments.json:
            print_text("No empty directories were found.")
        return choose_together(
            [found] if found else [], Action.EMPTY_DIRECTORIES, NO_OPTIONS, insist=arguments.insist
        )

    return act_on(arguments, Action.EMPTY_DIRECTORIES, choosing, none_is_fine=True)


def _empty(words: list[str]) -> list[bytes]:
    from dusk.actions.empty_search import empty_below
    from dusk.cli.background import finish
    from dusk.cli.exit_codes import RefusalError
    from dusk.cli.paths import reason_of, target_to_act_on
    from dusk.cli.progress_line import ProgressLine
    from dusk.fs.names import display_path

    found: dict[bytes, None] = {}
    with ProgressLine() as line:
        for word in words:
            path = target_to_act_on(word)
            try:
                below = finish(
                    lambda place=path: empty_below(place),  # type: ignore[misc]
                    lambda place=path: line.show(f"Looking through {display_path(place)}"),  # type: ignore[misc]
                )
            except OSError as error:
                raise RefusalError(f"{display_path(path)}: {reason_of(error)}.") from error
            found.update(dict.fromkeys(below))
    return list(found)
