"""What an act is: one module for each action, all carried out, taken back and settled in one way.

To add an action, write a class below `Act` and give it a row in `acts.TABLE`. Everything else (the gate,
the journal's batches, progress, cancelling, undo, recovery) asks the table and knows no action by name.

An act keeps three promises. It raises Refused, Cancelled or JournalError only while nothing of the user's
was touched. It writes to the journal what it is going to do before it does it, so that `settle` can find
out, by inode and never by guessing, how far a kill let it come. And whatever it deletes is its own: what
was a user's goes to the trash.
"""

from __future__ import annotations

import abc
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, ClassVar

from dusk.actions.checks import Demands, Objection, Situation
from dusk.actions.gate import Gate
from dusk.actions.journal import Journal
from dusk.actions.outcome import ItemState
from dusk.actions.progress import ExecutionProgress
from dusk.actions.record import Record
from dusk.actions.trash_choice import TrashDirectories
from dusk.fs.cancellation import Cancelling
from dusk.fs.survey import Survey
from dusk.plan.step import Forecast, Step, Target
from dusk.rules.finding import Action

if TYPE_CHECKING:
    from dusk.actions.settling import Settling

__all__ = [
    "Act", "Admission", "Demands", "End", "Gathering", "Objection", "Returned", "Situation", "Tools", "Work",
]  # fmt: skip


class Gathering(Enum):
    """How many targets an act takes at once."""

    ONE = "one"
    """One by one."""
    GROUP = "group"
    """Any that come together, up to 256 and a fifth of a second, whatever step they are of."""
    STEP = "step"
    """All of one step that the gate lets through."""


@dataclass(frozen=True, slots=True)
class Admission:
    """A target that the gate let through a moment ago."""

    situation: Situation
    """The target with its open directory."""
    survey: Survey
    """It and all below it, as just seen."""
    record: Record
    """What the journal is to remember of it; not written yet, and without a batch."""

    @property
    def step(self) -> Step:
        """The step that it belongs to."""
        return self.situation.step

    @property
    def target(self) -> Target:
        """What was planned."""
        return self.situation.target


@dataclass(frozen=True, slots=True)
class End:
    """How an act on one target ended."""

    state: ItemState
    """DONE, REFUSED, FAILED or SKIPPED."""
    sentence: str = ""
    """Why, or what else to know; empty where nothing needs saying."""
    place: bytes = b""
    """Where it is now."""
    frees_now: int = 0
    """Bytes that are free because of it already."""
    frees_after_purge: int | None = None
    """Bytes that will be free once the trash is emptied; None for just what the target held."""
    needs: int = 0
    """Bytes that what was made in its place holds on the target's filesystem: taken off the above."""


@dataclass(frozen=True, slots=True)
class Returned:
    """How taking one act back ended."""

    state: ItemState
    """DONE, REFUSED or FAILED."""
    sentence: str = ""
    """Why, or what else to know."""


@dataclass(frozen=True, slots=True)
class Tools:
    """What a run has open, for every act of it."""

    journal: Journal
    """The journal; an act writes its records with it."""
    trashes: TrashDirectories
    """The trash directories, each opened once."""
    progress: ExecutionProgress
    """Where to say what is being done; ``add_bytes`` counts bytes of the target that are done."""
    cancelled: Cancelling
    """Whether to stop: ask it between items and in long ones, and raise Cancelled before anything counts."""


@dataclass(frozen=True, slots=True)
class Work(Tools):
    """The same for a run that carries out a plan."""

    gate: Gate
    """The gate, for an act that has to look at its source again."""
    begin: Callable[[], int]
    """Return the batch that records belong to; the first call writes it."""


class Act(abc.ABC):
    """One action. Instances hold no state: one serves all runs and all threads."""

    action: ClassVar[Action]
    """The action that this carries out; its value is ``Record.action``."""
    gathering: ClassVar[Gathering] = Gathering.ONE
    """How many targets `run` is given."""

    @property
    def demands(self) -> Demands:
        """What the gate is to ask of each target; everything, unless the act says less."""
        return Demands()

    def objections(self, situation: Situation, survey: Survey, gate: Gate) -> Iterator[Objection]:
        """Yield what speaks against this act on this target. Touches nothing.

        Asked at the review and again at the moment of acting, when everything else was found to be well.
        """
        yield from ()

    def preview(
        self, step: Step, surveys: Mapping[bytes, Survey], cancelled: Cancelling
    ) -> dict[bytes, Forecast]:
        """Return by path what acting comes to, where the sizes do not say it. Touches nothing.

        ``surveys`` are those of the targets that the review saw. Raises Cancelled and OSError.
        """
        return {}

    @abc.abstractmethod
    def run(self, items: Sequence[Admission], work: Work) -> Sequence[End]:
        """Act on targets, as many as `gathering` says, and return the end of each in the same order.

        Raises Refused, Cancelled, JournalError and OSError, all of them only while nothing was touched.
        """

    def take_back(self, original: Record, record: Record, tools: Tools) -> Returned:
        """Take one act back. By default its source comes out of the trash and its products go there.

        ``record`` is the unwritten record of the return: ``action`` is ``restore`` and ``reverses`` the
        original. The original is to be UNDONE at the end. Raises JournalError, Cancelled and OSError, all of
        them before anything was put back.
        """
        from dusk.actions.replaced import return_replaced

        return return_replaced(original, record, tools)

    def settle(self, record: Record, settling: Settling) -> None:
        """Bring an act that was interrupted to one of its two ends, and say which. A second call must not be.

        By default the source is in its place, then what was made is removed and the record FAILED; or it
        is in the trash, then the record is DONE. Raises OSError and JournalError: tried again next time.
        """
        settling.settle_source(record)

    def settle_return(self, original: Record, record: Record, settling: Settling) -> str:
        """Finish taking back, after a kill, what `take_back` had put back; return a sentence about the rest.

        Called once the source is known to be in its place, before the original is written UNDONE.
        """
        return ""

    def is_away(self, original: Record, record: Record) -> bool:
        """Return whether what an interrupted return was to bring back is still where the act put it.

        Asked when the source is neither in its place nor in the trash: then the return had not begun.
        """
        return False

    def is_back(self, original: Record, record: Record) -> bool:
        """Return whether an interrupted return got as far as having its source in its place again."""
        from dusk.actions.settling import is_in_place

        return is_in_place(record)
