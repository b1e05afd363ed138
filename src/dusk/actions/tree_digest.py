"""One digest for a whole tree, wherever it lies: names, kinds, modes, owners, times, attributes, contents.

Two trees have the same digest when one is a faithful copy of the other, hard links included. Inode
numbers, access times and where the holes of sparse files are do not count.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from dusk.actions.content import digest_of, prepare_reading
from dusk.actions.metadata import place_of, read_attributes
from dusk.fs.cancellation import Cancelling, never
from dusk.fs.descent import open_subdirectory
from dusk.fs.traversal import Listing, traverse

if TYPE_CHECKING:
    from blake3 import blake3

    from dusk.actions.copy_proof import ProvenContent

# Only root sees these, so they cannot be part of what anyone can check.
_UNSEEN = b"trusted."
_AHEAD = 64  # files that are open at the same time


@dataclass(frozen=True, slots=True)
class FirstName:
    """The entry of a walk that first named an inode."""

    number: int
    """Its place in the order of the walk."""
    path: bytes
    """Its path below the top."""


class LinkGroups:
    """Which entries of one walk are further names of an inode that the walk met before."""

    def __init__(self) -> None:
        """Start before the first entry."""
        self._first: dict[tuple[int, int], FirstName] = {}
        self._met = 0

    def first_of(self, status: os.stat_result, path: bytes) -> FirstName | None:
        """Take in the next entry; return the one that named its inode before, None when none did."""
        self._met += 1
        if status.st_nlink == 1 or stat.S_ISDIR(status.st_mode):
            return None
        name = FirstName(self._met, path)
        first = self._first.setdefault((status.st_dev, status.st_ino), name)
        return None if first is name else first


def substance(status: os.stat_result, content: bytes, first: FirstName | None) -> bytes:
    """Return 32 bytes for what an entry is, metadata apart: kind with content, target or first name."""
    from blake3 import blake3

    kind = stat.S_IFMT(status.st_mode)
    if first is not None:
        content = b"another name of %d" % first.number
    return blake3(b"%o\0%b" % (kind, content)).digest()


def tree_digest(
    directory: int,
    name: bytes,
    *,
    on_entry: Callable[[bytes, bytes], None] = lambda _path, _found: None,
    on_bytes: Callable[[int], None] = lambda _: None,
    proven: Mapping[tuple[int, int], ProvenContent] = MappingProxyType({}),
    cancelled: Cancelling = never,
) -> str:
    """Return the digest of an entry of an open directory and all below it, contents read from the disk.

    ``on_entry`` is told each relative path and its substance, in the order of the walk, ``on_bytes`` what
    was read. Contents that were ``proven`` a moment ago, by device and inode, are not read again. Raises
    OSError for anything that cannot be read, Cancelled.
    """
    return _Digesting(on_entry, on_bytes, proven, cancelled).run(directory, name)


class _Digesting:
    def __init__(
        self,
        on_entry: Callable[[bytes, bytes], None],
        on_bytes: Callable[[int], None],
        proven: Mapping[tuple[int, int], ProvenContent],
        cancelled: Cancelling,
    ) -> None:
        from blake3 import blake3

        self._on_entry = on_entry
        self._on_bytes = on_bytes
        self._proven = proven
        self._cancelled = cancelled
        self._digest: blake3 = blake3()
        self._groups = LinkGroups()

    def run(self, directory: int, name: bytes) -> str:
        status = os.stat(name, dir_fd=directory, follow_symlinks=False)
        # The top's own name does not count: an archive may have to take another one.
        file = self._open(directory, name) if stat.S_ISREG(status.st_mode) else -1
        try:
            self._add(directory, name, b"", status, file)
        finally:
            if file >= 0:
                os.close(file)
        if stat.S_ISDIR(status.st_mode):
            top = open_subdirectory(directory, name)
            try:
                self._add_below(top)
            finally:
                os.close(top)
        return self._digest.hexdigest()

    def _add_below(self, top: int) -> None:
        for listing in traverse(top, cancelled=self._cancelled):
            if listing.problem:
                raise OSError(listing.problem, os.strerror(listing.problem), listing.path)
            self._digest.update(b"/%d %d\0" % (listing.depth, len(listing.entries)))
            for start in range(0, len(listing.entries), _AHEAD):
                self._add_some(listing, listing.entries[start : start + _AHEAD])

    def _add_some(self, listing: Listing, entries: Sequence[tuple[bytes, os.stat_result]]) -> None:
        """Add a few entries of a directory; the disk looks for all of them at the same time."""
        files: dict[bytes, int] = {}
        try:
            for name, status in entries:
                if stat.S_ISREG(status.st_mode):
                    files[name] = self._open(listing.descriptor, name)
            for name, status in entries:
                path = os.path.join(listing.path, name)
                self._add(listing.descriptor, name, path, status, files.get(name, -1))
        finally:
            for file in files.values():
                os.close(file)

    def _open(self, directory: int, name: bytes) -> int:
        file = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=directory)
        try:
            status = os.fstat(file)
            if not stat.S_ISREG(status.st_mode):
                raise OSError(errno.ESTALE, os.strerror(errno.ESTALE), name)
            if not self._is_proven(status):
                prepare_reading(file, status.st_size)
        except BaseException:
            os.close(file)
            raise
        return file

    def _is_proven(self, status: os.stat_result) -> bool:
        proven = self._proven.get((status.st_dev, status.st_ino))
        return proven is not None and proven.is_of(status)

    def _add(self, directory: int, name: bytes, path: bytes, status: os.stat_result, file: int) -> None:
        first = self._groups.first_of(status, path)
        content, attributes = b"", b""
        if file >= 0:
            status = os.fstat(file)
            content = b"" if first is not None else self._content(file, status)
            attributes = _attribute_digest(file, status.st_mode)
        elif stat.S_ISLNK(status.st_mode):
            content = os.readlink(name, dir_fd=directory)
        else:
            attributes = _attribute_digest(place_of(directory, name), status.st_mode)
        found = substance(status, content, first)
        self._on_entry(path, found)
        mode = 0 if stat.S_ISLNK(status.st_mode) else stat.S_IMODE(status.st_mode)
        shown = path.rpartition(b"/")[2]
        facts = b"%d:%b%o %d %d %d\0" % (
            len(shown), shown, mode, status.st_uid, status.st_gid, status.st_mtime_ns,
        )  # fmt: skip
        self._digest.update(facts + found + attributes)

    def _content(self, file: int, status: os.stat_result) -> bytes:
        if self._is_proven(status):
            return self._proven[status.st_dev, status.st_ino].digest
        content = digest_of(file, status.st_size, cancelled=self._cancelled)
        self._on_bytes(status.st_size)
        return content


def _attribute_digest(target: int | bytes, mode: int) -> bytes:
    from blake3 import blake3

    digest = blake3()
    for name, value in read_attributes(target, mode):
        if not name.startswith(_UNSEEN):
            digest.update(b"%d:%b%d:%b" % (len(name), name, len(value), value))
    return digest.digest()
