"""A filesystem that never answers, as a hung network mount does: the kernel waits, and so does who asks.

It is a FUSE mount whose other end is never read, so no program and no library is needed; it needs root.
Source: fuse(4), mount(2), umount2(2).
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

_MNT_FORCE = 1  # aborts the connection: whoever waits gets an error
_MNT_DETACH = 2
_libc = ctypes.CDLL(None, use_errno=True)


@contextmanager
def hanging_filesystem(directory: str | bytes | os.PathLike[str]) -> Iterator[bytes]:
    """Mount a filesystem that never answers on an empty directory; yield its path.

    Nothing may touch the path but what is under test, in a thread or process that may hang until the
    end. Skips the test where such a mount cannot be made.
    """
    path = os.fsencode(directory)
    if os.geteuid() != 0:
        pytest.skip("needs root to mount a filesystem that hangs")
    try:
        device = os.open("/dev/fuse", os.O_RDWR | os.O_CLOEXEC)
    except OSError as error:
        pytest.skip(f"no FUSE here: {error.strerror}")
    try:
        options = b"fd=%d,rootmode=40000,user_id=0,group_id=0" % device
        if _libc.mount(b"hanging", path, b"fuse", 0, options):
            pytest.skip(f"cannot mount FUSE here: {os.strerror(ctypes.get_errno())}")
        try:
            yield path
        finally:
            _libc.umount2(path, _MNT_FORCE | _MNT_DETACH)
    finally:
        os.close(device)
