"""Taking an archive back: the source out of the trash, or a verified copy of the copy."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
from dataclasses import replace
from functools import partial

from dusk.actions.archive import remove_working
from dusk.actions.interrupted_times import with_known_times
from dusk.actions.journal import Journal, JournalError
from dusk.actions.outcome import ItemState
from dusk.actions.progress import ExecutionProgress
from dusk.actions.record import Record, State
from dusk.actions.relocation import (
    Stranded,
    modified_ns,
    publish,
    same_inode,
    status_of,
    sync,
    time_kept,
)
from dusk.actions.reservation import TrashMove
from dusk.actions.restoration import (
    TrashReturn,
    is_copied_back,
    make_directories,
    moved_at_this_moment,
    restore_group,
)
from dusk.actions.trash import trash_group
from dusk.actions.trash_choice import TrashDirectories
from dusk.fs.cancellation import Cancelled, Cancelling
from dusk.fs.descent import open_directory, open_parent
from dusk.fs.identity import Identity
from dusk.fs.names import display_path

_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class ArchiveReturn:
    """Takes one archived item back."""

    def __init__(
        self, journal: Journal, trashes: TrashDirectories, progress: ExecutionProgress, cancelled: Cancelling
    ) -> None:
        """Act with what the run already has open."""
        self._journal = journal
        self._trashes = trashes
        self._progress = progress
        self._cancelled = cancelled
        self._written: Record | None = None

    def run(self, record: Record, original: Record) -> tuple[ItemState, str]:
        """Put the source back and retire the copy; return how it ended and a sentence.

        ``record`` is the unwritten record of the return. Raises JournalError and Cancelled, both before
        anything was put back.
        """
        state, notes = self._bring_source(record, original)
        if state is not ItemState.DONE:
            return state, notes
        retired = self._retire_copy(record, original)
        ends = [replace(original, state=State.UNDONE)]
        ends += [replace(self._written, state=State.DONE)] if self._written is not None else []
        with contextlib.suppress(JournalError):
            self._journal.write(ends, closing=True)
        return state, " ".join(sentence for sentence in (notes, retired) if sentence)

    def _bring_source(self, record: Record, original: Record) -> tuple[ItemState, str]:
        if original.state is State.DONE:
            item = TrashReturn(record, original, closes_original=False)
            restore_group(self._journal, [item], self._trashes)
            if item.record.state is State.DONE:
                self._written = item.record
                return ItemState.DONE, item.note
            if not item.is_gone:
                return (ItemState.REFUSED if item.is_refusal else ItemState.FAILED), item.error
            if _is_back(original):
                return ItemState.DONE, f"{display_path(original.source)} was back already."
        return self._copy_back(record, original)

    def _copy_back(self, record: Record, original: Record) -> tuple[ItemState, str]:
        shown = display_path(original.source)
        path = os.path.dirname(original.source)
        try:
            try:
                parent = open_directory(path)
            except FileNotFoundError:
                parent = make_directories(path)
        except OSError as error:
            return ItemState.FAILED, f"{shown} cannot be put back: {display_path(path)}: {error.strerror}."
        try:
            if status_of(parent, os.path.basename(original.source)) is not None:
                return ItemState.REFUSED, f"{shown} cannot be put back: something else has its name now."
            return self._copy_into(parent, record, original)
        finally:
            os.close(parent)

    def _copy_into(self, parent: int, record: Record, original: Record) -> tuple[ItemState, str]:
        working = b".dusk-" + secrets.token_hex(8).encode() + b".part"
        path = os.path.join(os.path.dirname(original.source), working)
        intent = with_known_times(record, original, modified_ns(parent))
        (record,) = self._journal.write([replace(intent, working=path, trash=b"", trash_name=b"")])
        keeping = partial(self._journal.moments.time_kept_without, path, parent)
        try:
            record = self._copy(parent, working, record, original)
        except Stranded:
            return ItemState.FAILED, moved_at_this_moment(original)
        except (OSError, Cancelled, JournalError) as problem:
            why = getattr(problem, "strerror", None) or str(problem) or "stopped"
            latest = record
            with contextlib.suppress(JournalError):
                latest = self._journal.record(record.id) or record
            if is_copied_back(latest):
                # Only what comes after the rename failed: the next recovery finishes what stays open.
                shown = display_path(original.source)
                return ItemState.FAILED, f"{shown} is back, but {why}. Start dusk again."
            remove_working(parent, working, keeping(original.parent_after_ns))
            sentence = f"{display_path(original.source)} was not copied back from the archive: {why}."
            self._journal.write([replace(record, state=State.FAILED, error=sentence)], closing=True)
            if isinstance(problem, OSError):
                return ItemState.FAILED, sentence
            raise
        remove_working(parent, working, keeping(original.parent_before_ns))
        self._journal.write([replace(record, state=State.DONE)], closing=True)
        return ItemState.DONE, (
            f"{display_path(original.source)} was copied back from the archive: the trash was emptied since."
        )

    def _copy(self, parent: int, working: bytes, record: Record, original: Record) -> Record:
        from dusk.actions.copier import copy_verified, verify_copy

        self._progress.at("verifying", original.destination)
        if not verify_copy(original.destination, original.digest, cancelled=self._cancelled):
            raise OSError(errno.ESTALE, "the archived copy is missing or not what was archived any more")
        with time_kept(parent, original.parent_after_ns):
            os.mkdir(working, 0o700, dir_fd=parent)
        self._progress.at("copying", original.destination)
        report = copy_verified(
            original.destination,
            record.working,
            on_bytes=self._progress.add_half,
            on_proven=self._progress.add_half,
            cancelled=self._cancelled,
        )
        holder = os.open(working, _FLAGS, dir_fd=parent)
        try:
            name = os.path.basename(report.path)
            identity = Identity.from_stat(os.stat(name, dir_fd=holder, follow_symlinks=False))
            (record,) = self._journal.write([replace(record, state=State.COPIED, identity=identity)])
            with time_kept(parent, original.parent_after_ns, original.parent_before_ns):
                publish(holder, name, parent, os.path.basename(original.source), same_inode(identity))
            sync(parent)
        finally:
            os.close(holder)
        return record

    def _retire_copy(self, record: Record, original: Record) -> str:
        """Move the archive's copy to the trash of its own filesystem, if it is still what was archived."""
        shown = display_path(original.destination)
        self._progress.at("verifying", original.destination)
        try:
            directory, name = open_parent(original.destination)
        except (OSError, ValueError):
            return f"Its archived copy {shown} was not found, so it was left alone."
        try:
            return self._retire_from(directory, name, record, original)
        except Cancelled:
            return f"Its archived copy {shown} stays where it is: stopped before it was verified."
        except (OSError, JournalError) as problem:
            return f"Its archived copy {shown} stays where it is: {problem}"
        finally:
            os.close(directory)

    def _retire_from(self, directory: int, name: bytes, record: Record, original: Record) -> str:
        from dusk.actions.copier import verify_copy

        shown = display_path(original.destination)
        status = status_of(directory, name)
        if status is None:
            return f"Its archived copy {shown} was not found, so it was left alone."
        if not verify_copy(original.destination, original.digest, cancelled=self._cancelled):
            return f"Its archived copy {shown} was changed since, so it stays there."
        move = TrashMove(_copy_record(record, original, status), directory)
        trash_group(self._journal, [move], self._trashes)
        if move.record.state is not State.DONE:
            return f"Its archived copy stays where it is: {move.error}"
        return f"Its archived copy is in the trash: {display_path(move.record.trash_path)}."


def _copy_record(record: Record, original: Record, status: os.stat_result) -> Record:
    """Return what the journal says of trashing an archive's copy."""
    return replace(
        original,
        id=0,
        batch=record.batch,
        action="trash",
        state=State.INTENT,
        source=original.destination,
        identity=Identity.from_stat(status),
        title="Archived copy",
        reverses=0,
        digest="",
        destination=b"",
        working=b"",
        trash=b"",
        trash_name=b"",
        intent_ns=0,
    )


def _is_back(original: Record) -> bool:
    try:
        status = os.lstat(original.source)
    except OSError:
        return False
    return (status.st_dev, status.st_ino) == (original.identity.device, original.identity.inode)
