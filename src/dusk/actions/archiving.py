"""The act of archiving: a verified copy elsewhere, as a tree or as one packed file, then the trash."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

from dusk.actions.act import Act, Admission, End, Objection, Returned, Situation, Tools, Work
from dusk.actions.archive import Archiving, destination_objection
from dusk.actions.gate import Gate
from dusk.actions.record import Record
from dusk.actions.settling import Settling
from dusk.fs.names import display_path
from dusk.fs.survey import Survey
from dusk.rules.finding import Action


class ArchivingAct(Act):
    """Archive: `archive` copies a tree, and `archive_return` takes that back."""

    action = Action.ARCHIVE

    def objections(self, situation: Situation, survey: Survey, gate: Gate) -> Iterator[Objection]:
        """Yield why the destination cannot take the target."""
        destination = os.path.normpath(situation.step.destination or b".")
        sentence = destination_objection(destination, situation.path, gate.protection)
        if sentence is not None:
            yield Objection(sentence)

    def run(self, items: Sequence[Admission], work: Work) -> Sequence[End]:
        """Copy, verify and trash one target."""
        (item,) = items
        archiving = Archiving(work.journal, work.gate, work.trashes, work.progress, work.cancelled)
        record, state, sentence = archiving.run(item.situation, item.survey, item.record, work.begin)
        return [End(state, sentence, record.destination)]

    def take_back(self, original: Record, record: Record, tools: Tools) -> Returned:
        """Put the source back from the trash or from the copy, and move the copy to its trash."""
        from dusk.actions.archive_return import ArchiveReturn

        archived = ArchiveReturn(tools.journal, tools.trashes, tools.progress, tools.cancelled)
        return Returned(*archived.run(record, original))

    def settle_return(self, original: Record, record: Record, settling: Settling) -> str:
        """Say where the copy is that an interrupted undo did not come to retire."""
        if not record.digest or not os.path.lexists(record.destination):
            return ""
        return f"Its archived copy stays at {display_path(record.destination)}."
