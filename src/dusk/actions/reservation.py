"""Names in a trash that are reserved, durably, for items on their way there: by the document of each."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import time
from dataclasses import dataclass, replace

from dusk.actions import trashinfo
from dusk.actions.journal import Journal
from dusk.actions.record import Record
from dusk.actions.relocation import modified_ns, status_of, sync
from dusk.actions.trash_choice import NoTrash, TrashDirectories
from dusk.actions.trash_directory import TrashDirectory
from dusk.fs.names import display_path

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


def reserve_place(journal: Journal, move: TrashMove, trashes: TrashDirectories) -> None:
    """Reserve a durable name in the trash for an item that gets there otherwise than by `trash_group`.

    ``move.error`` says when there is none. Raises JournalError.
    """
    reserve(move, trashes)
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
        release(move)
        move.error = f"{move.shown}: the trash cannot be written: {error.strerror}. Nothing was touched."
    except BaseException:
        release(move)
        raise


def reserve(move: TrashMove, trashes: TrashDirectories) -> None:
    """Reserve a name for an item, not durably yet; ``move.error`` says when there is none."""
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


def sync_documents(moves: list[TrashMove]) -> None:
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
        release(move)
        move.error = f"{move.shown}: its place in the trash cannot be made: {error.strerror}."


def release(move: TrashMove) -> None:
    """Give a reserved name up again."""
    assert move.place is not None
    with contextlib.suppress(OSError):
        os.unlink(move.record.trash_name + trashinfo.SUFFIX, dir_fd=move.place.info)
