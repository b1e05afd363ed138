"""Work that may touch a hung mount, done in a daemon thread, so that Ctrl-C is heard at once.

A system call on a filesystem that never answers cannot be interrupted from Python; a daemon thread can be
left behind.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

Result = TypeVar("Result")

_TICK = 0.1  # seconds between looks at the progress


class Background(Generic[Result]):
    """One piece of work, running since it was made."""

    def __init__(self, work: Callable[[], Result]) -> None:
        self._work = work
        self._result: Result | None = None
        self._error: BaseException | None = None
        self._done = threading.Event()
        threading.Thread(target=self._run, name="dusk-work", daemon=True).start()

    def wait(self, seconds: float) -> bool:
        """Wait at most so long; return whether the work is done."""
        return self._done.wait(seconds)

    def result(self) -> Result:
        """Return what the finished work returned, or raise what it raised."""
        if self._error is not None:
            raise self._error
        return self._result  # type: ignore[return-value]  # set whenever there is no error

    def _run(self) -> None:
        try:
            self._result = self._work()
        except BaseException as error:  # handed to the waiting thread whole
            self._error = error
        finally:
            self._done.set()


def finish(work: Callable[[], Result], on_tick: Callable[[], None] = lambda: None) -> Result:
    """Run the work to its end and return its result; KeyboardInterrupt leaves it behind."""
    running = Background(work)
    while not running.wait(_TICK):
        on_tick()
    return running.result()
