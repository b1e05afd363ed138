"""From acting to its result and, where one is taken back, to acting again: which screen follows which."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dusk.tui.screens.progress import ProgressScreen
from dusk.tui.screens.result import ResultScreen

if TYPE_CHECKING:
    from dusk.actions.outcome import Outcome
    from dusk.actions.undo import UndoOutcome
    from dusk.tui.session import Session
    from dusk.tui.tasks import ActingTask


def progress_of(session: Session, task: ActingTask[Any]) -> ProgressScreen:
    """Return the screen that watches a task and then shows its result."""
    return ProgressScreen(session, task, lambda outcome: result_of(session, outcome))


def result_of(session: Session, outcome: Outcome | UndoOutcome) -> ResultScreen:
    """Return the screen that shows a result and can take it back."""
    return ResultScreen(session, outcome, lambda task: progress_of(session, task))
