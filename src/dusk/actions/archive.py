"""Archiving: a copy that was read back and is equal, and only then the source goes to the trash.

The copy grows in a working directory beside its final place. The journal knows that directory before it
is made, so that whatever interrupts the copy, nothing half done ever stands under a final name.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
from collections.abc import Callable
from dataclasses import replace

from dusk.actions.gate import Gate, Refused, Situation
from dusk.actions.journal import Journal, JournalError
from dusk.actions.outcome import ItemState
from dusk.actions.progress import ExecutionProgress
from dusk.actions.record import Record, State
from dusk.actions.relocation import Stranded, publish, same_inode, status_of, sync
from dusk.actions.removal import remove_tree
from dusk.actions.reservation import TrashMove
from dusk.actions.trash import trash_group
from dusk.actions.trash_choice import NoTrash, TrashDirectories
from dusk.fs.cancellation import Cancelled, Cancelling
from dusk.fs.descent import open_directory, open_subdirectory
from dusk.fs.identity import Identity
from dusk.fs.names import display_path
from dusk.fs.protected import Protection
from dusk.fs.survey import Survey
from dusk.fs.surveyor import survey_at
from dusk.fs.units import format_size

_RESERVE = 64 << 20
_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_ATTEMPTS = 1000


class ArchiveError(Exception):
    """The destination cannot be used; the text says why."""


def make_destination(path: bytes) -> None:
    """Make the directory of an archive, because a person asked for it; its parent must exist.

    Raises ArchiveError.
    """
    try:
        os.mkdir(path)
    except FileExistsError:
        if not os.path.isdir(path):
            raise ArchiveError(f"{display_path(path)} is a file, not a directory.") from None
    except OSError as error:
        raise ArchiveError(f"The directory {display_path(path)} cannot be made: {error.strerror}.") from error


def destination_objection(destination: bytes, source: bytes, protection: Protection) -> str | None:
    """Return why a source cannot be archived to a directory, as a sentence; None when it can."""
    shown = display_path(destination)
    resolved = os.path.realpath(destination)
    problem = None
    if not destination.startswith(b"/"):
        problem = "No directory to archive to was named."
    elif not os.path.exists(resolved):
        problem = f"The archive directory {shown} does not exist."
    elif not os.path.isdir(resolved):
        problem = f"The archive directory {shown} is not a directory."
    elif _is_within(resolved, source):
        problem = f"The archive directory {shown} is inside {display_path(source)}, which is to be archived."
    elif _is_within(source, resolved):
        problem = f"{display_path(source)} is in the archive directory {shown} already."
    elif not os.access(resolved, os.W_OK | os.X_OK, effective_ids=True):
        problem = f"The archive directory {shown} cannot be written by this user."
    else:
        # What could not be taken back from there, does not go there.
        reason = protection.reason(os.path.join(resolved, os.path.basename(source)))
        problem = (
            f"The archive directory {shown} cannot be used: what lies in it {reason}." if reason else None
        )
    return problem


class Archiving:
    """One archive act, from the copy to the trashed source."""

    def __init__(
        self,
        journal: Journal,
        gate: Gate,
        trashes: TrashDirectories,
        progress: ExecutionProgress,
        cancelled: Cancelling,
    ) -> None:
        """Act with what the run already has open."""
        self._journal = journal
        self._gate = gate
        self._trashes = trashes
        self._progress = progress
        self._cancelled = cancelled
        self._not_kept: tuple[str, ...] = ()

    def run(
        self, situation: Situation, survey: Survey, record: Record, begin: Callable[[], int]
    ) -> tuple[Record, ItemState, str]:
        """Copy, verify, look at the source again and trash it; return the record, its end and a sentence.

        ``begin`` gives the batch. Raises Refused, Cancelled and JournalError, all of them before the
        source was touched and with the copy removed.
        """
        self._check(situation, survey, record)
        directory = open_directory(os.path.realpath(record.destination))
        try:
            return self._run_in(directory, situation, survey, record, begin)
        finally:
            os.close(directory)

    def _check(self, situation: Situation, survey: Survey, record: Record) -> None:
        sentence = destination_objection(record.destination, record.source, self._gate.protection)
        if sentence is not None:
            raise Refused(sentence)
        if survey.unreadable:
            raise Refused(f"{situation.shown} cannot be archived: parts of it cannot be read.")
        try:
            # Better known before hours of copying than after.
            self._trashes.for_entry(situation.parent, os.path.dirname(record.source))
        except NoTrash as problem:
            raise Refused(
                f"{situation.shown} cannot be archived, because it could not be trashed then: {problem}."
            ) from None
        space = os.statvfs(record.destination)
        free = space.f_bavail * space.f_frsize
        if survey.disk_size + _RESERVE > free:
            raise Refused(
                f"{display_path(record.destination)} has {format_size(free)} free, and {situation.shown} "
                f"needs {format_size(survey.disk_size)} and {format_size(_RESERVE)} to spare."
            )

    def _run_in(
        self,
        directory: int,
        situation: Situation,
        survey: Survey,
        record: Record,
        begin: Callable[[], int],
    ) -> tuple[Record, ItemState, str]:
        destination = os.path.realpath(record.destination)
        working = b".dusk-" + secrets.token_hex(8).encode() + b".part"
        intent = replace(
            record, batch=begin(), destination=destination, working=os.path.join(destination, working)
        )
        (record,) = self._journal.write([intent])
        try:
            record = self._copy(directory, working, situation, survey, record)
            record = self._publish(directory, working, record)
        except BaseException as problem:
            remove_working(directory, working)
            sentence = _failure(situation, problem)
            with contextlib.suppress(JournalError):
                self._journal.write([replace(record, state=State.FAILED, error=sentence)], closing=True)
            if isinstance(problem, OSError | Stranded):
                return replace(record, destination=b""), ItemState.FAILED, sentence
            raise
        remove_working(directory, working)
        return self._trash_source(situation, record)

    def _copy(
        self, directory: int, working: bytes, situation: Situation, survey: Survey, record: Record
    ) -> Record:
        from dusk.actions.copier import copy_verified

        os.mkdir(working, 0o700, dir_fd=directory)
        self._progress.at("copying", record.source)
        report = copy_verified(
            record.source,
            record.working,
            seen=survey,
            on_bytes=self._progress.add_half,
            on_proven=self._progress.add_half,
            cancelled=self._cancelled,
        )
        self._progress.at("checking", record.source)
        now = survey_at(situation.parent, situation.name, situation.path, cancelled=self._cancelled)
        for objection in self._gate.after_survey(situation, now, reviewed=True):
            if not (objection.may_insist and situation.step.insisted):
                raise Refused(f"{objection.sentence} The copy was removed.")
        self._not_kept = report.not_kept
        return replace(record, digest=report.digest)

    def _publish(self, directory: int, working: bytes, record: Record) -> Record:
        """Give the verified copy its final name, which the journal knows before."""
        base = os.path.basename(record.source)
        above = os.path.dirname(record.working)
        holder = os.open(working, _FLAGS, dir_fd=directory)
        try:
            status = os.stat(base, dir_fd=holder, follow_symlinks=False)
            for attempt in range(_ATTEMPTS):
                name = base if attempt == 0 else base[:240] + b".%d" % (attempt + 1)
                if status_of(directory, name) is not None:
                    continue
                copied = replace(record, state=State.COPIED, destination=os.path.join(above, name))
                (record,) = self._journal.write([copied])
                try:
                    publish(holder, base, directory, name, same_inode(Identity.from_stat(status)))
                    break
                except FileExistsError:
                    continue
            else:
                raise FileExistsError(f"no free name for {display_path(base)}")
            sync(holder)
            sync(directory)
        finally:
            os.close(holder)
        (record,) = self._journal.write([replace(record, state=State.VERIFIED)])
        return record

    def _trash_source(self, situation: Situation, record: Record) -> tuple[Record, ItemState, str]:
        self._progress.at("moving to trash", record.source)
        move = TrashMove(record, situation.parent)
        copied = f"A verified copy is at {display_path(record.destination)}."
        kept = f"{copied[:-1]}; the source stays where it is."
        try:
            trash_group(self._journal, [move], self._trashes)
        except JournalError as problem:
            return record, ItemState.FAILED, f"{problem} {kept}"
        if move.record.state is State.DONE:
            return move.record, ItemState.DONE, self._note(situation, move)
        now = status_of(situation.parent, situation.name)
        if now is None or not record.identity.is_same_inode(Identity.from_stat(now)):
            # It was moved, and the disk reported an error then: the next recovery finds out how it ended.
            return move.record, ItemState.FAILED, f"{move.error} {copied}"
        sentence = f"{move.error} {kept}"
        with contextlib.suppress(JournalError):
            self._journal.write([replace(move.record, state=State.FAILED, error=sentence)], closing=True)
        return move.record, ItemState.FAILED, sentence

    def _note(self, situation: Situation, move: TrashMove) -> str:
        if move.note or not self._not_kept:
            return move.note
        return f"{situation.shown} was archived, but the copy could not keep: {', '.join(self._not_kept)}."


def remove_working(
    directory: int, working: bytes, keeping: contextlib.AbstractContextManager[None] | None = None
) -> None:
    """Remove a working directory of dusk's own; what cannot be removed now, the next recovery removes.

    ``keeping`` gives the open directory its time back, at once: before the disk is waited for.
    """
    with contextlib.suppress(OSError):
        status = os.stat(working, dir_fd=directory, follow_symlinks=False)
        if stat.S_ISDIR(status.st_mode) and status.st_uid == os.geteuid():
            # What is in it may take long, and the moment of its own removal counts.
            with contextlib.suppress(OSError):
                _empty(directory, working)
            with keeping or contextlib.nullcontext():
                try:
                    os.rmdir(working, dir_fd=directory)
                except OSError:
                    remove_tree(directory, working)
            sync(directory)


def _empty(directory: int, working: bytes) -> None:
    holder = open_subdirectory(directory, working)
    try:
        for name in os.listdir(holder):
            remove_tree(holder, os.fsencode(name))
    finally:
        os.close(holder)


def _failure(situation: Situation, problem: BaseException) -> str:
    if isinstance(problem, OSError):
        why = problem.strerror or str(problem)  # a CopyError says it all, the path included
        shown = "" if situation.shown in why else f"{situation.shown} was not archived: "
        return f"{shown}{why}. It was not touched."
    if isinstance(problem, Stranded):
        return f"{situation.shown} was not touched: its copy was replaced by somebody at this moment."
    if isinstance(problem, Cancelled):
        return "Cancelled."
    return str(problem)


def _is_within(path: bytes, ancestor: bytes) -> bool:
    return path == ancestor or path.startswith(ancestor.rstrip(b"/") + b"/")
