"""Looking at one target whole, at this moment: sizes, hard links, mounts, and a fingerprint of it all."""

from __future__ import annotations

import errno
import os
import stat
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dusk.fs.cancellation import Cancelling, never, stop_if
from dusk.fs.descent import open_parent, open_subdirectory
from dusk.fs.identity import EntryKind, Identity
from dusk.fs.mounts import MountTable
from dusk.fs.prominent import ProminentFiles
from dusk.fs.survey import LinkedInode, Survey
from dusk.fs.traversal import Listing, traverse

if TYPE_CHECKING:
    from blake3 import blake3

_BLOCK = 512  # the unit of st_blocks, whatever the filesystem's own block size
_ATTEMPTS = 3
# A directory that went or was replaced between its listing and its opening.
_CHANGED = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ESTALE})


def survey(path: bytes, *, cancelled: Cancelling = never) -> Survey:
    """Look at an absolute, resolved path whole and return what lies there.

    No symbolic link is followed and no mount is entered: mounts are listed. Sizes are bytes. Raises
    OSError when the path itself cannot be examined, ValueError for ``/``, Cancelled.
    """
    directory, name = open_parent(path)
    try:
        return survey_at(directory, name, path, cancelled=cancelled)
    finally:
        os.close(directory)


def survey_at(directory: int, name: bytes, path: bytes, *, cancelled: Cancelling = never) -> Survey:
    """Look at the entry ``name`` of an open directory whole; ``path`` says where it is, for the mounts.

    A directory that goes or is replaced while it is looked at makes the survey start again, three times
    at most. Raises as survey() does.
    """
    for attempt in range(_ATTEMPTS):
        stop_if(cancelled)
        table = MountTable.read()
        mount = table.at(path)
        if mount is not None:
            # Asking a mount point for its status would wait for a server that may be gone.
            identity = Identity(mount.device, 0, EntryKind.DIRECTORY, 0, 0, 0)
            return Survey(identity, 1, 0, 0, 0, "", (), mounts=(path, *_points(table, path)))
        count = _Count(path, _points(table, path))
        if count.look(directory, name, cancelled) or attempt == _ATTEMPTS - 1:
            break
    return count.survey()


def _points(table: MountTable, path: bytes) -> tuple[bytes, ...]:
    return tuple(mount.point for mount in table.below(path))


@dataclass(slots=True)
class _Link:
    links: int
    disk_size: int
    found: int = 0


@dataclass(slots=True)
class _Count:
    """What was counted so far."""

    path: bytes
    points: tuple[bytes, ...]
    entries: int = 1
    apparent_size: int = 0
    disk_size: int = 0
    newest_mtime_ns: int = -(2**63)
    unreadable: int = 0
    crossed: list[bytes] = field(default_factory=list)
    linked: dict[tuple[int, int], _Link] = field(default_factory=dict)
    prominent: ProminentFiles = field(default_factory=ProminentFiles)
    status: os.stat_result | None = None
    digest: blake3 | None = None

    def look(self, directory: int, name: bytes, cancelled: Cancelling) -> bool:
        """Count the whole target; return False when it changed shape meanwhile."""
        from blake3 import blake3

        self.status = status = os.stat(name, dir_fd=directory, follow_symlinks=False)
        self.digest = blake3(self._record([(b"", status)]))
        if not stat.S_ISDIR(status.st_mode):
            return True
        try:
            top = open_subdirectory(directory, name)
        except OSError as error:
            return self._closed(error.errno or errno.EIO, self.path)
        try:
            opened = os.fstat(top)
            if (opened.st_dev, opened.st_ino) != (status.st_dev, status.st_ino):
                return False
            return self._look_below(top, cancelled)
        finally:
            os.close(top)

    def _look_below(self, top: int, cancelled: Cancelling) -> bool:
        assert self.digest is not None
        prefix = len(self.path.rstrip(b"/")) + 1
        relative = frozenset(point[prefix:] for point in self.points)
        whole = True
        for listing in traverse(top, mount_points=relative, cancelled=cancelled):
            path = os.path.join(self.path, listing.path)
            if listing.problem and not self._closed(listing.problem, path):
                whole = False
            self.entries += len(listing.entries)
            self.prominent.add(listing.path, listing.entries)
            # Depth and name of each directory, in the order of the walk, tell where its entries lie.
            self.digest.update(_heading(listing))
            self.digest.update(self._record(listing.entries))
        return whole

    def _closed(self, problem: int, path: bytes) -> bool:
        if problem == errno.EXDEV:
            self.crossed.append(path)
        elif problem in _CHANGED:
            return False
        else:
            self.unreadable += 1
        return True

    def _record(self, entries: list[tuple[bytes, os.stat_result]]) -> bytes:
        """Count entries of one directory and return their facts as bytes that no other entries give."""
        records: list[bytes] = []
        for name, status in entries:
            size, mtime = status.st_size, status.st_mtime_ns
            kind = stat.S_IFMT(status.st_mode)
            blocks = status.st_blocks * _BLOCK
            if kind == stat.S_IFDIR:
                # The size of a directory is the filesystem's bookkeeping: it can change without a change.
                size = 0
                self.disk_size += blocks
            else:
                self.newest_mtime_ns = max(self.newest_mtime_ns, mtime)
                if status.st_nlink == 1 or self._is_first_name(status, blocks):
                    self.apparent_size += size
                    self.disk_size += blocks
            # Nobody can set the change time: it shows a file rewritten in place with its old time put back.
            # A move changes it too: of several names, and of the top directory, it says nothing.
            tells = bool(name) if kind == stat.S_IFDIR else status.st_nlink == 1
            changed = status.st_ctime_ns if tells else 0
            facts = (status.st_ino, status.st_mode, status.st_uid, status.st_gid, size, mtime, changed)
            records.append(b"%d:%b%d %o %d %d %d %d %d\0" % (len(name), name, *facts))
        return b"".join(records)

    def _is_first_name(self, status: os.stat_result, blocks: int) -> bool:
        link = self.linked.setdefault((status.st_dev, status.st_ino), _Link(status.st_nlink, blocks))
        link.found += 1
        return link.found == 1

    def survey(self) -> Survey:
        """Return the facts counted."""
        assert self.status is not None and self.digest is not None
        newest = self.newest_mtime_ns
        return Survey(
            identity=Identity.from_stat(self.status),
            entries=self.entries,
            apparent_size=self.apparent_size,
            disk_size=self.disk_size,
            newest_mtime_ns=newest if newest > -(2**63) else self.status.st_mtime_ns,
            fingerprint=self.digest.hexdigest(),
            linked=tuple(
                LinkedInode(device, inode, link.links, link.found, link.disk_size)
                for (device, inode), link in self.linked.items()
            ),
            unreadable=self.unreadable,
            mounts=tuple(dict.fromkeys((*self.points, *self.crossed))),
            prominent=self.prominent.paths(),
        )


def _heading(listing: Listing) -> bytes:
    name = listing.path.rpartition(b"/")[2]
    return b"/%d %d:%b%d\0" % (listing.depth, len(name), name, len(listing.entries))
