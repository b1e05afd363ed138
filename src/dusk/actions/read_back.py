"""Reading a file back from its disk in a thread of its own, while the rest of it is still being written."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from dusk.actions.content import drop_cache
from dusk.fs.cancellation import Cancelling, never, stop_if
from dusk.fs.syscalls import begin_writing_back, finish_writing_back

Found = TypeVar("Found")

# The kernel keeps a file in pieces of up to 2 MiB. What shares one with what is still written would be
# read from memory.
_NEAR = 2 << 20
# How far a writer may be ahead of what is proven: else stopping would have to wait for gigabytes.
_AHEAD = 32 << 20
_SECONDS_BETWEEN_QUESTIONS = 0.05


class ReadBack(Generic[Found]):
    """One growing file. Its writer says how far it is, its reader follows, and what it found is the result.

    A part is read once the disk has it and the kernel was told to forget its own copy. The end of the file
    comes after the sync of all of it, or after all was written. Without `begin` there is no thread, and all
    is read at the end.
    """

    def __init__(
        self,
        file: int,
        read: Callable[[ReadBack[Found]], Found],
        *,
        is_synced_later: bool = False,
        cancelled: Cancelling = never,
    ) -> None:
        """Let ``read`` read an open file, which is the caller's to close after `close`.

        With ``is_synced_later`` the caller makes the whole filesystem durable in the end.
        """
        self.file = file
        self._is_synced_later = is_synced_later
        self._read = read
        self._cancelled = cancelled
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._written = 0
        self._asked_for = 0
        self._is_complete = False
        self._is_synced = False
        self._is_closed = False
        self._found: list[Found] = []
        self._problem: BaseException | None = None

    def begin(self) -> None:
        """Read beside the writing from now on; a second call does nothing."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="dusk-read-back", daemon=True)
            self._thread.start()

    def grew(self, end: int) -> None:
        """Say that the file holds all up to ``end``; waits when reading is far behind.

        Raises what the reader met, and Cancelled.
        """
        begin_writing_back(self.file, self._written, end - self._written)
        with self._changed:
            self._written = end
            self._changed.notify_all()
            if self._thread is not None:
                self._wait_until(lambda: self._is_over or end - self._asked_for <= _AHEAD)
        if self._problem is not None:
            raise self._problem

    def complete(self) -> None:
        """Say that nothing will be written any more: the reader makes the file durable, and ends."""
        with self._changed:
            self._is_complete = True
            self._changed.notify_all()

    def result(self) -> Found:
        """Return what the reader found in the completed file. Raises what it met, and Cancelled."""
        if self._thread is None:
            self._run()
        with self._changed:
            self._wait_until(lambda: self._is_over)
        if self._problem is not None:
            raise self._problem
        return self._found[0]

    def close(self) -> None:
        """End the reading, whatever was read until now."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join()

    def beyond(self, offset: int) -> int:
        """Wait until more than ``offset`` bytes can be read from the disk; return how many.

        At the end of the file that is ``offset`` itself. For the reader, who asks with rising offsets.
        Raises OSError when the disk reports an error, and Cancelled.
        """
        with self._changed:
            self._asked_for = offset
            self._changed.notify_all()
            while not (self._is_complete or self._is_closed or self._written - _NEAR > offset):
                self._changed.wait()
            is_complete, end = self._is_complete, self._written
        stop_if(self.is_stopped)
        end -= 0 if is_complete else _NEAR
        if not is_complete or self._is_synced_later:
            finish_writing_back(self.file, offset, end - offset)
        elif not self._is_synced:
            os.fsync(self.file)
            self._is_synced = True
        drop_cache(self.file)
        return end

    def is_stopped(self) -> bool:
        """Return whether the reader is to stop."""
        return self._is_closed or self._cancelled()

    @property
    def _is_over(self) -> bool:
        return bool(self._found) or self._problem is not None

    def _run(self) -> None:
        try:
            found = self._read(self)
        except BaseException as problem:
            with self._changed:
                self._problem = problem
                self._changed.notify_all()
        else:
            with self._changed:
                self._found.append(found)
                self._changed.notify_all()

    def _wait_until(self, is_reached: Callable[[], bool]) -> None:
        while not is_reached():
            stop_if(self._cancelled)
            self._changed.wait(_SECONDS_BETWEEN_QUESTIONS)
