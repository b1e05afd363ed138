"""``dusk split``: a file of lines becomes shards."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from dusk.cli.parser import add_acting
from dusk.cli.values import positive


def configure(subparsers: Any) -> None:
    """Describe the command line."""
    parser = subparsers.add_parser(
        "split",
        help="cut files of lines into shards, verify, then trash the original; undoable",
        description="Cut each file between lines into shards such as train-00001-of-00012.jsonl beside it, "
        "read them back and compare them with the file, and only then move that to the trash. dusk undo puts "
        "it back.",
    )
    parser.add_argument("paths", nargs="+", metavar="FILE", help="file to split, such as a big .jsonl")
    parser.add_argument(
        "--lines",
        metavar="COUNT",
        type=positive,
        default=0,
        help="lines in a shard (default: 100000)",
    )
    add_acting(parser)


def run(arguments: Namespace) -> int:
    """Review, ask, act."""
    from dusk.cli.acting import act
    from dusk.rules.finding import Action, ActionOptions

    return act(arguments, Action.SPLIT, ActionOptions(lines=arguments.lines))
