"""Undo: taking a batch back, the last thing first."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace

from dusk.actions.act import Returned, Tools
from dusk.actions.acts import act_of
from dusk.actions.interrupts import held_back
from dusk.actions.journal import Journal, JournalError
from dusk.actions.outcome import ItemResult, ItemState
from dusk.actions.progress import ExecutionProgress
from dusk.actions.record import BatchKind, BatchRecord, Product, Record, State
from dusk.actions.replaced import verified_open
from dusk.actions.restoration import TrashReturn, restore_group
from dusk.actions.trash import GROUP
from dusk.actions.trash_choice import TrashDirectories
from dusk.fs.cancellation import Cancelled, Cancelling, never
from dusk.fs.names import display_path
from dusk.rules.finding import Action


class NothingToUndo(Exception):  # noqa: N818 - a finding, not an error
    """There is no batch that can be taken back; the text says why."""


@dataclass(frozen=True, slots=True)
class UndoOutcome:
    """What an undo did."""

    batch: int
    """The batch that was taken back."""
    results: tuple[ItemResult, ...]
    """One for each item of it, the last first."""
    cancelled: bool = False
    """Whether someone asked to stop before the end."""

    def count(self, state: ItemState) -> int:
        """Return how many items ended in a state."""
        return sum(result.state is state for result in self.results)


def undo_batch(
    journal: Journal,
    batch: int | None = None,
    *,
    progress: ExecutionProgress | None = None,
    cancelled: Cancelling = never,
) -> UndoOutcome:
    """Take back a batch, or the newest one that is not undone yet.

    What cannot be put back stays in the trash and is reported. Raises NothingToUndo, and JournalError
    when the journal cannot be written; then nothing was moved.
    """
    with held_back(cancelled) as asked, journal.acting():
        chosen = _choose(journal, batch)
        records = [
            record for record in journal.records(chosen.id) if record.state in (State.DONE, State.PURGED)
        ]
        shown = progress or ExecutionProgress()
        shown.begin(len(records), sum(record.apparent_size for record in records))
        run = _UndoRun(journal, chosen, shown, asked)
        try:
            run.take_back(records[::-1])
        finally:
            run.close()
            shown.finish()
        return UndoOutcome(chosen.id, tuple(run.results), run.was_cancelled)


def newest_undoable(journal: Journal) -> BatchRecord:
    """Return the newest batch of which something can be taken back. Raises NothingToUndo.

    Out of the trash, or where that was emptied, out of what had been made of it and is still there.
    """
    found = journal.undoable_batches()
    for batch in found:
        if batch.undoable > batch.states.get(State.PURGED, 0):
            return batch
        records = [record for record in journal.records(batch.id) if record.is_undoable]
        if any(record.state is State.DONE or _can_be_made_again(journal, record) for record in records):
            return batch
    if not found:
        raise NothingToUndo("There is nothing to undo.")
    raise NothingToUndo(
        f"There is nothing to undo: of batch {found[0].id} the trash was emptied since, and what had been "
        "made of it is gone or was changed."
    )


def _can_be_made_again(journal: Journal, record: Record) -> bool:
    """Return whether all that an act made is there as it was; of a copied tree, whether it is there."""
    made = [product for product in journal.products(record.id) if product.role == "made"]
    return all(map(_is_whole, made)) if made else os.path.lexists(record.destination)


def _is_whole(product: Product) -> bool:
    try:
        os.close(verified_open(product))
    except OSError:
        return False
    return True


def _choose(journal: Journal, number: int | None) -> BatchRecord:
    if number is None:
        return newest_undoable(journal)
    batch = journal.batch(number)
    if batch is None:
        raise NothingToUndo(f"The journal has no batch {number}.")
    if batch.kind is not BatchKind.ACT:
        raise NothingToUndo(f"Batch {number} is not one that acted on files, so it cannot be undone.")
    if not batch.undoable:
        states = batch.states
        if states.get(State.UNDONE):
            raise NothingToUndo(f"Batch {number} is undone already.")
        if states.get(State.PURGED):
            raise NothingToUndo(f"Batch {number} cannot be undone: the trash was emptied since.")
        raise NothingToUndo(f"Batch {number} changed nothing, so there is nothing to undo.")
    return batch


def not_returned(original: Record, error: OSError) -> Returned:
    """Return what to say when the disk kept an act from being taken back; the rest of a batch goes on."""
    sentence = f"{display_path(original.source)} cannot be put back: {error.strerror}. Undo again."
    return Returned(ItemState.FAILED, sentence)


class _UndoRun:
    def __init__(
        self, journal: Journal, chosen: BatchRecord, progress: ExecutionProgress, cancelled: Cancelling
    ) -> None:
        self.journal = journal
        self.chosen = chosen
        self.progress = progress
        self.cancelled = cancelled
        self.trashes = TrashDirectories(journal.places())
        self.results: list[ItemResult] = []
        self.was_cancelled = False
        self._batch = 0

    def take_back(self, records: list[Record]) -> None:
        group: list[TrashReturn] = []
        for record in records:
            if self.was_cancelled or self.cancelled():
                self.was_cancelled = True
                self._end(record, ItemState.SKIPPED, "")
            elif record.is_final:
                sentence = f"{display_path(record.source)} cannot be taken back: that was known before."
                self._end(record, ItemState.FAILED, sentence)
            elif record.action != Action.TRASH.value:
                self._flush(group)
                self._take_back(record)
            elif record.state is State.PURGED:
                sentence = f"{display_path(record.source)} is gone: the trash was emptied since."
                self._end(record, ItemState.FAILED, sentence)
            else:
                group.append(TrashReturn(self._return_record(record), record))
                if len(group) >= GROUP:
                    self._flush(group)
        self._flush(group)

    def close(self) -> None:
        self.trashes.close()
        if self._batch:
            self.journal.finish(self._batch)

    def _flush(self, group: list[TrashReturn]) -> None:
        if not group:
            return
        self.progress.at("putting back", group[0].record.source)
        restore_group(self.journal, group, self.trashes)
        for item in group:
            self._end_return(item)
        group.clear()

    def _end_return(self, item: TrashReturn) -> None:
        original = item.original
        assert original is not None
        if item.record.state is State.DONE:
            self._end(original, ItemState.DONE, item.note, original.source)
        elif item.is_gone:
            self._end_gone(item, original)
        else:
            state = ItemState.REFUSED if item.is_refusal else ItemState.FAILED
            self._end(original, state, item.error, original.trash_path)

    def _end_gone(self, item: TrashReturn, original: Record) -> None:
        """Close the record of an item that someone else took out of the trash."""
        try:
            status = os.lstat(original.source)
            is_back = (status.st_dev, status.st_ino) == (original.identity.device, original.identity.inode)
        except OSError:
            is_back = False
        if is_back:
            self.journal.write([replace(original, state=State.UNDONE)], closing=True)
            sentence = f"{display_path(original.source)} was back already."
            self._end(original, ItemState.DONE, sentence, original.source)
        else:
            self.journal.write([replace(original, state=State.PURGED)], closing=True)
            self._end(original, ItemState.FAILED, item.error)

    def _take_back(self, record: Record) -> None:
        act = act_of(record.action)
        if act is None:
            sentence = f"This dusk does not know how to take back “{record.action}”."
            self._end(record, ItemState.FAILED, sentence)
            return
        self.progress.at("putting back", record.source)
        tools = Tools(self.journal, self.trashes, self.progress, self.cancelled)
        begun = self.progress.bytes_done
        try:
            returned = act.take_back(record, self._return_record(record), tools)
        except Cancelled:
            self.was_cancelled = True
            returned = Returned(ItemState.SKIPPED)
        except OSError as error:
            returned = not_returned(record, error)
        finally:
            self.progress.bytes_done = begun
        place = record.source if returned.state is ItemState.DONE else b""
        self._end(record, returned.state, returned.sentence, place)

    def _return_record(self, record: Record) -> Record:
        if not self._batch:
            self._batch = self.journal.begin(BatchKind.UNDO, self.chosen.title, self.chosen.id)
        return replace(
            record,
            id=0,
            batch=self._batch,
            action="restore",
            state=State.INTENT,
            reverses=record.id,
            intent_ns=0,
            error="",
            detail="",
            parent_before_ns=0,
            parent_after_ns=0,
        )

    def _end(self, record: Record, state: ItemState, sentence: str, place: bytes = b"") -> None:
        self.results.append(ItemResult(record.source, Action(record.action), state, sentence, place))
        self.progress.add_bytes(record.apparent_size)
        self.progress.add_item()


__all__ = ["JournalError", "NothingToUndo", "UndoOutcome", "newest_undoable", "undo_batch"]
