"""Finding directories that hold nothing but directories, at any depth."""

from __future__ import annotations

import os
import stat

from dusk.fs.cancellation import Cancelling, never
from dusk.fs.descent import open_directory
from dusk.fs.mounts import MountTable
from dusk.fs.traversal import traverse
from dusk.fs.versioned import VERSION_CONTROL


def empty_below(path: bytes, *, cancelled: Cancelling = never) -> tuple[bytes, ...]:
    """Return the outermost directories below an absolute, resolved path that hold no file at any depth.

    The path itself is never one of them. A mount point, a directory that cannot be read and the data of
    version control count as something held. Raises OSError when the path cannot be opened, Cancelled.
    """
    top = open_directory(path)
    points = frozenset(mount.point[len(path.rstrip(b"/")) + 1 :] for mount in MountTable.read().below(path))
    full: set[bytes] = {os.path.dirname(point) for point in points}
    seen: list[bytes] = []
    try:
        for listing in traverse(top, mount_points=points, cancelled=cancelled):
            seen.append(listing.path)
            holds = any(not stat.S_ISDIR(status.st_mode) for _, status in listing.entries)
            if holds or listing.problem or VERSION_CONTROL.intersection(listing.path.split(b"/")):
                full.add(listing.path)
    finally:
        os.close(top)
    for directory in reversed(seen):
        if directory in full and directory:
            full.add(os.path.dirname(directory))
    empty = [directory for directory in seen if directory and directory not in full]
    known = set(empty)
    return tuple(
        os.path.join(path, directory)
        for directory in sorted(empty)
        if os.path.dirname(directory) not in known
    )
