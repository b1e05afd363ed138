"""Faults in a child process: death, an error or a stop at the call with a certain number.

The library of `fault.c` has to be preloaded before Python starts; `preloaded` gives the environment for that.
"""

from __future__ import annotations

import ctypes
import enum
import errno
import json
import mmap
import os
import shutil
import subprocess
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass

_SOURCE = os.path.join(os.path.dirname(__file__), "fault.c")
CHANGE, SPACE, READ, ASK = 1, 2, 4, 8
_PYTHON = (
    "open", "mkdir", "unlink", "rename", "rmdir", "link", "fsync", "read", "readv", "pread",
    "write", "pwrite", "utime", "stat", "lstat", "fstat", "statvfs", "listdir", "scandir",
    "chmod", "chown", "fchmod", "fchown", "lseek",
)  # fmt: skip
"""Functions of `os` that run out of memory."""


class Mode(enum.IntEnum):
    """What happens at the call."""

    COUNT = 0
    KILL = 1
    FAIL = 2
    FAIL_FROM_HERE = 3
    STOP_EVERY = 4
    RAISE = 5
    """An error that is none of the system's, from a call of Python."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One kind of fault, tried at every call."""

    name: str
    mode: Mode
    number: int = 0
    classes: int = CHANGE


ERRORS = ("ENOSPC", "EIO", "EDQUOT", "EINTR", "EXDEV", "EROFS")
FAULTS = {
    fault.name: fault
    for fault in (
        Fault("kill", Mode.KILL),
        *(Fault(name, Mode.FAIL, getattr(errno, name)) for name in ERRORS),
        Fault("EIO-reading", Mode.FAIL, errno.EIO, READ),
        Fault("EIO-asking", Mode.FAIL, errno.EIO, ASK),
        Fault("no-memory", Mode.RAISE),
        Fault("ENOSPC-from-here", Mode.FAIL_FROM_HERE, errno.ENOSPC, SPACE),
        Fault("EIO-from-here", Mode.FAIL_FROM_HERE, errno.EIO),
    )
}


@dataclass(frozen=True, slots=True)
class Ended:
    """How a child ended."""

    killed: bool
    calls: int
    """Counted calls that it came to."""
    faults: int
    """How many of them went wrong."""
    call: str
    """Name of the call that went wrong first."""
    report: dict[str, object] | None
    """What the work returned; None when it was killed."""
    trace: str = ""
    """The traceback of what nobody caught."""


def compile_library(directory: str) -> str | None:
    """Compile the library into a directory and return its path; None where there is no C compiler."""
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None or not sys.platform.startswith("linux"):
        return None
    library = os.path.join(directory, "fault.so")
    command = [compiler, "-shared", "-fPIC", "-O1", "-w", "-o", library, _SOURCE, "-ldl"]
    return library if subprocess.run(command, capture_output=True, check=False).returncode == 0 else None


def preloaded(library: str) -> dict[str, str]:
    """Return the environment in which a Python has the library, and finds these tests and their dusk."""
    tests = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    found = os.pathsep.join((tests, os.path.join(os.path.dirname(tests), "src")))
    return {**os.environ, "LD_PRELOAD": library, "PYTHONPATH": found, "PYTHONDONTWRITEBYTECODE": "1"}


class Injector:
    """The preloaded library of this process."""

    def __init__(self) -> None:
        self._library = ctypes.CDLL(None)
        self._library.fault_arm.argtypes = [
            ctypes.c_void_p, ctypes.c_int, ctypes.c_int64, ctypes.c_int, ctypes.c_int,
        ]  # fmt: skip
        self._memory = mmap.mmap(-1, 4096)
        self._address = ctypes.addressof(ctypes.c_char.from_buffer(self._memory))

    def arm(self, fault: Fault, at: int) -> None:
        self._library.fault_arm(self._address, fault.mode, at, fault.number, fault.classes)

    def disarm(self) -> None:
        self._library.fault_disarm()

    def seen(self) -> tuple[int, int, str]:
        """Return calls, faults and the name of the call that went wrong, of the last child."""
        raw = self._memory[:48]
        name = raw[16:48].split(b"\0")[0].decode()
        return int.from_bytes(raw[:8], sys.byteorder), int.from_bytes(raw[8:16], sys.byteorder), name

    def run(self, fault: Fault, at: int, work: Callable[[], dict[str, object]]) -> Ended:
        """Do the work in a forked child in which one call goes wrong, and say how it ended."""
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            self._child(fault, at, work, writing)
        os.close(writing)
        with os.fdopen(reading, "rb") as pipe:
            told = pipe.read()
        _, status = os.waitpid(child, 0)
        calls, faults, name = self.seen()
        if os.WIFSIGNALED(status):
            return Ended(True, calls, faults, name, None)
        found = json.loads(told)
        return Ended(False, calls, faults, name, found.get("report"), found.get("trace", ""))

    def _raise(self, at: int) -> None:
        """Let one call of Python's run out of memory, which nothing expects that expects errors of a disk."""
        calls = 0

        def wrap(name: str, real: Callable[..., object]) -> Callable[..., object]:
            def call(*arguments: object, **options: object) -> object:
                nonlocal calls
                calls += 1
                self._memory[:8] = calls.to_bytes(8, sys.byteorder)
                if calls == at:
                    self._memory[8:16] = (1).to_bytes(8, sys.byteorder)
                    self._memory[16:48] = name.encode().ljust(32, b"\0")
                    raise MemoryError
                return real(*arguments, **options)

            return call

        self._memory[:48] = bytes(48)
        for name in _PYTHON:
            setattr(os, name, wrap(name, getattr(os, name)))

    def _child(self, fault: Fault, at: int, work: Callable[[], dict[str, object]], writing: int) -> None:
        told: dict[str, object] = {}
        write = os.write
        try:
            if fault.mode is Mode.RAISE:
                self._raise(at)
            else:
                self.arm(fault, at)
            told["report"] = work()
        except MemoryError:
            self.disarm()
        except BaseException:
            self.disarm()
            told["trace"] = traceback.format_exc()
        self.disarm()
        write(writing, json.dumps(told).encode())
        os._exit(0)
