"""One walk: depth first, with a frame per directory on the way down and few descriptors open at once."""

from __future__ import annotations

import errno
import os
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from dusk.fs.descent import open_directory
from dusk.scan.boundary import Places
from dusk.scan.entry import EntryFlag
from dusk.scan.listing import read_batches, reason
from dusk.scan.root import OPEN_DIRECTORY
from dusk.scan.storage import Storage
from dusk.scan.tree import ROOT
from dusk.scan.writer import Gain, TreeWriter

_DESCRIPTORS = 64
"""Directories kept open on the way down; deeper trees open the ones above again when needed."""
_SHARE_EVERY = 0.1
"""Seconds after which directories above are told what was gained below, while a subtree is walked."""
_CLOSED = -1
GONE = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP})
"""Errors that say that the directory is no longer there, or something else is."""
_TOO_MANY = frozenset({errno.EMFILE, errno.ENFILE})


@dataclass(slots=True, eq=False)
class Frame:
    """A directory that was listed and whose subtree is being walked."""

    index: int
    """The directory."""
    descriptor: int = _CLOSED
    """Its open descriptor, -1 when it was closed to stay below the limit."""
    places: Places | None = None
    """Special places at and below it, None when there are none."""
    waiting: list[int] = field(default_factory=list)
    """Directories in it that are still to be walked, the next one last."""
    gain: Gain = field(default_factory=Gain)
    """What the directory above was not told yet."""
    vanished: bool = False
    """Whether children that vanished are still in its list."""
    completes: bool = True
    """Whether it is complete when the frame is left."""


class Walk:
    """Walks directories into the tree; belongs to the scanning thread."""

    def __init__(self, writer: TreeWriter, root: int, stopped: Callable[[], bool]) -> None:
        """Walk below the open directory ``root``, which stays the caller's, until ``stopped``."""
        self.frames: list[Frame] = []
        self.current = ROOT
        self._writer = writer
        self._storage: Storage = writer.storage
        self._root = root
        self._stopped = stopped
        self._open: deque[Frame] = deque()
        self._limit = _DESCRIPTORS
        self._next_share = time.monotonic() + _SHARE_EVERY

    def read(self, index: int, descriptor: int, places: Places | None) -> None:
        """List a directory and remember the ones in it; the descriptor is this walk's from now on."""
        frame = Frame(index, descriptor, places)
        self.frames.append(frame)
        self.keep_open(frame)
        self.current = index
        try:
            self._list(frame)
        except OSError as error:
            self._writer.mark_unreadable(index, reason(error))
        if self._stopped():
            return
        frame.waiting.reverse()
        if not frame.waiting:
            self._close(frame)

    def step(self) -> bool:
        """Walk one directory further; return whether there is more to do."""
        if not self.frames:
            return False
        frame = self.frames[-1]
        if frame.waiting:
            self._descend(frame)
        else:
            self._leave(frame)
        self._share_now_and_then()
        return True

    def abandon(self, level: int = 0) -> None:
        """Close the frames from one level on without completing their directories."""
        self.share()
        for frame in reversed(self.frames[level:]):
            self._settle(frame)
            self._close(frame)
        del self.frames[level:]

    def drop_removed(self) -> None:
        """Stop walking below directories that were removed from the tree meanwhile."""
        for level, frame in enumerate(self.frames):
            if self._storage.flags[frame.index] & EntryFlag.REMOVED:
                self.abandon(level)
                return

    def share(self) -> None:
        """Tell every directory on the way down what was gained below it."""
        self._next_share = time.monotonic() + _SHARE_EVERY
        for position in range(len(self.frames) - 1, 0, -1):
            self._tell_above(position)

    def _list(self, frame: Frame) -> None:
        try:
            self._append_batches(frame)
        except OSError as error:
            # Listing takes a second descriptor, before it gives the first entry.
            if error.errno not in _TOO_MANY:
                raise
            self._close_others(frame)
            self._append_batches(frame)

    def _append_batches(self, frame: Frame) -> None:
        for batch in read_batches(frame.descriptor, frame.places, self._writer.cross):
            gain, below = self._writer.append(frame.index, batch, frame.places)
            frame.gain.add(gain)
            frame.waiting += below
            if self._stopped():
                return
            self._share_now_and_then()

    def _share_now_and_then(self) -> None:
        if time.monotonic() > self._next_share:
            self.share()

    def _tell_above(self, position: int) -> None:
        frame, above = self.frames[position], self.frames[position - 1]
        if not frame.gain.is_nothing():
            self._writer.apply(above.index, frame.gain)
            above.gain.add(frame.gain)
            frame.gain = Gain()

    def _leave(self, frame: Frame) -> None:
        self._settle(frame)
        self._close(frame)
        if frame.completes:
            self._writer.complete(frame.index)
        if len(self.frames) > 1:
            self._tell_above(len(self.frames) - 1)
        self.frames.pop()

    def _settle(self, frame: Frame) -> None:
        if frame.vanished:
            self._writer.list_remaining(frame.index)
            frame.vanished = False

    def _descend(self, frame: Frame) -> None:
        index = frame.waiting.pop()
        storage = self._storage
        if storage.flags[index] & EntryFlag.REMOVED:
            return
        name = storage.name(index)
        places = None if frame.places is None else frame.places.below.get(name)
        try:
            descriptor = self._open_child(frame, name)
        except OSError as error:
            if error.errno in GONE:
                self._vanish(frame, index)
            else:
                self._writer.mark_unreadable(index, reason(error))
                self._writer.complete(index)
            return
        if not frame.waiting:
            self._close(frame)
        if self._may_enter(frame, index, descriptor):
            self.read(index, descriptor, places)
        else:
            os.close(descriptor)

    def _may_enter(self, frame: Frame, index: int, descriptor: int) -> bool:
        try:
            status = os.fstat(descriptor)
        except OSError as error:
            self._writer.mark_unreadable(index, reason(error))
            self._writer.complete(index)
            return False
        flag = self._writer.obstacle(index, status)
        if flag:
            gain = self._writer.close_off(index, flag)
            self._writer.apply(frame.index, gain)
            frame.gain.add(gain)
        return not flag

    def _open_child(self, frame: Frame, name: bytes) -> int:
        while True:
            try:
                return self._open_below(frame, name)
            except OSError as error:
                if error.errno not in _TOO_MANY or self._limit == 1:
                    raise
            self._close_others(frame)

    def _close_others(self, frame: Frame) -> None:
        # The process is at its limit of open files: do with the one descriptor that is needed, and keep
        # fewer from now on, because others need some too.
        self._limit = max(1, min(self._limit, len(self._open)) // 2)
        for other in list(self._open):
            if other is not frame:
                self._close(other)

    def _open_below(self, frame: Frame, name: bytes) -> int:
        if frame.descriptor == _CLOSED:
            self._reopen(frame)
        return os.open(name, OPEN_DIRECTORY, dir_fd=frame.descriptor)

    def _reopen(self, frame: Frame) -> None:
        # The frames just above were closed too: opening them on the way makes a deep climb cheap.
        nearest = max(0, len(self.frames) - max(1, self._limit // 2))
        names = [self._storage.name(above.index) for above in self.frames[1 : nearest + 1]]
        descriptor = open_directory(b"/".join(names), within=self._root)
        try:
            for above in self.frames[nearest + 1 :]:
                following = os.open(self._storage.name(above.index), OPEN_DIRECTORY, dir_fd=descriptor)
                self._hold_or_close(self.frames[nearest], descriptor)
                descriptor, nearest = following, nearest + 1
            if not self._writer.is_same(frame.index, os.fstat(descriptor)):
                raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
        except OSError:
            os.close(descriptor)
            raise
        frame.descriptor = descriptor
        self.keep_open(frame)

    def _hold_or_close(self, frame: Frame, descriptor: int) -> None:
        if frame.descriptor == _CLOSED and frame.waiting:
            frame.descriptor = descriptor
            self.keep_open(frame)
        else:
            os.close(descriptor)

    def keep_open(self, frame: Frame) -> None:
        """Count a frame's open descriptor, and close the one highest up when there are too many."""
        self._open.append(frame)
        if len(self._open) > self._limit:
            self._close(self._open[0])

    def _close(self, frame: Frame) -> None:
        if frame.descriptor != _CLOSED:
            os.close(frame.descriptor)
            frame.descriptor = _CLOSED
            self._open.remove(frame)

    def _vanish(self, frame: Frame, index: int) -> None:
        self._writer.forget_directory(index)
        gain = self._writer.remove(index)
        frame.vanished = True
        self._writer.apply(frame.index, gain)
        frame.gain.add(gain)
