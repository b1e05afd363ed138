"""The review: looking at everything that a plan would act on, before anyone confirms it."""

from __future__ import annotations

import os
from dataclasses import dataclass

from dusk.actions.gate import Gate, Objection, examine
from dusk.actions.progress import ExecutionProgress
from dusk.fs.cancellation import Cancelling, never
from dusk.fs.protected import Protection
from dusk.fs.survey import Survey
from dusk.plan.plan import Plan
from dusk.plan.step import Step
from dusk.rules.finding import Action


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that speaks against a step."""

    step_id: str
    """The step."""
    path: bytes
    """The target of it."""
    blocking: bool
    """Whether the executor would refuse the target as things are."""
    sentence: str
    """What speaks against it."""
    may_insist: bool = False
    """Whether a person may act all the same, by insisting on the step."""


@dataclass(frozen=True, slots=True)
class Reviewed:
    """A plan with what the review found on disk."""

    plan: Plan
    """The plan, its targets with surveys."""
    problems: tuple[Problem, ...]
    """What speaks against it, in the order of the plan."""

    @property
    def blocking(self) -> tuple[Problem, ...]:
        """The problems that the executor would refuse a target for."""
        return tuple(problem for problem in self.problems if problem.blocking)


def review_plan(
    plan: Plan,
    protection: Protection,
    *,
    cancelled: Cancelling = never,
    progress: ExecutionProgress | None = None,
    trashes: tuple[bytes, ...] = (),
    read_only: bool = False,
) -> Reviewed:
    """Survey every target and ask the gate about it; nothing is changed.

    ``trashes`` are the places that the journal knows. Raises Cancelled.
    """
    shown = progress or ExecutionProgress()
    gate = Gate(protection, trashes=trashes, read_only=read_only)
    pairs = [(step, target) for step in plan.steps for target in step.targets]
    shown.begin(len(pairs), sum(target.apparent_size for _, target in pairs))
    surveys: dict[bytes, Survey] = {}
    problems: list[Problem] = []
    for step, target in pairs:
        shown.at("checking", target.path)
        objections, survey = examine(gate, step, target, cancelled=cancelled)
        if survey is not None:
            surveys[target.path] = survey
        problems.extend(_problem(step, target.path, objection) for objection in objections)
        shown.add_bytes(target.apparent_size)
        shown.add_item()
    problems.extend(_destinations(plan, protection))
    shown.finish()
    return Reviewed(plan.with_surveys(surveys), tuple(problems))


def _problem(step: Step, path: bytes, objection: Objection) -> Problem:
    blocking = not (objection.may_insist and step.insisted)
    return Problem(step.id, path, blocking, objection.sentence, objection.may_insist)


def _destinations(plan: Plan, protection: Protection) -> list[Problem]:
    from dusk.actions.archive import destination_objection

    problems: list[Problem] = []
    for step in plan.steps:
        if step.action is not Action.ARCHIVE:
            continue
        for target in step.targets:
            sentence = destination_objection(
                os.path.normpath(step.destination or b"."), target.path, protection
            )
            if sentence:
                problems.append(Problem(step.id, target.path, True, sentence))
    return problems
