"""The exit codes of every command, and the exception that carries one with its sentence."""

from __future__ import annotations

import enum


class ExitCode(enum.IntEnum):
    """What a script may rely on."""

    DONE = 0
    """Done."""
    REFUSED = 1
    """Something was refused or failed; standard error says what."""
    USAGE = 2
    """Bad usage or a bad configuration file."""
    PARTLY = 3
    """Part of it was done; the journal says what."""
    INTERRUPTED = 130
    """Stopped by Ctrl-C; nothing is half-done."""


class RefusalError(Exception):
    """A command cannot do what was asked; the text is the whole sentence for the user."""

    def __init__(self, sentence: str, code: ExitCode = ExitCode.REFUSED) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.code = code
