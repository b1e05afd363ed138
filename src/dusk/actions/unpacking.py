"""Reading a pack: proving that it holds what was packed, and making that again."""

from __future__ import annotations

import errno
import os
import stat
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import IO, cast

from dusk.actions.content import write_window
from dusk.actions.metadata import Metadata, place_of, write_metadata
from dusk.actions.pack_entry import PackEntry
from dusk.fs.cancellation import Cancelling, stop_if
from dusk.fs.descent import open_directory
from dusk.fs.names import display_path
from dusk.fs.syscalls import sync_filesystem

_NEW = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_WINDOW = 4 << 20


def prove(contents: Iterator[bytes], *, on_bytes: Callable[[int], None], cancelled: Cancelling) -> str:
    """Read a pack whole, compare it with its own manifest, and return the digest of that.

    Every header is parsed and every content hashed. Raises OSError (EIO) at any difference, Cancelled.
    """
    from blake3 import blake3

    manifest, stored = blake3(), ""
    for entry, pieces in _members(contents, cancelled):
        digest = blake3()
        for _, piece in pieces:
            digest.update(piece)
            if not entry.is_manifest:
                on_bytes(len(piece))
        if entry.is_manifest:
            stored = digest.hexdigest()
        else:
            manifest.update(entry.line(digest.hexdigest()))
    if stored != manifest.hexdigest():
        raise OSError(errno.EIO, "the pack does not read back as what was packed")
    return stored


def unpack(
    contents: Iterator[bytes],
    holder: int,
    manifest_digest: str,
    *,
    on_bytes: Callable[[int], None],
    cancelled: Cancelling,
) -> frozenset[str]:
    """Make everything that a pack holds below an open, empty directory, durable, and compare it.

    Returns what could not be kept, in
    words. Raises OSError (EIO) at any difference, Cancelled; then what was made is worth nothing.
    """
    return _Unpacking(holder, on_bytes, cancelled).run(contents, manifest_digest)


class _Stream:
    """What tarfile reads from: pieces of content one after the other, and only forward."""

    def __init__(self, contents: Iterator[bytes]) -> None:
        self._contents = contents
        self._piece = memoryview(b"")
        self._position = 0

    def tell(self) -> int:
        return self._position

    def seek(self, position: int) -> int:
        missing = position - self._position
        if missing < 0:
            raise OSError(errno.EIO, "the pack is not in its order")
        while missing:
            step = len(self.read(min(missing, _WINDOW)))
            if not step:
                break
            missing -= step
        return self._position

    def read(self, size: int) -> bytes:
        pieces: list[bytes] = []
        while size:
            if not self._piece:
                following = next(self._contents, None)
                if following is None:
                    break
                self._piece = memoryview(following)
            taken = self._piece[:size]
            self._piece = self._piece[len(taken) :]
            pieces.append(bytes(taken))
            size -= len(taken)
        data = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        self._position += len(data)
        return data


def _members(
    contents: Iterator[bytes], cancelled: Cancelling
) -> Iterator[tuple[PackEntry, Iterator[tuple[int, bytes]]]]:
    """Yield each entry with its content, piece by piece with offsets; what is not taken is skipped."""
    stream = _Stream(contents)
    try:
        with tarfile.TarFile(
            fileobj=cast("IO[bytes]", stream), mode="r", encoding="utf-8", errors="surrogateescape"
        ) as tar:
            while (info := tar.next()) is not None:
                stop_if(cancelled)
                tar.members.clear()  # type: ignore[attr-defined]  # else it keeps all it ever saw
                entry = PackEntry.of(info)
                yield entry, _pieces(stream, info.offset_data, entry, cancelled)
    except tarfile.TarError as error:
        raise OSError(errno.EIO, "the pack is not an intact tar") from error


def _pieces(
    stream: _Stream, start: int, entry: PackEntry, cancelled: Cancelling
) -> Iterator[tuple[int, bytes]]:
    if entry.stored:
        stream.seek(start)
    for offset, length in entry.stored:
        position, end = offset, offset + length
        while position < end:
            stop_if(cancelled)
            piece = stream.read(min(_WINDOW, end - position))
            if not piece:
                raise OSError(errno.EIO, "the pack ends too early")
            yield position, piece
            position += len(piece)


@dataclass(slots=True)
class _Unpacking:
    holder: int
    on_bytes: Callable[[int], None]
    cancelled: Cancelling

    def run(self, contents: Iterator[bytes], manifest_digest: str) -> frozenset[str]:
        from blake3 import blake3

        manifest, stored = blake3(), ""
        directories: list[PackEntry] = []
        lost: set[str] = set()
        for entry, pieces in _members(contents, self.cancelled):
            digest = blake3()
            if entry.is_manifest:
                for _, piece in pieces:
                    digest.update(piece)
                stored = digest.hexdigest()
                continue
            lost |= self._make(entry, pieces, digest.update)
            if entry.kind == "directory":
                directories.append(entry)
            manifest.update(entry.line(digest.hexdigest()))
        if not stored == manifest.hexdigest() == manifest_digest:
            raise OSError(errno.EIO, "the pack does not hold what was packed")
        for entry in reversed(directories):
            descriptor = open_directory(entry.path, within=self.holder, one_mount=True)
            try:
                lost |= write_metadata(descriptor, _metadata(entry))
            finally:
                os.close(descriptor)
        sync_filesystem(self.holder)
        return frozenset(lost)

    def _make(
        self, entry: PackEntry, pieces: Iterator[tuple[int, bytes]], take: Callable[[bytes], object]
    ) -> frozenset[str]:
        above, _, name = entry.path.rpartition(b"/")
        directory = open_directory(above, within=self.holder, one_mount=True)
        try:
            if entry.kind == "directory":
                os.mkdir(name, 0o700, dir_fd=directory)
                return frozenset()
            if entry.kind == "hardlink":
                self._link(entry, directory, name)
                return frozenset()
            if entry.kind == "file":
                return self._write(entry, directory, name, pieces, take)
            if entry.kind == "symlink":
                os.symlink(entry.target, name, dir_fd=directory)
            elif entry.kind == "fifo":
                os.mkfifo(name, 0o600, dir_fd=directory)
            else:
                raise OSError(errno.EIO, f"{display_path(entry.path)} is of a kind that no pack holds")
            return write_metadata(place_of(directory, name), _metadata(entry))
        finally:
            os.close(directory)

    def _link(self, entry: PackEntry, directory: int, name: bytes) -> None:
        above, _, first = entry.target.rpartition(b"/")
        holder = open_directory(above, within=self.holder, one_mount=True)
        try:
            os.link(first, name, src_dir_fd=holder, dst_dir_fd=directory, follow_symlinks=False)
        finally:
            os.close(holder)

    def _write(
        self,
        entry: PackEntry,
        directory: int,
        name: bytes,
        pieces: Iterator[tuple[int, bytes]],
        take: Callable[[bytes], object],
    ) -> frozenset[str]:
        file = os.open(name, _NEW, 0o600, dir_fd=directory)
        try:
            for offset, piece in pieces:
                take(piece)
                write_window(file, offset, piece, sparse=False)
                self.on_bytes(len(piece))
            os.ftruncate(file, entry.size)
            return write_metadata(file, _metadata(entry))
        finally:
            os.close(file)


def _metadata(entry: PackEntry) -> Metadata:
    kinds = {"directory": stat.S_IFDIR, "symlink": stat.S_IFLNK, "fifo": stat.S_IFIFO}
    mode = kinds.get(entry.kind, stat.S_IFREG) | entry.mode
    seconds = entry.mtime_ns // 10**9
    status = os.stat_result(
        (mode, 0, 0, 1, entry.owner, entry.group, entry.size, seconds, seconds, seconds),
        {"st_atime_ns": entry.mtime_ns, "st_mtime_ns": entry.mtime_ns, "st_ctime_ns": entry.mtime_ns},
    )
    return Metadata(status, entry.attributes)
