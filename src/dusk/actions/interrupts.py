"""Holding back Ctrl-C while files are acted on: it cancels between items and never in the middle of one."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator

from dusk.fs.cancellation import Cancelling


@contextlib.contextmanager
def held_back(cancelled: Cancelling) -> Iterator[Cancelling]:
    """Turn SIGINT into a wish to cancel while the block runs; yield the question to ask for it.

    Only the main thread receives signals; elsewhere this changes nothing.
    """
    if threading.current_thread() is not threading.main_thread():
        yield cancelled
        return
    asked = False

    def note(*_: object) -> None:
        nonlocal asked
        asked = True

    previous = signal.signal(signal.SIGINT, note)
    try:
        yield _either(lambda: asked, cancelled)
    finally:
        signal.signal(signal.SIGINT, previous if previous is not None else signal.default_int_handler)


def _either(first: Callable[[], bool], second: Callable[[], bool]) -> Cancelling:
    return lambda: first() or second()
