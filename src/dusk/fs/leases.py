"""Asking the kernel whether anyone has a file open: a write lease is granted only when nobody has.

It sees open descriptors, mappings whose descriptor is closed and running programs, in every container on
the machine, and takes some ten microseconds. Source: fcntl(2), "Leases".
"""

from __future__ import annotations

import enum
import errno
import fcntl
import os
import signal
import stat

_ANOTHER_LEASE = frozenset({errno.EAGAIN, errno.EWOULDBLOCK, errno.ETXTBSY, errno.EBUSY})


class Lease(enum.Enum):
    """What the kernel answered."""

    FREE = "free"
    """Nobody has the file open, mapped or running."""
    HELD = "held"
    """Somebody has."""
    REFUSED = "refused"
    """This process may not ask: it is neither the file's owner nor privileged, or leases are off."""
    NO_FILE = "no file"
    """It is gone, or no regular file."""


def probe_lease(directory: int, name: bytes) -> Lease:
    """Ask for a write lease on a regular file of an open directory and give it back at once.

    The file must not be open in this process. Opening never waits, never follows a symbolic link and
    never touches a FIFO or a device. Raises nothing.
    """
    try:
        handle = os.open(name, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=directory)
    except OSError as error:
        return Lease.NO_FILE if error.errno == errno.ENOENT else Lease.REFUSED
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            return Lease.NO_FILE
        # Through the handle it is certainly the file that was just looked at.
        file = os.open(b"/proc/self/fd/%d" % handle, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        return Lease.HELD if error.errno in _ANOTHER_LEASE else Lease.REFUSED
    finally:
        os.close(handle)
    try:
        return _ask(file)
    finally:
        os.close(file)


def _ask(file: int) -> Lease:
    try:
        # Whoever opens the file in these microseconds makes the kernel signal us. Its default, SIGIO,
        # would end the process; SIGURG is ignored unless someone listens.
        fcntl.fcntl(file, fcntl.F_SETSIG, signal.SIGURG)
        fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_WRLCK)
    except OSError as error:
        return Lease.HELD if error.errno in _ANOTHER_LEASE else Lease.REFUSED
    fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    return Lease.FREE
