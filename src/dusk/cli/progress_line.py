"""One line on standard error that says how far a long command is; erased before anything else is said."""

from __future__ import annotations

import os
import sys
import time
import unicodedata
from types import TracebackType

from dusk.cli.terminal import is_terminal

_INTERVAL = 0.25  # seconds: four lines a second are quick enough to read and cheap over SSH


class ProgressLine:
    """The line. Writes nothing at all where standard error is no terminal."""

    def __init__(self, *, quiet: bool = False) -> None:
        self._shown = 0
        self._due = 0.0
        self._enabled = not quiet and is_terminal(sys.stderr)

    def __enter__(self) -> ProgressLine:
        """Return the line itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Erase the line, whatever happened."""
        self.erase()

    @property
    def is_due(self) -> bool:
        """Whether a new text would be shown now; ask before composing one."""
        return self._enabled and time.monotonic() >= self._due

    def show(self, text: str) -> None:
        """Replace the line; left out when the last one is younger than a quarter of a second."""
        if not self.is_due:
            return
        self._due = time.monotonic() + _INTERVAL
        line, cells = _cut(text, _columns() - 1)
        # Spaces instead of an erase sequence: works on every terminal, TERM=dumb included.
        sys.stderr.write("\r" + line + " " * max(0, self._shown - cells))
        sys.stderr.flush()
        self._shown = cells

    def erase(self) -> None:
        """Take the line away."""
        if self._shown:
            sys.stderr.write("\r" + " " * self._shown + "\r")
            sys.stderr.flush()
            self._shown = 0


def _columns() -> int:
    try:
        return os.get_terminal_size(sys.stderr.fileno()).columns or 80
    except (OSError, ValueError):
        return 80


def _cut(text: str, width: int) -> tuple[str, int]:
    cells = 0
    for position, character in enumerate(text):
        cell = _cells(character)
        if cells + cell > width:
            return text[:position], cells
        cells += cell
    return text, cells


def _cells(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
