"""The review: looking at everything that a plan would act on, before anyone confirms it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from dusk.actions.acts import act_for
from dusk.actions.gate import Gate, Objection, examine
from dusk.actions.progress import ExecutionProgress
from dusk.fs.cancellation import Cancelling, never
from dusk.fs.protected import Protection
from dusk.fs.survey import Survey
from dusk.plan.plan import Plan
from dusk.plan.step import Forecast, Step


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
        act = act_for(step.action)
        objections, survey = examine(gate, step, target, act=act, cancelled=cancelled)
        if survey is not None:
            surveys[target.path] = replace(survey, prominent=())  # of use only at this moment
        problems.extend(_problem(step, target.path, objection) for objection in objections)
        shown.add_bytes(target.apparent_size)
        shown.add_item()
    forecasts = _forecasts(plan, surveys, problems, shown, cancelled)
    shown.finish()
    return Reviewed(plan.with_surveys(surveys, forecasts), tuple(problems))


def _problem(step: Step, path: bytes, objection: Objection) -> Problem:
    blocking = not (objection.may_insist and step.insisted)
    return Problem(step.id, path, blocking, objection.sentence, objection.may_insist)


def _forecasts(
    plan: Plan,
    surveys: dict[bytes, Survey],
    problems: list[Problem],
    progress: ExecutionProgress,
    cancelled: Cancelling,
) -> dict[bytes, Forecast]:
    """Return what the acts' own previews say of the targets that nothing speaks against for good."""
    refused = {problem.path for problem in problems if problem.blocking and not problem.may_insist}
    forecasts: dict[bytes, Forecast] = {}
    for step in plan.steps:
        act = act_for(step.action)
        seen = {
            target.path: surveys[target.path]
            for target in step.targets
            if target.path in surveys and target.path not in refused
        }
        if act is None or not seen:
            continue
        progress.at("measuring", next(iter(seen)))
        try:
            forecasts |= act.preview(step, seen, cancelled)
        except OSError:
            continue  # the figures stay unknown; acting says what is wrong
    return forecasts
