"""The stages of a queue, and the one in which its items wait for a worker."""

from __future__ import annotations

import os
import stat

from dusk.actions.relocation import entry_status
from dusk.plan.step import Step

WAITING = (b"pending", b"inbox", b"queued", b"todo", b"new", b"normal")
"""Where workers look, the most telling name first. The last one is the first of several priorities."""
_OUTSIDE = (b"inbox", b"pending")
STAGES = frozenset(
    {b"failed", b"errors", b"error", b"processing", b"in_progress", b"running", b"stuck", b"retry", *WAITING}
)
"""Names of directories that hold items and are none."""


def waiting_directory(step: Step, path: bytes) -> bytes | None:
    """Return where items of a queue wait: as the step says, else beside the stage of a path; or None."""
    if step.destination:
        return os.path.realpath(step.destination)
    queue = os.path.dirname(os.path.dirname(path))
    for above, names in ((queue, WAITING), (os.path.dirname(queue), _OUTSIDE)):
        for name in names:
            place = os.path.join(above, name)
            status = entry_status(place)
            if status is not None and stat.S_ISDIR(status.st_mode):
                return place
    return None


def reason_against_waiting(directory: bytes, device: int) -> str | None:
    """Return why items of a device cannot wait in a directory, as the end of a sentence; else None."""
    try:
        status = os.stat(directory)
    except OSError as error:
        return f"cannot be used: {error.strerror}"
    if not stat.S_ISDIR(status.st_mode):
        return "is not a directory"
    if status.st_dev != device:
        return "is on another filesystem"
    if not os.access(directory, os.W_OK | os.X_OK, effective_ids=True):
        return "cannot be written by this user"
    return None
