"""The act of archiving: a verified copy elsewhere, as a tree or as one packed file, then the trash."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence

from dusk.actions.act import Act, Admission, End, Objection, Returned, Situation, Tools, Work
from dusk.actions.archive import Archiving, destination_objection
from dusk.actions.archive_return import ArchiveReturn
from dusk.actions.gate import Gate
from dusk.actions.packed_archive import FORM, archive_packed, return_packed
from dusk.actions.record import Record
from dusk.actions.replaced import retire_products
from dusk.actions.replacement import short_of_space
from dusk.actions.settling import Settling, tools_of
from dusk.actions.shrinking import sample_tree
from dusk.fs.cancellation import Cancelling, stop_if
from dusk.fs.descent import open_parent
from dusk.fs.names import display_path
from dusk.fs.survey import Survey
from dusk.fs.units import format_size
from dusk.plan.step import Forecast, Step
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
        elif situation.step.options.form == FORM:
            yield from self._unpackable(situation, survey)

    @staticmethod
    def _unpackable(situation: Situation, survey: Survey) -> Iterator[Objection]:
        if survey.unreadable:
            yield Objection(f"{situation.shown} cannot be packed: parts of it cannot be read.")
            return
        sampled = sample_tree(situation.parent, situation.name, survey.apparent_size)
        if sampled.odd is not None:
            yield Objection(
                f"{situation.shown} cannot be packed: {display_path(sampled.odd)} in it is no file, "
                "directory, link or pipe."
            )
        destination = os.path.realpath(situation.step.destination)
        short = short_of_space(destination, sampled.estimate)
        if short is not None:
            yield Objection(f"{situation.shown} cannot be packed into {display_path(destination)}: {short}.")

    def preview(
        self, step: Step, surveys: Mapping[bytes, Survey], cancelled: Cancelling
    ) -> dict[bytes, Forecast]:
        """Return what packing comes to, by samples of the biggest files; a plain copy needs no preview."""
        forecasts: dict[bytes, Forecast] = {}
        if step.options.form != FORM:
            return forecasts
        for path, survey in surveys.items():
            stop_if(cancelled)
            parent, name = open_parent(path)
            try:
                sampled = sample_tree(parent, name, survey.apparent_size, cancelled=cancelled)
            finally:
                os.close(parent)
            frees = survey.disk_size - sum(
                link.disk_size for link in survey.linked if link.found < link.links
            )
            is_same_disk = step.destination_device == survey.identity.device
            forecasts[path] = Forecast(
                frees_after_purge=max(0, frees - (sampled.estimate if is_same_disk else 0)),
                needs=sampled.estimate if is_same_disk else 0,
                is_estimate=True,
                sentence=(
                    f"The pack of {display_path(path)} would be about {format_size(sampled.estimate)} of "
                    f"{format_size(survey.apparent_size)}."
                ),
            )
        return forecasts

    def run(self, items: Sequence[Admission], work: Work) -> Sequence[End]:
        """Copy, verify and trash one target."""
        (item,) = items
        if item.step.options.form == FORM:
            return [archive_packed(item, work, self.demands)]
        archiving = Archiving(work.journal, work.gate, work.trashes, work.progress, work.cancelled)
        record, state, sentence = archiving.run(item.situation, item.survey, item.record, work.begin)
        return [End(state, sentence, record.destination)]

    def take_back(self, original: Record, record: Record, tools: Tools) -> Returned:
        """Put the source back from the trash or from the copy, and move the copy to its trash."""
        if tools.journal.products(original.id):
            return return_packed(original, record, tools)
        archived = ArchiveReturn(tools.journal, tools.trashes, tools.progress, tools.cancelled)
        return Returned(*archived.run(record, original))

    def settle_return(self, original: Record, record: Record, settling: Settling) -> str:
        """Move the pack to the trash, or say where the copy is, which an interrupted undo did not come to."""
        if settling.journal.products(original.id):
            return retire_products(original, record.batch, tools_of(settling))
        if not record.digest or not os.path.lexists(record.destination):
            return ""
        return f"Its archived copy stays at {display_path(record.destination)}."
