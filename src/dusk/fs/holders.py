"""Whether a live process uses what is about to be moved, and who it is.

Files are asked by lease, which is exact; directories by the leases of some of their files and by what
``/proc`` shows of every process. "Cannot tell" is an answer of its own and never means no.
"""

from __future__ import annotations

import enum
import os
import stat
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

from dusk.fs.descent import open_parent, open_subdirectory
from dusk.fs.jobs import job_of
from dusk.fs.lease_sample import AskedFile, LeaseSample
from dusk.fs.mounts import MountTable
from dusk.fs.names import display_name, display_path
from dusk.fs.processes import Use, command_line, current_processes, is_writing, owner_of, uses_of_inode
from dusk.fs.units import count_noun

_COMMAND_LENGTH = 60
_NAMED = 20  # holders in one report; more tell a person nothing more
_HELD_NAMED = 8  # held files whose holders are searched by inode, which looks at every open file
_STRENGTH = ("running", "open for writing", "mapped", "open", "socket", "working directory", "root directory")


class Hold(enum.Enum):
    """Whether somebody uses it."""

    FREE = "free"
    """Nobody does."""
    HELD = "held"
    """Somebody does."""
    UNKNOWN = "unknown"
    """It cannot be told; the reason says why."""


@dataclass(frozen=True, slots=True)
class Holder:
    """A process that uses it."""

    pid: int
    """Process ID; 0 when the process cannot be seen."""
    user: str
    """Login name, or the number where there is none."""
    command: str
    """How it was started, harmless to print, at most 60 characters."""
    how: str
    """``running``, ``open for writing``, ``mapped``, ``open``, ``socket``, ``working directory`` or
    ``root directory``."""
    job: str = ""
    """What it belongs to, such as ``Slurm job 4711, GPU 0``; empty when nothing says so."""


@dataclass(frozen=True, slots=True)
class HoldReport:
    """The answer for one path."""

    state: Hold
    """Free, held or unknown."""
    holders: tuple[Holder, ...] = ()
    """Who holds it, strongest use first; may be empty for a held path, when the holder is out of sight."""
    reason: str = ""
    """Why it is held or why it cannot be told, as a sentence without a full stop; empty when free."""


def hold_report(path: bytes, *, files: Sequence[bytes] | None = None, timeout: float = 5.0) -> HoldReport:
    """Say whether anyone uses an absolute, resolved path or anything below it.

    Of what is below it these ``files`` are asked by lease, relative paths, such as ``Survey.prominent``;
    nothing is listed, so that it takes no longer for a big tree. Without them only what ``/proc`` shows can
    tell. The answer comes within ``timeout`` seconds, also when a mount hangs. This process itself is not
    looked for and must not have the files open. Raises nothing: what cannot be examined is UNKNOWN.
    """
    if _is_free_file(path):
        return HoldReport(Hold.FREE)
    check = _Check(path, files, time.monotonic() + timeout)
    worker = threading.Thread(target=check.run, name="dusk-holders", daemon=True)
    worker.start()
    worker.join(timeout)
    if check.report is not None:
        return check.report
    return _unknown(f"looking for open files took longer than {timeout:g} s")


def _is_free_file(path: bytes) -> bool:
    """Return whether a regular file on a disk of this machine is free for sure, without another thread.

    A batch asks this of thousands of files, and a local disk does not hang as a network does.
    """
    try:
        mount = MountTable.read().containing(path)
        if mount is None or not mount.is_local:
            return False
        directory, name = open_parent(path)
        try:
            status = os.stat(name, dir_fd=directory, follow_symlinks=False)
            if not stat.S_ISREG(status.st_mode):
                return False
            sample = LeaseSample(time.monotonic() + 1)
            sample.ask(directory, name, path, status)
            return bool(sample.free)
        finally:
            os.close(directory)
    except (OSError, ValueError):
        return False


def _unknown(reason: str) -> HoldReport:
    return HoldReport(Hold.UNKNOWN, (), reason)


class _Check:
    def __init__(self, path: bytes, files: Sequence[bytes] | None, deadline: float) -> None:
        self._path = path
        self._files = files
        self._inside = path.rstrip(b"/") + b"/"
        self._deadline = deadline
        self._sample = LeaseSample(deadline)
        self.report: HoldReport | None = None

    def run(self) -> None:
        try:
            self.report = self._look()
        except FileNotFoundError:
            self.report = _unknown("it is gone")
        except (OSError, ValueError) as error:
            text = error.strerror if isinstance(error, OSError) else str(error)
            self.report = _unknown(f"it cannot be examined: {text}")

    def _look(self) -> HoldReport:
        table = MountTable.read()
        mount = table.containing(self._path)
        if mount is None or not mount.is_local:
            return self._look_from_here(mount.type if mount else "this platform")
        directory, name = open_parent(self._path)
        try:
            status = os.stat(name, dir_fd=directory, follow_symlinks=False)
            if stat.S_ISLNK(status.st_mode):
                return HoldReport(Hold.FREE)
            if stat.S_ISDIR(status.st_mode):
                self._ask_below(directory, name)
            elif stat.S_ISREG(status.st_mode):
                self._sample.ask(directory, name, self._path, status)
                if self._sample.free:
                    return HoldReport(Hold.FREE)
        finally:
            os.close(directory)
        return self._judge()

    def _ask_below(self, directory: int, name: bytes) -> None:
        if self._files is None:
            self._sample.whole = False
            return
        top = open_subdirectory(directory, name)
        try:
            self._sample.ask_below(top, self._path, self._files)
        finally:
            os.close(top)

    def _look_from_here(self, kind: str) -> HoldReport:
        """Look at the processes of this machine only: the filesystem itself may hang."""
        processes = current_processes(self._patience())
        uses = list(processes.using(self._path)) if processes else []
        if uses:
            return self._held(uses)
        return _unknown(f"who has it open cannot be told on {kind}: other machines may")

    def _judge(self) -> HoldReport:
        sample = self._sample
        processes = current_processes(self._patience())
        complete = processes is not None and processes.complete
        uses = list(processes.using(self._path)) if processes else []
        held, shared = self._explained(uses)
        if uses or held:
            return self._held(uses, held)
        if complete or (sample.whole and not sample.refused and not shared):
            return HoldReport(Hold.FREE)
        return self._cannot_tell(shared)

    def _patience(self) -> float:
        # What the leases said must still be reported in time when processes cannot be listed.
        return (self._deadline - time.monotonic()) / 2

    def _explained(self, uses: list[Use]) -> tuple[list[AskedFile], list[AskedFile]]:
        """Return the held files, and those that seem to be held by a name elsewhere; name more holders."""
        held: list[AskedFile] = []
        shared: list[AskedFile] = []
        known = {use.path for use in uses}
        for number, file in enumerate(self._sample.held):
            others: tuple[Use, ...] = ()
            if file.path not in known and number < _HELD_NAMED:
                others = uses_of_inode(file.status.st_dev, file.status.st_ino)
            if file.status.st_nlink > 1 and others and all(self._is_outside(use, file) for use in others):
                # A package cache shares inodes with environments in use; taking one name harms nobody.
                shared.append(file)
            else:
                held.append(file)
                uses.extend(others)
        return held, shared

    def _is_outside(self, use: Use, file: AskedFile) -> bool:
        """Return whether a process uses a hard link of the file that lies outside the path."""
        if use.path == self._path or use.path.startswith(self._inside):
            return False
        try:
            other = os.lstat(use.path)
        except OSError:
            return False
        return (other.st_dev, other.st_ino) == (file.status.st_dev, file.status.st_ino)

    def _cannot_tell(self, shared: list[AskedFile]) -> HoldReport:
        refused = self._sample.refused
        if refused and refused.status.st_uid != os.geteuid():
            shown = display_path(refused.path)
            return _unknown(f"{shown} belongs to another user, whose processes cannot be seen")
        if refused:
            return _unknown(f"the kernel does not tell who has {display_path(refused.path)} open")
        if shared:
            shown = display_path(shared[0].path)
            return _unknown(f"{shown} is open, perhaps only by another of its names")
        files = count_noun(self._sample.files, "file")
        return _unknown(f"only a part of it could be looked at ({files}), and not every process is visible")

    def _held(self, uses: list[Use], held: list[AskedFile] | None = None) -> HoldReport:
        strongest: dict[int, str] = {}
        for use in uses:
            how = "open for writing" if use.how == "open" and is_writing(use) else use.how
            if use.pid not in strongest or _STRENGTH.index(how) < _STRENGTH.index(strongest[use.pid]):
                strongest[use.pid] = how
        pids = sorted(strongest, key=lambda pid: (_STRENGTH.index(strongest[pid]), pid))
        holders = tuple(_holder(pid, strongest[pid]) for pid in pids[:_NAMED])
        first = held[0].path if held else min(use.path for use in uses)
        what = "it" if first == self._path else display_path(first)
        if not holders:
            return HoldReport(Hold.HELD, (), f"{what} is open in a process that cannot be seen from here")
        one = holders[0]
        others = f" and {count_noun(len(pids) - 1, 'other')}" if len(pids) > 1 else ""
        job = f", {one.job}" if one.job else ""
        sentence = f"{what} is in use by {one.command} (process {one.pid}{job}, {one.how}){others}"
        return HoldReport(Hold.HELD, holders, sentence)


def _holder(pid: int, how: str) -> Holder:
    import pwd

    owner = owner_of(pid)
    try:
        user = pwd.getpwuid(owner).pw_name if owner >= 0 else ""
    except KeyError:
        user = str(owner)
    command = display_name(command_line(pid)) if pid else ""
    if len(command) > _COMMAND_LENGTH:
        command = command[: _COMMAND_LENGTH - 1] + "…"
    shown = command or "a process that ended or cannot be seen"
    return Holder(pid, display_name(user), shown, how, display_name(job_of(pid)) if pid else "")
