"""What the terminal can do: show the app, show a progress line, answer a question."""

from __future__ import annotations

import os
import sys
from typing import TextIO


def is_terminal(stream: TextIO | None) -> bool:
    """Return whether a standard stream is a terminal; a closed or missing one is not."""
    try:
        return stream is not None and stream.isatty()
    except ValueError:
        return False


def obstacle() -> str | None:
    """Return why the app cannot be shown here, as part of a sentence; None when it can.

    The app draws on standard error and reads keys from standard input. Standard output has to be a terminal
    too, so that ``dusk | less`` and ``dusk > file`` get the report.
    """
    for stream, name in (
        (sys.stdin, "standard input"),
        (sys.stdout, "standard output"),
        (sys.stderr, "standard error"),
    ):
        if not is_terminal(stream):
            return f"{name} is not a terminal"
    kind = os.environ.get("TERM", "")
    if kind in ("", "dumb", "unknown"):
        return f"TERM is {kind}" if kind else "TERM is not set"
    return None


def can_ask() -> bool:
    """Return whether a person is there to answer: questions go to standard error, answers come from input."""
    return is_terminal(sys.stdin) and is_terminal(sys.stderr)


def color_support() -> str:
    """Return how many colours the terminal announces: ``none``, ``16``, ``256`` or ``16 million``.

    Source: the conventions of NO_COLOR (no-color.org), COLORTERM and TERM, read in the order Rich reads them.
    """
    kind = os.environ.get("TERM", "").lower()
    if os.environ.get("NO_COLOR"):
        return "none"
    if os.environ.get("COLORTERM", "").lower() in ("truecolor", "24bit"):
        return "16 million"
    if kind.endswith(("256color", "kitty", "direct")):
        return "256"
    return "none" if kind in ("", "dumb", "unknown") else "16"
