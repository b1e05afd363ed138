"""Bytes that stay although their file goes: shared blocks, snapshots, lower layers of overlays."""

from __future__ import annotations

import heapq
import os
import stat
import time
from collections.abc import Iterator

from dusk.fs.cancellation import Cancelling, stop_if
from dusk.fs.descent import open_directory, open_parent, open_subdirectory
from dusk.fs.mounts import Mount, MountTable
from dusk.fs.names import display_path
from dusk.fs.shared_blocks import SHARING_TYPES, blocks_of
from dusk.fs.survey import Survey
from dusk.fs.traversal import traverse
from dusk.fs.units import format_size
from dusk.plan.step import Forecast

# The biggest files tell nearly all of it, and a review must not wait for a million others.
_ASKED = 256
_SECONDS = 1.0
_READING = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def forecast_of(path: bytes, survey: Survey, cancelled: Cancelling) -> Forecast | None:
    """Return what emptying the trash will free at most, with the reason; None where the sizes say it.

    Raises Cancelled and OSError.
    """
    mount = MountTable.read().containing(path)
    if mount is None:
        return None
    most = survey.disk_size - sum(link.disk_size for link in survey.linked if link.found < link.links)
    shown = display_path(path)
    if mount.type == "overlay":
        if _is_upper_alone(mount, path, cancelled):
            return None
        sentence = (
            f"{shown} is on an overlay: what belongs to a layer below, as of an image, frees nothing, and "
            "moving it first copies it up."
        )
        return Forecast(frees_after_purge=max(0, most), is_at_most=True, sentence=sentence)
    if mount.type not in SHARING_TYPES:
        return None
    shared = _shared_bytes(path, cancelled)
    if not shared:
        return None
    sentence = (
        f"{shown} shares {format_size(shared)} with other files or snapshots (reflinks): they come free only "
        "when the last of those goes."
    )
    return Forecast(frees_after_purge=max(0, most), is_at_most=True, sentence=sentence)


def _is_upper_alone(mount: Mount, path: bytes, cancelled: Cancelling) -> bool:
    """Return whether all files at and below a path are known to lie in an overlay's own, upper layer.

    That layer can be seen from outside a container only; inside, a directory of its name is another one,
    and then its files differ from those that the overlay shows.
    """
    above = os.path.join(mount.upper, os.path.relpath(path, mount.point))
    if not mount.upper or not os.path.lexists(above):
        return False
    status = os.lstat(path)
    if not stat.S_ISDIR(status.st_mode):
        return _is_same(status, above)
    stop = time.monotonic() + _SECONDS
    top = open_directory(path)
    try:
        for listing in traverse(top, cancelled=cancelled):
            for name, found in listing.entries:
                in_upper = os.path.join(above, listing.path, name)
                if not stat.S_ISDIR(found.st_mode) and not _is_same(found, in_upper):
                    return False
            if time.monotonic() > stop or not listing.finished:
                return False
    finally:
        os.close(top)
    return True


def _is_same(shown: os.stat_result, path: bytes) -> bool:
    """Return whether a file of a layer is the one that the overlay shows."""
    try:
        found = os.lstat(path)
    except OSError:
        return False
    facts = ("st_mode", "st_size", "st_mtime_ns", "st_blocks")
    return all(getattr(shown, name) == getattr(found, name) for name in facts)


def _shared_bytes(path: bytes, cancelled: Cancelling) -> int:
    """Return the shared bytes of the biggest files at and below a path."""
    stop = time.monotonic() + _SECONDS
    parent, name = open_parent(path)
    try:
        status = os.stat(name, dir_fd=parent, follow_symlinks=False)
        if stat.S_ISREG(status.st_mode):
            return _shared_of(parent, name)
        if not stat.S_ISDIR(status.st_mode):
            return 0
        top = open_subdirectory(parent, name)
    finally:
        os.close(parent)
    shared = 0
    try:
        for _, directory, entry in heapq.nlargest(_ASKED, _files(top, stop, cancelled)):
            if time.monotonic() > stop + _SECONDS:
                break
            stop_if(cancelled)
            try:
                descriptor = (
                    open_directory(directory, within=top, one_mount=True) if directory else os.dup(top)
                )
            except OSError:
                continue
            try:
                shared += _shared_of(descriptor, entry)
            finally:
                os.close(descriptor)
    finally:
        os.close(top)
    return shared


def _files(top: int, stop: float, cancelled: Cancelling) -> Iterator[tuple[int, bytes, bytes]]:
    for listing in traverse(top, cancelled=cancelled):
        if time.monotonic() > stop:
            return
        for name, status in listing.entries:
            if stat.S_ISREG(status.st_mode) and status.st_blocks:
                yield status.st_blocks, listing.path, name


def _shared_of(directory: int, name: bytes) -> int:
    try:
        file = os.open(name, _READING, dir_fd=directory)
    except OSError:
        return 0
    try:
        found = blocks_of(file)
    except OSError:
        return 0
    finally:
        os.close(file)
    return 0 if found is None else found.shared
