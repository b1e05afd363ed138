"""Moving entries to the trash, durably: reserve, intend, rename, close.

The order of writes is what makes a kill or a power cut harmless. First the ``.trashinfo`` of every item
of a group is made and synced, which reserves its name. Then one transaction of the journal says what is
intended. Then each item is renamed and compared with what was reviewed, and the directories are synced.
Only then does the journal say that it is done.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import time
from dataclasses import dataclass, replace

from dusk.actions import directory_sizes, trashinfo
from dusk.actions.journal import Journal, JournalError
from dusk.actions.outcome import completed_later
from dusk.actions.record import Record, State
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
from dusk.actions.trash_choice import NoTrash, TrashDirectories
from dusk.actions.trash_directory import TrashDirectory
from dusk.fs.identity import EntryKind, Identity
from dusk.fs.mounts import MountTable
from dusk.fs.names import display_path

GROUP = 256
"""Items that share their syncs and their two transactions."""

_NAME_LIMIT = 255 - len(trashinfo.SUFFIX)
# A name that is taken keeps this much of itself and gets a random ending: probing 1, 2, 3 … takes time
# that grows with the square of the number of items.
_STEM = 200
_SHORT_STEM = 100  # encrypting filesystems allow about 143 bytes
_ATTEMPTS = 16
_SYNCING = 16  # threads that wait for the disk
_FEW = 4  # documents that are not worth threads


@dataclass(slots=True)
class TrashMove:
    """One item on its way to the trash."""

    record: Record
    """What the journal says of it; ``source`` and ``identity`` tell what moves."""
    parent: int
    """The open directory that holds it."""
    place: TrashDirectory | None = None
    """The trash that takes it, once chosen."""
    error: str = ""
    """Why it was not moved, as a sentence."""
    note: str = ""
    """What else to know of one that was moved."""
    parent_before_ns: int = 0
    """Modification time of its directory before the act of which this is the last part; 0 when it is all."""
    kept_ns: int = 0
    """Modification time that its directory keeps although it leaves; 0 where the time tells of that."""

    @property
    def name(self) -> bytes:
        """Its name in its directory."""
        return os.path.basename(self.record.source)

    @property
    def shown(self) -> str:
        """Its path as people may see it."""
        return display_path(self.record.source)


def trash_group(journal: Journal, moves: list[TrashMove], trashes: TrashDirectories) -> None:
    """Move a group of items to the trash; each move ends with a finished record, or with an error.

    Raises JournalError when the journal cannot take the intents; then nothing was touched.
    """
    for move in moves:
        _reserve(move, trashes)
    _sync_documents([move for move in moves if not move.error])
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
            _release(move)
            move.error = f"{move.shown}: the trash cannot be written: {error.strerror}. Nothing was touched."
        return
    except BaseException:
        for move in reserved:
            _release(move)
        raise
    for move in reserved:
        _act(move)
    _sync(reserved)
    _close(journal, reserved)
    _note_sizes(reserved)


def reserve_place(journal: Journal, move: TrashMove, trashes: TrashDirectories) -> None:
    """Reserve a durable name in the trash for an item that gets there otherwise than by `trash_group`.

    ``move.error`` says when there is none. Raises JournalError.
    """
    _reserve(move, trashes)
    if move.error:
        return
    _sync_document(move)
    if move.error or move.place is None:
        return
    try:
        if move.place.is_extra:
            journal.add_place(move.place.path)
        sync(move.place.info)
    except OSError as error:
        _release(move)
        move.error = f"{move.shown}: the trash cannot be written: {error.strerror}. Nothing was touched."
    except BaseException:
        _release(move)
        raise


def release_place(move: TrashMove) -> None:
    """Give a reserved name up again."""
    if move.place is not None:
        _release(move)


def _reserve(move: TrashMove, trashes: TrashDirectories) -> None:
    source = move.record.source
    try:
        place = trashes.for_entry(move.parent, os.path.dirname(source))
        place.lock()
        path = os.path.relpath(source, place.top) if place.top else source
        name = _reserve_name(place, move.name, trashinfo.TrashInfo(path, time.time()).encode())
    except NoTrash as problem:
        move.error = f"{move.shown}: {problem}."
    except OSError as error:
        move.error = f"{move.shown}: its place in the trash cannot be made: {error.strerror}."
    else:
        move.place = place
        before = move.parent_before_ns or modified_ns(move.parent)
        move.record = replace(move.record, trash=place.path, trash_name=name, parent_before_ns=before)


def _reserve_name(place: TrashDirectory, base: bytes, document: bytes) -> bytes:
    """Write the document under a name that nobody has, and return the name."""
    name = base if len(base) <= _NAME_LIMIT else _with_ending(base, _STEM)
    stem = _STEM
    for _ in range(_ATTEMPTS):
        try:
            if status_of(place.files, name) is None:
                _write_document(place.info, name + trashinfo.SUFFIX, document)
                return name
        except FileExistsError:
            pass
        except OSError as error:
            if error.errno != errno.ENAMETOOLONG or stem == _SHORT_STEM:
                raise
            stem = _SHORT_STEM
        name = _with_ending(base, stem)
    raise FileExistsError(errno.EEXIST, "no free name was found", base)


def _with_ending(base: bytes, limit: int) -> bytes:
    stem = base[:limit]
    if len(base) > limit:
        # Not in the middle of a character, where the name is text at all.
        with contextlib.suppress(UnicodeDecodeError):
            base.decode()
            stem = stem.decode(errors="ignore").encode()
    return stem + b"." + secrets.token_hex(6).encode()


def _write_document(directory: int, name: bytes, document: bytes) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(name, flags, 0o600, dir_fd=directory)
    try:
        try:
            view = memoryview(document)
            while view:
                view = view[os.write(descriptor, view) :]
        finally:
            os.close(descriptor)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(name, dir_fd=directory)
        raise


def _sync_documents(moves: list[TrashMove]) -> None:
    """Make every document durable; syncs that the disk is asked for at one time share its writes.

    One after the other costs ten times as much, and syncing the whole filesystem would wait for everything
    that other programs have written.
    """
    if len(moves) < _FEW:
        for move in moves:
            _sync_document(move)
        return
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(min(_SYNCING, len(moves)), thread_name_prefix="dusk-sync") as pool:
        for _ in pool.map(_sync_document, moves):
            pass


def _sync_document(move: TrashMove) -> None:
    assert move.place is not None
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        descriptor = os.open(move.record.trash_name + trashinfo.SUFFIX, flags, dir_fd=move.place.info)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        _release(move)
        move.error = f"{move.shown}: its place in the trash cannot be made: {error.strerror}."


def _release(move: TrashMove) -> None:
    assert move.place is not None
    with contextlib.suppress(OSError):
        os.unlink(move.record.trash_name + trashinfo.SUFFIX, dir_fd=move.place.info)


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
    _release(move)
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
