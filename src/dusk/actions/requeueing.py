"""The act of requeueing: items of a stuck queue go back to where its worker picks them up."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from dusk.actions.act import (
    Act,
    Admission,
    Demands,
    End,
    Gathering,
    Objection,
    Returned,
    Situation,
    Tools,
    Work,
)
from dusk.actions.gate import Gate, Refused
from dusk.actions.interrupted_times import with_known_times
from dusk.actions.journal import JournalError
from dusk.actions.outcome import ItemState, completed_later
from dusk.actions.queue_stages import STAGES, WAITING, reason_against_waiting, waiting_directory
from dusk.actions.record import Record, State
from dusk.actions.relocation import (
    Stranded,
    Swapped,
    entry_status,
    give_time_back,
    modified_ns,
    relocate,
    same_inode,
    sync,
)
from dusk.actions.settling import Settling, is_at, is_in_place
from dusk.actions.waiting_times import (
    end_waiting,
    give_waiting_time_back,
    waiting_times,
    with_known_waiting_times,
    with_waiting_times,
)
from dusk.actions.withdrawal import is_inode
from dusk.fs.cancellation import Cancelling
from dusk.fs.descent import open_directory, open_parent
from dusk.fs.identity import Identity
from dusk.fs.names import display_path
from dusk.fs.survey import Survey
from dusk.plan.step import Forecast, Step
from dusk.rules.finding import Action


class Requeueing(Act):
    """Requeue: one rename for each item, which replaces nothing."""

    action = Action.REQUEUE
    gathering = Gathering.GROUP

    @property
    def demands(self) -> Demands:
        """Return everything but a trash: nothing goes there."""
        return Demands(trash=False)

    def objections(self, situation: Situation, survey: Survey, gate: Gate) -> Iterator[Objection]:
        """Yield why the target cannot go back in line."""
        if stat.S_ISDIR(situation.status.st_mode) and situation.name in STAGES:
            yield Objection(f"{situation.shown} is a stage of a queue: name the items in it.")
            return
        waiting = waiting_directory(situation.step, situation.path)
        if waiting is None:
            yield Objection(
                f"Where the worker picks {situation.shown} up cannot be told: no directory "
                f"{', '.join(os.fsdecode(name) for name in WAITING[:3])} lies beside its own."
            )
            return
        path = os.path.join(waiting, situation.name)
        reason = gate.protection.reason(path)
        if reason is not None:
            yield Objection(f"{display_path(path)} {reason}.")
        elif os.path.dirname(situation.path) == waiting:
            yield Objection(f"{situation.shown} waits in line already.")
        elif entry_status(path) is not None:
            yield Objection(f"{situation.shown} cannot go back: {display_path(path)} is there already.")
        else:
            problem = reason_against_waiting(waiting, situation.status.st_dev)
            if problem is not None:
                yield Objection(f"{situation.shown} cannot go back: {display_path(waiting)} {problem}.")

    def preview(
        self, step: Step, surveys: Mapping[bytes, Survey], cancelled: Cancelling
    ) -> dict[bytes, Forecast]:
        """Return where the items go, once for each such directory; nothing is freed by that."""
        forecasts: dict[bytes, Forecast] = {}
        said: set[bytes] = set()
        for path in surveys:
            waiting = waiting_directory(step, path)
            sentence = ""
            if waiting is not None and waiting not in said:
                said.add(waiting)
                sentence = f"Back in line means {display_path(waiting)}."
            forecasts[path] = Forecast(sentence=sentence)
        return forecasts

    def run(self, items: Sequence[Admission], work: Work) -> Sequence[End]:
        """Move a group of items; raises JournalError when the intents cannot be written."""
        work.progress.at("putting back in line", items[0].record.source)
        batch = work.begin()
        intents = []
        for item in items:
            waiting = waiting_directory(item.step, item.target.path)
            if waiting is None:
                raise Refused(f"{item.situation.shown}: where its worker looks is gone.")
            intent = replace(
                item.record,
                batch=batch,
                destination=os.path.join(waiting, item.situation.name),
                frees_after_purge=0,
                parent_before_ns=modified_ns(item.situation.parent),
            )
            status = entry_status(waiting)
            intents.append(intent if status is None else with_waiting_times(intent, status.st_mtime_ns, 0))
        moves = [
            _Move(record, item.situation.parent)
            for record, item in zip(work.journal.write(intents), items, strict=True)
        ]
        _move_all(moves)
        try:
            work.journal.write([move.record for move in moves], closing=True)
        except JournalError as problem:
            for move in moves:
                move.note = completed_later(f"{display_path(move.record.source)} was dealt with", problem)
        return [move.end() for move in moves]

    def take_back(self, original: Record, record: Record, tools: Tools) -> Returned:
        """Move an item back to the stage that it was in, unless a worker has taken it."""
        shown = display_path(original.source)
        try:
            parent, _ = open_parent(original.source)
        except (OSError, ValueError):
            return Returned(ItemState.FAILED, f"{shown} cannot be put back: its directory is gone.")
        try:
            if not is_at(original, original.destination):
                return Returned(
                    ItemState.FAILED,
                    f"{shown} cannot be put back: a worker has taken {display_path(original.destination)}.",
                )
            record = with_known_times(record, original, modified_ns(parent))
            (record,) = tools.journal.write([with_known_waiting_times(record, original)])
            return _move_back(original, record, parent, tools)
        except OSError as error:
            return Returned(ItemState.FAILED, f"{shown} cannot be put back: {error.strerror}.")
        finally:
            os.close(parent)

    def settle(self, record: Record, settling: Settling) -> None:
        """Find an item in its stage or in line; one that is in neither, a worker has."""
        shown = display_path(record.source)
        if is_in_place(record):
            if is_at(record, record.destination):
                os.unlink(record.destination)  # a filesystem without RENAME_NOREPLACE: two names for a moment
            settling.end(record, State.FAILED, "Interrupted before it was moved.")
            settling.sentences.append(f"{shown} was not touched: dusk was interrupted before.")
        elif is_at(record, record.destination):
            end_waiting(record, settling)
            settling.sentences.append(
                f"Put {shown} back in line before dusk was interrupted. 'dusk undo' takes it back."
            )
        else:
            settling.unclear(record, "it is neither in its stage nor in line: a worker may have it")

    def settle_return(self, original: Record, record: Record, settling: Settling) -> str:
        """Give the directory of what waits its time back, if a kill came right before that."""
        give_waiting_time_back(record)
        return ""

    def is_away(self, original: Record, record: Record) -> bool:
        """Return whether an item still waits in line."""
        return is_at(original, original.destination)


@dataclass(slots=True)
class _Move:
    record: Record
    parent: int
    error: str = ""
    note: str = ""

    def end(self) -> End:
        if self.record.state is State.DONE:
            return End(ItemState.DONE, self.note, self.record.destination, frees_after_purge=0)
        return End(ItemState.FAILED, self.error)


def _move_all(moves: list[_Move]) -> None:
    opened: dict[bytes, int] = {}
    try:
        for move in moves:
            above = os.path.dirname(move.record.destination)
            try:
                if above not in opened:
                    opened[above] = open_directory(above)
                _move(move, opened[above])
            except OSError as error:
                _fail(move, f"{display_path(move.record.source)} was not moved: {error.strerror}.")
        for descriptor in {*opened.values(), *(move.parent for move in moves)}:
            # An error of the disk cannot be taken back here; the record stays open, which recovery settles.
            try:
                sync(descriptor)
            except OSError as error:
                for move in moves:
                    if move.record.state is State.DONE:
                        move.record = replace(move.record, state=State.INTENT)
                        move.error = f"It was moved, but the disk reports: {error.strerror}."
    finally:
        for descriptor in opened.values():
            os.close(descriptor)


def _move(move: _Move, directory: int) -> None:
    record, shown = move.record, display_path(move.record.source)
    name = os.path.basename(record.source)
    before, waiting = modified_ns(move.parent), modified_ns(directory)
    try:
        relocate(move.parent, name, directory, name, same_inode(record.identity))
    except FileExistsError:
        _fail(move, f"{shown} was not moved: something of its name waits in line since this moment.")
    except Swapped:
        _fail(move, f"{shown} was replaced by another file at this moment.")
    except Stranded:
        # The record stays open: recovery finds out which file it is that waits in line now.
        move.error = (
            f"{shown} was changed at this moment and waits in line. The next start of dusk looks again."
        )
    else:
        done = replace(
            record, state=State.DONE, parent_before_ns=before, parent_after_ns=modified_ns(move.parent)
        )
        move.record = with_waiting_times(done, waiting, modified_ns(directory))


def _fail(move: _Move, sentence: str) -> None:
    move.error = sentence
    move.record = replace(move.record, state=State.FAILED, error=sentence)


def _move_back(original: Record, record: Record, parent: int, tools: Tools) -> Returned:
    """Move an item whose return is in the journal. Raises OSError when its place in line cannot be opened."""
    shown, name = display_path(original.source), os.path.basename(original.source)
    directory = open_directory(os.path.dirname(original.destination))
    try:
        before, waiting = os.fstat(parent), os.fstat(directory)
        try:
            # The same inode as in the journal, which may know it by the device number of before a restart.
            status = os.stat(name, dir_fd=directory, follow_symlinks=False)
            if not is_inode(original.identity, status, directory):
                raise Swapped
            relocate(directory, name, parent, name, same_inode(Identity.from_stat(status)))
        except Stranded:
            # The record stays open: recovery finds out which file it is that lies there now.
            sentence = f"{shown} was changed at this moment. The next start of dusk looks again."
            return Returned(ItemState.FAILED, sentence)
        except (FileExistsError, Swapped, OSError) as problem:
            return _not_back(record, problem, tools)
        _put_times_back(original, parent, before, directory, waiting)
        try:
            sync(parent)
            sync(directory)
            ends = [replace(record, state=State.DONE), replace(original, state=State.UNDONE)]
            tools.journal.write(ends, closing=True)
        except (OSError, JournalError) as problem:
            return Returned(ItemState.DONE, completed_later(f"{shown} is back", problem))
        return Returned(ItemState.DONE)
    finally:
        os.close(directory)


def _not_back(record: Record, problem: OSError | Swapped, tools: Tools) -> Returned:
    shown, state = display_path(record.source), ItemState.FAILED
    if isinstance(problem, FileExistsError):
        why, state = "something else has its name now", ItemState.REFUSED
    else:
        why = str(problem.strerror) if isinstance(problem, OSError) else "it was replaced at this moment"
    sentence = f"{shown} cannot be put back: {why}."
    with contextlib.suppress(JournalError):
        tools.journal.write([replace(record, state=State.FAILED, error=sentence)], closing=True)
    return Returned(state, sentence)


def _put_times_back(
    original: Record, parent: int, before: os.stat_result, directory: int, waiting: os.stat_result
) -> None:
    """Give both directories the times that they had before the act, where nothing else changed them."""
    give_time_back(parent, before, original.parent_before_ns, original.parent_after_ns)
    give_time_back(directory, waiting, *waiting_times(original))
