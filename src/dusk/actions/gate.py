"""The gate: every check that stands between a plan and someone's files.

A review shows what the gate objects to; the executor runs the same checks again at the moment of acting,
on an open directory, and lets nothing through that has an objection left.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol

from dusk.actions import checks, trash_choice
from dusk.actions.checks import Demands, Objection, Situation
from dusk.fs.cancellation import Cancelling, never
from dusk.fs.descent import open_parent
from dusk.fs.names import display_path
from dusk.fs.protected import Protection
from dusk.fs.survey import Survey
from dusk.fs.surveyor import survey_at
from dusk.plan.step import Step, Target

__all__ = [
    "Demands",
    "Gate",
    "Judging",
    "Objection",
    "Refused",
    "Situation",
    "admit",
    "examine",
    "look",
    "refuse",
]

_EVERYTHING = Demands()


class Refused(Exception):  # noqa: N818 - a decision, not an error
    """The gate does not let a target through; the text is the sentence why."""


class Judging(Protocol):
    """What the gate asks of an act."""

    @property
    def demands(self) -> Demands:
        """What it asks of its targets."""
        ...

    def objections(self, situation: Situation, survey: Survey, gate: Gate) -> Iterator[Objection]:
        """Yield what speaks against this act on this target, beside what the gate itself finds."""
        ...


@dataclass(frozen=True, slots=True)
class Gate:
    """The checks of one run, with what they need to know."""

    protection: Protection
    """Places that nothing may touch."""
    trashes: tuple[bytes, ...] = ()
    """Trash directories below which, and around which, nothing may be trashed."""
    read_only: bool = False
    """Whether every action is turned off."""
    _trash_refusals: dict[bytes, str | None] = field(default_factory=dict)

    def before_looking(self, target: Target, demands: Demands = _EVERYTHING) -> Iterator[Objection]:
        """Yield what the path alone forbids; nothing on disk is touched for it."""
        shown = display_path(target.path)
        if self.read_only:
            yield Objection("dusk runs with --read-only: every action is turned off.")
        if os.geteuid() != os.getuid():
            yield Objection(
                f"dusk runs with the rights of user {os.geteuid()} on behalf of user {os.getuid()}. "
                "Acting that way is refused; start it as the user who owns the files."
            )
        reason = self.protection.reason(target.path)
        if reason is not None and demands.outside_protected:
            yield Objection(f"{shown} {reason}.")
        for trash in self.trashes:
            if _is_within(target.path, trash):
                yield Objection(f"{shown} is in the trash {display_path(trash)}: 'dusk bin' serves there.")
            elif _is_within(trash, target.path):
                yield Objection(f"{shown} contains the trash {display_path(trash)}. Empty that first.")
        yield from checks.kept(target)

    def on_disk(self, situation: Situation, demands: Demands = _EVERYTHING) -> Iterator[Objection]:
        """Yield what the entry and its directory forbid, as they are right now."""
        yield from checks.another_file(situation)
        if demands.moves:
            yield from checks.mounted(situation)
            yield from checks.not_permitted(situation)
        if demands.trash:
            yield from self.without_trash(situation)

    def without_trash(self, situation: Situation) -> Iterator[Objection]:
        """Yield why no trash can take the target without copying it."""
        directory = os.path.dirname(situation.path)
        if directory not in self._trash_refusals:
            self._trash_refusals[directory] = trash_choice.refusal(situation.parent, directory, self.trashes)
        refusal = self._trash_refusals[directory]
        if refusal is not None:
            yield Objection(f"{situation.shown}: {refusal}.")

    def after_survey(
        self, situation: Situation, now: Survey, *, reviewed: bool, demands: Demands = _EVERYTHING
    ) -> Iterator[Objection]:
        """Yield what the whole target forbids: drift since the review, mounts in it, who holds it."""
        if reviewed and demands.steady:
            yield from checks.drifted(situation, now)
        if demands.moves:
            yield from checks.mounts_inside(situation, now)
        yield from checks.unreadable(situation, now)
        if demands.unheld:
            yield from checks.held(situation, now)


def admit(
    gate: Gate,
    step: Step,
    target: Target,
    parent: int | None = None,
    *,
    act: Judging | None = None,
    cancelled: Cancelling = never,
) -> tuple[Situation, Survey]:
    """Run every check at the moment of acting, those of the act last, and return the target as it is now.

    ``parent`` is its open directory; None opens it, and then the caller closes ``situation.parent``.
    Raises Refused with the first objection that nobody insisted on, and Cancelled.
    """
    demands = act.demands if act is not None else _EVERYTHING
    refuse(step, gate.before_looking(target, demands))
    if target.survey is None:
        raise Refused(f"{display_path(target.path)} was not reviewed.")
    situation = look(step, target, parent)
    try:
        refuse(step, gate.on_disk(situation, demands))
        now = _survey(situation, cancelled)
        refuse(step, gate.after_survey(situation, now, reviewed=True, demands=demands))
        if act is not None:
            refuse(step, act.objections(situation, now, gate))
    except BaseException:
        if parent is None:
            os.close(situation.parent)
        raise
    return situation, now


def examine(
    gate: Gate, step: Step, target: Target, *, act: Judging | None = None, cancelled: Cancelling = never
) -> tuple[tuple[Objection, ...], Survey | None]:
    """Run every check for a review; return all objections and what lies there, None when it cannot be seen.

    Raises Cancelled.
    """
    demands = act.demands if act is not None else _EVERYTHING
    found = list(gate.before_looking(target, demands))
    if any(not objection.may_insist for objection in found):
        return tuple(found), None
    try:
        situation = look(step, target)
    except Refused as refusal:
        return (*found, Objection(str(refusal))), None
    try:
        found.extend(gate.on_disk(situation, demands))
        now = _survey(situation, cancelled)
        found.extend(gate.after_survey(situation, now, reviewed=False, demands=demands))
        if act is not None:
            found.extend(act.objections(situation, now, gate))
    except Refused as refusal:
        return (*found, Objection(str(refusal))), None
    finally:
        os.close(situation.parent)
    return tuple(found), now


def look(step: Step, target: Target, parent: int | None = None) -> Situation:
    """Open the directory of a target through no symbolic link and take its status. Raises Refused."""
    shown = display_path(target.path)
    name = os.path.basename(target.path)
    opened = parent
    try:
        if opened is None:
            opened, name = open_parent(target.path)
        status = os.stat(name, dir_fd=opened, follow_symlinks=False)
    except ValueError as error:
        raise Refused(f"{shown} is not an absolute path.") from error
    except OSError as error:
        if parent is None and opened is not None:
            os.close(opened)
        raise Refused(_not_found(shown, error)) from error
    return Situation(step, target, opened, name, status)


def _survey(situation: Situation, cancelled: Cancelling) -> Survey:
    try:
        return survey_at(situation.parent, situation.name, situation.path, cancelled=cancelled)
    except OSError as error:
        raise Refused(_not_found(situation.shown, error)) from error


def refuse(step: Step, objections: Iterator[Objection]) -> None:
    """Raise Refused with the first objection that nobody insisted on."""
    for objection in objections:
        if not (objection.may_insist and step.insisted):
            raise Refused(objection.sentence)


def _is_within(path: bytes, ancestor: bytes) -> bool:
    return path == ancestor or path.startswith(ancestor.rstrip(b"/") + b"/")


def _not_found(shown: str, error: OSError) -> str:
    if error.errno == errno.ENOENT:
        return f"{shown} is not there any more."
    if error.errno in (errno.ELOOP, errno.ENOTDIR):
        return f"{shown} is not reached any more without following a symbolic link."
    if error.errno in (errno.EACCES, errno.EPERM):
        return f"{shown} cannot be reached: this user may not enter its directory."
    return f"{shown} cannot be examined: {error.strerror}."
