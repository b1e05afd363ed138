"""How far a review or a run has come, for faces that look now and then."""

from __future__ import annotations

import threading
import time

from dusk.fs.units import format_age, format_size

_TELLING_SECONDS = 2.0


class ExecutionProgress:
    """Figures that one run writes and any thread reads; each is a plain number or bytes."""

    __slots__ = (
        "_counting",
        "bytes_done", "bytes_total", "current", "finished", "items_done", "items_total", "phase", "started",
    )  # fmt: skip

    def __init__(self) -> None:
        """Begin with nothing done."""
        self.items_done: int = 0
        """Targets that are finished, whatever their end."""
        self.items_total: int = 0
        """Targets of the plan."""
        self.bytes_done: int = 0
        """Apparent bytes finished; a long act counts each byte half when written, half when proven."""
        self.bytes_total: int = 0
        """Apparent bytes of all targets."""
        self.phase: str = ""
        """What is being done right now, in a word or two: ``checking``, ``copying``, ``moving to trash``."""
        self.current: bytes = b""
        """Path that is being worked on."""
        self.finished: bool = False
        """Whether all is over."""
        self.started: float = time.monotonic()
        """When it began, on the monotonic clock."""
        # One thread of a run counts what was written while another counts what was proven.
        self._counting = threading.Lock()

    def begin(self, items: int, size: int) -> None:
        """Set the totals and restart the clock."""
        self.items_total = items
        self.bytes_total = size
        self.started = time.monotonic()

    def at(self, phase: str, path: bytes) -> None:
        """Say what is being done to which path."""
        self.phase = phase
        self.current = path

    def add_bytes(self, count: int) -> None:
        """Count bytes as done."""
        with self._counting:
            self.bytes_done += count

    def add_half(self, count: int) -> None:
        """Count bytes as half done: written, or proven."""
        self.add_bytes(count // 2)

    def add_item(self) -> None:
        """Count a target as finished."""
        self.items_done += 1

    @property
    def rate(self) -> float:
        """Bytes a second since it began; 0.0 in the first moments, when it says nothing."""
        seconds = time.monotonic() - self.started
        return self.bytes_done / seconds if seconds >= _TELLING_SECONDS else 0.0

    @property
    def remaining(self) -> float | None:
        """Seconds until all bytes are done at this rate; None when that cannot be told."""
        rate = self.rate
        return max(0, self.bytes_total - self.bytes_done) / rate if rate > 0 else None

    @property
    def pace(self) -> str:
        """Rate and remaining time in words, "120 MiB/s, 2 min left"; empty when they say nothing."""
        remaining = self.remaining
        if remaining is None or self.finished:
            return ""
        return f"{format_size(int(self.rate))}/s, {format_age(remaining)} left"

    def finish(self) -> None:
        """Say that all is over."""
        self.phase = "done"
        self.current = b""
        self.finished = True
