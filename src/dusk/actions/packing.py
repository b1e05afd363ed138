"""Writing a pack: a ``.tar.zst`` with everything that an entry has, and its manifest at the end.

Any tar that reads the pax format unpacks it. The manifest, one JSON line for each entry, is written beside
while the pack grows, and becomes its last member.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from dusk.actions.copying import open_unnoticed
from dusk.actions.metadata import place_of, read_attributes
from dusk.actions.pack_entry import PackEntry, kind_of
from dusk.actions.unpacking import prove
from dusk.actions.zstd_frames import FrameWriter
from dusk.fs.cancellation import Cancelling, stop_if
from dusk.fs.descent import open_subdirectory
from dusk.fs.identity import EntryKind
from dusk.fs.names import display_path
from dusk.fs.traversal import traverse

PACK_SUFFIX = b".tar.zst"
MANIFEST_SUFFIX = b".manifest.jsonl"
NAME = b"pack" + PACK_SUFFIX
"""What a pack is called while it grows."""
_LONGEST_TITLE = 200
_MANIFEST_MODE = 0o600
_NEW = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_WINDOW = 1 << 20
_STAT_BLOCK = 512
_TAR_END = bytes(1024)


@dataclass(frozen=True, slots=True)
class Pack:
    """A finished pack: durable, and read back from the disk."""

    digest: str
    """BLAKE3 of the file."""
    manifest_digest: str
    """BLAKE3 of the manifest: it stands for everything that was packed."""


class Packer:
    """One pack being written into an open directory of dusk's own."""

    def __init__(
        self,
        holder: int,
        title: bytes,
        *,
        on_bytes: Callable[[int], None],
        cancelled: Cancelling,
        shown: Callable[[bytes], str] = display_path,
    ) -> None:
        """Write the pack `NAME`, with a manifest named after ``title``. ``shown`` names members.

        ``on_bytes`` is told content as it is packed and again as it is proven, that from another thread.
        """
        from blake3 import blake3

        self._title = title
        self._on_bytes = on_bytes
        self._cancelled = cancelled
        self._shown = shown
        self._links: dict[tuple[int, int], bytes] = {}
        self._manifest_digest = blake3()
        self._file = os.open(NAME, _NEW, 0o600, dir_fd=holder)
        try:
            self._manifest = os.open(NAME + MANIFEST_SUFFIX, _NEW, _MANIFEST_MODE, dir_fd=holder)
        except BaseException:
            os.close(self._file)
            raise
        self._lines: list[bytes] = []
        self._found: list[str] = []
        self._writer = FrameWriter(self._file, check=self._check, cancelled=cancelled)

    def close(self) -> None:
        """Let go of the files; without `finish` they are worth nothing."""
        self._writer.__exit__(None, None, None)
        os.close(self._file)
        os.close(self._manifest)

    def add_tree(self, parent: int, name: bytes, top: bytes) -> None:
        """Pack an entry of an open directory with all below it, as ``top``. Raises OSError, Cancelled."""
        status = os.stat(name, dir_fd=parent, follow_symlinks=False)
        self.add(parent, name, status, top)
        if not stat.S_ISDIR(status.st_mode):
            return
        opened = open_subdirectory(parent, name)
        try:
            for listing in traverse(opened, cancelled=self._cancelled):
                if listing.problem:
                    raise OSError(listing.problem, os.strerror(listing.problem), listing.path)
                if listing.path:
                    # Right before what is in it: a tar that leaves a directory sets its time for good.
                    self._add_directory(listing.descriptor, os.path.join(top, listing.path))
                for entry, found in listing.entries:
                    stop_if(self._cancelled)
                    if not stat.S_ISDIR(found.st_mode):
                        self.add(listing.descriptor, entry, found, os.path.join(top, listing.path, entry))
        finally:
            os.close(opened)

    def add(self, directory: int, name: bytes, status: os.stat_result, path: bytes) -> None:
        """Pack one entry of an open directory under a path of the pack. Raises OSError, Cancelled."""
        kind = kind_of(status)
        if kind is None:
            what = EntryKind.from_mode(status.st_mode).label
            raise OSError(errno.EINVAL, f"{self._shown(path)} is a {what}, which cannot be packed")
        first = None
        if status.st_nlink > 1 and kind != "directory":
            first = self._links.setdefault((status.st_dev, status.st_ino), path)
        if first is not None and first != path:
            self._put(self._entry(status, path, "hardlink", target=first), -1)
        elif kind == "file":
            self._add_file(directory, name, status, path)
        else:
            target = os.readlink(name, dir_fd=directory) if kind == "symlink" else b""
            attributes = read_attributes(place_of(directory, name), status.st_mode)
            self._put(self._entry(status, path, kind, target=target, attributes=attributes), -1)

    def finish(self) -> None:
        """End the pack with its manifest. Raises OSError, Cancelled."""
        self._write_lines()
        entry = PackEntry(
            self._title[:_LONGEST_TITLE] + MANIFEST_SUFFIX,
            "file", _MANIFEST_MODE, os.geteuid(), os.getegid(), os.fstat(self._manifest).st_mtime_ns,
            size=os.fstat(self._manifest).st_size, is_manifest=True,
        )  # fmt: skip
        header, padding = entry.header()
        self._writer.write(header)
        self._pour(self._manifest, entry, lambda _: None)
        self._writer.write(bytes(padding) + _TAR_END)
        self._writer.finish()

    def prove(self) -> Pack:
        """Make the finished pack durable and read it back to its end. Raises OSError, Cancelled."""
        pack = Pack(self._writer.prove(), self._manifest_digest.hexdigest())
        if self._found != [pack.manifest_digest]:
            raise OSError(errno.EIO, "the pack does not read back as what was packed")
        return pack

    @property
    def file(self) -> int:
        """The open pack."""
        return self._file

    def _check(self, contents: Iterator[bytes]) -> None:
        self._found.append(prove(contents, on_bytes=self._on_bytes, cancelled=self._cancelled))

    def _add_directory(self, descriptor: int, path: bytes) -> None:
        status = os.fstat(descriptor)
        attributes = read_attributes(descriptor, status.st_mode)
        self._put(self._entry(status, path, "directory", attributes=attributes), -1)

    def _add_file(self, directory: int, name: bytes, status: os.stat_result, path: bytes) -> None:
        file = open_unnoticed(name, directory)
        try:
            now = os.fstat(file)
            if _changed(now, status):
                raise OSError(errno.ESTALE, f"{self._shown(path)} changed while it was packed")
            is_sparse = status.st_blocks * _STAT_BLOCK < status.st_size
            entry = self._entry(
                now,
                path,
                "file",
                size=now.st_size,
                segments=_segments(file, now.st_size) if is_sparse else (),
                attributes=read_attributes(file, now.st_mode),
                is_sparse=is_sparse,
            )
            self._put(entry, file)
            if _changed(os.fstat(file), status):
                raise OSError(errno.ESTALE, f"{self._shown(path)} changed while it was packed")
        finally:
            os.close(file)

    @staticmethod
    def _entry(
        status: os.stat_result,
        path: bytes,
        kind: str,
        *,
        size: int = 0,
        target: bytes = b"",
        segments: tuple[tuple[int, int], ...] = (),
        attributes: tuple[tuple[bytes, bytes], ...] = (),
        is_sparse: bool = False,
    ) -> PackEntry:
        mode, owner, group = stat.S_IMODE(status.st_mode), status.st_uid, status.st_gid
        return PackEntry(
            path, kind, mode, owner, group, status.st_mtime_ns, size, target, segments, attributes, is_sparse
        )

    def _put(self, entry: PackEntry, file: int) -> None:
        from blake3 import blake3

        header, padding = entry.header()
        self._writer.write(header)
        digest = blake3()
        if entry.stored:
            self._pour(file, entry, digest.update)
            self._writer.write(bytes(padding))
        self._note(entry.line(digest.hexdigest()))

    def _pour(self, file: int, entry: PackEntry, take: Callable[[bytes], object]) -> None:
        for offset, length in entry.stored:
            position, end = offset, offset + length
            while position < end:
                stop_if(self._cancelled)
                piece = os.pread(file, min(_WINDOW, end - position), position)
                if not piece:
                    raise OSError(errno.ESTALE, f"{self._shown(entry.path)} became shorter while it was read")
                take(piece)
                self._writer.write(piece)
                self._on_bytes(len(piece))
                position += len(piece)

    def _note(self, line: bytes) -> None:
        self._manifest_digest.update(line)
        self._lines.append(line)
        if len(self._lines) >= 4096:
            self._write_lines()

    def _write_lines(self) -> None:
        view = memoryview(b"".join(self._lines))
        self._lines.clear()
        while view:
            view = view[os.write(self._manifest, view) :]


def _changed(now: os.stat_result, before: os.stat_result) -> bool:
    facts = ("st_dev", "st_ino", "st_size", "st_mtime_ns")
    return any(getattr(now, fact) != getattr(before, fact) for fact in facts)


def _segments(file: int, size: int) -> tuple[tuple[int, int], ...]:
    """Return where a sparse file holds something; all of it where the filesystem does not tell."""
    found: list[tuple[int, int]] = []
    offset = 0
    try:
        while offset < size:
            try:
                start = os.lseek(file, offset, os.SEEK_DATA)
            except OSError as error:
                if error.errno == errno.ENXIO:
                    break
                raise
            end = min(size, os.lseek(file, start, os.SEEK_HOLE))
            if end > start:
                found.append((start, end - start))
            offset = end
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
        return ((0, size),)
    return tuple(found)
