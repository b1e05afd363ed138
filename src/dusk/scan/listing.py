"""Reading one directory in batches: every entry with its facts, in the order the kernel lists them."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice

from dusk.scan.boundary import Places
from dusk.scan.entry import EntryFlag

BATCH = 512
"""Entries examined between two looks at whether to stop: about a millisecond from memory."""
_ENCODING = sys.getfilesystemencoding()
_ERRORS = sys.getfilesystemencodeerrors()


@dataclass(slots=True)
class Batch:
    """Some entries of one directory."""

    joined: bytes
    """Their names with a zero byte after each."""
    names: list[bytes]
    """Their names."""
    statuses: list[os.stat_result]
    """Their facts; made up for entries that could not or must not be examined."""
    marks: dict[int, tuple[EntryFlag, str]] = field(default_factory=dict)
    """Flags and error of entries that are not ordinary, by position; these carry no bytes."""

    def only(self, positions: list[int]) -> Batch:
        """Return a batch of the entries at some positions."""
        names = [self.names[position] for position in positions]
        return Batch(
            joined=b"\0".join(names) + b"\0",
            names=names,
            statuses=[self.statuses[position] for position in positions],
            marks={new: self.marks[old] for new, old in enumerate(positions) if old in self.marks},
        )


def read_batches(directory: int, places: Places | None, cross: bool) -> Iterator[Batch]:
    """Yield the entries of an open directory; special places are named without being touched.

    Entries that vanish between listing and examining are left out. Raises OSError when listing fails.
    """
    special = {} if places is None else {n: p for n, p in places.below.items() if p.is_closed(cross)}
    with os.scandir(directory) as entries:
        while chunk := list(islice(entries, BATCH)):
            marks: dict[int, tuple[EntryFlag, str]] = {}
            try:
                if special:
                    raise OSError  # one by one
                statuses = [entry.stat(follow_symlinks=False) for entry in chunk]
            except OSError:
                chunk, statuses, marks = _examine_each(chunk, special)
            if chunk:
                # os.scandir gives text for a descriptor; encoding all names at once is the cheapest way back.
                text = "\0".join([entry.name for entry in chunk])
                joined = text.encode(_ENCODING, _ERRORS)
                yield Batch(joined + b"\0", joined.split(b"\0"), statuses, marks)


def _examine_each(
    chunk: list[os.DirEntry[str]], special: dict[bytes, Places]
) -> tuple[list[os.DirEntry[str]], list[os.stat_result], dict[int, tuple[EntryFlag, str]]]:
    kept: list[os.DirEntry[str]] = []
    statuses: list[os.stat_result] = []
    marks: dict[int, tuple[EntryFlag, str]] = {}
    for entry in chunk:
        place = special.get(os.fsencode(entry.name))
        try:
            if place is None:
                status = entry.stat(follow_symlinks=False)
            else:
                status = _untouched(entry, place)
                marks[len(kept)] = (place.flags, "")
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:
            status = _made_up(_listed_type(entry), entry.inode(), 0)
            marks[len(kept)] = (EntryFlag.UNREADABLE, reason(error))
        kept.append(entry)
        statuses.append(status)
    return kept, statuses, marks


def reason(error: OSError) -> str:
    """Return why the system refused, in a few lower-case words."""
    return (error.strerror or os.strerror(error.errno or 0)).lower()


def _untouched(entry: os.DirEntry[str], place: Places) -> os.stat_result:
    mount = place.mount
    # Asking a network mount for its type could hang; only single files are mounted otherwise, and locally.
    remote = mount is not None and (mount.is_network or mount.type == "autofs")
    kind = stat.S_IFDIR if remote else _listed_type(entry)
    return _made_up(kind, 0, 0 if mount is None else mount.device)


def _listed_type(entry: os.DirEntry[str]) -> int:
    try:
        if entry.is_dir(follow_symlinks=False):
            return stat.S_IFDIR
        if entry.is_symlink():
            return stat.S_IFLNK
        return stat.S_IFREG if entry.is_file(follow_symlinks=False) else 0
    except OSError:
        return 0


def _made_up(kind: int, inode: int, device: int) -> os.stat_result:
    return os.stat_result((kind, inode, device, 1, 0, 0, 0, 0, 0, 0), {"st_blocks": 0, "st_mtime_ns": 0})
