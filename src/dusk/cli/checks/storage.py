"""Mounts with the trash each of them has, and whether open files can be told."""

from __future__ import annotations

import functools
import os
import stat
import tempfile
from collections.abc import Iterator

from dusk.cli.background import Background
from dusk.cli.checks.check import Check, note, ok, problem
from dusk.fs.locations import home_trash
from dusk.fs.mounts import SKIPPED_PATHS, Mount, MountTable
from dusk.fs.names import display_path

_PATIENCE = 2.0  # seconds that a filesystem gets to answer
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


def check_mounts() -> Iterator[Check]:
    """Yield each mount that can hold files of users, and the trash that a file on it would go to."""
    table = MountTable.read()
    home = table.containing(os.path.realpath(os.path.dirname(home_trash())))
    for mount in table.mounts:
        if mount.is_pseudo or _is_skipped(mount.point) or table.at(mount.point) is not mount:
            continue
        name = f"{display_path(mount.point)} ({mount.type})"
        looking = Background(functools.partial(_trash_of, mount, home))
        if not looking.wait(_PATIENCE):
            yield problem("mounts", name, "does not answer; dusk leaves it alone unless --cross is given")
            continue
        try:
            usable, text = looking.result()
        except OSError as error:
            usable, text = False, f"cannot be examined: {error.strerror}"
        yield (ok if usable else note)("mounts", name, text)


def check_open_files() -> Iterator[Check]:
    """Yield whether dusk can tell that a file is in use, tried on a file of its own."""
    from dusk.fs.holders import Hold, hold_report

    try:
        with tempfile.NamedTemporaryFile(prefix="dusk-doctor-") as file:
            held = hold_report(os.fsencode(file.name))
    except OSError as error:
        yield note("open files", "in use", f"could not be tried: {error.strerror}")
        return
    if held.state is Hold.HELD:
        scope = "of all users" if os.geteuid() == 0 else "of this user; of others only that there are some"
        yield ok("open files", "in use", f"is told, with the processes {scope}")
    else:
        yield note("open files", "in use", f"cannot be told here: {held.reason or held.state.name.lower()}")


def _is_skipped(point: bytes) -> bool:
    return any(point == path or point.startswith(path + b"/") for path in SKIPPED_PATHS)


def _trash_of(mount: Mount, home: Mount | None) -> tuple[bool, str]:
    if mount.read_only:
        return False, "read-only: nothing on it can be trashed"
    if not os.path.isdir(mount.point):
        return False, "a single file is mounted; it is never acted on"
    if home is not None and mount.id == home.id:
        return True, f"trash is {display_path(home_trash())}"
    user = b"%d" % os.geteuid()
    own = os.path.join(mount.point, b".Trash-" + user)
    reasons = []
    for path in (os.path.join(mount.point, b".Trash", user), own):
        reason = _reason_against(path)
        if reason is None:
            return True, f"trash is {display_path(path)}"
        if reason:
            reasons.append(f"{display_path(path)} {reason}")
    suffix = f" ({'; '.join(reasons)})" if reasons else ""
    if not reasons and os.access(mount.point, os.W_OK | os.X_OK):
        return True, f"trash will be made as {display_path(own)}"
    return False, f"trash is made in a directory of your own below it, or refused{suffix}"


def _reason_against(path: bytes) -> str | None:
    """Return why a trash directory may not be used, an empty text when there is none, None when it may."""
    try:
        status = os.lstat(path)
    except FileNotFoundError:
        return ""
    except OSError as error:
        return f"cannot be examined ({error.strerror})"
    if not stat.S_ISDIR(status.st_mode):
        return "is no directory"
    if status.st_uid != os.geteuid():
        return f"belongs to user {status.st_uid}"
    if status.st_mode & _OTHERS_WRITE:
        return "can be written by others"
    return None
