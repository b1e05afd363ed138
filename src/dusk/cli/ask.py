"""Questions at a terminal. The safe answer is the default, and silence is a no."""

from __future__ import annotations

import contextlib
import sys
import termios


def ask_yes(question: str) -> bool:
    """Ask on standard error and return whether the answer was yes; anything else is no."""
    return _answer(f"{question} [y/N] ").lower() in ("y", "yes")


def ask_word(question: str, word: str) -> bool:
    """Ask for a word that is typed out, for what cannot be undone; return whether it was typed."""
    return _answer(f"{question}\nType {word} to go on: ") == word


def _answer(prompt: str) -> str:
    sys.stdout.flush()
    _forget_typed_ahead()
    sys.stderr.write(prompt)
    sys.stderr.flush()
    line = sys.stdin.readline()
    if not line.endswith("\n"):
        sys.stderr.write("\n")  # Ctrl-D leaves the cursor behind the question.
    return line.strip()


def _forget_typed_ahead() -> None:
    """Drop what was typed before the question could be read: an answer must follow its question."""
    with contextlib.suppress(termios.error, OSError, ValueError):
        termios.tcflush(sys.stdin.fileno(), termios.TCIFLUSH)
