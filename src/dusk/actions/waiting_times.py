"""The times of the directory that requeued items wait in: those of the one that they leave any record has."""

from __future__ import annotations

import json
import os
from dataclasses import replace

from dusk.actions.interrupted_times import give_time_after
from dusk.actions.record import Record
from dusk.actions.relocation import entry_status
from dusk.actions.settling import Settling


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


def end_waiting(record: Record, settling: Settling) -> None:
    """End the act of an item that left its stage before a kill, at the moment at which it came to wait."""
    status = entry_status(record.destination)
    moment_ns = status.st_ctime_ns if status is not None else 0
    settling.moved(record, moment_ns)
    waiting, (before_ns, _) = os.path.dirname(record.destination), waiting_times(record)
    settling.changed(record, waiting, before_ns, moment_ns, with_waiting_times)


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
    if before_ns and status is not None:
        give_time_after(os.path.dirname(record.destination), [status.st_ctime_ns], before_ns)
