"""Killing an act at every call that changes something, and what must hold afterwards."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable

from dusk.actions import relocation
from dusk.actions.journal import Journal
from dusk.actions.record import OPEN_STATES
from dusk.actions.recovery import recover
from dusk.actions.undo import NothingToUndo, undo_batch

EVERY_POINT = bool(os.environ.get("DUSK_EVERY_POINT"))
"""Whether to try every point; read here, because a test itself sees no such variable of the user."""
_CALLS = ("open", "mkdir", "unlink", "rename", "rmdir", "fsync", "write", "utime", "link")


def _count_down(limit: int, after: bool) -> Callable[[Callable[..., object]], Callable[..., object]]:
    """Return a wrapper that kills this process before or after the call with this number."""
    left = limit

    def wrap(function: Callable[..., object]) -> Callable[..., object]:
        def call(*arguments: object, **options: object) -> object:
            nonlocal left
            left -= 1
            if left == 0 and not after:
                os.kill(os.getpid(), signal.SIGKILL)
            try:
                return function(*arguments, **options)
            finally:
                if left == 0 and after:
                    os.kill(os.getpid(), signal.SIGKILL)

        return call

    return wrap


def died(work: Callable[[], object]) -> bool:
    """Do the work in a child; return whether a signal ended it. What else ends it early fails the test."""
    child = os.fork()
    if child == 0:
        try:
            work()
            os._exit(0)
        except BaseException:
            import traceback

            traceback.print_exc()
            os._exit(1)
    _, status = os.waitpid(child, 0)
    assert not os.WIFEXITED(status) or os.WEXITSTATUS(status) == 0, status
    return os.WIFSIGNALED(status)


def killed(work: Callable[[], object], limit: int, after: bool) -> bool:
    """Do the work in a child that dies at one call; return whether it died."""

    def until_then() -> None:
        wrap = _count_down(limit, after)
        for name in _CALLS:
            setattr(os, name, wrap(getattr(os, name)))
        relocation.syscalls.renameat2 = wrap(relocation.syscalls.renameat2)
        Journal._attempt = wrap(Journal._attempt)
        work()

    return died(until_then)


def contents_of(*roots: bytes) -> dict[bytes, int]:
    """Return every file content below some roots, with how often it is there; what a trash notes left out."""
    found: dict[bytes, int] = {}
    for root in roots:
        for directory, _, names in os.walk(root):
            for name in names:
                if not name.endswith(b".trashinfo") and not name.startswith(b"directorysizes"):
                    with open(os.path.join(directory, name), "rb") as file:
                        content = file.read()
                    found[content] = found.get(content, 0) + 1
    return found


def points(step: int) -> list[tuple[int, bool]]:
    """Return the moments to kill at: before and after every call, or every few calls of them."""
    step = 1 if EVERY_POINT else step
    return [(limit, after) for limit in range(1, 400, step) for after in (False, True)]


def settle(box) -> None:
    """Recover, check that nothing is left open, and that a second recovery has nothing to do."""
    recover(box.journal)
    assert [record for record in box.journal.open_records() if record.state in OPEN_STATES] == []
    assert recover(box.journal).sentences == ()
    info = os.path.join(box.trash, b"info")
    names = {name[: -len(b".trashinfo")] for name in os.listdir(info)} if os.path.isdir(info) else set()
    files = os.path.join(box.trash, b"files")
    kept = set(os.listdir(files)) if os.path.isdir(files) else set()
    # A reservation without an item is harmless; an item without its document could not be restored.
    assert kept <= names


def undo_all(box) -> None:
    while True:
        try:
            undo_batch(box.journal)
        except NothingToUndo:
            return


def clear(box) -> None:
    """Empty the places of the user, the trash and the archive; the journal stays."""
    for path in (box.data, box.trash, os.path.join(box.root, b"archive")):
        shutil.rmtree(path, ignore_errors=True)
    os.makedirs(box.data)
    os.makedirs(os.path.join(box.root, b"archive"))
