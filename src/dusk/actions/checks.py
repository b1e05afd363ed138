"""The single checks of the gate: each yields a sentence for what it objects to, and changes nothing."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass

from dusk.fs import mounts
from dusk.fs.holders import Hold, Holder, hold_report
from dusk.fs.identity import EntryKind, Identity
from dusk.fs.mounts import MountTable
from dusk.fs.names import display_path
from dusk.fs.survey import Survey
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
class Demands:
    """What an action asks of its targets; the gate objects to a target that falls short of it."""

    outside_protected: bool = True
    """It is no protected place and holds none."""
    moves: bool = True
    """It can leave its directory: that may be written, and no mount is on the target."""
    trash: bool = True
    """A trash on the same mount takes it."""
    steady: bool = True
    """Nothing at or below it changed since the review."""
    unheld: bool = True
    """No process has anything of it open."""


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
    if MountTable.read().at(situation.path) is not None:
        yield Objection(f"{situation.shown} is a mount point.")
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
        is_directory = now.identity.kind is EntryKind.DIRECTORY
        same = "was changed inside, or its permissions were," if is_directory else "was changed"
        change = _growth(before, now) or change or f"{same} after the review"
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


def held(situation: Situation, now: Survey) -> Iterator[Objection]:
    """Object to what a process has open, and where that cannot be told."""
    report = hold_report(situation.path, files=now.prominent)
    if report.state is Hold.HELD:
        holders = [_named(holder) for holder in report.holders[:_NAMED]]
        by = ", ".join(holders) or "a process that cannot be named from here"
        yield Objection(f"{situation.shown} is in use by {by}.")
    elif report.state is Hold.UNKNOWN:
        reason = f": {report.reason.rstrip('.')}" if report.reason else ""
        yield Objection(
            f"It cannot be told whether a process uses {situation.shown}{reason}.", may_insist=True
        )


def _named(holder: Holder) -> str:
    job = f", {holder.job}" if holder.job else ""
    return f"process {holder.pid} ({holder.command}, user {holder.user}{job})"


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
