"""The times of the directory that requeued items wait in: those of the one that they leave any record has."""

from __future__ import annotations

import contextlib
import json
import os
from dataclasses import replace

from dusk.actions.interrupted_times import ONE_MOMENT_NS
from dusk.actions.record import Record
from dusk.actions.settling import Settling, entry_status
from dusk.fs.descent import open_directory


def with_waiting_times(record: Record, before_ns: int, after_ns: int) -> Record:
    """Return a record with the modification times before and after its item came; 0 for what is not known."""
    return replace(record, detail=json.dumps({"before": before_ns, "after": after_ns}))


def waiting_times(record: Record) -> tuple[int, int]:
    """Return the times of a record, before and after; 0 for what is not known."""
    try:
        times = json.loads(record.detail)
        return int(times["before"]), int(times["after"])
    except (ValueError, KeyError, TypeError):
        return 0, 0


def note_waiting_times(record: Record, settling: Settling) -> None:
    """Note when an item left its stage before a kill, which is the moment at which it came to wait."""
    status = entry_status(record.destination)
    if status is not None:
        settling.moved(record, status.st_ctime_ns)
        waiting, (before_ns, _) = os.path.dirname(record.destination), waiting_times(record)
        settling.changed(record, waiting, before_ns, status.st_ctime_ns, with_waiting_times)


def with_known_waiting_times(record: Record, original: Record) -> Record:
    """Return the intent of a return with the times of its act, if the directory is as the act left it."""
    status = entry_status(os.path.dirname(original.destination))
    _, after_ns = waiting_times(original)
    is_known = status is not None and status.st_mtime_ns == after_ns
    return replace(
        record, destination=original.destination, detail=original.detail if is_known else record.detail
    )


def give_waiting_time_back(record: Record) -> None:
    """Give the directory that an item left by an interrupted return the time from before it came."""
    before_ns, _ = waiting_times(record)
    status = entry_status(record.source)
    if not before_ns or status is None:
        return
    with contextlib.suppress(OSError):
        directory = open_directory(os.path.dirname(record.destination))
        try:
            now = os.fstat(directory)
            if abs(now.st_mtime_ns - status.st_ctime_ns) <= ONE_MOMENT_NS:
                os.utime(directory, ns=(now.st_atime_ns, before_ns))
        finally:
            os.close(directory)
