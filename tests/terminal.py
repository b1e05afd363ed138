"""A program in a real pseudo-terminal, and the screen that a person would see."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import signal
import struct
import sys
import termios
import threading
import time
from collections.abc import Callable, Sequence
from types import TracebackType

import pyte

DUSK = (sys.executable, "-m", "dusk")


class Terminal:
    """Runs a command, keeps every byte it sends, and answers what a terminal answers."""

    def __init__(
        self, command: Sequence[str], columns: int = 120, rows: int = 36, **environment: str | None
    ) -> None:
        self.screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self.screen)
        self._guard = threading.Lock()
        self.received = bytearray()
        self.last_received = time.monotonic()
        self.exit_code: int | None = None
        variables: dict[str, str | None] = {
            "TERM": "xterm-256color",
            "COLORTERM": "truecolor",
            "LANG": "C.UTF-8",
            "NO_COLOR": None,
            "SSH_CONNECTION": None,
            **environment,
        }
        merged = {**os.environ, **{name: value for name, value in variables.items() if value is not None}}
        for name, value in variables.items():
            if value is None:
                merged.pop(name, None)
        size = struct.pack("HHHH", rows, columns, 0, 0)
        self.pid, self._descriptor = pty.fork()
        if self.pid == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, size)
            os.execvpe(command[0], list(command), merged)
        fcntl.ioctl(self._descriptor, termios.TIOCSWINSZ, size)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> Terminal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # -- acting

    def send(self, keys: str | bytes) -> None:
        os.write(self._descriptor, keys.encode() if isinstance(keys, str) else keys)

    def signal(self, number: int) -> None:
        os.kill(self.pid, number)

    def close(self) -> None:
        if self.exit_code is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
            self.wait_for_exit(5)
        with contextlib.suppress(OSError):
            os.close(self._descriptor)

    # -- seeing

    def text(self) -> str:
        with self._guard:
            return "\n".join(line.rstrip() for line in self.screen.display)

    def wait_for(self, needle: str, timeout: float = 20.0) -> str:
        self.wait_until(lambda: needle in self.text(), timeout, f"{needle!r} to appear")
        return self.text()

    def wait_until(self, holds: Callable[[], bool], timeout: float, what: str) -> None:
        end = time.monotonic() + timeout
        while not holds():
            if time.monotonic() > end:
                raise AssertionError(f"waited {timeout} s for {what}; the screen shows:\n{self.text()}")
            time.sleep(0.01)

    def settle(self, quiet: float = 0.4, timeout: float = 20.0) -> None:
        """Wait until nothing was sent for a while."""
        quiet_for: Callable[[], bool] = lambda: time.monotonic() - self.last_received >= quiet  # noqa: E731
        self.wait_until(quiet_for, timeout, "the terminal to be quiet")

    def bytes_of(self, keys: str, quiet: float = 0.4) -> int:
        """Return how many bytes a key makes the program send."""
        before = len(self.received)
        self.last_received = time.monotonic()
        self.send(keys)
        self.settle(quiet)
        return len(self.received) - before

    def wait_for_exit(self, timeout: float) -> int:
        """Return the exit code; minus the number of the signal that killed it."""
        end = time.monotonic() + timeout
        while self.exit_code is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.exit_code = os.waitstatus_to_exitcode(status)
            elif time.monotonic() > end:
                raise AssertionError(f"still running after {timeout} s; the screen shows:\n{self.text()}")
            else:
                time.sleep(0.005)
        self._reader.join(2)
        return self.exit_code

    def _read(self) -> None:
        while True:
            try:
                chunk = os.read(self._descriptor, 65536)
            except OSError:
                return
            if not chunk:
                return
            with self._guard:
                self.received += chunk
                self.last_received = time.monotonic()
                # pyte knows no kitty keyboard and would print what it cannot read.
                self._stream.feed(_without_private(chunk))
            if b"\x1b[?2026$p" in chunk:
                with contextlib.suppress(OSError):
                    os.write(self._descriptor, b"\x1b[?2026;2$y")


def _without_private(chunk: bytes) -> bytes:
    for sequence in (b"\x1b[>25u", b"\x1b[<u", b"\x1b[?2026$p", b"\x1b[?2048$p", b"\x1b[>1u"):
        chunk = chunk.replace(sequence, b"")
    return chunk
