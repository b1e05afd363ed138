"""Long work beside the screen: reviewing, acting and undoing, each in a daemon thread that is only read from.

A daemon thread never holds up leaving: a thread stuck in a system call on a hung mount dies with dusk.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from dusk.fs.cancellation import Cancelled
from dusk.fs.names import display_name

if TYPE_CHECKING:
    from dusk.actions.executor import Outcome
    from dusk.actions.progress import ExecutionProgress
    from dusk.actions.review import Reviewed
    from dusk.actions.undo import UndoOutcome
    from dusk.fs.protected import Protection
    from dusk.plan.plan import Plan
    from dusk.tui.session import Session

Result = TypeVar("Result")
_TITLE_WORDS = 3


@dataclass(frozen=True, slots=True)
class TaskProgress:
    """How far a task is, at one moment."""

    phase: str = ""
    """What is being done, in a few words."""
    items_done: int = 0
    """Items dealt with."""
    items_total: int = 0
    """Items in all; 0 until known."""
    bytes_done: int = 0
    """Bytes dealt with."""
    bytes_total: int = 0
    """Bytes in all; 0 until known."""
    current: bytes = b""
    """Path being worked on; empty when none is."""
    pace: str = ""
    """Rate and remaining time in words; empty when they say nothing."""


class Task(Generic[Result]):
    """Something that takes a while; started once, polled by a screen, stopped between items."""

    doing = "Working"
    """What the task does, as a heading."""
    failure = "It could not be done"
    """How a sentence about an unexpected failure begins."""

    def __init__(self) -> None:
        """Prepare; nothing runs yet."""
        self.result: Result | None = None
        self.error = ""
        """Why it ended without a result, as a sentence."""
        self._cancelled = threading.Event()
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None
        self._counts: ExecutionProgress | None = None

    def start(self) -> None:
        """Begin; a second call does nothing."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name=type(self).__name__, daemon=True)
            self._thread.start()

    def cancel(self) -> None:
        """Ask it to stop after the item at hand; returns at once."""
        self._cancelled.set()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until it has ended; return whether it has."""
        return self._ended.wait(timeout)

    @property
    def done(self) -> bool:
        """Whether it has ended, with a result or an error."""
        return self._ended.is_set()

    @property
    def cancelled(self) -> bool:
        """Whether it was asked to stop."""
        return self._cancelled.is_set()

    @property
    def progress(self) -> TaskProgress:
        """How far it is; never blocks."""
        counts = self._counts
        if counts is None:
            return TaskProgress(self.doing)
        return TaskProgress(
            phase=counts.phase or self.doing,
            items_done=counts.items_done,
            items_total=counts.items_total,
            bytes_done=counts.bytes_done,
            bytes_total=counts.bytes_total,
            current=counts.current,
            pace=counts.pace,
        )

    def perform(self) -> Result:
        """Do the work, in the task's own thread."""
        raise NotImplementedError

    def _counter(self) -> ExecutionProgress:
        from dusk.actions.progress import ExecutionProgress

        self._counts = ExecutionProgress()
        return self._counts

    def _run(self) -> None:
        try:
            self.result = self.perform()
        except Cancelled:
            self._cancelled.set()
            self.error = "Stopped."
        except Exception as error:  # whatever it was, the person gets a sentence
            self.error = _sentence(error, self.failure)
        finally:
            self._ended.set()


class ReviewTask(Task["Reviewed"]):
    """Reads everything queued from the disk again."""

    doing = "Reading the disk again"
    failure = "The queue could not be reviewed"

    def __init__(self, session: Session, plan: Plan) -> None:
        """Prepare to review a plan."""
        super().__init__()
        self._session = session
        self._plan = plan

    def perform(self) -> Reviewed:
        """Review the plan."""
        from dusk.actions.review import review_plan

        return review_plan(
            self._plan,
            _protection(self._session),
            cancelled=self._cancelled.is_set,
            progress=self._counter(),
            trashes=self._trashes(),
        )

    def _trashes(self) -> tuple[bytes, ...]:
        """Return the places that the journal knows; without a journal acting is refused later anyway."""
        from dusk.actions.journal import JournalError

        try:
            return self._session.journal.places()
        except JournalError:
            return ()


class ActingTask(Task[Result]):
    """A task that changes the disk."""

    def __init__(self, session: Session) -> None:
        """Prepare to act."""
        super().__init__()
        self._session = session

    def settle(self) -> None:
        """Bring tree and queue up to date with what was done; called by the screen, in its own thread."""
        raise NotImplementedError


class ExecutionTask(ActingTask["Outcome"]):
    """Carries out what was reviewed and confirmed."""

    doing = "Acting"
    failure = "The queue could not be carried out"

    def __init__(self, session: Session, reviewed: Reviewed) -> None:
        """Prepare to carry out a reviewed plan."""
        super().__init__(session)
        self.plan = reviewed.plan

    def perform(self) -> Outcome:
        """Carry out the plan."""
        from dusk.actions.executor import Executor

        journal = self._session.journal
        executor = Executor(journal, _protection(self._session), read_only=self._session.read_only)
        return executor.run(
            self.plan,
            title=_title(self.plan),
            progress=self._counter(),
            cancelled=self._cancelled.is_set,
        )

    def settle(self) -> None:
        """Take what was done off the queue and look at its directories again."""
        from dusk.actions.executor import ItemState

        results = self.result.results if self.result is not None else ()
        done = [item for item in results if item.state is ItemState.DONE]
        self._session.acted((item.path for item in done), (item.place for item in done if item.place))


class UndoTask(ActingTask["UndoOutcome"]):
    """Takes a batch back."""

    doing = "Putting things back"
    failure = "Undo could not be carried out"

    def __init__(self, session: Session, batch: int | None) -> None:
        """Prepare to take back one batch, or the newest that can be."""
        super().__init__(session)
        self.batch = batch

    def perform(self) -> UndoOutcome:
        """Take the batch back."""
        from dusk.actions.undo import undo_batch

        journal = self._session.journal
        return undo_batch(journal, self.batch, progress=self._counter(), cancelled=self._cancelled.is_set)

    def settle(self) -> None:
        """Look again at the directories that things went back to."""
        results = self.result.results if self.result is not None else ()
        places = [path for item in results for path in (item.path, item.place) if path]
        self._session.acted((), places)


def _protection(session: Session) -> Protection:
    from dusk.fs.protected import Protection

    return session.protection or Protection.load(session.settings)


def _title(plan: Plan) -> str:
    """Return what a plan is about, for the diary: what the things are, or else their names."""
    words = dict.fromkeys(
        target.title or display_name(target.path.rstrip(b"/").rpartition(b"/")[2]) for target in plan.targets
    )
    rest = len(words) - _TITLE_WORDS
    return ", ".join(list(words)[:_TITLE_WORDS]) + (f" and {rest:,} more" if rest > 0 else "")


def _sentence(error: Exception, failure: str) -> str:
    """Return an error as one sentence: our own errors are sentences, others get a beginning."""
    text = display_name(str(error)).strip() or type(error).__name__
    if type(error).__module__.startswith("dusk."):
        return text
    if isinstance(error, OSError) and error.strerror:
        text = error.strerror
    return f"{failure}: {text}."
