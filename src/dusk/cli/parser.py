"""The parsers: one for ``dusk [PATH]``, one per command; built only for what was typed."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from functools import partial
from typing import Any, NoReturn

from dusk import __version__
from dusk.cli.command_table import BY_NAME, COMMANDS, CommandEntry
from dusk.cli.exit_codes import ExitCode
from dusk.fs.names import display_name

_DESCRIPTION = "See what fills a disk, what losing it would cost, clear it, and take it back."
_EPILOG = """\
exit codes:
  0    done
  1    something was refused or failed, said on standard error
  2    bad usage or configuration
  3    partly done, the journal says what
  130  interrupted, nothing half-done

A directory with the name of a command: dusk ./scan"""
_WIDTH = 78  # columns of a help text
_TAKE_VALUES = frozenset(
    {"--at", "--form", "--keep-days", "--lines", "--min-size", "--theme", "--threads", "--to"}
)


class Parser(argparse.ArgumentParser):
    """An argument parser whose errors are one harmless sentence, whatever was typed."""

    def __init__(self, *args: Any, **options: Any) -> None:
        # As wide as the descriptions. Else argparse imports shutil to ask the terminal, at every option.
        options.setdefault("formatter_class", partial(argparse.RawDescriptionHelpFormatter, width=_WIDTH))
        options.setdefault("allow_abbrev", False)  # a new option must never change what a script means
        super().__init__(*args, **options)

    def format_help(self) -> str:
        """Return the help text; the raw formatter is for the examples in it and breaks no line itself."""
        import textwrap

        self.description = textwrap.fill(self.description or "", _WIDTH)
        return super().format_help()

    def error(self, message: str) -> NoReturn:
        """Say what is wrong and how to see the usage, then leave with exit code 2."""
        sys.stderr.write(f"{self.prog}: {display_name(message)}\nTry: {self.prog} --help\n")
        raise SystemExit(int(ExitCode.USAGE))


def app_parser() -> Parser:
    """Return the parser of ``dusk [PATH]``, whose help also lists the commands."""
    width = max(len(command.name) for command in COMMANDS)
    listing = "\n".join(f"  {command.name:<{width}}  {command.summary}" for command in COMMANDS)
    parser = Parser(
        prog="dusk",
        usage="dusk [options] [PATH]\n       dusk COMMAND [options] ...",
        description=_DESCRIPTION,
        epilog=f"commands (dusk COMMAND --help says more):\n{listing}\n\n{_EPILOG}",
    )
    parser.add_argument("path", nargs="?", default=".", metavar="PATH", help="directory to open (default: .)")
    parser.add_argument("--version", action="version", version=f"dusk {__version__}")
    add_measure(parser)
    add_cross(parser)
    add_threads(parser)
    add_read_only(parser)
    add_app_options(parser)
    parser.add_argument("--to", metavar="DIR", help="directory that archiving goes to")
    return parser


def command_parsers(names: Iterable[str] | None = None) -> dict[str, Parser]:
    """Return the parsers of some commands, or of all, by name."""
    holder = Parser(prog="dusk")
    subparsers = holder.add_subparsers(parser_class=Parser)
    wanted: Iterable[CommandEntry] = COMMANDS if names is None else [BY_NAME[name] for name in names]
    for command in wanted:
        command.module().configure(subparsers)
    return dict(subparsers.choices)


def parse(words: list[str]) -> tuple[CommandEntry | None, argparse.Namespace]:
    """Return the command that was typed, None for the app, and its arguments.

    Options may stand before the command, between paths and after them. Raises SystemExit as argparse does.
    """
    words = _without_end_mark(words)
    position = _command_position(words)
    if position is None:
        return None, app_parser().parse_intermixed_args(words)
    command = BY_NAME[words[position]]
    rest = words[:position] + words[position + 1 :]
    parser = command_parsers([command.name])[command.name]
    if _has_own_subcommands(parser):
        return command, parser.parse_args(rest)
    return command, parser.parse_intermixed_args(rest)


def add_json(parser: argparse.ArgumentParser, **options: Any) -> None:
    """Add ``--json``."""
    parser.add_argument(
        "--json", action="store_true", help="print one JSON document and nothing else", **options
    )


def add_cross(parser: argparse.ArgumentParser) -> None:
    """Add ``--cross``."""
    parser.add_argument("--cross", action="store_true", help="enter other filesystems too")


def add_threads(parser: argparse.ArgumentParser) -> None:
    """Add ``--threads``."""
    parser.add_argument(
        "--threads",
        type=_thread_count,
        metavar="COUNT",
        help="threads that read directories (default: what suits the filesystem)",
    )


def _thread_count(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 256:
        raise argparse.ArgumentTypeError(f"{display_name(text)} is not a number from 1 to 256")
    return int(text)


def add_measure(parser: argparse.ArgumentParser) -> None:
    """Add ``--apparent`` and ``--disk``, of which one may be given."""
    group = parser.add_mutually_exclusive_group()
    group.add_argument(
        "--apparent",
        dest="measure",
        action="store_const",
        const="apparent",
        help="sizes as the files pretend to hold (default in a practice tree)",
    )
    group.add_argument(
        "--disk",
        dest="measure",
        action="store_const",
        const="disk",
        help="sizes as the filesystem spends them (default elsewhere)",
    )


def add_read_only(parser: argparse.ArgumentParser, **options: Any) -> None:
    """Add ``--read-only``."""
    parser.add_argument("--read-only", action="store_true", help="turn every action off", **options)


def add_yes(parser: argparse.ArgumentParser) -> None:
    """Add ``--yes``."""
    parser.add_argument("--yes", action="store_true", help="answer yes; needed away from a terminal")


def add_acting(parser: argparse.ArgumentParser) -> None:
    """Add what all commands that act have in common."""
    parser.add_argument("--dry-run", action="store_true", help="say what would happen, and do nothing")
    add_yes(parser)
    parser.add_argument(
        "--insist",
        action="store_true",
        help="act also where a person may overrule: kept by a rule, partly unreadable, perhaps in use",
    )
    add_json(parser)
    add_read_only(parser)


def add_app_options(parser: argparse.ArgumentParser) -> None:
    """Add what only the app's face needs."""
    parser.add_argument("--ascii", action="store_true", help="draw with ASCII characters only")
    parser.add_argument("--no-mouse", action="store_true", help="do not listen to the mouse")
    parser.add_argument("--theme", metavar="NAME", help="theme to use instead of the configured one")


def _without_end_mark(words: list[str]) -> list[str]:
    # Everything after "--" is a path. A leading "./" says the same to argparse, wherever it stands.
    if "--" not in words:
        return words
    mark = words.index("--")
    return words[:mark] + [
        word if word.startswith(("/", "./", "../")) else f"./{word}" for word in words[mark + 1 :]
    ]


def _command_position(words: list[str]) -> int | None:
    skip = False
    for position, word in enumerate(words):
        if skip:
            skip = False
        elif word in _TAKE_VALUES:
            skip = True
        elif not word.startswith("-"):
            return position if word in BY_NAME else None
    return None


def _has_own_subcommands(parser: argparse.ArgumentParser) -> bool:
    return any(isinstance(action, argparse._SubParsersAction) for action in parser._actions)
