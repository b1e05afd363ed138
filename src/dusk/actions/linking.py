"""Making equal files names of one file, and separate files again.

The separate file gets a second name in the trash first; then a hard link to the kept one takes its place by
a rename, so that the path is never missing. While that happens a read lease on both holds writers off.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import secrets
import stat
from dataclasses import replace

from dusk.actions import trashinfo
from dusk.actions.act import Admission, End, Returned, Tools, Work
from dusk.actions.equality import check_alike, compare, leased
from dusk.actions.gate import Refused
from dusk.actions.interrupted_times import give_interrupted_time_back, with_known_times
from dusk.actions.journal import JournalError
from dusk.actions.outcome import ItemState, completed_later
from dusk.actions.record import Record, State
from dusk.actions.relocation import entry_status, give_time_back, modified_ns, status_of, sync, time_kept
from dusk.actions.reservation import TrashMove, release, reserve_place
from dusk.actions.settling import (
    Settling,
    drop_document,
    is_in_place,
    is_in_trash,
)
from dusk.actions.trash_directory import TrashDirectory, Unusable
from dusk.fs.descent import open_parent
from dusk.fs.identity import Identity
from dusk.fs.names import display_path


class Unsettled(Exception):  # noqa: N818 - a finding, not an error
    """Whether a link took the place of a file, only the next recovery can tell; the text says so."""


def link(item: Admission, keeper: Admission, work: Work) -> End:
    """Make one file a further name of another with the same bytes.

    Raises Differs, Refused and OSError, all of them with both files as they were; JournalError; Unsettled.
    """
    with leased(keeper) as kept, leased(item) as other:
        check_alike(item, kept, other)
        compare(kept, other, item.record.identity.size, work.cancelled)
        return _replace_by_link(item, keeper, other, work)


def take_back(original: Record, record: Record, tools: Tools) -> Returned:
    """Put the separate file back in place of the link. Raises JournalError."""
    shown = display_path(original.source)
    try:
        place = tools.trashes.existing(original.trash)
        place.lock()
        parent, name = open_parent(original.source)
    except (Unusable, OSError) as problem:
        why = problem.strerror if isinstance(problem, OSError) else str(problem)
        return Returned(ItemState.FAILED, f"{shown} cannot be put back: {why}.")
    try:
        if not is_in_trash(original, place):
            tools.journal.write([replace(original, state=State.PURGED)], closing=True)
            sentence = f"{shown} stays a hard link: its separate file is not in the trash any more."
            return Returned(ItemState.FAILED, sentence)
        now = status_of(parent, name)
        if now is not None and not _is_link(now, original):
            sentence = f"{shown} cannot be put back: something else has its name now. It stays in the trash."
            return Returned(ItemState.REFUSED, sentence)
        before = os.fstat(parent)
        (record,) = tools.journal.write([with_known_times(record, original, before.st_mtime_ns)])
        os.rename(original.trash_name, name, src_dir_fd=place.files, dst_dir_fd=parent)
        give_time_back(parent, before, original.parent_before_ns, original.parent_after_ns)
        return _returned(place, parent, original, record, tools)
    except OSError as error:
        return Returned(ItemState.FAILED, f"{shown} cannot be put back: {error.strerror}.")
    finally:
        os.close(parent)


def settle(record: Record, settling: Settling) -> None:
    """Find out by inode whether the link had taken the place before a kill."""
    shown = display_path(record.source)
    place = settling.place_of(record)
    in_trash = is_in_trash(record, place)
    _drop_temporary(record, settling)
    if is_in_place(record):
        if in_trash:
            assert place is not None
            os.unlink(record.trash_name, dir_fd=place.files)
        drop_document(record, place)
        settling.end(record, State.FAILED, "Interrupted before it became a hard link.")
        settling.sentences.append(f"{shown} was not touched: dusk was interrupted before.")
        return
    now = entry_status(record.source)
    if in_trash and now is not None and _is_link(now, record):
        # Taking the name stamped the kept file and the directory at one moment.
        settling.moved(record, now.st_ctime_ns)
        settling.sentences.append(
            f"{shown} became a hard link before dusk was interrupted. 'dusk undo' takes it back."
        )
    else:
        settling.unclear(record, "it is not certain what has its name now")


def _replace_by_link(item: Admission, keeper: Admission, other: int, work: Work) -> End:
    situation = item.situation
    temporary = b".dusk-" + secrets.token_hex(8).encode() + b".link"
    links = item.record.identity.links
    detail = {
        "inode": keeper.record.identity.inode,
        "temporary": temporary.decode(),
        "kept": os.fsdecode(keeper.record.source),
    }
    record = replace(
        item.record,
        batch=work.begin(),
        destination=keeper.record.source,
        detail=json.dumps(detail),
        frees_after_purge=item.survey.disk_size if links == 1 else 0,
    )
    move = TrashMove(record, situation.parent)
    reserve_place(work.journal, move, work.trashes)
    if move.error or move.place is None:
        raise Refused(move.error)
    try:
        (record,) = work.journal.write([move.record])
    except JournalError:
        release(move)
        raise
    try:
        _swap(item, keeper, temporary, other, move.place, record)
    except (OSError, Refused) as problem:
        why = problem.strerror if isinstance(problem, OSError) else str(problem)
        error = f"{situation.shown} did not become a hard link: {why}"
        if not _clear(situation.parent, temporary, move):
            # The record stays open, because only another look can tell what has the name now.
            raise Unsettled(f"{error.rstrip('.')}. The next start of dusk puts that right.") from problem
        with contextlib.suppress(JournalError):
            work.journal.write([replace(record, state=State.FAILED, error=error)], closing=True)
        raise
    return _linked(item, keeper, move, record, work)


def _linked(item: Admission, keeper: Admission, move: TrashMove, record: Record, work: Work) -> End:
    """Make a swap durable and close its record; return the end."""
    assert move.place is not None
    shown, note = item.situation.shown, ""
    try:
        sync(move.place.files)
        sync(item.situation.parent)
        done = replace(record, state=State.DONE, parent_after_ns=modified_ns(item.situation.parent))
        work.journal.write([done], closing=True)
    except (OSError, JournalError) as problem:
        note = completed_later(f"{shown} was dealt with", problem)
    return End(ItemState.DONE, note, keeper.record.source, 0, record.frees_after_purge)


def _swap(  # noqa: PLR0917 - the facts of one swap
    item: Admission, keeper: Admission, temporary: bytes, other: int, place: TrashDirectory, record: Record
) -> None:
    """Give the separate file a name in the trash and its place to a link. Raises OSError and Refused."""
    situation, kept = item.situation, keeper.record.identity
    parent, name = situation.parent, situation.name
    with time_kept(parent, record.parent_before_ns):
        os.link(
            keeper.situation.name, temporary,
            src_dir_fd=keeper.situation.parent, dst_dir_fd=parent, follow_symlinks=False,
        )  # fmt: skip
    if os.stat(temporary, dir_fd=parent, follow_symlinks=False).st_ino != kept.inode:
        raise Refused(f"{display_path(keeper.record.source)} was replaced at this moment.")
    os.link(name, record.trash_name, src_dir_fd=parent, dst_dir_fd=place.files, follow_symlinks=False)
    if (
        os.stat(record.trash_name, dir_fd=place.files, follow_symlinks=False).st_ino
        != item.record.identity.inode
    ):
        raise Refused("it was replaced at this moment.")
    sync(place.files)
    now = os.stat(name, dir_fd=parent, follow_symlinks=False)
    drift = item.record.identity.drift(replace(Identity.from_stat(now), links=item.record.identity.links))
    if drift is not None:
        raise Refused(f"it {drift}.")
    os.rename(temporary, name, src_dir_fd=parent, dst_dir_fd=parent)
    if fcntl.fcntl(other, fcntl.F_GETLEASE) != fcntl.F_RDLCK:
        # Somebody opens the separate file for writing right now and waits: what they write must not be lost.
        os.rename(record.trash_name, name, src_dir_fd=place.files, dst_dir_fd=parent)
        raise Refused("somebody began to write to it at this moment.")


def _clear(parent: int, temporary: bytes, move: TrashMove) -> bool:
    """Take away what a failed attempt left; return whether the file is known to be in its place."""
    assert move.place is not None
    try:
        with time_kept(parent, move.record.parent_before_ns):
            if status_of(parent, temporary) is not None:
                os.unlink(temporary, dir_fd=parent)
        now = status_of(parent, move.name)
        if now is None or not move.record.identity.is_same_inode(Identity.from_stat(now)):
            return False
        there = status_of(move.place.files, move.record.trash_name)
        if there is not None and (now.st_dev, now.st_ino) == (there.st_dev, there.st_ino):
            os.unlink(move.record.trash_name, dir_fd=move.place.files)
    except OSError:
        return False
    release(move)
    return True


def _is_link(status: os.stat_result, record: Record) -> bool:
    """Return whether an entry is the kept file that a record put there."""
    try:
        return bool(status.st_ino == json.loads(record.detail)["inode"] and stat.S_ISREG(status.st_mode))
    except (ValueError, KeyError, TypeError):
        return False


def _drop_temporary(record: Record, settling: Settling) -> None:
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        name = json.loads(record.detail)["temporary"].encode()
        parent, _ = open_parent(record.source)
        try:
            status = status_of(parent, name)
            if status is not None and _is_link(status, record):
                give_interrupted_time_back(record, [status.st_ctime_ns])
                with settling.directory_time_kept(record, os.path.join(os.path.dirname(record.source), name)):
                    os.unlink(name, dir_fd=parent)
        finally:
            os.close(parent)


def _returned(place: TrashDirectory, parent: int, original: Record, record: Record, tools: Tools) -> Returned:
    """Make a return durable, drop the document of what is back, and close the records."""
    note = ""
    try:
        sync(parent)
        sync(place.files)
        with contextlib.suppress(OSError):
            os.unlink(original.trash_name + trashinfo.SUFFIX, dir_fd=place.info)
            sync(place.info)
        ended = [replace(record, state=State.DONE), replace(original, state=State.UNDONE)]
        tools.journal.write(ended, closing=True)
    except (OSError, JournalError) as problem:
        note = completed_later(f"{display_path(original.source)} is back", problem)
    return Returned(ItemState.DONE, note)
