"""The act of trashing: groups of targets by rename into the trash of their own mount."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from dusk.actions import shared_space
from dusk.actions.act import Act, Admission, End, Gathering, Work
from dusk.actions.outcome import ItemState
from dusk.actions.record import State
from dusk.actions.reservation import TrashMove
from dusk.actions.trash import trash_group
from dusk.fs.cancellation import Cancelling
from dusk.fs.survey import Survey
from dusk.plan.step import Forecast, Step
from dusk.rules.finding import Action


class Trashing(Act):
    """Trash: see `trash` for the order of its writes, `restoration` for the way back."""

    action = Action.TRASH
    gathering = Gathering.GROUP

    def preview(
        self, step: Step, surveys: Mapping[bytes, Survey], cancelled: Cancelling
    ) -> dict[bytes, Forecast]:
        """Return where less comes free than the sizes say, because blocks are shared."""
        found = {path: shared_space.forecast_of(path, survey, cancelled) for path, survey in surveys.items()}
        return {path: forecast for path, forecast in found.items() if forecast is not None}

    def run(self, items: Sequence[Admission], work: Work) -> Sequence[End]:
        """Move a group to the trash; raises JournalError when the intents cannot be written."""
        work.progress.at("moving to trash", items[0].record.source)
        batch = work.begin()
        moves = [TrashMove(replace(item.record, batch=batch), item.situation.parent) for item in items]
        trash_group(work.journal, moves, work.trashes)
        return [_end(move) for move in moves]


def _end(move: TrashMove) -> End:
    if move.record.state is State.DONE:
        return End(ItemState.DONE, move.note, move.record.trash_path)
    return End(ItemState.FAILED, move.error)
