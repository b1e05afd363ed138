"""A program in a real pseudo-terminal: keys in, bytes out, each with its time."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import termios
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

_LEFT_OUT = ("NO_COLOR", "COLUMNS", "LINES", "PYTHONDONTWRITEBYTECODE")
"""Variables that a program does not get: what is installed has its bytecode, and so must a checkout."""
_LONGEST = 64
"""Bytes of what is waited for, at most."""


@dataclass(frozen=True)
class Chunk:
    """Bytes that arrived at once."""

    at: float
    data: bytes


class PtySession:
    """Run a command in a terminal of its own and record what it writes."""

    def __init__(self, command: list[str], columns: int = 120, rows: int = 36, **environment: str) -> None:
        variables = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("TEXTUAL_", "SSH_")) and name not in _LEFT_OUT
        }
        variables |= {"TERM": "xterm-256color", "COLORTERM": "truecolor", "LANG": "C.UTF-8"} | environment
        self.chunks: list[Chunk] = []
        self._arrived = threading.Condition()
        self.started = time.perf_counter()
        self.pid, self.descriptor = pty.fork()
        if self.pid == 0:
            os.execvpe(command[0], command, variables)
        fcntl.ioctl(self.descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def send(self, keys: str) -> float:
        """Write keys; return the time just before."""
        now = time.perf_counter()
        os.write(self.descriptor, keys.encode())
        return now

    def wait_for(self, needle: str, timeout: float = 20.0, since: int = 0) -> float:
        """Return when the needle was first on the wire; raise TimeoutError when it never was."""
        wanted = needle.encode()
        return self.wait_until(lambda seen: wanted in seen, timeout, since)

    def wait_until(self, holds: Callable[[bytes], bool], timeout: float = 20.0, since: int = 0) -> float:
        """Return when something first held for a chunk and the end of what came before it."""
        end = time.perf_counter() + timeout
        tail = b""
        while time.perf_counter() < end:
            # Asleep until something arrives: whoever looks all the time takes the processor that is measured.
            with self._arrived:
                if not self._arrived.wait_for(self._has_more_than(since), end - time.perf_counter()):
                    break
            chunk = self.chunks[since]
            since += 1
            seen = tail + chunk.data
            if holds(seen):
                return chunk.at
            tail = seen[-_LONGEST:]
        raise TimeoutError(f"what was waited for did not appear within {timeout} s")

    def _has_more_than(self, count: int) -> Callable[[], bool]:
        return lambda: len(self.chunks) > count

    def bytes_since(self, index: int) -> int:
        """Return how many bytes arrived after that many chunks."""
        return sum(len(chunk.data) for chunk in self.chunks[index:])

    def resident_mebibytes(self) -> float:
        """Return the resident memory of the program."""
        with open(f"/proc/{self.pid}/status") as status:
            return next(int(line.split()[1]) / 1024 for line in status if line.startswith("VmRSS"))

    def close(self) -> None:
        """End the program, gently or not."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.kill(self.pid, number)
            except ProcessLookupError:
                break
            if self._ended(1.0):
                break
        # The next session may get the same descriptor, and this one's reader would take its frames.
        self._reader.join()
        os.close(self.descriptor)

    def _ended(self, timeout: float) -> bool:
        end = time.perf_counter() + timeout
        while time.perf_counter() < end:
            try:
                if os.waitpid(self.pid, os.WNOHANG)[0]:
                    return True
            except ChildProcessError:
                return True
            time.sleep(0.01)
        return False

    def _read(self) -> None:
        while True:
            try:
                ready, _, _ = select.select([self.descriptor], [], [], 1.0)
                data = os.read(self.descriptor, 65536) if ready else None
            except (OSError, ValueError):
                return
            if data == b"":
                return
            if data:
                with self._arrived:
                    self.chunks.append(Chunk(time.perf_counter(), data))
                    self._arrived.notify_all()
                if b"\x1b[?2026$p" in data:  # whether frames may be wrapped in synchronised output
                    os.write(self.descriptor, b"\x1b[?2026;2$y")
