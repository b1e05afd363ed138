"""Tests for the turns of the thread that draws."""

from __future__ import annotations

import os
import sys
import threading

import pytest

from dusk.scan.start import is_native_built
from dusk.scan.turns import take_short_turns

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux") or not is_native_built(), reason="only the native core of Linux asks"
)


def test_neither_priority_nor_what_the_thread_starts_changes() -> None:
    said: list[tuple[int, int]] = []

    def look() -> None:
        said.append((os.sched_getscheduler(0), os.getpriority(os.PRIO_PROCESS, threading.get_native_id())))

    def ask() -> None:
        take_short_turns()
        look()
        inner = threading.Thread(target=look)
        inner.start()
        inner.join()

    # This thread itself may have asked before, where an app ran in it: no other inherits that.
    for target in (look, ask):
        thread = threading.Thread(target=target)
        thread.start()
        thread.join()

    before, asked, started = said
    assert asked == (before[0] | os.SCHED_RESET_ON_FORK, before[1])
    assert started == before
