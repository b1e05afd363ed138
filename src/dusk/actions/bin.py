"""The bin: putting items of the trash back, or deleting them for good."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable
from dataclasses import dataclass, replace

from dusk.actions import directory_sizes, purge
from dusk.actions.act import Returned, Tools
from dusk.actions.acts import act_of
from dusk.actions.expunged import sweep
from dusk.actions.interrupts import held_back
from dusk.actions.journal import Journal, JournalError
from dusk.actions.orphans import sweep_documents
from dusk.actions.outcome import ItemState
from dusk.actions.progress import ExecutionProgress
from dusk.actions.purge import Deletion
from dusk.actions.record import BatchKind, Record, State
from dusk.actions.restoration import TrashReturn, restore_group
from dusk.actions.trash import GROUP
from dusk.actions.trash_choice import TrashDirectories
from dusk.actions.trash_directory import Unusable
from dusk.actions.trash_listing import TrashItem, bin_places, disk_size_of, list_bin, measured
from dusk.actions.undo import not_returned
from dusk.fs.cancellation import Cancelled, Cancelling, never
from dusk.fs.names import display_path

# Items that are deleted together cannot be stopped in between, so they may not be too much together.
_GROUP_ENTRIES = 20_000

__all__ = [
    "BinOutcome",
    "BinResult",
    "TrashItem",
    "bin_places",
    "disk_size_of",
    "empty",
    "list_bin",
    "measured",
    "restore",
]


@dataclass(frozen=True, slots=True)
class BinResult:
    """How one item ended."""

    item: TrashItem
    """The item."""
    state: ItemState
    """How it ended."""
    sentence: str = ""
    """Why, or what else to know."""


@dataclass(frozen=True, slots=True)
class BinOutcome:
    """What a restore or an emptying did."""

    batch: int | None
    """Number in the journal; None when nothing was begun."""
    results: tuple[BinResult, ...]
    """One for each item."""
    freed: int = 0
    """Disk bytes that deleting freed."""
    cancelled: bool = False
    """Whether someone asked to stop before the end."""

    def count(self, state: ItemState) -> int:
        """Return how many items ended in a state."""
        return sum(result.state is state for result in self.results)


def restore(
    items: Iterable[TrashItem],
    *,
    journal: Journal,
    progress: ExecutionProgress | None = None,
    cancelled: Cancelling = never,
) -> BinOutcome:
    """Put items back where they came from; nothing is ever replaced. Raises JournalError."""
    chosen = sorted(items, key=_order_of_return)
    with held_back(cancelled) as asked, journal.acting():
        run = _BinRun(journal, BatchKind.RESTORE, progress or ExecutionProgress(), asked)
        try:
            return run.restore(chosen)
        finally:
            run.close()


def empty(
    items: Iterable[TrashItem],
    *,
    journal: Journal,
    progress: ExecutionProgress | None = None,
    cancelled: Cancelling = never,
) -> BinOutcome:
    """Delete items for good, which cannot be undone; return what that freed. Raises JournalError."""
    chosen = list(items)
    with held_back(cancelled) as asked, journal.acting():
        run = _BinRun(journal, BatchKind.EMPTY, progress or ExecutionProgress(), asked)
        try:
            return run.empty(chosen)
        finally:
            run.close()


class _BinRun:
    def __init__(
        self, journal: Journal, kind: BatchKind, progress: ExecutionProgress, cancelled: Cancelling
    ) -> None:
        self.journal = journal
        self.kind = kind
        self.progress = progress
        self.cancelled = cancelled
        self.trashes = TrashDirectories(journal.places())
        self.results: list[BinResult] = []
        self.batch = 0
        self.freed = 0
        self.was_cancelled = False

    def close(self) -> None:
        self.trashes.close()
        if self.batch:
            self.journal.finish(self.batch)
        self.progress.finish()

    def restore(self, items: list[TrashItem]) -> BinOutcome:
        self._begin(items)
        group: list[tuple[TrashItem, TrashReturn]] = []
        for item in items:
            if self._stop(item):
                continue
            if not item.original:
                self._end(item, ItemState.REFUSED, f"Nothing says where {display_path(item.name)} came from.")
                continue
            if item.record is not None and self.journal.products(item.record.id):
                self._flush(group)
                self._take_back(item, item.record)
                continue
            above = {other.original for other, _ in group}
            if len(group) >= GROUP or any(path in above for path in _ancestors(item.original)):
                self._flush(group)
            group.append((item, TrashReturn(self._record(item, "restore"), item.record)))
        self._flush(group)
        return self._outcome()

    def empty(self, items: list[TrashItem]) -> BinOutcome:
        self._begin(items)
        group: list[tuple[TrashItem, Deletion]] = []
        entries = 0
        for item in items:
            if self._stop(item):
                continue
            size = item.record.entries if item.record is not None else 1
            is_full = len(group) >= GROUP or entries + size > _GROUP_ENTRIES
            if group and (is_full or group[0][0].trash != item.trash):
                self._delete(group)
                entries = 0
            group.append((item, Deletion(self._record(item, "empty"), item.record)))
            entries += size
        self._delete(group)
        for trash in dict.fromkeys(item.trash for item in items):
            # What cannot be swept now, the next emptying sweeps.
            with contextlib.suppress(Unusable, OSError, JournalError):
                place = self.trashes.existing(trash)
                sweep(place)
                gone = [result.item.name for result in self.results if result.state is ItemState.DONE]
                directory_sizes.update(place, {}, gone)
                sweep_documents(self.journal, place)
        order = {item.path: number for number, item in enumerate(items)}
        self.results.sort(key=lambda result: order[result.item.path])
        return self._outcome()

    def _delete(self, group: list[tuple[TrashItem, Deletion]]) -> None:
        """Delete what was gathered, unless somebody stopped meanwhile."""
        waiting, group[:] = list(group), []
        if not waiting:
            return
        if self.was_cancelled:
            for item, _ in waiting:
                self._end(item, ItemState.SKIPPED, "")
            return
        self.progress.at("deleting", waiting[0][0].original or waiting[0][0].path)
        deletions = [deletion for _, deletion in waiting]
        try:
            purge.delete_group(self.journal, deletions, self.trashes, self.progress, self.cancelled)
        except Cancelled:
            self.was_cancelled = True
            for item, _ in waiting:
                self._end(item, ItemState.SKIPPED, "")
            return
        for item, deletion in waiting:
            if deletion.is_skipped:
                self.was_cancelled = True
                self._end(item, ItemState.SKIPPED, "")
                continue
            if deletion.error:
                state = ItemState.REFUSED if deletion.is_refusal else ItemState.FAILED
                self._end(item, state, deletion.error)
                continue
            self.freed += deletion.freed
            self._end(item, ItemState.DONE, "")

    def _begin(self, items: list[TrashItem]) -> None:
        self.progress.begin(len(items), sum(item.apparent_size or 0 for item in items))

    def _stop(self, item: TrashItem) -> bool:
        if self.was_cancelled or self.cancelled():
            self.was_cancelled = True
            self._end(item, ItemState.SKIPPED, "")
        return self.was_cancelled

    def _flush(self, group: list[tuple[TrashItem, TrashReturn]]) -> None:
        if not group:
            return
        self.progress.at("putting back", group[0][0].original)
        restore_group(self.journal, [returned for _, returned in group], self.trashes)
        for item, returned in group:
            if returned.record.state is State.DONE:
                self._end(item, ItemState.DONE, returned.note or _archive_note(item))
            else:
                state = ItemState.REFUSED if returned.is_refusal else ItemState.FAILED
                self._end(item, state, returned.error)
        group.clear()

    def _take_back(self, item: TrashItem, original: Record) -> None:
        """Put back what something was made of, and what was made to the trash, as undo does."""
        act = act_of(original.action)
        if act is None:
            self._end(item, ItemState.FAILED, f"This dusk does not know “{original.action}”.")
            return
        self.progress.at("putting back", item.original)
        tools = Tools(self.journal, self.trashes, self.progress, self.cancelled)
        try:
            returned = act.take_back(original, self._record(item, "restore"), tools)
        except Cancelled:
            self.was_cancelled = True
            returned = Returned(ItemState.SKIPPED)
        except OSError as error:
            returned = not_returned(original, error)
        self._end(item, returned.state, returned.sentence)

    def _record(self, item: TrashItem, action: str) -> Record:
        if not self.batch:
            self.batch = self.journal.begin(self.kind, "")
        base = item.record or Record(
            source=item.original or item.path,
            identity=item.identity,
            action=action,
            apparent_size=item.apparent_size or 0,
            disk_size=item.disk_size or 0,
        )
        return replace(
            base,
            id=0,
            batch=self.batch,
            action=action,
            state=State.INTENT,
            reverses=item.record.id if item.record is not None else 0,
            trash=item.trash,
            trash_name=item.name,
            digest="",
            working=b"",
            intent_ns=0,
            error="",
        )

    def _end(self, item: TrashItem, state: ItemState, sentence: str) -> None:
        self.results.append(BinResult(item, state, sentence))
        self.progress.add_bytes(item.apparent_size or 0)
        self.progress.add_item()

    def _outcome(self) -> BinOutcome:
        return BinOutcome(self.batch or None, tuple(self.results), self.freed, self.was_cancelled)


def _order_of_return(item: TrashItem) -> tuple[int, int, bytes]:
    """Directories before what was in them, and of one directory the last that left it first, as undo does."""
    return (item.original.count(b"/"), -item.record.id if item.record is not None else 0, item.original)


def _archive_note(item: TrashItem) -> str:
    if item.record is None or not item.record.digest:
        return ""
    return f"Its archived copy stays at {display_path(item.record.destination)}."


def _ancestors(path: bytes) -> Iterable[bytes]:
    while path not in (b"/", b""):
        path = os.path.dirname(path)
        yield path
