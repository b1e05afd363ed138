"""``dusk rotate``: the newest days of a pile stay, older ones are packed by day."""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING, Any

from dusk.cli.parser import add_acting
from dusk.cli.values import positive

if TYPE_CHECKING:
    from dusk.cli.choosing import Chosen
    from dusk.fs.protected import Protection
    from dusk.settings import Settings


def configure(subparsers: Any) -> None:
    """Describe the command line."""
    parser = subparsers.add_parser(
        "rotate",
        help="keep the newest days of a pile, pack the rest by day, then trash it; undoable",
        description="Keep the files of the newest days in a directory of status files or logs, pack those of "
        "each older day into a .tar.zst there, read it back and compare it, and only then move the packed "
        "files to the trash. Files that are open stay. dusk undo puts everything back.",
    )
    parser.add_argument("paths", nargs="+", metavar="PATH", help="directory, or files of one")
    parser.add_argument(
        "--keep-days",
        metavar="COUNT",
        type=positive,
        default=0,
        help="how many of the newest days on which something was written stay (default: 7)",
    )
    add_acting(parser)


def run(arguments: Namespace) -> int:
    """Review, ask, act."""
    from dusk.cli.acting import act_on
    from dusk.cli.choosing import Destination, choose
    from dusk.rules.finding import Action, ActionOptions

    def choosing(settings: Settings, protection: Protection) -> Chosen:
        options = ActionOptions(keep_days=arguments.keep_days)
        chosen = choose(
            arguments.paths, Action.ROTATE, Destination(), settings, protection,
            insist=arguments.insist, options=options,
        )  # fmt: skip
        return _together(chosen)

    return act_on(arguments, Action.ROTATE, choosing)


def _together(chosen: Chosen) -> Chosen:
    """Return the same paths as one step: files of one directory share the packs of their days."""
    from dataclasses import replace

    from dusk.plan.plan import Plan

    if not chosen.plan.steps:
        return chosen
    step = replace(chosen.plan.steps[0], targets=chosen.plan.targets)
    return replace(chosen, plan=Plan().with_step(step))
