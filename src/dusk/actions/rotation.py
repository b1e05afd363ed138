"""Which files of a pile go into the pack of which day, and which stay."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Collection
from dataclasses import dataclass, field

from dusk.actions.packing import PACK_SUFFIX
from dusk.fs.cancellation import Cancelling, never, stop_if
from dusk.fs.leases import Lease, probe_lease

DEFAULT_DAYS = 7
"""Days that stay where nobody says how many."""
_ENTRIES_BETWEEN_QUESTIONS = 2048


@dataclass(frozen=True, slots=True)
class PiledFile:
    """One file of a pile."""

    name: bytes
    """Its name."""
    status: os.stat_result
    """Its status when the pile was looked at."""

    @property
    def disk_size(self) -> int:
        """Its blocks, in bytes."""
        return self.status.st_blocks * 512


@dataclass(slots=True)
class Rotation:
    """What rotating one pile comes to."""

    days: dict[str, list[PiledFile]] = field(default_factory=dict)
    """Files to pack by local day of their last change, ``2026-11-21``, the oldest day first."""
    kept: list[bytes] = field(default_factory=list)
    """Files of the newest days, which stay."""
    left_out: dict[bytes, str] = field(default_factory=dict)
    """Older files that stay all the same, with the reason as the end of a sentence."""

    @property
    def files(self) -> list[PiledFile]:
        """All files to pack."""
        return [file for files in self.days.values() for file in files]


def rotation_of(
    directory: int,
    keep_days: int,
    only: Collection[bytes] | None = None,
    *,
    insisted: bool = False,
    cancelled: Cancelling = never,
) -> Rotation:
    """Look at an open directory and return what goes and what stays.

    The newest ``keep_days`` days on which anything in it was written stay, whatever day it is today. With
    ``only`` nothing but these names goes. Directories, links, hidden files and packs are never touched; a
    file that is open, has other names or belongs to somebody else stays and is named. Raises OSError,
    Cancelled.
    """
    files = _files(directory, cancelled)
    by_day: dict[str, list[PiledFile]] = {}
    for file in files:
        by_day.setdefault(_day(file.status), []).append(file)
    newest = set(sorted(by_day)[-max(1, keep_days or DEFAULT_DAYS) :])
    rotation = Rotation()
    for day in sorted(by_day):
        for file in sorted(by_day[day], key=lambda one: one.name):
            stop_if(cancelled)
            if only is not None and file.name not in only:
                continue
            if day in newest:
                rotation.kept.append(file.name)
                continue
            reason = _reason(directory, file, insisted)
            if reason is None:
                rotation.days.setdefault(day, []).append(file)
            else:
                rotation.left_out[file.name] = reason
    return rotation


def _files(directory: int, cancelled: Cancelling) -> list[PiledFile]:
    found: list[PiledFile] = []
    with os.scandir(directory) as entries:
        for number, entry in enumerate(entries):
            if not number % _ENTRIES_BETWEEN_QUESTIONS:
                stop_if(cancelled)
            name = os.fsencode(entry.name)
            if name.startswith(b".") or name.endswith(PACK_SUFFIX):
                continue
            status = entry.stat(follow_symlinks=False)
            if stat.S_ISREG(status.st_mode):
                found.append(PiledFile(name, status))
    return found


def _day(status: os.stat_result) -> str:
    return time.strftime("%Y-%m-%d", time.localtime(status.st_mtime_ns // 10**9))


def _reason(directory: int, file: PiledFile, insisted: bool) -> str | None:
    if file.status.st_nlink > 1:
        return f"has {file.status.st_nlink} names (hard links): packing one frees nothing"
    if os.geteuid() not in (0, file.status.st_uid):
        return f"belongs to user {file.status.st_uid}"
    lease = probe_lease(directory, file.name)
    if lease is Lease.HELD:
        return "is in use"
    if lease is not Lease.FREE and not insisted:
        return "is perhaps in use: the kernel does not tell"
    return None
