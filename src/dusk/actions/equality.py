"""Whether two files may become one: compared byte by byte, while nobody may write to either."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import signal
import stat
from collections.abc import Iterator

from dusk.actions.act import Admission
from dusk.actions.content import WINDOW, drop_cache
from dusk.actions.gate import Refused
from dusk.actions.metadata import read_attributes
from dusk.fs.cancellation import Cancelling, stop_if
from dusk.fs.shared_blocks import Differs

_READING = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


@contextlib.contextmanager
def leased(item: Admission) -> Iterator[int]:
    """Open a file under a read lease: nobody writes to it, and whoever wants to is held up and noticed."""
    file = os.open(item.situation.name, _READING, dir_fd=item.situation.parent)
    try:
        status, identity = os.fstat(file), item.record.identity
        if (status.st_dev, status.st_ino, status.st_size) != (
            identity.device, identity.inode, identity.size,
        ):  # fmt: skip
            raise Refused(f"{item.situation.shown} was replaced at this moment. It was not touched.")
        try:
            fcntl.fcntl(file, fcntl.F_SETSIG, signal.SIGURG)
            fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        except OSError as error:
            if error.errno in (errno.EAGAIN, errno.EWOULDBLOCK):
                raise Refused(f"{item.situation.shown} is being written to. It was not touched.") from error
            raise Refused(
                f"It cannot be told whether anyone writes to {item.situation.shown}. It was not touched."
            ) from error
        try:
            yield file
        finally:
            with contextlib.suppress(OSError):
                fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    finally:
        os.close(file)


def check_alike(item: Admission, kept: int, other: int) -> None:
    """Refuse files that would lose something of their own by becoming one."""
    one, two = os.fstat(kept), os.fstat(other)
    shown = item.situation.shown
    if (one.st_uid, one.st_gid, stat.S_IMODE(one.st_mode)) != (
        two.st_uid,
        two.st_gid,
        stat.S_IMODE(two.st_mode),
    ):
        raise Refused(f"{shown} has another owner or other permissions than its equal. It stays separate.")
    if read_attributes(kept, one.st_mode) != read_attributes(other, two.st_mode):
        raise Refused(f"{shown} has other attributes or access lists than its equal. It stays separate.")


def compare(kept: int, other: int, size: int, cancelled: Cancelling) -> None:
    """Compare two files byte by byte, as they are on the disk. Raises Differs, OSError and Cancelled."""
    drop_cache(kept)
    drop_cache(other)
    offset = 0
    while offset < size:
        stop_if(cancelled)
        one = os.pread(kept, min(WINDOW, size - offset), offset)
        if not one or one != os.pread(other, len(one), offset):
            raise Differs
        offset += len(one)
