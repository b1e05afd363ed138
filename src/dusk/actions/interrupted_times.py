"""Times of directories that a kill kept from being given back, or from being written down.

A rename, a link and a new directory stamp what they move or make and its directory at one moment. So a
directory with that time was changed by dusk's own call last; a later time is somebody else's, and stays.
Of what was removed, `moments` tells.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable
from dataclasses import replace

from dusk.actions.record import Record, State
from dusk.actions.relocation import entry_status
from dusk.fs.descent import open_directory

# File times come from a clock that ticks every 1 to 10 ms.
ONE_MOMENT_NS = 10_000_000
"""Two times that are no further apart than this may be of one call."""


def give_time_after(path: bytes, moments: Iterable[int], then_ns: int, kept: Iterable[int] = ()) -> None:
    """Give a directory a time, if a change of dusk's own at one of some moments was the last one there.

    It keeps those in ``kept``. What cannot be looked at is let go: a time is not worth an error.
    """
    with contextlib.suppress(OSError, ValueError, OverflowError):
        directory = open_directory(path)
        try:
            now = os.fstat(directory)
            if now.st_mtime_ns in kept:
                return
            if any(abs(now.st_mtime_ns - moment) <= ONE_MOMENT_NS for moment in moments):
                os.utime(directory, ns=(now.st_atime_ns, then_ns))
        finally:
            os.close(directory)


def give_interrupted_time_back(record: Record, moments: Iterable[int]) -> None:
    """Give the directory of a source the time that a change of dusk's own was about to give it.

    ``moments`` are the change times of what dusk moved or made there. Before its source leaves, an act keeps
    the time from before it; a return keeps the time from after the act until its source is back.
    """
    if not record.parent_before_ns:
        return
    is_back = record.state is State.VERIFIED or entry_status(record.source) is not None
    is_under_way = record.reverses and not is_back
    then_ns = record.parent_after_ns if is_under_way else record.parent_before_ns
    known = (record.parent_before_ns, record.parent_after_ns)
    give_time_after(os.path.dirname(record.source), moments, then_ns, known)


def with_known_times(record: Record, original: Record, now_ns: int) -> Record:
    """Return the intent of a return with the times of its directory, if that is as the act left it."""
    is_known = bool(original.parent_after_ns) and now_ns == original.parent_after_ns
    return replace(
        record,
        parent_before_ns=original.parent_before_ns if is_known else 0,
        parent_after_ns=original.parent_after_ns if is_known else 0,
    )


def times_of_moves(path: bytes, before_ns: int, moments: list[int]) -> list[tuple[int, int]]:
    """Return for each of several moves out of or into a directory the time of it before and after that.

    ``before_ns`` is the time before all of them, ``moments`` are those of what was moved, in order. Empty
    when that cannot be told, because something else changed the directory since.
    """
    try:
        last_ns = os.stat(path, follow_symlinks=False).st_mtime_ns
    except OSError:
        return []
    if not before_ns or abs(last_ns - moments[-1]) > ONE_MOMENT_NS:
        return []
    ends = [*moments[:-1], last_ns]
    return list(zip([before_ns, *ends], ends, strict=False))
