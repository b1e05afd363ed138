"""After a kill or a power cut: finding out by identity how far each intended act came.

Nothing is guessed. What is in the trash was trashed; what is in its place was not; what is in neither
is left for a person, with everything that the journal knows of it.
"""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass, replace

from dusk.actions import trashinfo
from dusk.actions.archive import remove_working
from dusk.actions.journal import Journal, JournalError
from dusk.actions.purge import finish_expunging, remove_expunged
from dusk.actions.record import Record, State
from dusk.actions.relocation import status_of, sync
from dusk.actions.restoration import is_trashed_item
from dusk.actions.trash_choice import TrashDirectories
from dusk.actions.trash_directory import TrashDirectory, Unusable
from dusk.fs.descent import open_directory, open_parent
from dusk.fs.identity import EntryKind
from dusk.fs.names import display_path

# File times come from a clock that ticks every 1 to 10 ms.
_ONE_MOMENT_NS = 10_000_000


@dataclass(frozen=True, slots=True)
class RecoveryReport:
    """What a recovery found and did."""

    sentences: tuple[str, ...] = ()
    """One for each thing that a person should know; empty when all was well."""


def recover(journal: Journal) -> RecoveryReport:
    """Settle what an interrupted run left; a second call finds nothing to do.

    While another dusk is acting nothing is touched: what looks unfinished is its work. Raises JournalError.
    """
    unfinished = journal.open_records()
    if not unfinished:
        return RecoveryReport()
    with journal.recovering() as is_alone:
        if not is_alone:
            return RecoveryReport()
        trashes = TrashDirectories(journal.places())
        try:
            recovery = _Recovery(journal, trashes)
            for record in journal.open_records():
                recovery.settle(record)
            recovery.settle_times()
        finally:
            trashes.close()
    return RecoveryReport(tuple(recovery.sentences))


class _Recovery:
    def __init__(self, journal: Journal, trashes: TrashDirectories) -> None:
        self.journal = journal
        self.trashes = trashes
        self.sentences: list[str] = []
        self._moved: dict[tuple[int, bytes], list[tuple[Record, int]]] = {}

    def settle(self, record: Record) -> None:
        shown = display_path(record.source)
        try:
            place = self.trashes.existing(record.trash) if record.trash_name else None
        except Unusable as problem:
            if os.path.lexists(record.trash):
                self._unclear(record, f"its trash cannot be opened: {problem}")
            else:
                self.sentences.append(f"{shown}: the disk with its trash is not there; settled when it is.")
            return
        try:
            if record.action == "empty":
                self._settle_empty(record, place)
            elif record.action == "restore":
                self._settle_restore(record, place)
            else:
                self._settle_trash(record, place)
        except (OSError, JournalError) as problem:
            self.sentences.append(f"{shown}: what was interrupted could not be settled yet: {problem}")

    def _settle_trash(self, record: Record, place: TrashDirectory | None) -> None:
        """Settle a trash or archive act: the source is in its place, or in the trash."""
        shown = display_path(record.source)
        in_place = _is_in_place(record)
        in_trash = _is_in_trash(record, place)
        if in_trash and in_place:
            # A filesystem without RENAME_NOREPLACE: the second name was made, the first not yet removed.
            assert place is not None
            os.unlink(record.trash_name, dir_fd=place.files)
            in_trash = False
        if in_trash:
            assert place is not None
            ended = self._end(record, State.DONE)
            moved_ns = os.stat(record.trash_name, dir_fd=place.files, follow_symlinks=False).st_ctime_ns
            self._moved.setdefault((record.batch, os.path.dirname(record.source)), []).append(
                (ended, moved_ns)
            )
            verb = "archived" if record.action == "archive" else "moved to the trash"
            self.sentences.append(
                f"{shown} was {verb} before dusk was interrupted. 'dusk undo' takes it back."
            )
        elif in_place:
            _drop_document(record, place)
            left = self._drop_copy(record)
            self._end(record, State.FAILED, f"Interrupted before it was moved.{left}")
            self.sentences.append(f"{shown} was not touched: dusk was interrupted before.{left}")
        else:
            self._unclear(record, "it is neither in its place nor in the trash")

    def _drop_copy(self, record: Record) -> str:
        """Remove what an interrupted archive copied; its source is untouched."""
        if not record.working:
            return ""
        with contextlib.suppress(OSError):
            directory = open_directory(os.path.dirname(record.working))
            try:
                remove_working(directory, os.path.basename(record.working))
            finally:
                os.close(directory)
        if os.path.lexists(record.working):
            return f" An unfinished copy is left at {display_path(record.working)}; it can be deleted."
        if not record.digest or not os.path.lexists(record.destination):
            return ""
        return f" A verified copy is at {display_path(record.destination)}."

    def _settle_restore(self, record: Record, place: TrashDirectory | None) -> None:
        shown = display_path(record.source)
        in_place = _is_in_place(record)
        in_trash = _is_in_trash(record, place)
        if in_place:
            if in_trash:
                assert place is not None
                os.unlink(record.trash_name, dir_fd=place.files)
            _drop_document(record, place)
            self._drop_copy(record)
            self._end(record, State.DONE)
            self._end_original(record, State.UNDONE)
            self.sentences.append(
                f"{shown} was put back before dusk was interrupted.{_archived_copy(record)}"
            )
        elif in_trash or record.working:
            self._drop_copy(record)
            self._end(record, State.FAILED, "Interrupted before it was put back.")
            self.sentences.append(f"{shown} was not put back: dusk was interrupted before. Undo again.")
        else:
            self._unclear(record, "it is neither in its place nor in the trash")

    def _settle_empty(self, record: Record, place: TrashDirectory | None) -> None:
        shown = display_path(record.source or record.trash_path)
        if place is not None and _is_in_trash(record, place):
            remove_expunged(place)
            self._end(record, State.FAILED, "Interrupted before it was deleted.")
            self.sentences.append(f"{shown} is still in the trash: dusk was interrupted before deleting it.")
            return
        if place is not None:
            _drop_document(record, place)
            finish_expunging(place, record)
        self._end(record, State.DONE)
        self._end_original(record, State.PURGED)
        self.sentences.append(f"{shown} was being deleted from the trash; that is finished now.")

    def settle_times(self) -> None:
        """Note when the directories changed by what was moved, so that undo can give them their times back.

        A rename stamps what it moves and the directory that it leaves at one moment. A directory with a
        later time was changed by something else too, and keeps that.
        """
        for (_, path), moved in self._moved.items():
            try:
                parent_ns = os.stat(path, follow_symlinks=False).st_mtime_ns
            except OSError:
                continue
            before_ns = moved[0][0].parent_before_ns
            if not before_ns or abs(parent_ns - moved[-1][1]) > _ONE_MOMENT_NS:
                continue
            records = []
            for position, (record, moved_ns) in enumerate(moved):
                after_ns = parent_ns if position == len(moved) - 1 else moved_ns
                records.append(replace(record, parent_before_ns=before_ns, parent_after_ns=after_ns))
                before_ns = after_ns
            self.journal.write(records, closing=True)

    def _end(self, record: Record, state: State, error: str = "") -> Record:
        (written,) = self.journal.write([replace(record, state=state, error=error)], closing=True)
        return written

    def _end_original(self, record: Record, state: State) -> None:
        original = self.journal.record(record.reverses) if record.reverses else None
        if original is not None and original.state is State.DONE:
            self.journal.write([replace(original, state=state)], closing=True)

    def _unclear(self, record: Record, why: str) -> None:
        shown = display_path(record.source)
        self._end(record, State.AMBIGUOUS, f"Interrupted, and {why}.")
        self.sentences.append(
            f"{shown}: dusk was interrupted while it was being moved, and {why}. "
            f"Batch {record.batch} of 'dusk journal' says what is known."
        )


def _archived_copy(record: Record) -> str:
    """Return where the copy of an archive is that an interrupted undo did not come to retire."""
    if not record.digest or not os.path.lexists(record.destination):
        return ""
    return f" Its archived copy stays at {display_path(record.destination)}."


def _is_in_place(record: Record) -> bool:
    """Return whether the source has the recorded inode, also after a restart gave devices new numbers."""
    try:
        parent, name = open_parent(record.source)
    except (OSError, ValueError):
        return False
    try:
        status = status_of(parent, name)
        if status is None:
            return False
        identity = record.identity
        same = (identity.inode, identity.kind) == (status.st_ino, EntryKind.from_mode(status.st_mode))
        return same and status.st_dev in (identity.device, os.fstat(parent).st_dev)
    finally:
        os.close(parent)


def _is_in_trash(record: Record, place: TrashDirectory | None) -> bool:
    if place is None:
        return False
    status = status_of(place.files, record.trash_name)
    return status is not None and is_trashed_item(record, status, place.files)


def _drop_document(record: Record, place: TrashDirectory | None) -> None:
    """Remove a reservation, unless the trash holds something under its name."""
    if place is None or status_of(place.files, record.trash_name) is not None:
        return
    with contextlib.suppress(FileNotFoundError):
        os.unlink(record.trash_name + trashinfo.SUFFIX, dir_fd=place.info)
        sync(place.info)
