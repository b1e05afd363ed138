"""What trashing and archiving say: the plan, the question, the progress, the outcome."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from dusk.actions.outcome import ItemState, Outcome
from dusk.actions.review import Problem
from dusk.fs.names import display_path, json_text
from dusk.fs.units import count_noun, format_size
from dusk.plan.action_words import WORDS
from dusk.plan.freed import apparent_size, disk_size, entry_count
from dusk.plan.plan import Plan
from dusk.plan.step import Target
from dusk.report.review import plan_text
from dusk.rules.finding import Action
from dusk.scan.entry import Measure

shown = display_path
_KEPT = "should be kept"  # the plan itself says that, so the review need not say it again


def plan_shown(plan: Plan, problems: Sequence[Problem], measure: Measure) -> str:
    """Return what will happen: each path with its figures, what to know before, and the sums."""
    # One table for all paths: that each has a step of its own matters to nobody who reads it.
    first = plan.steps[0]
    insisted = any(step.insisted for step in plan.steps)
    together = replace(first, targets=plan.targets, insisted=insisted)
    left = [problem for problem in problems if problem.may_insist and plan.step_of(problem.path)]
    left = [problem for problem in left if _KEPT not in problem.sentence]
    return plan_text(Plan((together,)), measure, left)


def question(plan: Plan, action: Action) -> str:
    """Return the question before acting."""
    return f"{WORDS[action].verb.format(count_noun(len(plan.targets), 'path'))}?"


def outcome_lines(outcome: Outcome, action: Action, *, is_shared: bool = False) -> Iterator[str]:
    """Yield what was done and how it is taken back; shared blocks need not be."""
    done = outcome.count(ItemState.DONE)
    if not done:
        yield "Nothing was done."
        return
    yield (
        f"{WORDS[action].done}: {count_noun(done, 'path')}. Freed now: {format_size(outcome.frees_now)}. "
        f"Freed after the trash is emptied: {format_size(outcome.frees_after_purge)}."
        + (f" Used more until then: {format_size(outcome.needs)}." if outcome.needs else "")
    )
    if outcome.free_change and (outcome.frees_now or outcome.needs):
        way = "more" if outcome.free_change > 0 else "less"
        yield f"The filesystem says that {format_size(abs(outcome.free_change))} {way} is free than before."
    undo = f"Take it back: dusk undo {outcome.batch}"
    purge = "Empty the trash: dusk bin empty"
    hints = [undo] if WORDS[action].is_undoable and outcome.batch and not is_shared else []
    hints += [purge] if outcome.frees_after_purge else []
    if hints:
        yield "    ".join(hints)


def document(
    plan: Plan, action: Action, outcome: Outcome | None, refused: Iterable[tuple[bytes, str]]
) -> dict[str, Any]:
    """Return the JSON document of a run, or with no outcome of what would be done."""
    totals = plan.totals()
    ended = {result.path: result for result in outcome.results} if outcome else {}
    items = []
    for target in plan.targets:
        result = ended.get(target.path)
        items.append(
            {
                **_item(target),
                "state": result.state.value if result else "planned",
                "sentence": result.sentence if result else "",
                "place": json_text(result.place) if result else "",
            }
        )
    items += [
        {"path": json_text(path), "state": ItemState.REFUSED.value, "sentence": sentence}
        for path, sentence in refused
    ]
    return {
        "action": action.value,
        "dry_run": outcome is None,
        "batch": outcome.batch if outcome else None,
        "cancelled": bool(outcome and outcome.cancelled),
        "frees_now": outcome.frees_now if outcome else totals.frees_now,
        "frees_after_purge": outcome.frees_after_purge if outcome else totals.frees_after_purge,
        "needs": outcome.needs if outcome else totals.needs,
        "is_estimate": totals.is_estimate and outcome is None,
        "free_change": outcome.free_change if outcome else None,
        "items": items,
    }


def _item(target: Target) -> dict[str, Any]:
    return {
        "path": json_text(target.path),
        "safety": target.safety.value,
        "title": target.title,
        "rule": target.rule,
        "entries": entry_count(target),
        "apparent_size": apparent_size(target),
        "disk_size": disk_size(target),
    }
