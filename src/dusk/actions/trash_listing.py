"""What lies in the trash directories of this user, whoever put it there.

Every trash is looked at: the home trash, those at the top of each mount, and those that only the journal
knows. A network mount that does not answer is left out, never waited for.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, replace

from dusk.actions import trashinfo
from dusk.actions.journal import Journal, JournalError
from dusk.actions.record import Record
from dusk.actions.relocation import status_of
from dusk.actions.restoration import is_trashed_item
from dusk.actions.trash_choice import TrashDirectories
from dusk.actions.trash_directory import TrashDirectory, Unusable, candidate_paths, resolved_home_trash
from dusk.fs.cancellation import Cancelling, never
from dusk.fs.identity import EntryKind, Identity
from dusk.fs.mounts import Mount, MountTable
from dusk.fs.survey import LinkedInode
from dusk.fs.surveyor import survey

_NETWORK_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class TrashItem:
    """One thing in a trash."""

    trash: bytes
    """Trash directory that holds it."""
    name: bytes
    """Its name there."""
    original: bytes
    """Path that it came from; empty when nothing says so."""
    deleted: float
    """When it was trashed, in seconds since 1970; 0.0 when nothing says so."""
    identity: Identity
    """The entry itself."""
    apparent_size: int | None
    """Apparent bytes; None for a directory that was not measured."""
    disk_size: int | None
    """Disk bytes; None for a directory that was not measured."""
    record: Record | None = None
    """What the journal knows of it; None when another tool trashed it."""
    linked: tuple[LinkedInode, ...] = ()
    """Inodes in it with several names; only of a directory that was measured."""

    @property
    def path(self) -> bytes:
        """Where it lies now."""
        return os.path.join(self.trash, b"files", self.name)

    @property
    def is_ours(self) -> bool:
        """Whether dusk put it there."""
        return self.record is not None

    @property
    def batch(self) -> int | None:
        """Batch that put it there; None when another tool did."""
        return self.record.batch if self.record is not None else None

    @property
    def is_directory(self) -> bool:
        """Whether it is a directory."""
        return self.identity.kind is EntryKind.DIRECTORY


def list_bin(journal: Journal | None = None, *, open_journal: bool = True) -> tuple[TrashItem, ...]:
    """Return everything in this user's trash directories, the newest first.

    Without a journal the user's own is opened, unless ``open_journal`` forbids it; a broken one costs only
    what dusk itself knows of the items. Directories are not measured; ``measured`` does that.
    """
    known = journal if journal is not None or not open_journal else _open_journal()
    try:
        places = known.places() if known is not None else ()
    except JournalError:
        known, places = None, ()
    trashes = TrashDirectories(places)
    items: list[TrashItem] = []
    try:
        for path in bin_places(places):
            try:
                items.extend(_items_of(trashes.existing(path), known))
            except (Unusable, OSError):
                continue
    finally:
        trashes.close()
        if known is not None and journal is None:
            known.close()
    return tuple(sorted(items, key=lambda item: (-item.deleted, item.original, item.name)))


def bin_places(extra: Iterable[bytes] = ()) -> tuple[bytes, ...]:
    """Return the trash directories of this user that exist, whether or not anything is in them."""
    table = MountTable.read()
    found = [resolved_home_trash()]
    slow: list[bytes] = []
    for mount in table.mounts:
        if mount.is_pseudo or table.at(mount.point) is not mount:
            continue
        (slow if mount.is_network else found).extend(candidate_paths(mount.point))
    for path in extra:
        mount_of: Mount | None = table.containing(path)
        (slow if mount_of is not None and mount_of.is_network else found).append(path)
    existing = [path for path in dict.fromkeys(found) if os.path.isdir(path)]
    return (*existing, *_answering([path for path in slow if path not in existing]))


def measured(item: TrashItem, *, cancelled: Cancelling = never) -> TrashItem:
    """Return an item with its sizes; a directory is walked for them. Raises Cancelled."""
    record = item.record
    is_plain = record is None or record.frees_after_purge == record.disk_size
    if item.disk_size is not None and item.apparent_size is not None and is_plain:
        return item
    try:
        found = survey(item.path, cancelled=cancelled)
    except OSError:
        return item
    return replace(item, apparent_size=found.apparent_size, disk_size=found.disk_size, linked=found.linked)


def disk_size_of(items: Iterable[TrashItem]) -> int:
    """Return the disk bytes of measured items together, an inode with names in several of them once."""
    total = 0
    seen: set[tuple[int, int]] = set()
    for item in items:
        size = item.disk_size or 0
        identity = item.identity
        linked = item.linked
        if not linked and not item.is_directory and identity.links > 1:
            linked = (LinkedInode(identity.device, identity.inode, identity.links, 1, size),)
        for link in linked:
            inode = (link.device, link.inode)
            size -= link.disk_size if inode in seen else 0
            seen.add(inode)
        total += max(0, size)
    return total


def _open_journal() -> Journal | None:
    try:
        return Journal.open()
    except JournalError:
        return None


def _items_of(place: TrashDirectory, journal: Journal | None) -> list[TrashItem]:
    items = []
    for text in os.listdir(place.files):
        name = os.fsencode(text)
        status = status_of(place.files, name)
        if status is not None:
            items.append(_item(place, name, status, journal))
    return items


def _item(place: TrashDirectory, name: bytes, status: os.stat_result, journal: Journal | None) -> TrashItem:
    document = trashinfo.read(place.info, name)
    record = journal.in_trash(place.path, name) if journal is not None else None
    if record is not None and not is_trashed_item(record, status, place.files):
        record = None
    identity = Identity.from_stat(status)
    size: int | None = status.st_size
    blocks: int | None = status.st_blocks * 512
    if identity.kind is EntryKind.DIRECTORY:
        size, blocks = (record.apparent_size, record.disk_size) if record is not None else (None, None)
    original = record.source if record is not None else _original(place, document)
    deleted = document.deleted if document is not None else 0.0
    return TrashItem(place.path, name, original, deleted, identity, size, blocks, record)


def _original(place: TrashDirectory, document: trashinfo.TrashInfo | None) -> bytes:
    """Return the absolute path that a document names; empty when it may not be believed."""
    if document is None:
        return b""
    if document.path.startswith(b"/"):
        is_inside = not place.top or document.path.startswith(place.top.rstrip(b"/") + b"/")
        return os.path.normpath(document.path) if is_inside else b""
    return os.path.join(place.top, os.path.normpath(document.path)) if place.top else b""


def _answering(paths: list[bytes]) -> tuple[bytes, ...]:
    """Return which of these directories on network mounts exist, as far as the servers answer at once."""
    found: list[bytes] = []

    def look(path: bytes) -> None:
        if os.path.isdir(path):
            found.append(path)

    threads = [threading.Thread(target=look, args=(path,), daemon=True) for path in paths]
    for thread in threads:
        thread.start()
    limit = time.monotonic() + _NETWORK_SECONDS
    for thread in threads:
        thread.join(max(0.0, limit - time.monotonic()))
    return tuple(path for path in paths if path in found)
