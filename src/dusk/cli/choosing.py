"""From paths on the command line to a plan."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from dusk.cli.background import finish
from dusk.cli.exit_codes import RefusalError
from dusk.cli.paths import reason_of, target_to_act_on
from dusk.cli.progress_line import ProgressLine
from dusk.cli.surroundings import Surroundings
from dusk.fs.identity import Identity
from dusk.fs.names import display_path
from dusk.fs.protected import Protection
from dusk.plan.choice import target_for
from dusk.plan.plan import Plan
from dusk.plan.step import Step, Target
from dusk.rules.finding import NO_OPTIONS, Action, ActionOptions
from dusk.rules.safety import Safety
from dusk.settings import Settings


@dataclass(frozen=True, slots=True)
class Destination:
    """Where an archive goes."""

    path: bytes = b""
    """Absolute path with its links resolved; empty for the trash."""
    device: int = 0
    """``st_dev`` of its filesystem."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """A plan, and what could not become part of it."""

    plan: Plan
    """One step for each path."""
    refused: tuple[tuple[bytes, str], ...]
    """Paths with the sentence why not."""


def choose(
    words: list[str],
    action: Action,
    destination: Destination,
    settings: Settings,
    protection: Protection,
    *,
    insist: bool,
    options: ActionOptions = NO_OPTIONS,
) -> Chosen:
    """Return the plan that paths as typed come to, each judged by what lies around it.

    A protected path is refused before anything is walked for it: it may be a whole disk.
    """
    plan, refused = Plan(), []
    with ProgressLine() as line:
        surroundings = Surroundings(settings, line)
        for number, word in enumerate(words, start=1):
            path = os.fsencode(word)
            try:
                path = target_to_act_on(word)
                reason = protection.reason(path)
                if reason is not None:
                    raise RefusalError(f"{display_path(path)} {reason}.")
                target = _target(path, surroundings)
            except RefusalError as refusal:
                refused.append((path, refusal.sentence))
                continue
            plan = plan.with_step(
                Step(
                    id=f"{action.value}-{number}",
                    action=action,
                    targets=(target,),
                    destination=destination.path,
                    destination_device=destination.device,
                    insisted=insist,
                    options=options,
                )
            )
    return Chosen(plan, tuple(refused))


def choose_together(
    groups: Iterable[Sequence[bytes]], action: Action, options: ActionOptions, *, insist: bool
) -> Chosen:
    """Return the plan for paths that were found, those of a group in one step; what is gone is left out."""
    plan, refused = Plan(), []
    for number, paths in enumerate(groups, start=1):
        targets = []
        for path in paths:
            try:
                targets.append(plain_target(path))
            except RefusalError as refusal:
                refused.append((path, refusal.sentence))
        if targets:
            step = Step(
                id=f"{action.value}-{number}",
                action=action,
                targets=tuple(targets),
                insisted=insist,
                options=options,
            )
            plan = plan.with_step(step)
    return Chosen(plan, tuple(refused))


def plain_target(path: bytes) -> Target:
    """Return a path as a target that no rule was asked about. Raises RefusalError."""
    try:
        status = finish(lambda: os.lstat(path))
    except OSError as error:
        raise RefusalError(f"{display_path(path)}: {reason_of(error)}.") from error
    identity = Identity.from_stat(status)
    return Target(path, identity, identity.size, status.st_blocks * 512, 1, Safety.REVIEW, "")


def destination_of(word: str, settings: Settings) -> Destination:
    """Return where ``--to``, or else the settings, send an archive. Raises RefusalError."""
    from dusk.cli.exit_codes import ExitCode
    from dusk.cli.paths import typed_path

    text = word or os.path.expanduser(settings.archive_directory)
    if not text:
        raise RefusalError(
            "Where to? Name a directory with --to, or set archive_directory in config.toml.", ExitCode.USAGE
        )
    path = finish(lambda: os.path.realpath(typed_path(text)))
    return finish(lambda: Destination(path, _device(path)))


def _target(path: bytes, surroundings: Surroundings) -> Target:
    try:
        identity = Identity.from_stat(finish(lambda: os.lstat(path)))
    except OSError as error:
        raise RefusalError(f"{display_path(path)}: {reason_of(error)}.") from error
    known = surroundings.judge_of(path)
    index = known.judge.scan.tree.find(path) if known else None
    if known is not None and index is not None:
        judge = known.judge
        target = target_for(judge.scan.tree, index, judge.finding_for(index), judge.keeps_below(index))
        # The scan is seconds old at most; what counts is what the path names now.
        return replace(target, path=path, identity=identity)
    return Target(path, identity, identity.size, 0, 1, Safety.REVIEW, "")


def _device(path: bytes) -> int:
    while path not in (b"/", b"") and not os.path.lexists(path):
        path = os.path.dirname(path)
    try:
        return os.stat(path or b"/").st_dev
    except OSError:
        return 0
