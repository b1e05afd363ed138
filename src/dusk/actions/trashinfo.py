"""The ``.trashinfo`` document beside each trashed item.

Source: FreeDesktop.org Trash specification 1.0.
"""

from __future__ import annotations

import datetime
import os
import time
from dataclasses import dataclass
from urllib.parse import quote_from_bytes, unquote_to_bytes

SUFFIX = b".trashinfo"
_HEADER = b"[Trash Info]"
# Larger than any path; a bigger document is not one.
_LIMIT = 64 * 1024


@dataclass(frozen=True, slots=True)
class TrashInfo:
    """Where an item came from and when it was trashed."""

    path: bytes
    """Original path: absolute in a home trash, relative to the mount's top directory elsewhere."""
    deleted: float
    """Seconds since 1970, from the local time that the document holds; 0.0 where it holds none."""

    def encode(self) -> bytes:
        """Return the document; every byte of a path survives."""
        quoted = quote_from_bytes(self.path, safe="/").encode("ascii")
        date = time.strftime("%Y-%m-%dT%H:%M:%S", time.localtime(self.deleted)).encode("ascii")
        return _HEADER + b"\nPath=" + quoted + b"\nDeletionDate=" + date + b"\n"


def decode(document: bytes) -> TrashInfo | None:
    """Return what a document says; None when it is not one.

    Unknown lines are skipped and the first of equal keys counts, as the specification has it.
    """
    lines = document.split(b"\n")
    if lines[0].strip() != _HEADER:
        return None
    values: dict[bytes, bytes] = {}
    for line in lines[1:]:
        key, separator, value = line.partition(b"=")
        if separator:
            values.setdefault(key.strip(), value.strip())
    path = unquote_to_bytes(values.get(b"Path", b"")).rstrip(b"/")
    if not path or b"\0" in path or b".." in path.split(b"/"):
        return None
    return TrashInfo(path, _seconds(values.get(b"DeletionDate", b"")))


def read(directory: int, name: bytes) -> TrashInfo | None:
    """Return the document of an item from an open ``info`` directory; None when there is no usable one."""
    try:
        descriptor = os.open(
            name + SUFFIX, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=directory
        )
    except OSError:
        return None
    try:
        return decode(os.read(descriptor, _LIMIT))
    except OSError:
        return None
    finally:
        os.close(descriptor)


def _seconds(date: bytes) -> float:
    try:
        return datetime.datetime.fromisoformat(date.decode("ascii")[:19]).timestamp()
    except (ValueError, OverflowError, OSError):
        return 0.0
