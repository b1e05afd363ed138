"""``dusk requeue``: items of a stuck queue go back in line."""

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
        "requeue",
        help="move stuck items of a queue back to where its worker picks them up; undoable",
        description="Move items out of failed/ or processing/ back to the directory that their worker reads: "
        "pending/ or inbox/ beside their stage, or --to DIR. Nothing is replaced. dusk undo moves them back, "
        "unless a worker has taken them.",
    )
    parser.add_argument("paths", nargs="+", metavar="PATH", help="item to put back in line")
    parser.add_argument("--to", metavar="DIR", help="directory that the worker reads")
    add_acting(parser)


def run(arguments: Namespace) -> int:
    """Review, ask, act."""
    from dusk.cli.acting import act_on
    from dusk.cli.choosing import Destination, choose, destination_of
    from dusk.rules.finding import Action

    def choosing(settings: Settings, protection: Protection) -> Chosen:
        place = destination_of(arguments.to, settings) if arguments.to else Destination()
        return choose(arguments.paths, Action.REQUEUE, place, settings, protection, insist=arguments.insist)

    return act_on(arguments, Action.REQUEUE, choosing)
