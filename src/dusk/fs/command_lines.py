"""Which running programs were started with a path: what a program was told to use, it may open at any time.

Source: proc_pid_cmdline(5), proc_pid_cwd(5), proc_pid_environ(5).
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass

from dusk.fs.processes import process_ids

_BIGGEST = 64 * 1024
_OPTION = re.compile(rb"-[^=]*=(.+)\Z", re.DOTALL)
# A Python that links to the system's own maps nothing of the environment that it runs in.
_ENVIRONMENT = re.compile(rb"(?:^|\0)(?:VIRTUAL_ENV|CONDA_PREFIX)=([^\0]+)")
# An activated shell uses its environment only when something is started from it.
_SHELLS = re.compile(rb"-?(?:\w*sh|tmux.*|screen|sshd.*|sudo|su|login|script)\Z")


@dataclass(frozen=True, slots=True)
class NamedPath:
    """One path on the command line of one program."""

    path: bytes
    """Absolute, made from the program's own working directory where it was relative."""
    pid: int
    """Process ID."""
    command: bytes
    """The program's name."""


class CommandLines:
    """The paths on all command lines at one moment; this program and those that started it left out."""

    def __init__(self, named: tuple[NamedPath, ...]) -> None:
        """Hold what was read."""
        self.named = named

    @classmethod
    def read(cls) -> CommandLines:
        """Read ``/proc``; what may not be read is left out."""
        own = _own_line()
        return cls(tuple(one for pid in process_ids() if pid not in own for one in _named_by(pid)))

    def naming(self, path: bytes) -> NamedPath | None:
        """Return the first program that was told to use a path or something below it, None when none was."""
        inside = path.rstrip(b"/") + b"/"
        for one in self.named:
            if one.path == path or one.path.startswith(inside):
                return one
        return None


def _named_by(pid: int) -> list[NamedPath]:
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            words = file.read(_BIGGEST).rstrip(b"\0").split(b"\0")
        here = os.readlink(f"/proc/{pid}/cwd".encode())
    except OSError:
        return []
    command = os.path.basename(words[0])
    found = [NamedPath(os.path.normpath(one), pid, command) for one in _environments(pid, command)]
    for word in words:
        option = _OPTION.match(word)
        text = option[1] if option is not None else word
        if b"/" in text and not text.startswith(b"-"):
            found.append(NamedPath(os.path.normpath(os.path.join(here, text)), pid, command))
    return found


def _environments(pid: int, command: bytes) -> list[bytes]:
    """Return the Python environments that a program runs in, as far as they may be read."""
    if _SHELLS.match(command):
        return []
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:
            return [one for one in _ENVIRONMENT.findall(file.read(_BIGGEST)) if one.startswith(b"/")]
    except OSError:
        return []


def _own_line() -> frozenset[int]:
    """Return this process and those that it was started by: ``sudo dusk explain PATH`` uses no path."""
    line = set()
    pid = os.getpid()
    while pid > 0 and pid not in line:
        line.add(pid)
        try:
            with open(f"/proc/{pid}/stat", "rb") as file:
                pid = int(file.read().rpartition(b")")[2].split()[1])
        except (OSError, ValueError, IndexError):
            break
    return frozenset(line)
