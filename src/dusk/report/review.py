"""A plan before it is carried out, as plain text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from dusk.fs.names import display_name, display_path
from dusk.fs.units import count_noun, format_size
from dusk.plan.action_words import WORDS, freed_words, goal
from dusk.plan.conflict import conflicts
from dusk.plan.freed import apparent_size, disk_size, entry_count
from dusk.plan.plan import ActionTotals, Plan
from dusk.plan.step import Step, Target
from dusk.report.layout import MEASURE_NAMES, WIDTH, both_sizes, paragraph, sized, table
from dusk.scan.entry import Measure


class Objection(Protocol):
    """What a review has against a step."""

    @property
    def blocking(self) -> bool:
        """Whether it may not run like this."""
        ...

    @property
    def sentence(self) -> str:
        """What is wrong, for a person."""
        ...


def plan_text(
    plan: Plan, measure: Measure = Measure.DISK, problems: Sequence[Objection] = (), width: int = WIDTH
) -> str:
    """Return every path of a plan with its figures, what speaks against it, and what it comes to.

    ``problems`` are what a review found on disk; what the plan itself shows is added.
    """
    if not plan.steps:
        return "Nothing is queued."
    lines: list[str] = []
    for step in plan.steps:
        lines += [_goal(step), *_targets(step.targets, measure), ""]
    lines += _objections([*problems, *conflicts(plan), *_forecasts(plan)], width)
    lines += _totals(plan, measure)
    return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class _Remark:
    """What a preview found, which speaks against nothing."""

    sentence: str
    blocking: bool = False


def _forecasts(plan: Plan) -> list[_Remark]:
    forecasts = (target.forecast for target in plan.targets)
    return [_Remark(one.sentence) for one in forecasts if one is not None and one.sentence]


def _goal(step: Step) -> str:
    return f"{goal(step)}: {count_noun(len(step.targets), 'path')}"


def _targets(targets: Iterable[Target], measure: Measure) -> list[str]:
    rows = [(MEASURE_NAMES[measure], "entries", "safety", "path")]
    for target in targets:
        known = f"  ({display_name(target.title)})" if target.title else ""
        rows.append(
            (
                format_size(sized(apparent_size(target), disk_size(target), measure)),
                f"{entry_count(target):,}",
                target.safety.value,
                display_path(target.path) + known,
            )
        )
    return table(rows, "rrll", indent="  ")


def _objections(found: Sequence[Objection], width: int) -> list[str]:
    lines: list[str] = []
    said: set[str] = set()
    for objection in sorted(found, key=lambda one: not one.blocking):
        if objection.sentence in said:
            continue
        said.add(objection.sentence)
        first = "  stops: " if objection.blocking else "  note:  "
        lines += paragraph(objection.sentence, width, indent="         ", first=first)
    return [*lines, ""] if lines else []


def _totals(plan: Plan, measure: Measure) -> list[str]:
    totals = plan.totals()
    lines = [_sum("In all", totals, measure)]
    if len(totals.by_action) > 1:
        parts = totals.by_action.items()
        lines += [_sum(f"  {WORDS[action].short}", part, measure) for action, part in parts]
    lines.append(f"  freed now: {freed_words(totals.frees_now, totals)}")
    lines.append(f"  freed after the trash is emptied: {freed_words(totals.frees_after_purge, totals)}")
    if totals.needs:
        lines.append(f"  used more until then: {freed_words(totals.needs, totals)}")
    return lines


def _sum(name: str, totals: ActionTotals, measure: Measure) -> str:
    return (
        f"{name}: {count_noun(totals.targets, 'path')}, {count_noun(totals.entries, 'entry', 'entries')}, "
        f"{both_sizes(totals.apparent_size, totals.disk_size, measure)}"
    )
