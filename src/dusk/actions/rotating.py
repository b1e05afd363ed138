"""The act of rotating: the newest days of a pile stay, each older day becomes one proven pack."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from dusk.actions import checks
from dusk.actions.act import (
    Act,
    Admission,
    Demands,
    End,
    Gathering,
    Objection,
    Returned,
    Situation,
    Tools,
    Work,
)
from dusk.actions.day_pack import DayPack, scatter
from dusk.actions.gate import Gate
from dusk.actions.journal import JournalError
from dusk.actions.moments import Moments
from dusk.actions.outcome import ItemState
from dusk.actions.packed_archive import unpack_product
from dusk.actions.record import Record, State
from dusk.actions.replaced import Rebuilding, retire_products, return_replaced
from dusk.actions.rotation import Rotation, rotation_of
from dusk.actions.rotation_preview import about_rest, days_of, forecast_of, objections_to_pile
from dusk.actions.settling import Settling, is_in_place, is_in_trash, tools_of
from dusk.actions.withdrawal import withdraw_product
from dusk.fs.cancellation import Cancelled, Cancelling, stop_if
from dusk.fs.descent import open_directory
from dusk.fs.identity import Identity
from dusk.fs.survey import Survey
from dusk.fs.units import count_noun
from dusk.plan.step import Forecast, Step
from dusk.rules.finding import Action


class Rotating(Act):
    """Rotate: a target is a whole pile (a directory) or single files of one, all of a step together."""

    action = Action.ROTATE
    gathering = Gathering.STEP

    @property
    def demands(self) -> Demands:
        """Return little: a pile grows while it is rotated, and its newest file may well be open."""
        return Demands(moves=False, trash=False, steady=False, unheld=False)

    def objections(self, situation: Situation, survey: Survey, gate: Gate) -> Iterator[Objection]:
        """Yield why a pile or a file of one cannot be rotated."""
        if stat.S_ISDIR(situation.status.st_mode):
            yield from objections_to_pile(situation, gate)
            return
        if not stat.S_ISREG(situation.status.st_mode):
            yield Objection(f"{situation.shown} is neither a directory nor a file.")
            return
        if situation.target.survey is not None:
            yield from checks.drifted(situation, survey)
        yield from checks.not_permitted(situation)
        yield from checks.held(situation, survey)
        yield from gate.without_trash(situation)

    def preview(
        self, step: Step, surveys: Mapping[bytes, Survey], cancelled: Cancelling
    ) -> dict[bytes, Forecast]:
        """Return what is packed, how many days stay, and by samples what that frees."""
        forecasts: dict[bytes, Forecast] = {path: Forecast() for path in surveys}
        kinds = {path: survey.identity.kind.name == "DIRECTORY" for path, survey in surveys.items()}
        for pile, only in _piles(kinds).items():
            stop_if(cancelled)
            directory = open_directory(pile)
            try:
                rotation = rotation_of(directory, step.options.keep_days, only, cancelled=cancelled)
                first = pile if only is None else os.path.join(pile, min(only))
                forecasts[first] = forecast_of(pile, directory, rotation, step)
            finally:
                os.close(directory)
        return forecasts

    def run(self, items: Sequence[Admission], work: Work) -> Sequence[End]:
        """Rotate the piles of one step, one after the other."""
        kinds = {item.record.source: stat.S_ISDIR(item.situation.status.st_mode) for item in items}
        ends: dict[bytes, End] = {}
        by_path = {item.record.source: item for item in items}
        for pile, only in _piles(kinds).items():
            chosen = [by_path[pile]] if only is None else [by_path[os.path.join(pile, name)] for name in only]
            try:
                ends |= _Pile(pile, only, chosen, work).run()
            except (Cancelled, JournalError):
                if not any(end.state is ItemState.DONE for end in ends.values()):
                    raise
                break
        return [ends.get(item.record.source, End(ItemState.SKIPPED)) for item in items]

    def take_back(self, original: Record, record: Record, tools: Tools) -> Returned:
        """Put the files of one day back where they were, and move their pack to the trash."""
        return return_replaced(
            original,
            record,
            tools,
            _unpack,
            finish=lambda identity: _scatter(original, identity, tools.journal.moments),
        )

    def settle(self, record: Record, settling: Settling) -> None:
        """Finish a day that is in the trash; move the files of any other back."""
        if is_in_trash(record, settling.place_of(record)):
            settling.settle_made(record, in_place=False)
            return
        if not settling.journal.products(record.id):
            settling.settle_made(record, in_place=True)  # it was still packing
            return
        # Before the directory for the packed files had its name, it was empty.
        if not is_in_place(record) and record.state is not State.COPIED:
            settling.unclear(record, "the files that were packed are neither in their place nor in the trash")
            return
        left = _roll_back(record, settling)
        settling.settle_made(record, in_place=True, left=left)

    def settle_return(self, original: Record, record: Record, settling: Settling) -> str:
        """Move the files back into their pile and the pack to the trash, after an interrupted undo."""
        left = _scatter(original, record.identity, settling.journal.moments)
        retired = retire_products(original, record.batch, tools_of(settling))
        return " ".join(one for one in (left, retired) if one)

    def is_back(self, original: Record, record: Record) -> bool:
        """Return whether the files were put back: their own directory is gone once it is empty."""
        return is_in_place(record) or (record.state is State.VERIFIED and not os.path.lexists(record.source))


def _piles(kinds: Mapping[bytes, bool]) -> dict[bytes, tuple[bytes, ...] | None]:
    """Return the directories to rotate with the names in them that may go; None for all names."""
    piles: dict[bytes, tuple[bytes, ...] | None] = {path: None for path, is_pile in kinds.items() if is_pile}
    for path, is_pile in kinds.items():
        if not is_pile:
            above, name = os.path.split(path)
            piles[above] = (*(piles.get(above) or ()), name)
    return piles


@dataclass(slots=True)
class _Pile:
    path: bytes
    only: Collection[bytes] | None
    items: list[Admission]
    work: Work
    done: int = 0
    frees: int = 0
    needs: int = 0
    packed: dict[bytes, bytes] = field(default_factory=dict)
    place: bytes = b""

    def run(self) -> dict[bytes, End]:
        """Pack day by day, the oldest first; return the end of each target."""
        directory = open_directory(self.path)
        try:
            step = self.items[0].step
            self.work.progress.at("choosing days", self.path)
            rotation = rotation_of(
                directory,
                step.options.keep_days,
                self.only,
                insisted=step.insisted,
                cancelled=self.work.cancelled,
            )
            problem = self._packdays_of(directory, rotation)
        finally:
            os.close(directory)
        if self.only is None:
            return {self.items[0].record.source: self._end_of_pile(rotation, problem)}
        return {item.record.source: self._end_of_file(item, rotation, problem) for item in self.items}

    def _packdays_of(self, directory: int, rotation: Rotation) -> str:
        """Return why not all days were packed, as a sentence; empty when all were."""
        for day, files in rotation.days.items():
            try:
                stop_if(self.work.cancelled)
                record = replace(self.items[0].record, title=f"Files of {day}")
                end = DayPack(directory, self.path, record=record, work=self.work, files=files, day=day).run()
            except (Cancelled, JournalError) as problem:
                if not self.done:
                    raise
                return str(problem) or "Stopped on request."
            if end.error:
                return end.error
            self.done += 1
            self.frees += end.record.frees_after_purge
            self.needs += end.needs
            self.place = self.place or end.record.destination
            self.packed |= {file.name: end.record.destination for file in files}
        return ""

    def _end_of_pile(self, rotation: Rotation, problem: str) -> End:
        said = f"{self.done} of {count_noun(len(rotation.days), 'day')} were packed. {problem}"
        if problem:
            return End(ItemState.FAILED, said if self.done else problem, self.place)
        sentence = about_rest(rotation).strip()
        return End(ItemState.DONE, sentence, self.place, frees_after_purge=self.frees, needs=self.needs)

    def _end_of_file(self, item: Admission, rotation: Rotation, problem: str) -> End:
        name = item.situation.name
        if name in self.packed:
            frees, self.frees = self.frees, 0
            needs, self.needs = self.needs, 0
            return End(ItemState.DONE, "", self.packed[name], frees_after_purge=frees, needs=needs)
        if name in rotation.left_out:
            return End(ItemState.REFUSED, f"{item.situation.shown} {rotation.left_out[name]}.")
        if name in rotation.kept:
            newest = days_of(item.step)
            return End(ItemState.SKIPPED, f"{item.situation.shown} is of the newest {newest}, so it stays.")
        return End(ItemState.FAILED, problem or f"{item.situation.shown} is not there any more.")


def _scatter(original: Record, identity: Identity, moments: Moments) -> str:
    """Move the files of a day out of their own directory into their pile; return what is left, in words.

    Raises OSError when that has to be tried again.
    """
    pile = open_directory(os.path.dirname(original.source))
    try:
        return scatter(pile, original.source, identity, original.parent_before_ns, moments)
    finally:
        os.close(pile)


def _unpack(rebuilding: Rebuilding) -> str:
    """Make the directory with the files of a day again, out of its pack."""
    os.mkdir(os.path.basename(rebuilding.original.source), 0o700, dir_fd=rebuilding.holder)
    return unpack_product(rebuilding)


def _roll_back(record: Record, settling: Settling) -> str:
    """Move the files of an interrupted day back and withdraw its pack; return what is left, as a sentence.

    Raises OSError when that has to be tried again.
    """
    pile, moments = open_directory(os.path.dirname(record.source)), settling.journal.moments
    try:
        left = scatter(pile, record.source, record.identity, record.parent_before_ns, moments)
        for product in settling.journal.products(record.id):
            keeping = moments.time_kept_without(product.path, pile, record.parent_before_ns)
            with contextlib.suppress(OSError), keeping:
                withdraw_product(pile, os.path.basename(record.working), product)
    finally:
        os.close(pile)
    return f" {left}" if left else ""
