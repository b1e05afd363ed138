"""The journal, opened and recovered beside the screen: its directory may lie on a slow disk."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dusk.actions.journal import Journal

Opening = Callable[[], "tuple[Journal, tuple[str, ...]]"]
"""Opens the journal; returns it with what a person should be told."""


class JournalKeeper:
    """Opens the journal once, in its own daemon thread, and hands it out."""

    def __init__(self, opening: Opening, tell: Callable[..., None]) -> None:
        """Prepare to open; ``tell`` takes sentences for the person, from any thread."""
        self._opening = opening
        self._tell = tell
        self._journal: Journal | None = None
        self._error: Exception | None = None
        self._ready = threading.Event()
        self._begun = False
        self._lock = threading.Lock()

    def start(self) -> None:
        """Begin to open it, the first time; returns at once."""
        with self._lock:
            begun, self._begun = self._begun, True
        if not begun:
            threading.Thread(target=self._open, name="journal", daemon=True).start()

    def journal(self) -> Journal:
        """Return the journal once it is open. Raises JournalError when it cannot be used."""
        self.start()
        self._ready.wait()
        if self._journal is None:
            raise self._error or RuntimeError("the journal was not opened")
        return self._journal

    def _open(self) -> None:
        try:
            self._journal, sentences = self._opening()
            self._tell(*sentences)
        except Exception as error:
            # Whatever it was, the person must hear of it, and a wish to act must not wait for ever.
            self._error = error
            self._tell(f"The journal cannot be used, so nothing can be acted on: {error}")
        finally:
            self._ready.set()


def open_and_recover() -> tuple[Journal, tuple[str, ...]]:
    """Open the user's journal and settle what a killed run left open; return what that came to.

    Raises JournalError.
    """
    from dusk.actions.recovery import recover

    journal, notices = open_for_looking()
    return journal, (*notices, *recover(journal).sentences)


def open_for_looking() -> tuple[Journal, tuple[str, ...]]:
    """Open the user's journal and leave everything as it is. Raises JournalError."""
    from dusk.actions.journal import Journal

    journal = Journal.open()
    return journal, journal.notices
