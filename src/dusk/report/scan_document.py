"""The JSON document of a scan: names with surrogate escapes, bytes, seconds."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from dusk.fs.names import json_text
from dusk.scan.scanner import Progress


def progress_document(
    progress: Progress, path: bytes = b"", unreadable: Iterable[tuple[bytes, str]] = ()
) -> dict[str, Any]:
    """Return the totals of a scan, finished or not."""
    return {
        "path": json_text(path),
        "entries": progress.entries,
        "dirs": progress.directories,
        "errors": progress.errors,
        "apparent_bytes": progress.apparent_bytes,
        "disk_bytes": progress.disk_bytes,
        "seconds": round(progress.seconds, 6),
        "rate": round(progress.rate, 1),
        "scanner": progress.scanner,
        "finished": progress.finished,
        "cancelled": progress.cancelled,
        "failure": progress.failure,
        "current": json_text(progress.current),
        "unreadable": [{"path": json_text(where), "error": reason} for where, reason in unreadable],
    }
