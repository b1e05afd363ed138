"""``dusk scaffold``: make the directories of a new layout."""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from typing import TYPE_CHECKING, Any

from dusk.cli.parser import add_acting

if TYPE_CHECKING:
    from dusk.cli.choosing import Chosen
    from dusk.fs.protected import Protection
    from dusk.settings import Settings

_LARGEST = 1 << 20  # bytes of a file with names


def configure(subparsers: Any) -> None:
    """Describe the command line."""
    parser = subparsers.add_parser(
        "scaffold",
        help="make the directories of a new layout; undoable",
        description="Make directories below a place, with those above them: only what is missing. The names "
        "come from the command line, or one by line from a file (- for standard input; empty lines and "
        "what follows a # are skipped). dusk undo removes those that are still empty.",
    )
    parser.add_argument(
        "names", nargs="+", metavar="NAME|FILE", help="directory to make, or a file that lists them"
    )
    parser.add_argument("--at", required=True, metavar="DIR", help="existing directory to make them in")
    add_acting(parser)


def run(arguments: Namespace) -> int:
    """Read the names, review, ask, make."""
    from dusk.cli.acting import act_on
    from dusk.cli.choosing import choose_together
    from dusk.cli.paths import target_to_act_on
    from dusk.rules.finding import Action, ActionOptions

    names = [name for word in arguments.names for name in _names(word)]

    def choosing(_settings: Settings, _protection: Protection) -> Chosen:
        place = target_to_act_on(arguments.at)
        options = ActionOptions(names=tuple(dict.fromkeys(names)))
        return choose_together([[place]], Action.SCAFFOLD, options, insist=arguments.insist)

    return act_on(arguments, Action.SCAFFOLD, choosing)


def _names(word: str) -> list[str]:
    from dusk.cli.exit_codes import ExitCode, RefusalError
    from dusk.fs.names import display_name

    if word != "-" and not os.path.isfile(word):
        return [word]
    try:
        if word == "-":
            data = sys.stdin.buffer.read(_LARGEST + 1)
        else:
            with open(word, "rb") as file:
                data = file.read(_LARGEST + 1)
    except OSError as error:
        raise RefusalError(
            f"{display_name(word)} cannot be read: {error.strerror}.", ExitCode.USAGE
        ) from error
    if len(data) > _LARGEST or b"\0" in data:
        raise RefusalError(f"{display_name(word)} is not a list of names.", ExitCode.USAGE)
    lines = (line.partition(b"#")[0].strip() for line in data.splitlines())
    return [os.fsdecode(line) for line in lines if line]
