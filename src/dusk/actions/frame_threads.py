"""The threads that make frames: as many as may run at once, and none for a small file."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, TypeVar

from dusk.actions.content import keep_memory

_MOST = 8
_HAS_AFFINITY = hasattr(os, "sched_getaffinity")
_Made = TypeVar("_Made")


class FrameThreads(Generic[_Made]):
    """A pool that is made when it is first needed."""

    def __init__(self) -> None:
        """Make none yet."""
        self.count = max(1, min(_MOST, len(os.sched_getaffinity(0)))) if _HAS_AFFINITY else 2
        """How many there are to be."""
        self._pool: ThreadPoolExecutor | None = None

    def submit(self, work: Callable[[], _Made], *, at_once: bool) -> Future[_Made]:
        """Let a thread do the work, or do it here ``at_once``."""
        if at_once:
            done: Future[_Made] = Future()
            done.set_result(work())
            return done
        if self._pool is None:
            keep_memory()
            self._pool = ThreadPoolExecutor(self.count, thread_name_prefix="dusk-zstd")
        return self._pool.submit(work)

    def close(self) -> None:
        """Drop what is not begun, and wait for the rest."""
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)
