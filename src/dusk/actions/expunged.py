"""What is on its way out of a trash: it waits in a directory beside the items, and goes when that is safe."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re

from dusk.actions.record import Record
from dusk.actions.removal import remove_tree
from dusk.actions.trash_directory import TrashDirectory, Unusable, open_own

EXPUNGED = b"expunged"
"""Its name, which other tools use for that, too."""
INFO = b"info"
"""Where things wait instead on a disk too full for a directory: no tool looks for items there."""
_OWN_NAME = re.compile(rb"(?:\.deep-)?[0-9a-f]{16}\Z")


def finish_expunging(place: TrashDirectory, record: Record) -> None:
    """Remove what an interrupted deletion left. Raises OSError."""
    above, token = os.path.split(record.working)
    with contextlib.suppress(Unusable, FileNotFoundError):
        holder = open_own(place.descriptor, INFO if os.path.basename(above) == INFO else EXPUNGED)
        try:
            remove_tree(holder, token)
        finally:
            os.close(holder)
            remove_expunged(place)


def sweep(place: TrashDirectory) -> None:
    """Remove what interrupted deletions left, unless another dusk is deleting right now. Raises OSError."""
    for directory in (INFO, EXPUNGED):
        try:
            holder = open_own(place.descriptor, directory)
        except Unusable:
            continue
        try:
            if lock_expunged(holder, fcntl.LOCK_EX | fcntl.LOCK_NB):
                for name in os.listdir(holder):
                    if _OWN_NAME.match(os.fsencode(name)):
                        remove_tree(holder, os.fsencode(name))
        finally:
            os.close(holder)
    remove_expunged(place)


def lock_expunged(holder: int, operation: int) -> bool:
    """Lock an open directory of what is on its way out; return whether that could be had."""
    try:
        fcntl.flock(holder, operation)
    except BlockingIOError:
        return False
    except OSError:
        return True  # a filesystem without locks on directories
    return True


def remove_expunged(place: TrashDirectory) -> None:
    """Remove the directory of what is on its way out, once nothing is."""
    with contextlib.suppress(OSError):
        os.rmdir(EXPUNGED, dir_fd=place.descriptor)
