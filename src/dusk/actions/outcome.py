"""What a run did, item by item, in the words of all faces."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from dusk.rules.finding import Action


class ItemState(enum.Enum):
    """How one item ended."""

    DONE = "done"
    """Acted, durable and journaled."""
    REFUSED = "refused"
    """The gate did not let it through; nothing was touched."""
    FAILED = "failed"
    """The system did not allow it; nothing was lost, the sentence says how things are."""
    SKIPPED = "skipped"
    """Not begun: cancelled, or gone along with another item."""


@dataclass(frozen=True, slots=True)
class ItemResult:
    """The end of one target."""

    path: bytes
    """Path that it had."""
    action: Action
    """What was to be done."""
    state: ItemState
    """How it ended."""
    sentence: str = ""
    """Why, or what else to know; empty where nothing needs saying."""
    place: bytes = b""
    """Where it is now: its path in the trash, or the archive's copy, or where it was put back."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The end of a run."""

    batch: int | None
    """Number in the journal, for undo; None when nothing was begun."""
    results: tuple[ItemResult, ...]
    """One for each target, in the order of the plan."""
    frees_now: int = 0
    """Bytes that are free on the filesystems of the sources because of this run."""
    frees_after_purge: int = 0
    """Bytes that will be free there once the trash is emptied."""
    needs: int = 0
    """Bytes used more until then, by what was made in place of the sources."""
    free_change: int = 0
    """How many more bytes those filesystems say are free than before the run; others write to them too."""
    cancelled: bool = False
    """Whether someone asked to stop before the end."""

    def count(self, state: ItemState) -> int:
        """Return how many items ended in a state."""
        return sum(result.state is state for result in self.results)


def completed_later(done: str, problem: Exception) -> str:
    """Return what to say of something that is done and could not be written down: recovery does that."""
    why = problem.strerror if isinstance(problem, OSError) else str(problem)
    return f"{done}, but: {(why or str(problem)).rstrip('.')}. The next start of dusk completes it."
