"""The command line as facts, read from the parsers: what completions and the documentation check need."""

from __future__ import annotations

import argparse
import functools
from collections.abc import Iterator
from dataclasses import dataclass

from dusk.cli.command_table import COMMANDS
from dusk.cli.parser import app_parser, command_parsers


@dataclass(frozen=True, slots=True)
class Flag:
    """One option."""

    names: tuple[str, ...]
    """Its spellings, such as ``-h`` and ``--help``."""
    help: str
    """What it does, in one line."""
    value: str
    """Placeholder of its value, such as ``DIR``; empty when it takes none."""
    choices: tuple[str, ...] = ()
    """The only values it takes; empty when any goes."""


@dataclass(frozen=True, slots=True)
class Verb:
    """One command, or one command of a command, or dusk itself."""

    words: tuple[str, ...]
    """What is typed: ``()`` for dusk itself, ``("bin", "empty")``."""
    summary: str
    """What it does, in one line."""
    flags: tuple[Flag, ...]
    """Its options."""
    positionals: tuple[str, ...]
    """Placeholders of its arguments, such as ``PATH``."""
    choices: tuple[str, ...] = ()
    """The only words its first argument takes; empty when any goes."""


@functools.cache
def verbs() -> tuple[Verb, ...]:
    """Return dusk itself, then every command and the commands below it."""
    found = [_verb((), "", app_parser())]
    parsers = command_parsers()
    for command in COMMANDS:
        found.extend(_below((command.name,), command.summary, parsers[command.name]))
    return tuple(found)


def _below(words: tuple[str, ...], summary: str, parser: argparse.ArgumentParser) -> Iterator[Verb]:
    yield _verb(words, summary, parser)
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            summaries = {choice.dest: choice.help or "" for choice in action._choices_actions}
            for name, child in action.choices.items():
                yield from _below((*words, name), summaries.get(name, ""), child)


def _verb(words: tuple[str, ...], summary: str, parser: argparse.ArgumentParser) -> Verb:
    flags: list[Flag] = []
    positionals: list[str] = []
    choices: tuple[str, ...] = ()
    for action in parser._actions:
        allowed = tuple(str(choice) for choice in action.choices or ())
        if action.option_strings:
            value = "" if action.nargs == 0 else str(action.metavar or action.dest.upper())
            flags.append(Flag(tuple(action.option_strings), action.help or "", value, allowed))
        elif isinstance(action, argparse._SubParsersAction):
            choices = allowed
        else:
            positionals.append(str(action.metavar or action.dest.upper()))
            choices = choices or allowed
    return Verb(words, summary, tuple(flags), tuple(positionals), choices)
