"""The ``directorysizes`` file of a trash: how much each trashed directory takes, for all who list it.

Source: FreeDesktop.org Trash specification 1.0. It is a cache: what is missing or wrong in it costs other
tools a walk and nobody anything else, so that no failure here matters.
"""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Iterable, Mapping
from urllib.parse import quote_from_bytes, unquote_to_bytes

from dusk.actions import trashinfo
from dusk.actions.trash_directory import TrashDirectory

_NAME = b"directorysizes"
_LARGEST = 16 << 20


def read(place: TrashDirectory) -> dict[bytes, tuple[int, int]]:
    """Return disk bytes, and the time of the ``.trashinfo`` they were taken at, by name in the trash."""
    found: dict[bytes, tuple[int, int]] = {}
    try:
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        with os.fdopen(os.open(_NAME, flags, dir_fd=place.descriptor), "rb") as file:
            lines = file.read(_LARGEST).splitlines()
    except OSError:
        return found
    for line in lines:
        size, _, rest = line.partition(b" ")
        time, _, name = rest.partition(b" ")
        if size.isdigit() and time.isdigit() and name:
            found[unquote_to_bytes(name)] = (int(size), int(time))
    return found


def update(place: TrashDirectory, added: Mapping[bytes, int], gone: Iterable[bytes] = ()) -> None:
    """Add the disk bytes of directories by their names in the trash, and drop those that left it."""
    known = read(place)
    before = dict(known)
    for name in gone:
        known.pop(name, None)
    for name, size in added.items():
        with contextlib.suppress(OSError):
            status = os.stat(name + trashinfo.SUFFIX, dir_fd=place.info, follow_symlinks=False)
            known[name] = (size, int(status.st_mtime))
    if known == before:
        return
    try:
        if known:
            _write(place, known)
            return
    except OSError:
        pass  # no file at all is better than one that speaks of what is gone
    with contextlib.suppress(OSError):
        os.unlink(_NAME, dir_fd=place.descriptor)


def _write(place: TrashDirectory, known: Mapping[bytes, tuple[int, int]]) -> None:
    lines = (
        b"%d %d %b\n" % (size, time, quote_from_bytes(name, safe="").encode())
        for name, (size, time) in known.items()
    )
    temporary = b"directorysizes." + secrets.token_hex(8).encode()
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        with os.fdopen(os.open(temporary, flags, 0o600, dir_fd=place.descriptor), "wb") as file:
            file.writelines(lines)
        os.rename(temporary, _NAME, src_dir_fd=place.descriptor, dst_dir_fd=place.descriptor)
    except OSError:
        with contextlib.suppress(OSError):
            os.unlink(temporary, dir_fd=place.descriptor)
        raise
