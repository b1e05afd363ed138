"""Rate and remaining time, once they say something."""

from __future__ import annotations

import time

from dusk.actions.progress import ExecutionProgress


def test_the_pace_is_said_once_it_tells_something(monkeypatch):
    now = time.monotonic()
    monkeypatch.setattr("dusk.actions.progress.time.monotonic", lambda: now)
    progress = ExecutionProgress()
    progress.begin(1, 400 << 20)
    progress.add_bytes(100 << 20)
    assert (progress.pace, progress.remaining) == ("", None)
    now += 10
    assert progress.rate == (10 << 20)
    assert progress.pace == "10.0 MiB/s, 30 s left"
    progress.finish()
    assert progress.pace == ""


def test_nothing_is_said_before_the_first_byte(monkeypatch):
    now = time.monotonic()
    monkeypatch.setattr("dusk.actions.progress.time.monotonic", lambda: now)
    progress = ExecutionProgress()
    progress.begin(1, 100)
    now += 60
    assert (progress.rate, progress.remaining, progress.pace) == (0.0, None, "")
