"""The moments right before dusk takes something out of a directory: what is left may not tell them.

A removal gives its directory a new time, and dusk gives the old one back right after. A kill in between
leaves a note here of when that was and of the time that was to come. A note is written and not synced: the
kernel keeps it when dusk is killed, and where a power cut takes it, a time is not given back, which is all.
"""

from __future__ import annotations

import contextlib
import os
import re
import stat
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial

from dusk.actions.interrupted_times import give_time_after
from dusk.actions.relocation import entry_status, time_kept

_NAME = b"moments"
_WRITING = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_READING = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
# Only the last notes of each dusk are ever asked for; those of a long run begin anew at this size.
_MOST = 1 << 20
# No path holds a zero byte: with one at both ends, half a note spoils no other.
_NOTE = re.compile(rb"\0(\d{1,19}) (\d{1,19}) (/[^\0]*)(?=\0(?:\0|\Z))")


@dataclass(frozen=True, slots=True)
class _Note:
    path: bytes
    """What was about to leave its directory."""
    moment_ns: int
    """When that was."""
    then_ns: int
    """The time that its directory is to get back; 0 where it keeps the one that it has, or got it back."""


@dataclass(frozen=True, slots=True)
class Moments:
    """The notes beside a journal. They are hints: what cannot be written or read is done without."""

    directory: bytes
    """Where the journal lies."""

    def note(self, path: bytes, then_ns: int = 0) -> None:
        """Note that the entry at a path leaves its directory now, which is to get ``then_ns`` back."""
        with contextlib.suppress(OSError):
            file = os.open(self._path, _WRITING, 0o600)
            try:
                if os.fstat(file).st_size > _MOST:
                    os.ftruncate(file, 0)
                os.write(file, b"\0%d %d %b\0" % (time.time_ns(), then_ns, path))
            finally:
                os.close(file)

    def time_kept_without(
        self, leaving: bytes, directory: int, known_ns: int, then_ns: int = 0
    ) -> contextlib.AbstractContextManager[None]:
        """Do as `time_kept` with an open directory that a path leaves in the block, and note that."""
        return time_kept(directory, known_ns, then_ns, noting=partial(self.note, leaving))

    def known(self) -> Mapping[bytes, int]:
        """Return the last moment of each path."""
        return {note.path: note.moment_ns for note in self._notes()}

    def give_times_back(self) -> None:
        """Give directories the time that a kill right after a removal kept from them."""
        last = {os.path.dirname(note.path): note for note in self._notes()}
        for directory, note in last.items():
            if note.then_ns and entry_status(note.path) is None:
                give_time_after(directory, [note.moment_ns], note.then_ns)

    def exist(self) -> bool:
        """Return whether anything was noted."""
        return os.path.lexists(self._path)

    def forget(self) -> None:
        """Remove all notes."""
        with contextlib.suppress(OSError):
            os.unlink(self._path)

    @property
    def _path(self) -> bytes:
        return os.path.join(self.directory, _NAME)

    def _notes(self) -> Iterator[_Note]:
        for moment, then, path in _NOTE.findall(self._read()):
            yield _Note(path, int(moment), int(then))

    def _read(self) -> bytes:
        try:
            file = os.open(self._path, _READING)
        except OSError:
            return b""
        try:
            return os.pread(file, 2 * _MOST, 0) if stat.S_ISREG(os.fstat(file).st_mode) else b""
        except OSError:
            return b""
        finally:
            os.close(file)
