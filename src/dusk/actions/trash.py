"""Moving entries to the trash, durably: reserve, intend, rename, close.

The order of writes is what makes a kill or a power cut harmless. First the ``.trashinfo`` of every item
of a group is made and synced, which reserves its name. Then one transaction of the journal says what is
intended. Then each item is renamed and compared with what was reviewed, and the directories are synced.
Only then does the journal say that it is done.
"""

from __future__ import annotations

import errno
from dataclasses import replace

from dusk.actions import directory_sizes
from dusk.actions.journal import Journal, JournalError
from dusk.actions.outcome import completed_later
from dusk.actions.record import State
from dusk.actions.relocation import (
    Stranded,
    Swapped,
    modified_ns,
    move_back,
    relocate,
    same_inode,
    status_of,
    sync,
    time_kept,
)
from dusk.actions.reservation import TrashMove, release, reserve, sync_documents
from dusk.actions.trash_choice import TrashDirectories
from dusk.actions.trash_directory import TrashDirectory
from dusk.fs.identity import EntryKind, Identity
from dusk.fs.mounts import MountTable
from dusk.fs.names import display_path

GROUP = 256
"""Items that share their syncs and their two transactions."""


def trash_group(journal: Journal, moves: list[TrashMove], trashes: TrashDirectories) -> None:
    """Move a group of items to the trash; each move ends with a finished record, or with an error.

    Raises JournalError when the journal cannot take the intents; then nothing was touched.
    """
    for move in moves:
        reserve(move, trashes)
    sync_documents([move for move in moves if not move.error])
    reserved = [move for move in moves if not move.error]
    if not reserved:
        return
    try:
        for place in {id(move.place): move.place for move in reserved if move.place}.values():
            if place.is_extra:
                journal.add_place(place.path)
            sync(place.info)
        for move, record in zip(reserved, journal.write([move.record for move in reserved]), strict=True):
            move.record = record
    except OSError as error:
        for move in reserved:
            release(move)
            move.error = f"{move.shown}: the trash cannot be written: {error.strerror}. Nothing was touched."
        return
    except BaseException:
        for move in reserved:
            release(move)
        raise
    for move in reserved:
        _act(move)
    _sync(reserved)
    _close(journal, reserved)
    _note_sizes(reserved)


def _act(move: TrashMove) -> None:
    """Rename one item whose intent is in the journal."""
    record, place = move.record, move.place
    assert place is not None
    try:
        before = move.parent_before_ns or modified_ns(move.parent)
        now = status_of(move.parent, move.name)
        drift = "is not there any more" if now is None else record.identity.drift(Identity.from_stat(now))
        if drift is not None:
            raise _Changed(drift)
        with time_kept(move.parent, move.kept_ns):
            relocate(move.parent, move.name, place.files, record.trash_name, same_inode(record.identity))
        _refuse_mounts(move)
        after = modified_ns(move.parent)
        move.record = replace(record, state=State.DONE, parent_before_ns=before, parent_after_ns=after)
        return
    except _Changed as change:
        move.error = f"{move.shown} {change}. Review it again."
    except Swapped:
        move.error = f"{move.shown} was replaced by another file at this moment. Nothing was moved."
    except Stranded:
        # Whether it is the item that lies in the trash now, recovery finds out; its document stays.
        move.error = (
            f"{move.shown} was changed at this moment, and what was moved could not be moved back: "
            f"it lies in the trash as {display_path(record.trash_path)}. The next start of dusk looks again."
        )
        return
    except OSError as error:
        move.error = f"{move.shown} cannot be moved to the trash: {_meaning(error)}."
    release(move)
    move.record = replace(move.record, state=State.FAILED, error=move.error)


class _Changed(Exception):  # noqa: N818 - a fact, not an error
    """The item is not what was reviewed."""


def _refuse_mounts(move: TrashMove) -> None:
    """Take back the move of a directory when something was mounted in it at the last moment."""
    if move.record.identity.kind is not EntryKind.DIRECTORY:
        return
    assert move.place is not None
    path = move.record.trash_path
    try:
        table = MountTable.read()
        is_free = table.at(path) is None and not table.below(path)
    except OSError:
        is_free = False
    if not is_free:
        move_back(move.parent, move.name, move.place.files, move.record.trash_name)
        raise _Changed("has a mount inside since this moment")


def _sync(moves: list[TrashMove]) -> None:
    """Make renames and released reservations durable before the journal says so."""
    directories: set[int] = set()
    for move in moves:
        assert move.place is not None
        directories.update((move.place.files, move.parent) if not move.error else (move.place.info,))
    for descriptor in directories:
        # An error of the disk here cannot be undone; the record stays an intent, which recovery resolves.
        try:
            sync(descriptor)
        except OSError as error:
            for move in moves:
                assert move.place is not None
                if descriptor in (move.place.files, move.parent) and not move.error:
                    move.record = replace(move.record, state=State.INTENT)
                    move.error = (
                        f"{move.shown} was moved to the trash, but the disk reports: {error.strerror}."
                    )


def _close(journal: Journal, moves: list[TrashMove]) -> None:
    try:
        journal.write([move.record for move in moves], closing=True)
    except JournalError as problem:
        # The intents are in the journal and the items in the trash: the next start completes the record.
        for move in moves:
            move.note = completed_later(f"{move.shown} was dealt with", problem)


def _note_sizes(moves: list[TrashMove]) -> None:
    """Tell other tools how much the trashed directories take."""
    sizes: dict[bytes, dict[bytes, int]] = {}
    places: dict[bytes, TrashDirectory] = {}
    for move in moves:
        is_directory = move.record.identity.kind is EntryKind.DIRECTORY
        if move.place is not None and is_directory and move.record.state is State.DONE:
            places[move.place.path] = move.place
            sizes.setdefault(move.place.path, {})[move.record.trash_name] = move.record.disk_size
    for path, place in places.items():
        directory_sizes.update(place, sizes[path])


def _meaning(error: OSError) -> str:
    if error.errno == errno.EXDEV:
        return "its subvolume or overlay layer allows no rename, and dusk never copies into a trash"
    if error.errno == errno.EPERM:
        return "the kernel forbids it; it may be immutable or append-only (lsattr shows that)"
    if error.errno == errno.EACCES:
        return "this user may not change its directory"
    if error.errno == errno.EBUSY:
        return "it is in use as a mount point"
    if error.errno == errno.EROFS:
        return "its filesystem is read-only"
    return error.strerror or str(error)
