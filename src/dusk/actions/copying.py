"""Writing the copy of one tree: entry by entry, below open directories, durable when it returns."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from dusk.actions.content import ContentDigest, windows, write_window
from dusk.actions.copy_proof import CopyProof, ProvenContent
from dusk.actions.metadata import Metadata, place_of, read_metadata, write_metadata
from dusk.actions.read_back import ReadBack
from dusk.actions.tree_digest import LinkGroups, substance
from dusk.fs.cancellation import Cancelling, stop_if
from dusk.fs.descent import open_directory, open_subdirectory
from dusk.fs.identity import EntryKind, Identity
from dusk.fs.names import display_path
from dusk.fs.syscalls import sync_filesystem
from dusk.fs.traversal import Listing, traverse

_READING = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_WRITING = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_BLOCK = 512  # the unit of st_blocks
# Smaller files are made durable together, and read back after that: one by one takes milliseconds each.
_PROVEN_ALONE = 1 << 20
_COPIED = frozenset({EntryKind.FILE, EntryKind.DIRECTORY, EntryKind.SYMLINK, EntryKind.FIFO})
_FULL = {
    errno.ENOSPC: "no space is left at the destination",
    errno.EDQUOT: "the quota at the destination is used up",
}


class CopyError(OSError):
    """A copy was not made, or not proven; the text says why. Nothing of it is left."""

    @classmethod
    def from_error(cls, error: OSError | ValueError, what: str) -> CopyError:
        """Return the error of a system call with a sentence around it."""
        if isinstance(error, ValueError):
            return cls(f"{what}: {error}")
        return cls(f"{what}: {_FULL.get(error.errno or 0) or error.strerror or error}")


@dataclass(slots=True)
class _Directory:
    path: bytes
    metadata: Metadata


@dataclass(frozen=True, slots=True)
class _Way:
    source: int
    """Open directory to copy from."""
    source_name: bytes
    target: int
    """Open directory to copy to."""
    target_name: bytes
    path: bytes
    """Path below the top of the tree."""


class TreeCopy:
    """One copy being written. What was written is known entry by entry, to compare it afterwards."""

    def __init__(
        self,
        parent: int,
        name: bytes,
        path: bytes,
        *,
        to_local_disk: bool,
        on_bytes: Callable[[int], None],
        on_proven: Callable[[int], None],
        cancelled: Cancelling,
    ) -> None:
        """Copy the entry ``name`` of the open directory ``parent``; ``path`` is for sentences.

        ``to_local_disk`` says whether the kernel can write the whole destination to its disk at once.
        """
        self._parent = parent
        self._name = name
        self._path = path
        self._sync_together = to_local_disk
        self._on_bytes = on_bytes
        self._cancelled = cancelled
        self._groups = LinkGroups()
        self._directories: list[_Directory] = []
        self._substances = bytearray()
        self._target_top = -1
        self._proof = CopyProof(on_proven, cancelled, is_synced_later=to_local_disk)
        self.not_kept: set[str] = set()

    @property
    def substances(self) -> bytes:
        """The substance of every entry written, 32 bytes each, in the order of a walk."""
        return bytes(self._substances)

    @property
    def proven(self) -> Mapping[tuple[int, int], ProvenContent]:
        """What was read back already, by device and inode: the big files."""
        return self._proof.contents

    def refuse_what_cannot_be_copied(self) -> None:
        """Raise CopyError when the tree holds a socket or a device: no copy of those means anything."""
        status = os.stat(self._name, dir_fd=self._parent, follow_symlinks=False)
        _refuse_kind(self._path, status)
        if not stat.S_ISDIR(status.st_mode):
            return
        top = open_subdirectory(self._parent, self._name)
        try:
            for listing in traverse(top, cancelled=self._cancelled):
                for name, status in listing.entries:
                    _refuse_kind(os.path.join(self._path, listing.path, name), status)
        finally:
            os.close(top)

    def write(self, target: int, name: bytes) -> None:
        """Write the copy under ``name`` into an open directory and make it durable.

        Raises CopyError, OSError and Cancelled; what was written until then stays.
        """
        status = os.stat(self._name, dir_fd=self._parent, follow_symlinks=False)
        with self._proof:
            self._write_entry(_Way(self._parent, self._name, target, name, b""), status)
            if stat.S_ISDIR(status.st_mode):
                self._write_tree(target, name)
            self._proof.finish()
        if self._sync_together:
            sync_filesystem(target)
        os.fsync(target)

    def _write_tree(self, target: int, name: bytes) -> None:
        source_top = open_subdirectory(self._parent, self._name)
        try:
            self._target_top = open_subdirectory(target, name)
            try:
                for listing in traverse(source_top, cancelled=self._cancelled):
                    self._write_directory(listing)
                self._finish_directories()
            finally:
                os.close(self._target_top)
        finally:
            os.close(source_top)

    def _write_directory(self, listing: Listing) -> None:
        if listing.problem:
            raise CopyError(f"{self._shown(listing.path)} cannot be read: {os.strerror(listing.problem)}")
        self._directories.append(_Directory(listing.path, read_metadata(listing.descriptor)))
        target = open_directory(listing.path, within=self._target_top, one_mount=True)
        try:
            for name, status in listing.entries:
                stop_if(self._cancelled)
                path = os.path.join(listing.path, name)
                self._write_entry(_Way(listing.descriptor, name, target, name, path), status)
        finally:
            os.close(target)

    def _write_entry(self, way: _Way, status: os.stat_result) -> None:
        first = self._groups.first_of(status, way.path)
        content = b""
        try:
            if first is not None:
                self._write_link(way, first.path)
            elif stat.S_ISDIR(status.st_mode):
                # Closed to others, and open to its owner, until everything is in it.
                os.mkdir(way.target_name, 0o700, dir_fd=way.target)
            elif stat.S_ISREG(status.st_mode):
                content = self._write_file(way, status)
            elif stat.S_ISLNK(status.st_mode):
                content = os.readlink(way.source_name, dir_fd=way.source)
                os.symlink(content, way.target_name, dir_fd=way.target)
                self._write_metadata_by_name(way)
            else:
                os.mkfifo(way.target_name, 0o600, dir_fd=way.target)
                self._write_metadata_by_name(way)
        except CopyError:
            raise
        except OSError as error:
            raise CopyError.from_error(error, f"{self._shown(way.path)} cannot be copied") from error
        self._substances += substance(status, content, first)

    def _write_link(self, way: _Way, place: bytes) -> None:
        holder, _, name = place.rpartition(b"/")
        directory = open_directory(holder, within=self._target_top, one_mount=True)
        try:
            os.link(name, way.target_name, src_dir_fd=directory, dst_dir_fd=way.target, follow_symlinks=False)
        finally:
            os.close(directory)

    def _write_file(self, way: _Way, status: os.stat_result) -> bytes:
        source = open_unnoticed(way.source_name, way.source)
        try:
            expected = Identity.from_stat(status)
            self._refuse_drift(way, expected, source)
            target = os.open(way.target_name, _WRITING, 0o600, dir_fd=way.target)
            try:
                is_big = not self._sync_together or status.st_size >= _PROVEN_ALONE
                back = self._proof.begin(target, status.st_size) if is_big else None
                content = self._pour(source, target, status, back)
                self._refuse_drift(way, expected, source)
                self.not_kept |= write_metadata(target, read_metadata(source))
                if back is not None:
                    self._proof.add(back)
            finally:
                os.close(target)
        finally:
            os.close(source)
        return content

    def _pour(
        self, source: int, target: int, status: os.stat_result, back: ReadBack[ProvenContent] | None
    ) -> bytes:
        size = status.st_size
        sparse = status.st_blocks * _BLOCK < size
        if sparse:
            os.ftruncate(target, size)  # what is read back of it must not end where a hole begins
        digest = ContentDigest()
        reached = 0
        for offset, window in windows(source, size, cancelled=self._cancelled):
            digest.add(offset, window)
            write_window(target, offset, window, sparse=sparse)
            self._on_bytes(offset + len(window) - reached)
            reached = offset + len(window)
            if back is not None:
                back.grew(reached)
        if reached < size and not sparse:
            os.ftruncate(target, size)
        self._on_bytes(size - reached)
        if back is not None:
            back.grew(size)
        return digest.finish(size)

    def _refuse_drift(self, way: _Way, expected: Identity, file: int) -> None:
        if expected.drift(Identity.from_stat(os.fstat(file))) is not None:
            raise CopyError(f"{self._shown(way.path)} changed while it was copied")

    def _write_metadata_by_name(self, way: _Way) -> None:
        metadata = read_metadata(place_of(way.source, way.source_name))
        self.not_kept |= write_metadata(place_of(way.target, way.target_name), metadata)

    def _finish_directories(self) -> None:
        """Give directories their metadata, the deepest first: writing into one changes its time."""
        for directory in reversed(self._directories):
            stop_if(self._cancelled)
            descriptor = open_directory(directory.path, within=self._target_top, one_mount=True)
            try:
                self.not_kept |= write_metadata(descriptor, directory.metadata)
                if not self._sync_together:
                    os.fsync(descriptor)
            finally:
                os.close(descriptor)

    def _shown(self, path: bytes) -> str:
        return display_path(os.path.join(self._path, path) if path else self._path)


def open_unnoticed(name: bytes, directory: int) -> int:
    """Open a file for reading, where possible without a trace in its access time."""
    try:
        return os.open(name, _READING | getattr(os, "O_NOATIME", 0), dir_fd=directory)
    except PermissionError:
        return os.open(name, _READING, dir_fd=directory)


def _refuse_kind(path: bytes, status: os.stat_result) -> None:
    kind = EntryKind.from_mode(status.st_mode)
    if kind not in _COPIED:
        raise CopyError(f"{display_path(path)} is a {kind.label}, which cannot be copied")
