"""Running another program: argument by argument, never through a shell, bounded in time and in output."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import stat
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass

from dusk.fs.cancellation import Cancelling, never
from dusk.fs.names import display_name, display_path

_TICK = 0.1  # seconds between looks at the clock and at the wish to stop
_GRACE = 5.0  # seconds between asking a program to end and ending it
_KEPT = 64 * 1024  # bytes of output, from its end
_SYSTEM_PLACES = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class NotRun(Exception):  # noqa: N818 - a finding, not an error
    """The program cannot be started; the text says why."""


@dataclass(frozen=True, slots=True)
class CommandEnd:
    """How a program ended."""

    code: int
    """Exit status; negative for a signal."""
    output: str
    """What it said on both streams, from the end, harmless to print, by lines."""
    seconds: float
    """How long it ran."""
    stopped: str = ""
    """Why dusk ended it; empty when it ended by itself."""

    def last_lines(self, count: int = 3) -> str:
        """Return the last lines that say something, as one text."""
        lines = [line.strip() for line in self.output.splitlines() if line.strip()]
        return " / ".join(lines[-count:])


def program_path(program: str) -> str:
    """Return where a program is that the user's PATH names. Raises NotRun with the reason.

    One that other users could have put there or changed is not run.
    """
    found = shutil.which(program, path=os.environ.get("PATH", _SYSTEM_PLACES))
    if found is None or not os.path.isabs(found):
        raise NotRun(f"{display_name(program)} is not installed here, or not in the PATH")
    real = os.path.realpath(found)
    for path in (real, os.path.dirname(real)):
        status = os.stat(path)
        foreign = status.st_uid not in (0, os.geteuid())
        open_to_all = status.st_mode & stat.S_IWOTH and not status.st_mode & stat.S_ISVTX
        if foreign or open_to_all:
            raise NotRun(
                f"{display_path(os.fsencode(path))} could be changed by other users, so it is not run"
            )
    return found


def run_command(
    command: Sequence[str], directory: bytes, *, timeout: float, cancelled: Cancelling = never
) -> CommandEnd:
    """Run a command in a directory and return how it ended; no terminal, nothing on its input.

    ``timeout`` is in seconds. A program that is stopped is asked first. Raises NotRun.
    """
    path = program_path(command[0])
    environment = os.environ | {
        "LC_ALL": "C.UTF-8",
        "NO_COLOR": "1",
        "TERM": "dumb",
        "GIT_TERMINAL_PROMPT": "0",
    }
    began = time.monotonic()
    try:
        process = subprocess.Popen(
            [path, *command[1:]],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=directory,
            env=environment,
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise NotRun(f"{display_name(command[0])} cannot be started: {reason}") from error
    with process:
        output, stopped = _watch(process, began + timeout, timeout, cancelled)
    text = "\n".join(display_name(line) for line in output.decode("utf-8", "surrogateescape").splitlines())
    return CommandEnd(process.returncode, text, time.monotonic() - began, stopped)


def _watch(
    process: subprocess.Popen[bytes], deadline: float, timeout: float, cancelled: Cancelling
) -> tuple[bytes, str]:
    assert process.stdout is not None
    descriptor = process.stdout.fileno()
    os.set_blocking(descriptor, False)
    output = b""
    stopped = ""
    end_at = 0.0
    while True:
        ended = process.poll() is not None
        output = (output + _read(descriptor))[-_KEPT:]
        if ended:
            return output, stopped
        now = time.monotonic()
        if not stopped and (now > deadline or cancelled()):
            stopped = (
                "it was stopped on request" if now <= deadline else f"it took longer than {timeout:.0f} s"
            )
            end_at = now + _GRACE
            _signal(process, signal.SIGTERM)
        elif stopped and now > end_at:
            _signal(process, signal.SIGKILL)
        time.sleep(_TICK if now - deadline + timeout > 1 else 0.01)


def _read(descriptor: int) -> bytes:
    pieces = []
    with contextlib.suppress(BlockingIOError):
        while piece := os.read(descriptor, _KEPT):
            pieces.append(piece)
    return b"".join(pieces)


def _signal(process: subprocess.Popen[bytes], number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)
