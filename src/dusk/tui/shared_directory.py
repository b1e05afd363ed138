"""The directory that many paths share: said once, so that rows have room for what differs."""

from __future__ import annotations

import os
from collections.abc import Iterable


def shared_directory(paths: Iterable[bytes]) -> bytes:
    """Return the directory that holds all absolute paths, with its slash; empty when that is the root."""
    directories = {os.path.dirname(path) for path in paths}
    if not directories or not all(directory.startswith(b"/") for directory in directories):
        return b""
    shared = os.path.commonpath(directories)
    return b"" if shared == b"/" else shared + b"/"
