"""Running what changes files: with progress, and with a Ctrl-C that waits for the item at hand."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol, TypeVar

from dusk.actions.outcome import ItemState
from dusk.actions.progress import ExecutionProgress
from dusk.cli.background import Background
from dusk.cli.exit_codes import ExitCode
from dusk.cli.output import print_error
from dusk.cli.progress_line import ProgressLine
from dusk.fs.names import display_path
from dusk.fs.units import format_size

Result = TypeVar("Result")

_TICK = 0.1  # seconds between looks at the progress


def carry_out(work: Callable[[ExecutionProgress, Callable[[], bool]], Result]) -> Result:
    """Run the work in a thread of its own and return what it returns.

    The work is given its progress to write and the question whether to stop. Ctrl-C answers that with
    yes: the item at hand ends, and no other begins.
    """
    progress = ExecutionProgress()
    asked = threading.Event()
    with _interrupts_noted(asked), ProgressLine() as line:
        running = Background(lambda: work(progress, asked.is_set))
        while not running.wait(_TICK) and not asked.is_set():
            line.show(progress_text(progress))
        if asked.is_set():
            line.erase()
            print_error("interrupted: the item at hand ends, and no other begins.")
        while not running.wait(_TICK):
            line.show(progress_text(progress))
        return running.result()


@contextlib.contextmanager
def _interrupts_noted(asked: threading.Event) -> Iterator[None]:
    """Turn Ctrl-C into a wish: an exception could fall between the start of the work and the wait for it."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    previous = signal.signal(signal.SIGINT, lambda *_: asked.set())
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, previous or signal.default_int_handler)


def progress_text(progress: ExecutionProgress) -> str:
    """Return one line that says how far a review or a run is."""
    parts = [
        progress.phase.capitalize() or "Working",
        f"{progress.items_done} of {progress.items_total}",
        f"{format_size(progress.bytes_done)} of {format_size(progress.bytes_total)}",
        progress.pace,
        display_path(progress.current),
    ]
    return " · ".join(part for part in parts if part)


class Ended(Protocol):
    """One item of a run, whichever kind of run it was."""

    @property
    def state(self) -> ItemState:
        """How it ended."""
        ...

    @property
    def sentence(self) -> str:
        """Why, or what else to know."""
        ...


def say_sentences(results: Sequence[Ended]) -> None:
    """Say on standard error what needs saying about single items."""
    for result in results:
        if result.sentence:
            print_error(result.sentence)


def exit_code(results: Sequence[Ended], *, cancelled: bool, refused: int = 0) -> ExitCode:
    """Return the code for the ends of all items; ``refused`` never came so far as to be one of them."""
    bad = refused + sum(result.state in (ItemState.REFUSED, ItemState.FAILED) for result in results)
    if cancelled:
        return ExitCode.INTERRUPTED
    if not bad:
        return ExitCode.DONE
    done = any(result.state is ItemState.DONE for result in results)
    return ExitCode.PARTLY if done else ExitCode.REFUSED
