"""The gate: every check that stands between a plan and someone's files.

A review shows what the gate objects to; the executor runs the same checks again at the moment of acting,
on an open directory, and lets nothing through that has an objection left.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass

from dusk.fs import mounts
from dusk.fs.cancellation import Cancelling, never
from dusk.fs.descent import open_parent
from dusk.fs.holders import Hold, hold_report
from dusk.fs.identity import EntryKind, Identity
from dusk.fs.mounts import MountTable
from dusk.fs.names import display_path
from dusk.fs.protected import Protection
from dusk.fs.survey import Survey
from dusk.fs.surveyor import survey_at
from dusk.fs.units import count_noun, format_size
from dusk.plan.step import Step, Target
from dusk.rules.safety import Safety

_NAMED = 3


@dataclass(frozen=True, slots=True)
class Objection:
    """One reason not to act."""

    sentence: str
    """The reason, with the path in it."""
    may_insist: bool = False
    """Whether a person may act all the same, for this one step."""


@dataclass(frozen=True, slots=True)
class Situation:
    """A target as it is right now, its directory held open."""

    step: Step
    """The step that it belongs to."""
    target: Target
    """What was planned."""
    parent: int
    """The open directory that holds it."""
    name: bytes
    """Its name there."""
    status: os.stat_result
    """Its status now."""

    @property
    def path(self) -> bytes:
        """Its path."""
        return self.target.path

    @property
    def shown(self) -> str:
        """Its path as people may see it."""
        return display_path(self.target.path)


class Refused(Exception):  # noqa: N818 - a decision, not an error
    """The gate does not let a target through; the text is the sentence why."""


@dataclass(frozen=True, slots=True)
class Gate:
    """The checks of one run, with what they need to know."""

    protection: Protection
    """Places that nothing may touch."""
    trashes: tuple[bytes, ...] = ()
    """Trash directories below which, and around which, nothing may be trashed."""
    read_only: bool = False
    """Whether every action is turned off."""

    def before_looking(self, target: Target) -> Iterator[Objection]:
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
        if reason is not None:
            yield Objection(f"{shown} {reason}.")
        for trash in self.trashes:
            if _is_within(target.path, trash):
                yield Objection(f"{shown} is in the trash {display_path(trash)}: 'dusk bin' serves there.")
            elif _is_within(trash, target.path):
                yield Objection(f"{shown} contains the trash {display_path(trash)}. Empty that first.")
        yield from kept(target)

    def on_disk(self, situation: Situation) -> Iterator[Objection]:
        """Yield what the entry and its directory forbid, as they are right now."""
        yield from another_file(situation)
        yield from mounted(situation)
        yield from not_permitted(situation)

    def after_survey(self, situation: Situation, now: Survey, *, reviewed: bool) -> Iterator[Objection]:
        """Yield what the whole target forbids: drift since the review, mounts in it, who holds it."""
        if reviewed:
            yield from drifted(situation, now)
        yield from mounts_inside(situation, now)
        yield from unreadable(situation, now)
        yield from held(situation)


def admit(
    gate: Gate, step: Step, target: Target, parent: int | None = None, *, cancelled: Cancelling = never
) -> tuple[Situation, Survey]:
    """Run every check at the moment of acting, and return the target as it is now.

    ``parent`` is its open directory; None opens it, and then the caller closes ``situation.parent``.
    Raises Refused with the first objection that nobody insisted on, and Cancelled.
    """
    _refuse(step, gate.before_looking(target))
    if target.survey is None:
        raise Refused(f"{display_path(target.path)} was not reviewed.")
    situation = look(step, target, parent)
    try:
        _refuse(step, gate.on_disk(situation))
        now = _survey(situation, cancelled)
        _refuse(step, gate.after_survey(situation, now, reviewed=True))
    except BaseException:
        if parent is None:
            os.close(situation.parent)
        raise
    return situation, now


def examine(
    gate: Gate, step: Step, target: Target, *, cancelled: Cancelling = never
) -> tuple[tuple[Objection, ...], Survey | None]:
    """Run every check for a review; return all objections and what lies there, None when it cannot be seen.

    Raises Cancelled.
    """
    found = list(gate.before_looking(target))
    if any(not objection.may_insist for objection in found):
        return tuple(found), None
    try:
        situation = look(step, target)
    except Refused as refusal:
        return (*found, Objection(str(refusal))), None
    try:
        found.extend(gate.on_disk(situation))
        now = _survey(situation, cancelled)
        found.extend(gate.after_survey(situation, now, reviewed=False))
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


def kept(target: Target) -> Iterator[Objection]:
    """Object to what a rule wants kept."""
    shown = display_path(target.path)
    if target.safety is Safety.KEEP:
        what = f": {target.title}" if target.title else ""
        yield Objection(f"{shown} should be kept{what}.", may_insist=True)
    inside = [path for path in target.keeps if path != target.path]
    if inside:
        named = ", ".join(display_path(os.path.relpath(path, target.path)) for path in inside[:_NAMED])
        more = f" and {len(inside) - _NAMED:,} more" if len(inside) > _NAMED else ""
        yield Objection(f"{shown} holds what should be kept: {named}{more}.", may_insist=True)


def another_file(situation: Situation) -> Iterator[Objection]:
    """Object when the path names another inode than the one that was chosen."""
    if not situation.target.identity.is_same_inode(Identity.from_stat(situation.status)):
        yield Objection(f"{situation.shown} is another file than the one that was chosen. Scan again.")


def mounted(situation: Situation) -> Iterator[Objection]:
    """Object to a mount point, also to one of a single file or of a directory of the same device."""
    table = MountTable.read()
    if table.at(situation.path) is not None:
        yield Objection(f"{situation.shown} is a mount point.")
        return
    below = table.below(situation.path)
    if below:
        yield Objection(f"{situation.shown} contains the mount {display_path(below[0].point)}.")
        return
    if not hasattr(os, "O_PATH"):
        return
    try:
        descriptor = os.open(
            situation.name, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=situation.parent
        )
    except OSError:
        return
    try:
        if mounts.mount_id(descriptor) != mounts.mount_id(situation.parent):
            yield Objection(f"{situation.shown} is a mount point.")
    finally:
        os.close(descriptor)


def not_permitted(situation: Situation) -> Iterator[Objection]:
    """Object to what the kernel would refuse: whoever removes an entry writes to its directory."""
    try:
        writable = os.access(b".", os.W_OK | os.X_OK, dir_fd=situation.parent, effective_ids=True)
    except OSError:
        writable = False
    parent = os.fstat(situation.parent)
    directory = display_path(os.path.dirname(situation.path))
    user = os.geteuid()
    if not writable:
        read_only = os.fstatvfs(situation.parent).f_flag & os.ST_RDONLY
        why = "is on a read-only filesystem" if read_only else "cannot be written by this user"
        yield Objection(f"{situation.shown} cannot be moved: its directory {directory} {why}.")
    elif parent.st_mode & stat.S_ISVTX and user not in (0, situation.status.st_uid, parent.st_uid):
        yield Objection(
            f"{situation.shown} cannot be moved: it belongs to user {situation.status.st_uid}, and in "
            f"{directory} (sticky) everyone may move only what is their own."
        )
    elif stat.S_ISDIR(situation.status.st_mode) and user != 0 and not _is_writable(situation):
        yield Objection(
            f"{situation.shown} is write-protected, and a directory that moves is written to. "
            "'chmod u+w' on it allows that."
        )


def drifted(situation: Situation, now: Survey) -> Iterator[Objection]:
    """Object when anything at or below the target is not what was reviewed."""
    before = situation.target.survey
    assert before is not None
    change = before.identity.drift(now.identity)
    if before.fingerprint != now.fingerprint:
        change = _growth(before, now) or change or "changed inside after the review"
    if change is not None:
        yield Objection(f"{situation.shown} {change}. Review it again.")


def mounts_inside(situation: Situation, now: Survey) -> Iterator[Objection]:
    """Object to mounts inside the target: emptying the trash would delete what is mounted."""
    if now.mounts:
        named = display_path(now.mounts[0])
        count = count_noun(len(now.mounts), "mount")
        yield Objection(f"{situation.shown} contains {count}, such as {named}.")


def unreadable(situation: Situation, now: Survey) -> Iterator[Objection]:
    """Object, for a person to decide, when parts of the target cannot be seen."""
    if now.unreadable:
        count = count_noun(now.unreadable, "directory", "directories")
        yield Objection(
            f"{situation.shown} holds {count} that cannot be read: what is in there was not checked.",
            may_insist=True,
        )


def held(situation: Situation) -> Iterator[Objection]:
    """Object to what a process has open, and where that cannot be told."""
    report = hold_report(situation.path)
    if report.state is Hold.HELD:
        holders = [
            f"process {holder.pid} ({holder.command}, user {holder.user})"
            for holder in report.holders[:_NAMED]
        ]
        by = ", ".join(holders) or "a process that cannot be named from here"
        yield Objection(f"{situation.shown} is in use by {by}.")
    elif report.state is Hold.UNKNOWN:
        reason = f": {report.reason.rstrip('.')}" if report.reason else ""
        yield Objection(
            f"It cannot be told whether a process uses {situation.shown}{reason}.", may_insist=True
        )


def _survey(situation: Situation, cancelled: Cancelling) -> Survey:
    try:
        return survey_at(situation.parent, situation.name, situation.path, cancelled=cancelled)
    except OSError as error:
        raise Refused(_not_found(situation.shown, error)) from error


def _refuse(step: Step, objections: Iterator[Objection]) -> None:
    for objection in objections:
        if not (objection.may_insist and step.insisted):
            raise Refused(objection.sentence)


def _growth(before: Survey, now: Survey) -> str | None:
    if before.identity.kind is not EntryKind.DIRECTORY:
        return None
    more = now.entries - before.entries
    size = now.apparent_size - before.apparent_size
    if more:
        count = count_noun(abs(more), "entry", "entries")
        return f"holds {count} {'more' if more > 0 else 'fewer'} than reviewed"
    if size:
        return f"is {format_size(abs(size))} {'bigger' if size > 0 else 'smaller'} than reviewed"
    return None


def _is_writable(situation: Situation) -> bool:
    try:
        return os.access(
            situation.name, os.W_OK, dir_fd=situation.parent, effective_ids=True, follow_symlinks=False
        )
    except (OSError, NotImplementedError):
        return True


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
