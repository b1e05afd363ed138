"""The commands by name, so that only the module of the one that runs is imported."""

from __future__ import annotations

import importlib
from types import ModuleType
from typing import NamedTuple


class CommandEntry(NamedTuple):
    """One command of the command line; not a dataclass, because that import takes longer than the rest."""

    name: str
    """The word typed after ``dusk``."""
    summary: str
    """One line for the list of commands."""
    acts: bool = False
    """Whether it can change files of the user."""

    def module(self) -> ModuleType:
        """Import and return the module that describes and runs it."""
        return importlib.import_module(f"dusk.cli.commands.{self.name.replace('-', '_')}")


COMMANDS = (
    CommandEntry("scan", "walk a directory: totals, errors, rate"),
    CommandEntry("suggest", "list what could go, what losing it costs and what it frees"),
    CommandEntry("explain", "say what a path is and whether it may be deleted"),
    CommandEntry("trash", "move paths to the trash; undoable", acts=True),
    CommandEntry("archive", "copy paths elsewhere, verify, then trash the source; undoable", acts=True),
    CommandEntry("compress", "compress logs and text in place, verify; undoable", acts=True),
    CommandEntry("rotate", "keep the newest days of a pile, pack the rest by day; undoable", acts=True),
    CommandEntry("split", "cut files of lines into shards, verify; undoable", acts=True),
    CommandEntry("requeue", "put stuck items of a queue back in line; undoable", acts=True),
    CommandEntry("dedupe", "find equal files and let them share their blocks", acts=True),
    CommandEntry("empty-dirs", "remove directories without a file at any depth; undoable", acts=True),
    CommandEntry("scaffold", "make the directories of a new layout; undoable", acts=True),
    CommandEntry("undo", "take back the newest batch, or the one named", acts=True),
    CommandEntry("journal", "show what was done, and what was taken back"),
    CommandEntry("bin", "list, restore or empty what is in the trash", acts=True),
    CommandEntry("rules", "list, show or test the rules"),
    CommandEntry("doctor", "check scanner, terminal, mounts, journal, rules and themes"),
    CommandEntry("demo", "build the practice tree and open it"),
    CommandEntry("completion", "print the completion script of a shell"),
)
BY_NAME = {command.name: command for command in COMMANDS}
