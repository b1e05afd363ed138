"""The big files of a copy: each is read back from the disk while what comes after it is written."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType

from dusk.actions.content import WINDOW, ContentDigest, windows
from dusk.actions.read_back import ReadBack
from dusk.fs.cancellation import Cancelling

# More would let a copy run ahead of its disk by gigabytes, and keep as many files open.
_AT_ONCE = 4


@dataclass(frozen=True, slots=True)
class ProvenContent:
    """What the disk holds of one file, as it was read back."""

    digest: bytes
    """Digest of its content."""
    status: os.stat_result
    """The file right after that."""

    def is_of(self, status: os.stat_result) -> bool:
        """Return whether a file is still the one that was read, and untouched since."""
        facts = ("st_dev", "st_ino", "st_size", "st_mtime_ns", "st_ctime_ns")
        return all(getattr(status, fact) == getattr(self.status, fact) for fact in facts)


class CopyProof:
    """Files on their way to the disk and back; used as a context, which ends with none of them open."""

    def __init__(
        self, on_proven: Callable[[int], None], cancelled: Cancelling, *, is_synced_later: bool
    ) -> None:
        """Start with none; ``on_proven`` counts bytes that were read back, from any thread.

        With ``is_synced_later`` the caller makes all of them durable together.
        """
        self._is_synced_later = is_synced_later
        self._on_proven = on_proven
        self._cancelled = cancelled
        self._open: list[ReadBack[ProvenContent]] = []
        self._waiting: deque[ReadBack[ProvenContent]] = deque()
        self.contents: dict[tuple[int, int], ProvenContent] = {}
        """What was found, by device and inode."""

    def __enter__(self) -> CopyProof:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let go of every file; what an interrupted copy did not prove matters to nobody."""
        while self._open:
            self._close(self._open[-1])

    def begin(self, file: int, size: int) -> ReadBack[ProvenContent]:
        """Begin to read back an open file that will have a size; say how it grows, then `add` it."""
        back = ReadBack(
            os.dup(file),
            lambda back: self._read(back, size),
            is_synced_later=self._is_synced_later,
            cancelled=self._cancelled,
        )
        self._open.append(back)
        back.begin()
        return back

    def add(self, back: ReadBack[ProvenContent]) -> None:
        """Let a file be proven that nothing will be written to any more; the caller may close it.

        Raises the OSError of a file before it, and Cancelled.
        """
        back.complete()
        self._waiting.append(back)
        if len(self._waiting) >= _AT_ONCE:
            self._take_oldest()

    def finish(self) -> None:
        """Wait until every file is proven. Raises OSError when the disk reports an error, and Cancelled."""
        while self._waiting:
            self._take_oldest()

    def _take_oldest(self) -> None:
        back = self._waiting.popleft()
        found = back.result()
        self.contents[found.status.st_dev, found.status.st_ino] = found
        self._close(back)

    def _close(self, back: ReadBack[ProvenContent]) -> None:
        self._open.remove(back)
        back.close()
        os.close(back.file)

    def _read(self, back: ReadBack[ProvenContent], size: int) -> ProvenContent:
        digest = ContentDigest()
        position = on_disk = 0
        while (following := back.beyond(on_disk)) > on_disk:
            on_disk = following
            end = on_disk if on_disk == size else on_disk - on_disk % WINDOW
            for offset, window in windows(back.file, end, position, cancelled=back.is_stopped):
                digest.add(offset, window)
            self._on_proven(end - position)
            position = end
        return ProvenContent(digest.finish(size), os.fstat(back.file))
