"""Opening the root of a scan, also one whose path is longer than the system takes."""

from __future__ import annotations

import errno
import os

OPEN_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
"""How every directory of a scan is opened: never through a link, never waiting for a pipe to be written."""


def open_root(path: bytes) -> int:
    """Open the root of a scan and return its descriptor. Raises OSError."""
    try:
        return os.open(path, OPEN_DIRECTORY)
    except OSError as error:
        if error.errno != errno.ENAMETOOLONG:
            raise
    from dusk.fs.descent import open_directory

    return open_directory(path)
