"""What makes a directory what it is, as the journal keeps it, to make it again when it is gone."""

from __future__ import annotations

import base64
import json
import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass

from dusk.actions.metadata import Metadata, read_attributes, write_metadata


@dataclass(frozen=True, slots=True)
class DirectoryFacts:
    """One directory."""

    path: bytes
    """Path below the top of its tree; empty for the top itself."""
    inode: int
    """``st_ino``, to tell it from another one."""
    mode: int
    """``st_mode``."""
    owner: int
    """User id."""
    group: int
    """Group id."""
    accessed_ns: int
    """Access time."""
    modified_ns: int
    """Modification time."""
    attributes: tuple[tuple[bytes, bytes], ...] = ()
    """Extended attributes and access lists by name."""


def read(directory: int, path: bytes) -> DirectoryFacts:
    """Return the facts of an open directory. Raises OSError."""
    status = os.fstat(directory)
    return DirectoryFacts(
        path, status.st_ino, status.st_mode, status.st_uid, status.st_gid, status.st_atime_ns,
        status.st_mtime_ns, read_attributes(directory, status.st_mode),
    )  # fmt: skip


def write(directory: int, facts: DirectoryFacts) -> frozenset[str]:
    """Give an open directory these facts; return what could not be kept, in words. Raises OSError."""
    now = os.fstat(directory)
    values = list(now)
    values[stat.ST_MODE], values[stat.ST_UID], values[stat.ST_GID] = facts.mode, facts.owner, facts.group
    wanted = os.stat_result(
        values, {"st_atime_ns": facts.accessed_ns, "st_mtime_ns": facts.modified_ns, "st_ctime_ns": 0}
    )
    return write_metadata(directory, Metadata(wanted, facts.attributes))


def encode(found: Sequence[DirectoryFacts]) -> str:
    """Return directories as JSON; every byte of a name survives."""
    rows = [
        [
            _text(one.path), one.inode, one.mode, one.owner, one.group, one.accessed_ns, one.modified_ns,
            [[_text(name), _text(value)] for name, value in one.attributes],
        ]
        for one in found
    ]  # fmt: skip
    return json.dumps(rows, separators=(",", ":"))


def decode(text: str) -> tuple[DirectoryFacts, ...]:
    """Return the directories of a record's detail. Raises ValueError."""
    return tuple(
        DirectoryFacts(
            path=_bytes(path),
            inode=inode,
            mode=mode,
            owner=owner,
            group=group,
            accessed_ns=accessed_ns,
            modified_ns=modified_ns,
            attributes=tuple((_bytes(name), _bytes(value)) for name, value in attributes),
        )
        for path, inode, mode, owner, group, accessed_ns, modified_ns, attributes in json.loads(text)
    )


def _text(value: bytes) -> str:
    return base64.b64encode(value).decode("ascii")


def _bytes(text: str) -> bytes:
    return base64.b64decode(text)
