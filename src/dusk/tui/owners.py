"""Names of users, looked up where they cannot freeze the screen: a directory service may answer late."""

from __future__ import annotations

import pwd
import queue
import threading


class OwnerNames:
    """User names by number, each asked for once, in a daemon thread."""

    def __init__(self) -> None:
        """Know nobody yet."""
        self._names: dict[int, str] = {}
        self._wanted: queue.SimpleQueue[int] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self.revision = 0
        """Grows with every name that became known."""

    def name(self, owner: int) -> str:
        """Return a user's name, or the number as text until it is known."""
        if owner not in self._names:
            self._names[owner] = str(owner)
            self._wanted.put(owner)
            if self._thread is None:
                self._thread = threading.Thread(target=self._look_up, name="owners", daemon=True)
                self._thread.start()
        return self._names[owner]

    def set_name(self, owner: int, name: str) -> None:
        """Take a name as known."""
        self._names[owner] = name

    def _look_up(self) -> None:
        while True:
            owner = self._wanted.get()
            try:
                self._names[owner] = pwd.getpwuid(owner).pw_name
            except (KeyError, OSError):
                continue
            self.revision += 1
