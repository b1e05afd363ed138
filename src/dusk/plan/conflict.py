"""What a plan must not do, and what a person should know before it does the rest."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from dusk.fs.names import display_path
from dusk.fs.units import count_noun, format_size
from dusk.plan.action_words import WORDS
from dusk.plan.freed import disk_size, frees_space, link_totals
from dusk.plan.nesting import is_within, nearest_above, outermost
from dusk.plan.plan import Plan
from dusk.plan.step import Step, Target
from dusk.rules.finding import Action
from dusk.rules.safety import Safety

_KEEPS_NAMED = 3


@dataclass(frozen=True, slots=True)
class Conflict:
    """One thing to say about a step."""

    step_id: str
    """The step."""
    path: bytes
    """The target that it is about."""
    blocking: bool
    """Whether the plan may not run like this."""
    sentence: str
    """What is wrong and what to do, for a person."""


def conflicts(plan: Plan) -> tuple[Conflict, ...]:
    """Return everything to say about a plan, what blocks it first."""
    found = [*_nested(plan), *_linked_outside(plan)]
    for step in plan.steps:
        found += _destination(plan, step)
        found += _kept(step)
        if step.action is Action.NONE and step.targets:
            found.append(Conflict(step.id, step.targets[0].path, True, "Nothing can be done with this."))
    return tuple(sorted(found, key=lambda conflict: not conflict.blocking))


def _nested(plan: Plan) -> Iterator[Conflict]:
    """Yield targets that are queued twice or lie in another target."""
    seen: dict[bytes, Step] = {}
    for step in plan.steps:
        for target in step.targets:
            if target.path in seen:
                sentence = f"{display_path(target.path)} is queued twice; take one of the two out."
                yield Conflict(step.id, target.path, True, sentence)
            seen.setdefault(target.path, step)
    for step in plan.steps:
        for target in step.targets:
            above = nearest_above(target.path, seen)
            if above is None:
                continue
            same = (seen[above].action, seen[above].destination) == (step.action, step.destination)
            inside = f"{display_path(target.path)} lies in {display_path(above)}"
            goals = f"one is queued {_goal(step)}, the other {_goal(seen[above])}"
            sentence = (
                f"{inside}, which is queued too; it is counted once."
                if same
                else f"{inside}: {goals}; take one of the two out."
            )
            yield Conflict(step.id, target.path, not same, sentence)


def _destination(plan: Plan, step: Step) -> Iterator[Conflict]:
    """Yield what is wrong with where an archive goes."""
    if step.action is not Action.ARCHIVE or not step.targets:
        return
    first, shown = step.targets[0], display_path(step.destination)
    if not step.destination:
        yield Conflict(step.id, first.path, True, "No archive directory is chosen.")
        return
    for target in plan.targets:
        if is_within(step.destination, target.path):
            sentence = (
                f"The archive directory {shown} lies in {display_path(target.path)}, which is queued itself; "
                "choose another one."
            )
            yield Conflict(step.id, target.path, True, sentence)
    for target in step.targets:
        if target.path.rpartition(b"/")[0] == step.destination.rstrip(b"/"):
            sentence = f"{display_path(target.path)} lies in the archive directory already."
            yield Conflict(step.id, target.path, True, sentence)
    staying = [target for target in outermost(step.targets) if not frees_space(step, target)]
    if staying:
        size = format_size(sum(disk_size(target) for target in staying))
        sentence = (
            f"{shown} is on the same filesystem: archiving there frees nothing, and uses {size} more until "
            "the trash is emptied."
        )
        yield Conflict(step.id, staying[0].path, False, sentence)


def _kept(step: Step) -> Iterator[Conflict]:
    """Yield what should be kept; it blocks until a person insists."""
    for target in step.targets:
        shown = display_path(target.path)
        if target.safety is Safety.KEEP:
            known = f" ({target.title})" if target.title else ""
            yield Conflict(step.id, target.path, not step.insisted, f"{shown} should be kept{known}.")
        inside = [path for path in target.keeps if path != target.path]
        if inside:
            named = ", ".join(_below(path, target) for path in inside[:_KEEPS_NAMED])
            more = f" and {len(inside) - _KEEPS_NAMED} more" if len(inside) > _KEEPS_NAMED else ""
            sentence = f"{shown} holds what should be kept: {named}{more}."
            yield Conflict(step.id, target.path, not step.insisted, sentence)


def _linked_outside(plan: Plan) -> Iterator[Conflict]:
    """Yield how much stays because files have other names outside the plan."""
    top = outermost(plan.targets)
    whole = {(total.inode.device, total.inode.inode): total.is_complete for total in link_totals(top)}
    paths = {target.path for target in top}
    for step in plan.steps:
        for target in step.targets:
            if target.path not in paths:
                continue
            staying = [
                total.inode
                for total in link_totals((target,))
                if not whole[total.inode.device, total.inode.inode]
            ]
            if staying:
                size = format_size(sum(inode.disk_size for inode in staying))
                files = count_noun(len(staying), "file")
                have = "has" if len(staying) == 1 else "have"
                sentence = (
                    f"{size} in {display_path(target.path)} stay in use: {files} {have} other names "
                    "(hard links) outside the plan."
                )
                yield Conflict(step.id, target.path, False, sentence)


def _goal(step: Step) -> str:
    if step.action is Action.ARCHIVE:
        return f"for the archive {display_path(step.destination)}".rstrip()
    return WORDS[step.action].queued


def _below(path: bytes, target: Target) -> str:
    prefix = target.path.rstrip(b"/") + b"/"
    return display_path(path[len(prefix) :] if path.startswith(prefix) else path)
