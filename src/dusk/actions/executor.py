"""The executor: the only way from a plan to someone's files."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from dusk.actions.act import Act, Admission, End, Gathering, Work
from dusk.actions.acts import act_for
from dusk.actions.freed_space import FreedSpace, FreeSpaceBefore
from dusk.actions.gate import Gate, Refused, Situation, admit
from dusk.actions.interrupts import held_back
from dusk.actions.journal import Journal, JournalError
from dusk.actions.link_ledger import LinkLedger
from dusk.actions.outcome import ItemResult, ItemState, Outcome
from dusk.actions.progress import ExecutionProgress
from dusk.actions.record import BatchKind, Record
from dusk.actions.trash import GROUP
from dusk.actions.trash_choice import TrashDirectories
from dusk.fs.cancellation import Cancelled, Cancelling, never
from dusk.fs.descent import open_directory
from dusk.fs.names import display_path
from dusk.fs.protected import Protection
from dusk.fs.survey import Survey
from dusk.plan.plan import Plan
from dusk.plan.step import Step, Target

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
class _Waiting:
    """A target that the gate let through and that waits for the rest of its group."""

    position: int
    admission: Admission


class _Run:
    """One run: what is being gathered for one act, and what has ended."""

    def __init__(
        self, journal: Journal, gate: Gate, title: str, progress: ExecutionProgress, cancelled: Cancelling
    ) -> None:
        self.journal = journal
        self.gate = gate
        self.title = title
        self.progress = progress
        self.cancelled = cancelled
        self.trashes = TrashDirectories(journal.places())
        self.work = Work(journal, self.trashes, progress, cancelled, gate, self._begin)
        self.parents: dict[bytes, int] = {}
        self.results: dict[int, ItemResult] = {}
        self.space = FreedSpace()
        self.links = LinkLedger()
        self.free_before = FreeSpaceBefore(())
        self.batch = 0
        self.stopped = ""
        self.was_cancelled = False
        self._act: Act | None = None
        self._group: list[_Waiting] = []
        self._group_began = 0.0

    def carry_out(self, pairs: list[tuple[Step, Target]]) -> None:
        covered = _covered(target.path for _, target in pairs)
        self.free_before = FreeSpaceBefore(os.path.dirname(target.path) for _, target in pairs)
        step_at_hand = None
        for position, (step, target) in enumerate(pairs):
            act = act_for(step.action)
            is_lot = self._act is not None and self._act.gathering is Gathering.STEP
            if act is not self._act or (is_lot and step is not step_at_hand):
                self._flush()
            self._act, step_at_hand = act, step
            if self.was_cancelled or self.stopped:
                self._end(position, step, target, End(ItemState.SKIPPED, self.stopped))
            elif self.cancelled():
                self.was_cancelled = True
                self._end(position, step, target, End(ItemState.SKIPPED))
            elif target.path in covered:
                with_it = display_path(covered[target.path])
                self._end(position, step, target, End(ItemState.SKIPPED, f"It is part of {with_it}."))
            elif act is None:
                self._end(position, step, target, End(ItemState.SKIPPED, "Nothing is to be done with it."))
            else:
                self._gather(position, step, target, act)
        self._flush()

    def close(self) -> None:
        self._close_parents()
        self.trashes.close()
        if self.batch:
            self.journal.finish(self.batch)

    def outcome(self, pairs: list[tuple[Step, Target]]) -> Outcome:
        return Outcome(
            batch=self.batch or None,
            results=tuple(self.results[position] for position in range(len(pairs))),
            frees_now=self.space.now,
            frees_after_purge=self.space.after_purge,
            needs=self.space.needs,
            free_change=self.free_before.change() if self.batch else 0,
            cancelled=self.was_cancelled,
        )

    def _gather(self, position: int, step: Step, target: Target, act: Act) -> None:
        """Let one target through the gate; act when as many wait as the act takes at once."""
        self._group_began = self._group_began if self._group else time.monotonic()
        try:
            situation, survey = self._admit(step, target, act)
        except Refused as refusal:
            self._end(position, step, target, End(ItemState.REFUSED, str(refusal)))
            return
        except Cancelled:
            self.was_cancelled = True
            self._end(position, step, target, End(ItemState.SKIPPED))
            return
        except OSError as error:
            self._end(position, step, target, End(ItemState.FAILED, _untouched(target, error)))
            return
        record = record_for(step, target, situation.status, survey, self.links.sizes_of(survey))
        self._group.append(_Waiting(position, Admission(situation, survey, record)))
        is_full = len(self._group) >= GROUP or time.monotonic() - self._group_began > _GROUP_SECONDS
        if act.gathering is Gathering.ONE or (act.gathering is Gathering.GROUP and is_full):
            self._flush()

    def _flush(self) -> None:
        """Act on what waits; once somebody cancelled, on nothing any more."""
        waiting, self._group = self._group, []
        try:
            if waiting and self._act is not None:
                self._run_act(self._act, waiting)
        finally:
            self._close_parents()

    def _run_act(self, act: Act, waiting: list[_Waiting]) -> None:
        if self.was_cancelled:
            self._end_all(waiting, End(ItemState.SKIPPED))
            return
        begun = self.progress.bytes_done
        ends: Sequence[End] = ()
        try:
            ends = act.run([item.admission for item in waiting], self.work)
        except Refused as refusal:
            ends = [End(ItemState.REFUSED, str(refusal))] * len(waiting)
        except Cancelled:
            self.was_cancelled = True
            ends = [End(ItemState.SKIPPED)] * len(waiting)
        except JournalError as problem:
            self.stopped = "Not begun, because the journal could not be written."
            ends = [End(ItemState.FAILED, str(problem))] * len(waiting)
        except OSError as error:
            ends = [End(ItemState.FAILED, _untouched(item.admission.target, error)) for item in waiting]
        finally:
            # What an act counted while it worked is counted again, whole, when its target has ended.
            self.progress.bytes_done = begun
        for item, end in zip(waiting, ends, strict=True):
            admission = item.admission
            if end.state is ItemState.DONE:
                self.space.add(admission.step, admission.target, admission.survey, end)
            self._end(item.position, admission.step, admission.target, end)

    def _admit(self, step: Step, target: Target, act: Act) -> tuple[Situation, Survey]:
        self.progress.at("checking", target.path)
        parent = self._parent(target.path)
        situation, survey = admit(self.gate, step, target, parent, act=act, cancelled=self.cancelled)
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

    def _end_all(self, waiting: list[_Waiting], end: End) -> None:
        for item in waiting:
            self._end(item.position, item.admission.step, item.admission.target, end)

    def _end(self, position: int, step: Step, target: Target, end: End) -> None:
        self.results[position] = ItemResult(target.path, step.action, end.state, end.sentence, end.place)
        self.progress.add_bytes(_size(target))
        self.progress.add_item()


def record_for(
    step: Step, target: Target, status: os.stat_result, survey: Survey, sizes: tuple[int, int]
) -> Record:
    """Return what the journal is to remember of a target before it is touched.

    ``sizes`` are the disk bytes that it adds to the batch, and those that come free when it goes.
    """
    return Record(
        source=target.path,
        identity=survey.identity,
        action=step.action.value,
        mode=status.st_mode,
        owner=status.st_uid,
        group=status.st_gid,
        entries=survey.entries,
        apparent_size=survey.apparent_size,
        disk_size=sizes[0],
        frees_after_purge=sizes[1],
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


def _untouched(target: Target, error: OSError) -> str:
    return f"{display_path(target.path)} cannot be acted on: {error.strerror}. It was not touched."


def _size(target: Target) -> int:
    return target.survey.apparent_size if target.survey is not None else target.apparent_size


def _title(pairs: list[tuple[Step, Target]]) -> str:
    titles = dict.fromkeys(target.title for _, target in pairs if target.title)
    return ", ".join(list(titles)[:3]) + (" and more" if len(titles) > 3 else "")
