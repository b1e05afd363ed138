"""What a person marked and queued so far, by entry and never by row.

The queue is imported when something is first queued: an empty one would hold up the first frame by 20 ms.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dusk.fs.names import display_name, display_path
from dusk.fs.units import count_noun
from dusk.scan.tree import ROOT, SizeTree

if TYPE_CHECKING:
    from dusk.plan.plan import Plan, PlanTotals
    from dusk.plan.step import Step
    from dusk.rules.finding import Action, ActionOptions, Finding
    from dusk.rules.judge import Judge
    from dusk.tui.late_judge import LateJudge


@dataclass(frozen=True, slots=True)
class Said:
    """What came of a wish, in words."""

    sentence: str
    """What to tell the person."""
    changed: bool
    """Whether anything changed."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where an archive goes."""

    directory: bytes
    """Absolute path; empty for actions that need none."""
    device: int
    """``st_dev`` of its filesystem."""

    @classmethod
    def at(cls, directory: bytes) -> Place:
        """Return a directory with the device that it is or would be on."""
        return cls(directory, _device_of(directory))


NOWHERE = Place(b"", 0)


class Choices:
    """Marks and the queue."""

    def __init__(self, tree: SizeTree, judge: Judge | LateJudge) -> None:
        """Choose from a tree; nothing is chosen yet."""
        self._tree = tree
        self._judge = judge
        self._plan: Plan | None = None
        self._queued: dict[int, Action] = {}
        self._totals: PlanTotals | None = None
        self.marks: frozenset[int] = frozenset()
        self.version = 0
        """Grows with every change of marks or queue."""

    @property
    def plan(self) -> Plan:
        """The queue."""
        if self._plan is None:
            from dusk.plan.plan import Plan

            self._plan = Plan()
        return self._plan

    @plan.setter
    def plan(self, plan: Plan) -> None:
        # A running task may set this while the screen reads: whole values are put in place, never changed.
        queued = {}
        for step in plan.steps:
            for target in step.targets:
                index = self._tree.find(target.path)
                if index is not None:
                    queued[index] = step.action
        self._plan, self._queued, self._totals = plan, queued, None
        self.version += 1

    @property
    def is_empty(self) -> bool:
        """Whether nothing is queued."""
        return not self._queued and not self._plan

    def totals(self) -> PlanTotals:
        """Return what the queue adds up to."""
        if self._totals is None:
            self._totals = self.plan.totals()
        return self._totals

    # -- marks

    def toggle_mark(self, index: int) -> bool:
        """Mark or unmark an entry; return whether it is marked now."""
        if index < 0 or index == ROOT:
            return False
        self.marks = self.marks ^ {index}
        self.version += 1
        return index in self.marks

    def mark_all(self, indexes: Iterable[int]) -> int:
        """Mark entries; return how many of them were not marked before."""
        fresh = {index for index in indexes if index > ROOT} - self.marks
        self.marks = self.marks | fresh
        self.version += 1
        return len(fresh)

    def clear_marks(self) -> int:
        """Unmark everything; return how many marks there were."""
        count = len(self.marks)
        self.marks = frozenset()
        self.version += 1
        return count

    # -- the queue

    def queued_action(self, index: int) -> Action | None:
        """Return what an entry is queued for, itself and not with a directory above."""
        return self._queued.get(index)

    def is_inside_queued(self, index: int) -> bool:
        """Return whether a directory above is queued."""
        if not self._queued:
            return False
        while (index := self._tree.parent(index)) >= 0:
            if index in self._queued:
                return True
        return False

    def queue(
        self,
        indexes: tuple[int, ...],
        action: Action,
        place: Place = NOWHERE,
        options: ActionOptions | None = None,
    ) -> Said:
        """Queue entries; of several, what a rule keeps is left out."""
        from dusk.plan.action_words import WORDS
        from dusk.rules.finding import NO_OPTIONS

        options = options or NO_OPTIONS
        if len(indexes) == 1:
            return self._queue_one(indexes[0], action, place, options)
        kept = [index for index in indexes if self._is_kept(index)]
        chosen = [index for index in indexes if index not in kept and not self._refusal(index)]
        plan = self.plan
        for index in chosen:
            plan = plan.without_path(self._tree.path(index))
        for together in self._together(chosen, action):
            plan = plan.with_step(self._step(together, action, place, options))
        self.plan = plan
        self.marks = self.marks - set(chosen)
        sentence = f"Queued {count_noun(len(chosen), 'entry', 'entries')} {WORDS[action].queued}."
        if kept:
            sentence = f"{count_noun(len(kept), 'entry', 'entries')} left out: to be kept. {sentence}"
        return Said(sentence, bool(chosen))

    def queue_offer(self, finding: Finding, number: int, place: Place = NOWHERE) -> Said:
        """Queue one offer of a finding, counted from 1."""
        from dusk.plan.choice import step_for_offer
        from dusk.plan.document import PlanError

        if not 1 <= number <= len(finding.offers):
            return Said("There is no such offer here.", False)
        offer = finding.offers[number - 1]
        if all(self.plan.step_of(path) is not None for path in offer.paths):
            return Said("That is queued already.", False)
        try:
            step = step_for_offer(
                self._tree, finding, offer, self._judge, place.directory, destination_device=place.device
            )
        except PlanError as error:
            return Said(str(error), False)
        self.plan = self.plan.with_step(step)
        return Said(f"Queued: {offer.label}.", True)

    def unqueue(self, path: bytes) -> None:
        """Take a path off the queue."""
        self.plan = self.plan.without_path(path)

    def settle(self, done: Iterable[bytes]) -> None:
        """Forget what was dealt with, in the queue and among the marks."""
        plan = self.plan
        gone = set()
        for path in done:
            plan = plan.without_path(path)
            gone.add(self._tree.find(path))
        self.marks = frozenset(index for index in self.marks if index not in gone)
        self.plan = plan

    # -- inside

    def _queue_one(self, index: int, action: Action, place: Place, options: ActionOptions) -> Said:
        from dusk.plan.action_words import WORDS

        refusal = self._refusal(index)
        if refusal:
            return Said(refusal, False)
        path = self._tree.path(index)
        name = display_name(self._tree.name(index))
        self.marks = self.marks - {index}
        queued = self.plan.step_of(path)
        if queued is not None and queued.action is action and queued.options == options:
            self.unqueue(path)
            return Said(f"Off the queue: {name}.", True)
        step = self._step((index,), action, place, options)
        self.plan = self.plan.without_path(path).with_step(step)
        if self._is_kept(index):
            return Said(f"{name} should be kept: the review will ask.", True)
        keeps = self._judge.keeps_below(index)
        if keeps:
            inside = count_noun(len(keeps), "thing")
            return Said(f"Queued {WORDS[action].queued}: {name}, with {inside} to be kept inside.", True)
        return Said(f"Queued {WORDS[action].queued}: {name}.", True)

    def _together(self, indexes: list[int], action: Action) -> list[tuple[int, ...]]:
        """Return which entries share a step: files can only be equal to each other."""
        from dusk.rules.finding import Action

        if action is Action.DEDUPE and indexes:
            return [tuple(indexes)]
        return [(index,) for index in indexes]

    def _step(self, indexes: tuple[int, ...], action: Action, place: Place, options: ActionOptions) -> Step:
        from dusk.plan.choice import step_for_entries

        return step_for_entries(
            self._tree,
            indexes,
            action,
            self._judge,
            place.directory,
            destination_device=place.device,
            options=options,
        )

    def _refusal(self, index: int) -> str:
        if index < 0:
            return "This row stands for many entries. Press enter to show them."
        if index == ROOT:
            return "The scanned directory itself cannot be queued; queue what is in it."
        if self._tree.is_removed(index):
            return "That is gone already."
        covered = self._covering(index)
        return f"Already queued with {display_path(covered)}." if covered else ""

    def _covering(self, index: int) -> bytes:
        while (index := self._tree.parent(index)) >= 0:
            if index in self._queued:
                return self._tree.path(index)
        return b""

    def _is_kept(self, index: int) -> bool:
        finding = self._judge.finding_for(index) if index >= 0 else None
        return finding is not None and finding.is_keep


def _device_of(directory: bytes) -> int:
    """Return the device that a directory is or would be on; a network mount is not touched for that."""
    from dusk.fs.mounts import MountTable

    mount = MountTable.read().containing(directory)
    if mount is not None and mount.is_network:
        return mount.device
    while True:
        try:
            return os.stat(directory).st_dev
        except OSError:
            above = os.path.dirname(directory)
            if above == directory:
                return 0
            directory = above
