"""Deleting trashed items for good. The only place where dusk deletes what a user once had.

An item first leaves the trash whole, by a rename to the ``expunged`` directory beside it, so that no
interruption leaves half an item that looks restorable. Then its tree is removed by descriptors. On a disk
that is too full for that directory it waits in ``info`` instead, where no tool looks for items.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import secrets
from dataclasses import dataclass, replace

from dusk.actions import trashinfo
from dusk.actions.expunged import EXPUNGED, INFO, lock_expunged, remove_expunged
from dusk.actions.journal import Journal, JournalError
from dusk.actions.progress import ExecutionProgress
from dusk.actions.record import Record, State
from dusk.actions.relocation import status_of, sync
from dusk.actions.removal import allow_owner, remove_tree
from dusk.actions.restoration import is_trashed_item
from dusk.actions.trash_choice import TrashDirectories
from dusk.actions.trash_directory import OPENING, TrashDirectory, Unusable, open_own
from dusk.fs.cancellation import Cancelling, stop_if
from dusk.fs.mounts import MountTable
from dusk.fs.names import display_path

_FULL = (errno.ENOSPC, errno.EDQUOT)


@dataclass(slots=True)
class Deletion:
    """One item that is deleted for good."""

    record: Record
    """What the journal says of the deletion; ``trash`` and ``trash_name`` tell what goes."""
    original: Record | None
    """The act that put it there; None for what another tool trashed."""
    freed: int = 0
    """Disk bytes of what lost its last name by it."""
    error: str = ""
    """Why it was not, as a sentence."""
    is_refusal: bool = False
    """Whether the error is a decision rather than a failure."""
    is_skipped: bool = False
    """Whether somebody stopped before it was its turn; it is still in the trash."""

    @property
    def shown(self) -> str:
        """Its path as people may see it."""
        return display_path(self.record.source or self.record.trash_path)


def delete_group(
    journal: Journal,
    deletions: list[Deletion],
    trashes: TrashDirectories,
    progress: ExecutionProgress,
    cancelled: Cancelling,
) -> None:
    """Delete items of one trash for good; each ends with a finished record or an error.

    They share their two transactions and their syncs. Raises JournalError when the intents cannot be
    written, and Cancelled before anything was touched.
    """
    try:
        place = trashes.existing(deletions[0].record.trash)
    except Unusable as problem:
        for deletion in deletions:
            deletion.error = f"{deletion.shown}: its trash cannot be used: {problem}."
        return
    for deletion in deletions:
        stop_if(cancelled)
        try:
            _look(deletion, place)
        except OSError as error:
            deletion.error = f"{deletion.shown} cannot be deleted: {error.strerror}."
    ready = [deletion for deletion in deletions if not deletion.error]
    if not ready:
        return
    if not place.lock(alone=True):
        for deletion in ready:
            deletion.error = (
                f"{deletion.shown}: another dusk is using this trash right now. Nothing was deleted."
            )
            deletion.is_refusal = True
        return
    try:
        _expunge_and_remove(journal, ready, place, progress, cancelled)
    finally:
        place.lock()
        remove_expunged(place)
    _close(journal, ready)


def _look(deletion: Deletion, place: TrashDirectory) -> None:
    record = deletion.record
    status = status_of(place.files, record.trash_name)
    if status is None:
        deletion.error = f"{deletion.shown} is not in the trash any more."
        return
    if not is_trashed_item(record, status, place.files):
        deletion.error = f"{deletion.shown}: what lies in the trash under its name is another file now."
        deletion.is_refusal = True
        return
    # Nothing else of it is looked at: the removal enters no mount, and counts what comes free.
    mounted = _mounted_in(MountTable.read(), record.trash_path)
    if mounted is not None:
        deletion.error = (
            f"{deletion.shown} contains the mount {display_path(mounted)}: unmount it first. "
            "Nothing was deleted."
        )
        deletion.is_refusal = True


def _mounted_in(table: MountTable, path: bytes) -> bytes | None:
    """Return a mount point at or below a path; None when there is none."""
    if table.at(path) is not None:
        return path
    return next((mount.point for mount in table.below(path)), None)


def _expunge_and_remove(
    journal: Journal,
    deletions: list[Deletion],
    place: TrashDirectory,
    progress: ExecutionProgress,
    cancelled: Cancelling,
) -> None:
    tokens = [secrets.token_hex(8).encode() for _ in deletions]
    try:
        holder = _open_holder(journal, deletions, place, tokens)
    except (OSError, Unusable) as problem:
        for deletion in deletions:
            _keep(deletion, problem)
        return
    try:
        lock_expunged(holder, fcntl.LOCK_SH)
        _expunge(deletions, place, holder, tokens, cancelled)
        place.lock()
        for deletion, token in zip(deletions, tokens, strict=True):
            if deletion.error:
                continue
            progress.at("deleting", deletion.record.source)
            try:
                deletion.freed = remove_tree(holder, token)
            except OSError as error:
                rest = display_path(deletion.record.working)
                deletion.error = (
                    f"{deletion.shown} was deleted in part; the rest is in {rest}: {error.strerror}."
                )
    finally:
        os.close(holder)


def _keep(deletion: Deletion, problem: OSError | Unusable) -> None:
    reason = problem.strerror if isinstance(problem, OSError) else str(problem)
    deletion.error = f"{deletion.shown} cannot be deleted: {reason}. It is still in the trash."
    deletion.original = None  # its act stays as it is


def _open_holder(
    journal: Journal, deletions: list[Deletion], place: TrashDirectory, tokens: list[bytes]
) -> int:
    """Write the intents and open the directory that the items leave the trash for.

    Deleting is what makes room on a full disk, so the intents may take the reserved space, and where no
    directory can be made another one serves. Raises Unusable, OSError and JournalError.
    """
    _intend(journal, deletions, os.path.join(place.path, EXPUNGED), tokens)
    try:
        return open_own(place.descriptor, EXPUNGED, make=True)
    except Unusable as problem:
        if not (isinstance(problem.__cause__, OSError) and problem.__cause__.errno in _FULL):
            raise
    _intend(journal, deletions, os.path.join(place.path, INFO), tokens)
    # Opened anew, because a lock belongs to an opening, and this one is given up with the items.
    return os.open(b".", OPENING, dir_fd=place.info)


def _intend(journal: Journal, deletions: list[Deletion], above: bytes, tokens: list[bytes]) -> None:
    intents = [
        replace(deletion.record, working=os.path.join(above, token))
        for deletion, token in zip(deletions, tokens, strict=True)
    ]
    for deletion, record in zip(deletions, journal.write(intents, closing=True), strict=True):
        deletion.record = record


def _expunge(
    deletions: list[Deletion],
    place: TrashDirectory,
    holder: int,
    tokens: list[bytes],
    cancelled: Cancelling,
) -> None:
    """Take items out of the trash whole, into an open directory, durably and with their documents."""
    for deletion, token in zip(deletions, tokens, strict=True):
        if cancelled():
            deletion.is_skipped = True
            deletion.error = "Stopped before it was deleted."
            deletion.original = None
            continue
        try:
            _take_out(deletion.record.trash_name, token, place, holder)
        except OSError as problem:
            _keep(deletion, problem)
    _refuse_mounts(deletions, place, holder, tokens)
    leaving = [
        (deletion, token) for deletion, token in zip(deletions, tokens, strict=True) if not deletion.error
    ]
    try:
        sync(holder)
        sync(place.files)
    except OSError as problem:
        for deletion, token in leaving:
            _put_back(deletion, token, place, holder, problem)
        return
    # The items are gone from here on. A document that stays is one of nothing, and swept later.
    for deletion, _ in leaving:
        with contextlib.suppress(OSError):
            os.unlink(deletion.record.trash_name + trashinfo.SUFFIX, dir_fd=place.info)
    with contextlib.suppress(OSError):
        sync(place.info)


def _put_back(
    deletion: Deletion, token: bytes, place: TrashDirectory, holder: int, problem: OSError | Unusable
) -> None:
    """Return an item to the trash that had left it, or say where it is."""
    _keep(deletion, problem)
    try:
        os.rename(token, deletion.record.trash_name, src_dir_fd=holder, dst_dir_fd=place.files)
    except OSError:
        where = display_path(deletion.record.working)
        deletion.error = deletion.error.replace("It is still in the trash.", f"It lies in {where}.")


def _take_out(name: bytes, token: bytes, place: TrashDirectory, holder: int) -> None:
    try:
        os.rename(name, token, src_dir_fd=place.files, dst_dir_fd=holder)
    except PermissionError:
        allow_owner(place.files, name)  # a directory that moves is written to
        os.rename(name, token, src_dir_fd=place.files, dst_dir_fd=holder)


def _refuse_mounts(
    deletions: list[Deletion], place: TrashDirectory, holder: int, tokens: list[bytes]
) -> None:
    """Put back what something was mounted in at the last moment."""
    try:
        table = MountTable.read()
    except OSError as problem:
        for deletion, token in zip(deletions, tokens, strict=True):
            if not deletion.error:
                _put_back(deletion, token, place, holder, problem)
        return
    for deletion, token in zip(deletions, tokens, strict=True):
        if not deletion.error and _mounted_in(table, deletion.record.working) is not None:
            mounted = Unusable("something was mounted in it at this moment")
            _put_back(deletion, token, place, holder, mounted)


def _close(journal: Journal, deletions: list[Deletion]) -> None:
    records: list[Record] = []
    for deletion in deletions:
        state = State.FAILED if deletion.error else State.DONE
        deletion.record = replace(deletion.record, state=state, error=deletion.error)
        records.append(deletion.record)
        if deletion.original is not None:
            records.append(replace(deletion.original, state=State.PURGED))
    with contextlib.suppress(JournalError):
        journal.write(records, closing=True)
