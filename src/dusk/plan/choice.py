"""From what a person chose on the tree to a step of the plan."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import replace
from typing import Protocol

from dusk.fs.names import display_path
from dusk.plan.action_words import HARD_LINK
from dusk.plan.document import PlanError
from dusk.plan.step import Forecast, Step, Target
from dusk.rules.finding import NO_OPTIONS, Action, ActionOptions, Finding, Offer
from dusk.rules.safety import Safety
from dusk.scan.tree import SizeTree


class Judgement(Protocol):
    """What choosing asks of the judge."""

    def finding_for(self, index: int) -> Finding | None:
        """Return the finding about exactly this entry."""
        ...

    def keeps_below(self, index: int) -> tuple[bytes, ...]:
        """Return paths at or below an entry that a rule wants kept."""
        ...


def target_for(tree: SizeTree, index: int, finding: Finding | None, keeps: tuple[bytes, ...]) -> Target:
    """Return an entry as a target, with what judging says of it."""
    entry = tree.entry(index)
    path = tree.path(index)
    safety = finding.safety if finding else Safety.REVIEW
    return Target(
        path=path,
        identity=entry.identity,
        apparent_size=entry.apparent_size,
        disk_size=entry.disk_size,
        entries=entry.items + 1,
        safety=Safety.KEEP if path in keeps else safety,
        title=finding.title if finding else "",
        rule=finding.rule if finding else "",
        keeps=keeps,
        linked=tree.linked_inodes(index),
    )


def step_for_entry(
    tree: SizeTree,
    index: int,
    action: Action,
    judge: Judgement,
    destination: bytes = b"",
    *,
    destination_device: int = 0,
    options: ActionOptions = NO_OPTIONS,
) -> Step:
    """Return the step that does something with one entry of the tree.

    Raises PlanError when the entry is gone since the scan.
    """
    return step_for_entries(
        tree, (index,), action, judge, destination, destination_device=destination_device, options=options
    )


def step_for_entries(
    tree: SizeTree,
    indexes: Iterable[int],
    action: Action,
    judge: Judgement,
    destination: bytes = b"",
    *,
    destination_device: int = 0,
    options: ActionOptions = NO_OPTIONS,
) -> Step:
    """Return one step that does something with several entries together, as equal files need it.

    Raises PlanError when one of them is gone since the scan.
    """
    targets = []
    for index in indexes:
        if tree.is_removed(index):
            raise PlanError(f"{display_path(tree.path(index))} is gone since the scan.")
        targets.append(target_for(tree, index, judge.finding_for(index), judge.keeps_below(index)))
    return _step(action, _expecting(action, targets, options), destination, destination_device, options)


def step_for_offer(
    tree: SizeTree,
    finding: Finding,
    offer: Offer,
    judge: Judgement,
    destination: bytes = b"",
    *,
    destination_device: int = 0,
) -> Step:
    """Return the step that takes up an offer of a finding; paths gone since the scan are left out.

    Raises PlanError when none of them is left.
    """
    targets = []
    for path in offer.paths:
        index = tree.find(path)
        if index is None or tree.is_removed(index):
            continue
        own = judge.finding_for(index)
        # Another rule that knows the path better may only make it more careful, never less.
        better = own if own is not None and own.safety.rank > finding.safety.rank else finding
        targets.append(target_for(tree, index, better, judge.keeps_below(index)))
    if not targets:
        raise PlanError(f"Nothing of “{finding.title}” is there any more.")
    if offer.action not in (Action.TRASH, Action.ARCHIVE):
        # Sizes do not say what these free; until the review the offer's own figures count.
        most = Forecast(offer.frees_now, offer.frees_after_purge, is_at_most=True)
        targets = _with_forecasts(targets, most)
    return _step(offer.action, tuple(targets), destination, destination_device, offer.options)


def _expecting(action: Action, targets: list[Target], options: ActionOptions) -> tuple[Target, ...]:
    """Return targets with the most that an action can free, where sizes alone do not say it."""
    if action in (Action.TRASH, Action.ARCHIVE):
        return tuple(targets)
    size = sum(target.disk_size for target in targets)
    most = Forecast()
    if action in (Action.COMPRESS, Action.ROTATE):
        most = Forecast(frees_after_purge=size, is_at_most=True)
    elif action is Action.DEDUPE:
        equal = size - max(target.disk_size for target in targets)
        is_linked = options.form == HARD_LINK
        most = Forecast(0 if is_linked else equal, equal if is_linked else 0, is_at_most=True)
    return tuple(_with_forecasts(targets, most))


def _with_forecasts(targets: list[Target], most: Forecast) -> list[Target]:
    forecasts = (most, *(Forecast() for _ in targets[1:]))
    return [replace(target, forecast=forecast) for target, forecast in zip(targets, forecasts, strict=True)]


def _step(
    action: Action, targets: tuple[Target, ...], destination: bytes, device: int, options: ActionOptions
) -> Step:
    archives = action is Action.ARCHIVE
    digest = hashlib.sha256(b"\0".join([destination, *(target.path for target in targets)])).hexdigest()
    return Step(
        id=f"{action.value}-{digest[:10]}",
        action=action,
        targets=targets,
        destination=destination if archives else b"",
        destination_device=device if archives else 0,
        options=options,
    )
