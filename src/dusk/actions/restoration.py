"""Putting trashed items back, durably and in the same order of writes as trashing: intend, rename, close."""

from __future__ import annotations

import contextlib
import errno
import os
from dataclasses import dataclass, replace

from dusk.actions import directory_sizes, trashinfo
from dusk.actions.interrupted_times import with_known_times
from dusk.actions.journal import Journal, JournalError
from dusk.actions.outcome import completed_later
from dusk.actions.record import Record, State
from dusk.actions.relocation import (
    Stranded,
    Swapped,
    entry_status,
    give_time_back,
    modified_ns,
    relocate,
    status_of,
    sync,
)
from dusk.actions.trash_choice import TrashDirectories
from dusk.actions.trash_directory import TrashDirectory, Unusable
from dusk.fs.descent import open_directory
from dusk.fs.identity import EntryKind, Identity
from dusk.fs.names import display_path


@dataclass(slots=True)
class TrashReturn:
    """One item on its way back."""

    record: Record
    """What the journal says of the return; ``source`` is the place that the item returns to."""
    original: Record | None
    """The act that is taken back; None for what another tool trashed."""
    place: TrashDirectory | None = None
    """The open trash that holds the item."""
    parent: int = -1
    """The open directory that it returns to."""
    error: str = ""
    """Why it was not put back, as a sentence."""
    is_refusal: bool = False
    """Whether the error is a decision rather than a failure."""
    is_gone: bool = False
    """Whether the trash does not hold the item any more."""
    note: str = ""
    """What else to know of one that was put back."""
    closes_original: bool = True
    """Whether the original is undone with it. If not, its own record stays open for more to happen."""

    @property
    def shown(self) -> str:
        """Its place as people may see it."""
        return display_path(self.record.source)

    @property
    def base(self) -> bytes:
        """The last component of its place."""
        return os.path.basename(self.record.source)

    def refuse(self, sentence: str) -> None:
        """End it with a decision not to act."""
        self.error = sentence
        self.is_refusal = True


def restore_group(journal: Journal, returns: list[TrashReturn], trashes: TrashDirectories) -> None:
    """Put a group of items back; each ends with a finished record or an error.

    Raises JournalError when the journal cannot take the intents; then nothing was moved.
    """
    opened: dict[bytes, int] = {}
    try:
        for item in returns:
            _find(item, trashes)
            if not item.error:
                _open_parent(item, opened)
            if not item.error:
                _check_place(item)
        ready = [item for item in returns if not item.error]
        if not ready:
            return
        _note_times(ready)
        for item, record in zip(ready, journal.write([item.record for item in ready]), strict=True):
            item.record = record
        for item in ready:
            _act(item)
        _sync(ready)
        _close(journal, ready)
    finally:
        for descriptor in opened.values():
            os.close(descriptor)


def is_copied_back(record: Record) -> bool:
    """Return whether what a return made again has its name, so that only what comes after that can fail."""
    status = entry_status(record.source) if record.state is State.COPIED else None
    return status is not None and record.identity.is_same_inode(Identity.from_stat(status))


def moved_at_this_moment(original: Record) -> str:
    """Return what to say of something made again that was `Stranded`; its record stays open for recovery."""
    return (
        f"{display_path(original.source)} was changed at this moment: whether what lies there now is what "
        "was made again, the next start of dusk finds out."
    )


def is_trashed_item(record: Record, status: os.stat_result, directory: int) -> bool:
    """Return whether an entry of an open ``files`` directory is what a record put there.

    Device numbers change when a machine restarts, so the device of the trash itself counts too.
    """
    identity = record.identity
    same = (identity.inode, identity.kind) == (status.st_ino, EntryKind.from_mode(status.st_mode))
    return same and status.st_dev in (identity.device, os.fstat(directory).st_dev)


def _find(item: TrashReturn, trashes: TrashDirectories) -> None:
    record = item.record
    try:
        item.place = trashes.existing(record.trash)
        item.place.lock()
        status = status_of(item.place.files, record.trash_name)
        is_it = status is not None and is_trashed_item(record, status, item.place.files)
    except (Unusable, OSError) as problem:
        why = problem.strerror if isinstance(problem, OSError) else problem
        item.error = f"{item.shown}: its trash {display_path(record.trash)} cannot be used: {why}."
        return
    if status is None:
        item.is_gone = True
        item.error = f"{item.shown} is not in the trash any more: someone emptied it or took it out."
    elif not is_it:
        item.is_gone = True
        item.refuse(f"{item.shown}: what lies in the trash under its name is another file.")


def _open_parent(item: TrashReturn, opened: dict[bytes, int]) -> None:
    path = os.path.dirname(item.record.source)
    if path in opened:
        item.parent = opened[path]
        return
    shown = display_path(path)
    try:
        try:
            opened[path] = open_directory(path)
        except FileNotFoundError:
            opened[path] = make_directories(path)
            item.note = f"The directory {shown} was missing and was made again."
        item.parent = opened[path]
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENOTDIR):
            item.refuse(f"{item.shown} cannot be put back: {shown} is a symbolic link or a file now.")
        else:
            item.error = f"{item.shown} cannot be put back: {shown}: {error.strerror}."


def make_directories(path: bytes) -> int:
    """Make the missing directories of a path, through no symbolic link, and return the last one open.

    Raises OSError.
    """
    above, missing = path, []
    while True:
        try:
            current = open_directory(above)
            break
        except FileNotFoundError:
            above, name = os.path.split(above)
            missing.append(name)
    for name in reversed(missing):
        try:
            with contextlib.suppress(FileExistsError):
                os.mkdir(name, dir_fd=current)
                sync(current)
            following = open_directory(name, within=current)
        finally:
            os.close(current)
        current = following
    return current


def _check_place(item: TrashReturn) -> None:
    try:
        is_taken = status_of(item.parent, item.base) is not None
    except OSError as error:
        item.error = f"{item.shown} cannot be put back: {error.strerror}."
        return
    if is_taken:
        item.refuse(
            f"{item.shown} cannot be put back: something else has its name now. "
            f"It stays in the trash: {display_path(item.record.trash_path)}."
        )


def _note_times(ready: list[TrashReturn]) -> None:
    """Note with each return the times of its directory, as they will be when those before it are back."""
    expected: dict[int, int] = {}
    for item in ready:
        if item.original is None:
            continue
        now_ns = expected.setdefault(item.parent, modified_ns(item.parent))
        item.record = with_known_times(item.record, item.original, now_ns)
        expected[item.parent] = item.record.parent_before_ns or now_ns


def _act(item: TrashReturn) -> None:
    record, place = item.record, item.place
    assert place is not None
    try:
        now = status_of(place.files, record.trash_name)
        identity = record.identity if now is None else Identity.from_stat(now)
        before = os.fstat(item.parent)
        relocate(
            place.files,
            record.trash_name,
            item.parent,
            item.base,
            lambda status: identity.is_same_inode(Identity.from_stat(status)),
        )
    except FileExistsError:
        item.refuse(f"{item.shown} cannot be put back: something else took its name at this moment.")
    except Swapped:
        item.error = f"{item.shown} was replaced in the trash at this moment. Nothing was moved."
    except Stranded:
        item.error = (
            f"{item.shown} was changed at this moment: whether what lies there now is what was trashed, the "
            "next start of dusk finds out."
        )
        return
    except OSError as error:
        item.error = f"{item.shown} cannot be put back: {error.strerror}."
    else:
        original = item.original
        if original is not None:
            give_time_back(item.parent, before, original.parent_before_ns, original.parent_after_ns)
        item.record = replace(record, state=State.DONE)
        return
    item.record = replace(record, state=State.FAILED, error=item.error)


def _sync(returns: list[TrashReturn]) -> None:
    """Make the renames durable, and only then drop the documents that are the second record of them."""
    moved = [item for item in returns if item.record.state is State.DONE]
    for descriptor in {item.parent for item in moved} | {item.place.files for item in moved if item.place}:
        try:
            sync(descriptor)
        except OSError as error:
            for item in moved:
                if item.place is not None and descriptor in (item.parent, item.place.files):
                    _leave_open(item, error)
    moved = [item for item in moved if item.record.state is State.DONE]
    for item in moved:
        assert item.place is not None
        with contextlib.suppress(OSError):
            os.unlink(item.record.trash_name + trashinfo.SUFFIX, dir_fd=item.place.info)
    for place in {item.place.path: item.place for item in moved if item.place}.values():
        names = [item.record.trash_name for item in moved if item.place is place]
        directory_sizes.update(place, {}, names)
    for descriptor in {item.place.info for item in moved if item.place}:
        with contextlib.suppress(OSError):
            sync(descriptor)


def _leave_open(item: TrashReturn, error: OSError) -> None:
    """Leave one that is back to the next recovery, with its document: the disk may not have it yet."""
    item.record = replace(item.record, state=State.INTENT)
    item.error = completed_later(f"{item.shown} is back", error)


def _close(journal: Journal, returns: list[TrashReturn]) -> None:
    records = [
        item.record
        if item.closes_original or item.record.state is not State.DONE
        else replace(item.record, state=State.VERIFIED)
        for item in returns
    ]
    records += [
        replace(item.original, state=State.UNDONE)
        for item in returns
        if item.original is not None and item.closes_original and item.record.state is State.DONE
    ]
    try:
        journal.write(records, closing=True)
    except JournalError as problem:
        for item in returns:
            item.note = completed_later(f"{item.shown} was dealt with", problem)
