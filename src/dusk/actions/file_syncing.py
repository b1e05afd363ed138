"""Making big files durable while the next ones are written."""

from __future__ import annotations

import os
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType

from dusk.actions.content import drop_cache

_THREADS = 4
# More would let a copy run ahead of its disk by gigabytes, and keep as many files open.
_AT_ONCE = 8


class FileSyncing:
    """Files that are on their way to the disk; used as a context, which ends with none of them open."""

    def __init__(self) -> None:
        """Start with none; threads come with the first."""
        self._pool: ThreadPoolExecutor | None = None
        self._waiting: deque[Future[None]] = deque()

    def __enter__(self) -> FileSyncing:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Wait for every file; what an interrupted copy did not sync matters to nobody."""
        if self._pool is not None:
            self._pool.shutdown(wait=True)
            self._pool = None
        self._waiting.clear()

    def add(self, file: int) -> None:
        """Begin to sync an open file, which the caller may close at once.

        Raises the OSError of this file or of one before it.
        """
        if self._pool is None:
            self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="dusk-sync")
        own = os.dup(file)
        try:
            self._waiting.append(self._pool.submit(_sync, own))
        except BaseException:
            os.close(own)
            raise
        if len(self._waiting) >= _AT_ONCE:
            self._waiting.popleft().result()

    def finish(self) -> None:
        """Wait until every file is durable. Raises OSError when the disk reports an error for one."""
        while self._waiting:
            self._waiting.popleft().result()


def _sync(file: int) -> None:
    try:
        os.fsync(file)
        drop_cache(file)
    finally:
        os.close(file)
