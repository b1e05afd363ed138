"""The executor: the only way from a plan to someone's files."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from dataclasses import dataclass, replace

from dusk.actions.archive import Archiving
from dusk.actions.gate import Gate, Refused, Situation, admit
from dusk.actions.interrupts import held_back
from dusk.actions.journal import Journal, JournalError
from dusk.actions.outcome import ItemResult, ItemState, Outcome
from dusk.actions.progress import ExecutionProgress
from dusk.actions.record import BatchKind, Record, State
from dusk.actions.trash import GROUP, TrashMove, trash_group
from dusk.actions.trash_choice import TrashDirectories
from dusk.fs.cancellation import Cancelled, Cancelling, never
from dusk.fs.descent import open_directory
from dusk.fs.names import display_path
from dusk.fs.protected import Protection
from dusk.fs.survey import Survey
from dusk.plan.freed import freed, frees_space
from dusk.plan.plan import Plan
from dusk.plan.step import Step, Target
from dusk.rules.finding import Action

__all__ = ["ExecutionProgress", "Executor", "ItemResult", "ItemState", "Outcome"]

# What was checked must not wait long for the rest of its group before it is acted on.
_GROUP_SECONDS = 0.2


class Executor:
    """Carries out plans, one gate for every face and every action."""

    def __init__(self, journal: Journal, protection: Protection, *, read_only: bool = False) -> None:
        """Act under a journal and a protection; with ``read_only`` refuse everything."""
        self._journal = journal
        self._protection = protection
        self._read_only = read_only

    def run(
        self,
        plan: Plan,
        *,
        title: str = "",
        progress: ExecutionProgress | None = None,
        cancelled: Cancelling = never,
    ) -> Outcome:
        """Carry out a reviewed plan and return how each item ended.

        Cancelling, also by SIGINT, takes effect between items. Raises JournalError when the journal
        cannot be used at all; then nothing was touched.
        """
        shown = progress or ExecutionProgress()
        pairs = [(step, target) for step in plan.steps for target in step.targets]
        shown.begin(len(pairs), sum(_size(target) for _, target in pairs))
        with held_back(cancelled) as asked, self._journal.acting():
            run = _Run(self._journal, self._gate(), title or _title(pairs), shown, asked)
            try:
                run.carry_out(pairs)
            finally:
                run.close()
                shown.finish()
        return run.outcome(pairs)

    def _gate(self) -> Gate:
        return Gate(self._protection, trashes=self._journal.places(), read_only=self._read_only)


@dataclass(frozen=True, slots=True)
class _Admitted:
    position: int
    target: Target
    record: Record
    parent: int
    survey: Survey


class _Run:
    """One run: the group that is being gathered, and what has ended."""

    def __init__(
        self, journal: Journal, gate: Gate, title: str, progress: ExecutionProgress, cancelled: Cancelling
    ) -> None:
        self.journal = journal
        self.gate = gate
        self.title = title
        self.progress = progress
        self.cancelled = cancelled
        self.trashes = TrashDirectories(journal.places())
        self.parents: dict[bytes, int] = {}
        self.results: dict[int, ItemResult] = {}
        self.acted: list[Target] = []
        self.batch = 0
        self.stopped = ""
        self.was_cancelled = False
        self._group: list[_Admitted] = []
        self._group_began = 0.0

    def carry_out(self, pairs: list[tuple[Step, Target]]) -> None:
        covered = _covered(target.path for _, target in pairs)
        for position, (step, target) in enumerate(pairs):
            if self.was_cancelled or self.stopped:
                self._end(position, step.action, target, ItemState.SKIPPED, self.stopped)
            elif self.cancelled():
                self.was_cancelled = True
                self._end(position, step.action, target, ItemState.SKIPPED, "")
            elif target.path in covered:
                with_it = display_path(covered[target.path])
                self._end(position, step.action, target, ItemState.SKIPPED, f"It is part of {with_it}.")
            else:
                self._one(position, step, target)
        if self.was_cancelled:
            for item in self._group:
                self._end(item.position, Action.TRASH, item.target, ItemState.SKIPPED, "")
            self._group.clear()
        self._flush()

    def close(self) -> None:
        self._close_parents()
        self.trashes.close()
        if self.batch:
            self.journal.finish(self.batch)

    def outcome(self, pairs: list[tuple[Step, Target]]) -> Outcome:
        space = freed(self.acted)
        return Outcome(
            batch=self.batch or None,
            results=tuple(self.results[position] for position in range(len(pairs))),
            frees_now=0,
            frees_after_purge=space.after_purge,
            cancelled=self.was_cancelled,
        )

    def _one(self, position: int, step: Step, target: Target) -> None:
        try:
            if step.action is Action.TRASH:
                self._gather(position, step, target)
            elif step.action is Action.ARCHIVE:
                self._flush()
                self._archive(position, step, target)
            else:
                self._end(position, step.action, target, ItemState.SKIPPED, "Nothing is to be done with it.")
        except Refused as refusal:
            self._end(position, step.action, target, ItemState.REFUSED, str(refusal))
        except Cancelled:
            self.was_cancelled = True
            self._end(position, step.action, target, ItemState.SKIPPED, "")
        except JournalError as problem:
            self._stop(position, step.action, target, str(problem))
        except OSError as error:
            sentence = (
                f"{display_path(target.path)} cannot be acted on: {error.strerror}. It was not touched."
            )
            self._end(position, step.action, target, ItemState.FAILED, sentence)

    def _gather(self, position: int, step: Step, target: Target) -> None:
        self._group_began = self._group_began if self._group else time.monotonic()
        situation, survey = self._admit(step, target)
        record = record_for(step, target, situation.status, survey)
        self._group.append(_Admitted(position, target, record, situation.parent, survey))
        if len(self._group) >= GROUP or time.monotonic() - self._group_began > _GROUP_SECONDS:
            self._flush()

    def _flush(self) -> None:
        group, self._group = self._group, []
        if not group:
            self._close_parents()
            return
        self.progress.at("moving to trash", group[0].target.path)
        moves: list[TrashMove] = []
        try:
            batch = self._begin()
            moves = [TrashMove(replace(item.record, batch=batch), item.parent) for item in group]
            trash_group(self.journal, moves, self.trashes)
        except JournalError as problem:
            for item in group:
                self._stop(item.position, Action.TRASH, item.target, str(problem))
        else:
            for item, move in zip(group, moves, strict=True):
                self._end_of_move(item, move)
        self._close_parents()

    def _end_of_move(self, item: _Admitted, move: TrashMove) -> None:
        if move.record.state is State.DONE:
            self.acted.append(replace(item.target, survey=item.survey))
            self._end(
                item.position, Action.TRASH, item.target, ItemState.DONE, move.note, move.record.trash_path
            )
        else:
            self._end(item.position, Action.TRASH, item.target, ItemState.FAILED, move.error)

    def _archive(self, position: int, step: Step, target: Target) -> None:
        begun = self.progress.bytes_done
        situation, survey = self._admit(step, target)
        record = record_for(step, target, situation.status, survey)
        archiving = Archiving(self.journal, self.gate, self.trashes, self.progress, self.cancelled)
        try:
            record, state, sentence = archiving.run(situation, survey, record, self._begin)
        finally:
            self.progress.bytes_done = begun
            self._close_parents()
        if state is ItemState.DONE and frees_space(step, target):
            self.acted.append(replace(target, survey=survey))
        self._end(position, step.action, target, state, sentence, record.destination)

    def _admit(self, step: Step, target: Target) -> tuple[Situation, Survey]:
        self.progress.at("checking", target.path)
        parent = self._parent(target.path)
        situation, survey = admit(self.gate, step, target, parent, cancelled=self.cancelled)
        self.parents[os.path.dirname(target.path)] = situation.parent
        return situation, survey

    def _begin(self) -> int:
        if not self.batch:
            self.batch = self.journal.begin(BatchKind.ACT, self.title)
        return self.batch

    def _parent(self, path: bytes) -> int | None:
        """Return the open directory of a path: one descriptor serves all entries of a group."""
        directory = os.path.dirname(path)
        if directory not in self.parents:
            try:
                self.parents[directory] = open_directory(directory)
            except OSError:
                return None  # admit() opens it again and words the refusal
        return self.parents[directory]

    def _close_parents(self) -> None:
        for descriptor in self.parents.values():
            os.close(descriptor)
        self.parents.clear()

    def _stop(self, position: int, action: Action, target: Target, sentence: str) -> None:
        self.stopped = "Not begun, because the journal could not be written."
        self._end(position, action, target, ItemState.FAILED, sentence)

    def _end(  # noqa: PLR0917 - the facts of one result
        self,
        position: int,
        action: Action,
        target: Target,
        state: ItemState,
        sentence: str,
        place: bytes = b"",
    ) -> None:
        self.results[position] = ItemResult(target.path, action, state, sentence, place)
        self.progress.add_bytes(_size(target))
        self.progress.add_item()


def record_for(step: Step, target: Target, status: os.stat_result, survey: Survey) -> Record:
    """Return what the journal is to remember of a target before it is touched."""
    shared = sum(link.disk_size for link in survey.linked if link.found < link.links)
    return Record(
        source=target.path,
        identity=survey.identity,
        action=step.action.value,
        mode=status.st_mode,
        owner=status.st_uid,
        group=status.st_gid,
        entries=survey.entries,
        apparent_size=survey.apparent_size,
        disk_size=survey.disk_size,
        frees_after_purge=max(0, survey.disk_size - shared),
        fingerprint=survey.fingerprint,
        title=target.title,
        safety=target.safety.value,
        rule=target.rule,
        insisted=step.insisted,
        destination=step.destination,
    )


def _covered(paths: Iterable[bytes]) -> dict[bytes, bytes]:
    """Return the paths that lie below another one, with that one; a path named twice goes once."""
    everything = list(paths)
    known = set(everything)
    covered: dict[bytes, bytes] = {}
    for path in known:
        above = os.path.dirname(path)
        while above not in (b"/", b""):
            if above in known:
                covered[path] = above
            above = os.path.dirname(above)
    return covered


def _size(target: Target) -> int:
    return target.survey.apparent_size if target.survey is not None else target.apparent_size


def _title(pairs: list[tuple[Step, Target]]) -> str:
    titles = dict.fromkeys(target.title for _, target in pairs if target.title)
    return ", ".join(list(titles)[:3]) + (" and more" if len(titles) > 3 else "")
