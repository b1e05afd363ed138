"""After a kill or a power cut: finding out by identity how far each intended act came.

Nothing is guessed. What is in the trash was trashed; what is in its place was not; what is in neither
is left for a person, with everything that the journal knows of it.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

from dusk.actions.act import Act
from dusk.actions.acts import act_of
from dusk.actions.expunged import finish_expunging, remove_expunged
from dusk.actions.journal import Journal, JournalError
from dusk.actions.record import Record, State
from dusk.actions.settling import Settling, drop_document, is_in_place, is_in_trash
from dusk.actions.trash_choice import TrashDirectories
from dusk.actions.trash_directory import Unusable
from dusk.fs.names import display_path


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
            settling = Settling(journal, trashes)
            journal.moments.give_times_back()
            interrupted = journal.open_records()
            for record in reversed(interrupted):  # each knows the time of its directory before it
                settling.give_time_back(record, interrupted)
            for record in interrupted:
                _settle(record, settling)
            settling.settle_times()
            journal.forget_moments()
        finally:
            trashes.close()
    return RecoveryReport(tuple(settling.sentences))


def _settle(record: Record, settling: Settling) -> None:
    shown = display_path(record.source)
    try:
        settling.place_of(record)
    except Unusable as problem:
        if os.path.lexists(record.trash):
            settling.unclear(record, f"its trash cannot be opened: {problem}")
        else:
            settling.sentences.append(f"{shown}: the disk with its trash is not there; settled when it is.")
        return
    try:
        act = act_of(record.action)
        if act is not None:
            act.settle(record, settling)
        elif record.action == "empty":
            _settle_empty(record, settling)
        else:
            _settle_restore(record, settling)
    except (OSError, JournalError, Unusable) as problem:
        why = str(problem.strerror) if isinstance(problem, OSError) else str(problem)
        settling.sentences.append(
            f"{shown}: what was interrupted could not be settled yet: {why.rstrip('.')}."
        )


def _settle_restore(record: Record, settling: Settling) -> None:
    shown = display_path(record.source)
    place = settling.place_of(record)
    in_trash = is_in_trash(record, place)
    if _is_back(record, settling):
        if in_trash:
            assert place is not None
            os.unlink(record.trash_name, dir_fd=place.files)
        drop_document(record, place)
        settling.remove_working(record)
        note = _settle_rest(record, settling)
        settling.end(record, State.DONE)
        settling.end_original(record, State.UNDONE)
        settling.sentences.append(f"{shown} was put back before dusk was interrupted.{note}")
    elif in_trash or record.working or _is_away(record, settling):
        settling.remove_working(record)
        settling.end(record, State.FAILED, "Interrupted before it was put back.")
        settling.sentences.append(f"{shown} was not put back: dusk was interrupted before. Undo again.")
    else:
        settling.unclear(record, "it is neither in its place nor in the trash")


def _taken_back(record: Record, settling: Settling) -> tuple[Record, Act] | None:
    """Return the record that one takes back, and what carried that out."""
    original = settling.journal.record(record.reverses) if record.reverses else None
    act = act_of(original.action) if original is not None else None
    return (original, act) if original is not None and act is not None else None


def _is_back(record: Record, settling: Settling) -> bool:
    found = _taken_back(record, settling)
    return found[1].is_back(found[0], record) if found is not None else is_in_place(record)


def _is_away(record: Record, settling: Settling) -> bool:
    found = _taken_back(record, settling)
    return found is not None and found[1].is_away(found[0], record)


def _settle_rest(record: Record, settling: Settling) -> str:
    """Let the act that is taken back finish that; return a sentence with a space before it."""
    found = _taken_back(record, settling)
    if found is None:
        return ""
    original, act = found
    sentence = act.settle_return(original, record, settling)
    return f" {sentence}" if sentence else ""


def _settle_empty(record: Record, settling: Settling) -> None:
    shown = display_path(record.source or record.trash_path)
    place = settling.place_of(record)
    if place is not None and is_in_trash(record, place):
        remove_expunged(place)
        settling.end(record, State.FAILED, "Interrupted before it was deleted.")
        settling.sentences.append(f"{shown} is still in the trash: dusk was interrupted before deleting it.")
        return
    if place is not None:
        drop_document(record, place)
        finish_expunging(place, record)
    settling.end(record, State.DONE)
    settling.end_original(record, State.PURGED)
    settling.sentences.append(f"{shown} was being deleted from the trash; that is finished now.")
