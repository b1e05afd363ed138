"""Stopping long work on request: a function that is asked now and then, and what is raised at a yes."""

from __future__ import annotations

from collections.abc import Callable

Cancelling = Callable[[], bool]


class Cancelled(Exception):  # noqa: N818 - a wish, not an error
    """Someone asked to stop; nothing that counts was half done."""


def never() -> bool:
    """Return False: work that nobody can stop."""
    return False


def stop_if(cancelled: Cancelling) -> None:
    """Raise Cancelled when it was asked for."""
    if cancelled():
        raise Cancelled
