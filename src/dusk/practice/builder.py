"""Building the practice tree on disk: tens of gigabytes to look at, a few megabytes to hold."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import time
from dataclasses import dataclass

from dusk.fs.names import display_path
from dusk.practice.hub import hub_entries
from dusk.practice.layout import MIB, PracticeDirectory, PracticeEntry, PracticeFile, PracticeLink
from dusk.practice.marker import MARKER, is_finished, is_practice_tree, mark
from dusk.practice.models import base_model_entries, old_checkpoint_entries, run_entries
from dusk.practice.tara import tara_entries
from dusk.practice.training import training_entries


class PracticeError(Exception):
    """The practice tree cannot be built there; the text says why."""


@dataclass(frozen=True, slots=True)
class PracticeTree:
    """A practice tree on disk."""

    path: bytes
    """Its root, absolute and resolved."""
    entries: int
    """Entries at and below the root."""
    apparent_size: int
    """What its files pretend to hold, in bytes."""


def practice_entries() -> list[PracticeEntry]:
    """Return everything the tree is made of."""
    entries = training_entries() + base_model_entries() + old_checkpoint_entries()
    return entries + run_entries() + tara_entries() + hub_entries()


def build_practice_tree(directory: bytes, *, rebuild: bool = False, now: float | None = None) -> PracticeTree:
    """Build the tree in a directory that is missing or empty, and return it.

    A finished practice tree is left as it is; ``rebuild`` puts back what is gone or changed and keeps what
    was added. Ages count from ``now``, in seconds since the epoch. Raises PracticeError for a directory
    that holds anything else, and where the filesystem cannot hold sparse files.
    """
    try:
        root = _prepare(directory)
        if rebuild or not is_finished(root):
            mark(root, finished=False)
            _check_sparse(root)
            ages = _write_entries(root, practice_entries())
            mark(root, finished=True)
            _set_times(root, ages, time.time() if now is None else now)
        return _measure(root)
    except OSError as error:
        place = display_path(error.filename if isinstance(error.filename, bytes) else directory)
        raise PracticeError(f"The practice tree cannot be built: {place}: {error.strerror}.") from error


def _prepare(directory: bytes) -> bytes:
    root = os.path.realpath(directory)
    shown = display_path(root)
    try:
        os.makedirs(root, exist_ok=True)
    except FileExistsError:
        raise PracticeError(f"{shown} is a file; name a directory that is empty or does not exist.") from None
    if not is_practice_tree(root) and os.listdir(root):
        raise PracticeError(f"{shown} is not empty; name a directory that is empty or does not exist.")
    return root


def _check_sparse(root: bytes) -> None:
    """Refuse filesystems on which 45 GB of holes would become 45 GB of zeros."""
    probe = os.path.join(root, MARKER + b".probe")
    with open(probe, "wb") as file:
        try:
            file.truncate(64 * MIB)
            used = os.fstat(file.fileno()).st_blocks * 512
        finally:
            os.unlink(probe)
    if used > MIB:
        raise PracticeError(
            f"{display_path(root)} lies on a filesystem without sparse files; choose another place."
        )


def _write_entries(root: bytes, entries: list[PracticeEntry]) -> dict[bytes, float]:
    """Write everything and return the ages that it should have, in seconds."""
    unique: dict[str, PracticeEntry] = {}
    for entry in entries:
        unique.setdefault(entry.path, entry)
    ages: dict[bytes, float] = {}
    for entry in unique.values():
        path = os.path.join(root, os.fsencode(entry.path))
        _make_directories(root, path if isinstance(entry, PracticeDirectory) else os.path.dirname(path))
        if isinstance(entry, PracticeFile):
            _write_file(path, entry)
        elif isinstance(entry, PracticeLink):
            _write_link(path, entry)
        ages[path] = entry.age
    return ages


def _set_times(root: bytes, ages: dict[bytes, float], now: float) -> None:
    """Set all times, last of all: writing a file changes the time of its directory."""
    youngest = min(ages.values())
    for path, age in _with_directories(root, ages | {os.path.join(root, MARKER): youngest}).items():
        moment = int((now - age) * 1e9)
        os.utime(path, ns=(moment, moment), follow_symlinks=False)


def _make_directories(root: bytes, path: bytes) -> None:
    """Make a directory below the root; a link in its place would lead the writing astray."""
    try:
        os.mkdir(path)
    except FileNotFoundError:
        _make_directories(root, os.path.dirname(path))
        os.mkdir(path)
    except FileExistsError:
        while path != root:
            if not stat.S_ISDIR(os.lstat(path).st_mode):
                raise NotADirectoryError(
                    errno.ENOTDIR, "is in the way; it should be a directory", path
                ) from None
            path = os.path.dirname(path)


def _write_file(path: bytes, entry: PracticeFile) -> None:
    _clear(path)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(path, flags, entry.mode)
    try:
        os.fchmod(descriptor, entry.mode)
        os.ftruncate(descriptor, entry.content.size)
        for offset, data in entry.content.pieces:
            _write_all(descriptor, data, offset)
    finally:
        os.close(descriptor)


def _write_all(descriptor: int, data: bytes, offset: int) -> None:
    while data:
        written = os.pwrite(descriptor, data, offset)
        data, offset = data[written:], offset + written


def _write_link(path: bytes, entry: PracticeLink) -> None:
    _clear(path)
    os.symlink(os.fsencode(entry.target), path)


def _clear(path: bytes) -> None:
    # Never a directory: unlink refuses those, and the sentence names it.
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)


def _with_directories(root: bytes, ages: dict[bytes, float]) -> dict[bytes, float]:
    """Give each directory on the way the age of the youngest thing below, the root last."""
    result = dict(ages)
    directories: dict[bytes, float] = {}
    for path, age in ages.items():
        parent = os.path.dirname(path)
        while len(parent) >= len(root):
            directories[parent] = min(age, directories.get(parent, age))
            parent = os.path.dirname(parent)
    for path, age in directories.items():
        result.setdefault(path, age)
    return result


def _measure(root: bytes) -> PracticeTree:
    entries, size, waiting = 1, 0, [root]
    while waiting:
        with os.scandir(waiting.pop()) as listing:
            for entry in listing:
                entries += 1
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)
                elif entry.is_file(follow_symlinks=False):
                    size += entry.stat(follow_symlinks=False).st_size
    return PracticeTree(root, entries, size)
