"""The queue: an immutable document of steps. Every change makes a new one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from dusk.fs.survey import Survey
from dusk.plan.action_words import is_undoable
from dusk.plan.freed import apparent_size, disk_size, entry_count, freed_by, link_totals
from dusk.plan.index import PlanIndex
from dusk.plan.nesting import nearest_above, outermost
from dusk.plan.step import Forecast, Step, Target
from dusk.rules.finding import Action


@dataclass(frozen=True, slots=True)
class ActionTotals:
    """What the steps of one action come to, nested targets counted once."""

    targets: int
    """Targets that lie in no other one."""
    entries: int
    """Entries at and below them."""
    apparent_size: int
    """Apparent bytes."""
    disk_size: int
    """Disk bytes, an inode with several names once where the review saw it."""
    frees_now: int
    """Bytes free right after acting."""
    frees_after_purge: int
    """Bytes free once the trash is emptied."""
    needs: int = 0
    """Bytes used more until the trash is emptied, because something is made before its source goes."""
    is_estimate: bool = False
    """Whether these three come from samples: "about"."""
    is_at_most: bool = False
    """Whether less may be freed: "up to"."""


@dataclass(frozen=True, slots=True)
class PlanTotals(ActionTotals):
    """What a whole plan comes to."""

    by_action: dict[Action, ActionTotals] = field(default_factory=dict)
    """The same for each action; a hard link between two actions is freed in the sum only."""


@dataclass(frozen=True, slots=True)
class Plan:
    """An ordered document of steps."""

    steps: tuple[Step, ...] = ()
    """What is done, in this order."""
    version: int = 0
    """Grows with every change of what will be done; a review leaves it as it is."""
    index: PlanIndex | None = field(default=None, init=False, repr=False, compare=False)
    """Steps by path; a cache that is made when it is first needed."""

    def __bool__(self) -> bool:
        """Return whether anything is queued."""
        return bool(self.steps)

    @property
    def targets(self) -> tuple[Target, ...]:
        """All targets in order."""
        return tuple(target for step in self.steps for target in step.targets)

    def with_step(self, step: Step) -> Plan:
        """Return the plan with a step added.

        A target that is queued already stays where it is; with another action, it moves to the new step.
        A target below another one of the same action is covered by it and left out. A step of which
        nothing is left changes nothing.
        """
        index = self._indexed()
        fresh = outermost(step.targets)
        if fresh and not any(index.touches(target.path) for target in fresh):
            added = replace(step, id=index.free_id(step.id), targets=fresh)
            plan = Plan(in_order((*self.steps, added)), self.version + 1)
            object.__setattr__(plan, "index", index.with_step(added))
            return plan
        return self._with_entangled(step, fresh)

    def _with_entangled(self, step: Step, targets: tuple[Target, ...]) -> Plan:
        """Return the plan with a step added of which some paths touch what is queued."""
        kept = [
            old if _does_same(old, step) else replace(old, targets=_without(old.targets, targets))
            for old in self.steps
        ]
        above = {target.path for old in kept if _does_same(old, step) for target in old.targets}
        fresh = tuple(
            target
            for target in targets
            if target.path not in above and nearest_above(target.path, above) is None
        )
        if not fresh:
            return self
        paths = {target.path for target in fresh}
        kept = [_uncovered(old, paths) if _does_same(old, step) else old for old in kept]
        added = replace(step, id=self._indexed().free_id(step.id), targets=fresh)
        return self._changed([*kept, added])

    def without_path(self, path: bytes) -> Plan:
        """Return the plan without the target of exactly this path; the same plan when there is none."""
        found = self.step_of(path)
        if found is None:
            return self
        left = replace(found, targets=tuple(target for target in found.targets if target.path != path))
        return self._changed(left if step is found else step for step in self.steps)

    def with_surveys(
        self, surveys: Mapping[bytes, Survey], forecasts: Mapping[bytes, Forecast] | None = None
    ) -> Plan:
        """Return the plan with what a review found at these paths, and what acting there comes to."""
        foreseen = forecasts or {}
        steps = tuple(
            replace(
                step,
                targets=tuple(
                    replace(
                        target,
                        survey=surveys.get(target.path, target.survey),
                        forecast=foreseen.get(target.path, target.forecast),
                    )
                    for target in step.targets
                ),
            )
            for step in self.steps
        )
        return Plan(steps, self.version)

    def insisting(self, step_id: str) -> Plan:
        """Return the plan with a person's yes to what a step's rules want kept."""
        return self._changed(
            replace(step, insisted=True) if step.id == step_id else step for step in self.steps
        )

    def cleared(self) -> Plan:
        """Return the plan with nothing in it."""
        return self._changed(())

    def step_of(self, path: bytes) -> Step | None:
        """Return the step that has exactly this target, None when none has."""
        return self._indexed().steps.get(path)

    def covered(self, path: bytes) -> bool:
        """Return whether a path or a directory above it is queued."""
        queued = self._indexed().steps
        return path in queued or nearest_above(path, queued) is not None

    def totals(self) -> PlanTotals:
        """Return what the plan comes to, nested targets counted once."""
        top = {target.path for target in outermost(self.targets)}
        by_action: dict[Action, list[tuple[Step, Target]]] = {}
        for step in self.steps:
            for target in step.targets:
                if target.path in top:
                    by_action.setdefault(step.action, []).append((step, target))
                    top.discard(target.path)
        whole = _totals([pair for pairs in by_action.values() for pair in pairs])
        return PlanTotals(
            targets=whole.targets,
            entries=whole.entries,
            apparent_size=whole.apparent_size,
            disk_size=whole.disk_size,
            frees_now=whole.frees_now,
            frees_after_purge=whole.frees_after_purge,
            needs=whole.needs,
            is_estimate=whole.is_estimate,
            is_at_most=whole.is_at_most,
            by_action={action: _totals(pairs) for action, pairs in by_action.items()},
        )

    def _changed(self, steps: Iterable[Step]) -> Plan:
        return Plan(in_order(step for step in steps if step.targets), self.version + 1)

    def _indexed(self) -> PlanIndex:
        if self.index is None:
            object.__setattr__(self, "index", PlanIndex.of(self.steps))
        assert self.index is not None
        return self.index


def in_order(steps: Iterable[Step]) -> tuple[Step, ...]:
    """Return steps with those last that cannot be undone: what comes before may stop everything."""
    return tuple(sorted(steps, key=lambda step: not is_undoable(step)))


def _totals(pairs: list[tuple[Step, Target]]) -> ActionTotals:
    targets = [target for _, target in pairs]
    twice = sum(total.inode.disk_size * max(0, total.holders - 1) for total in link_totals(targets))
    frees = freed_by(pairs)
    return ActionTotals(
        targets=len(targets),
        entries=sum(entry_count(target) for target in targets),
        apparent_size=sum(apparent_size(target) for target in targets),
        disk_size=sum(disk_size(target) for target in targets) - twice,
        frees_now=frees.now,
        frees_after_purge=frees.after_purge,
        needs=frees.needs,
        is_estimate=frees.is_estimate,
        is_at_most=frees.is_at_most,
    )


def _does_same(one: Step, other: Step) -> bool:
    return (one.action, one.destination, one.options) == (other.action, other.destination, other.options)


def _without(targets: tuple[Target, ...], others: tuple[Target, ...]) -> tuple[Target, ...]:
    gone = {target.path for target in others}
    return tuple(target for target in targets if target.path not in gone)


def _uncovered(step: Step, above: set[bytes]) -> Step:
    return replace(
        step, targets=tuple(target for target in step.targets if nearest_above(target.path, above) is None)
    )
