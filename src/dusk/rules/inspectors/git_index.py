"""What git tracks: a built-looking directory that is committed is somebody's work, not a leftover.

Source: gitformat-index(5). Paths stand in the index as plain text, sorted, except in version 4, where each
only says how it differs from the one before.
"""

from __future__ import annotations

import os
import weakref
from dataclasses import dataclass, field

from dusk.fs.identity import EntryKind
from dusk.rules.facts import Facts
from dusk.rules.probe import CannotTellError
from dusk.scan.tree import ROOT

_LARGEST = 16 * 1024 * 1024  # an index of 150,000 files; a search in it takes some milliseconds
_LEVELS = 12
_KEPT = 8


@dataclass(slots=True)
class _Indexes:
    """The indexes read last, by the directory that holds the repository."""

    read: dict[bytes, bytes | None] = field(default_factory=dict)


_known: weakref.WeakKeyDictionary[Facts, _Indexes] = weakref.WeakKeyDictionary()


def is_tracked(index: int, facts: Facts) -> bool:
    """Return whether git tracks a file, or anything below a directory.

    Without a repository around nothing is. Raises CannotTellError where the index cannot be read.
    """
    found = _repository(index, facts)
    if found is None:
        return False
    top, inside = found
    content = _content(top, inside, facts)
    path = facts.path(index)[len(top.rstrip(b"/")) :].lstrip(b"/")
    if content is None or not path:
        return False
    if facts.is_directory(index):
        return b"\0" + path + b"/" in content or _begins_entry(content, path + b"/")
    return _begins_entry(content, path + b"\0")


def index_content(repository: int, facts: Facts) -> bytes:
    """Return the index of a repository whose ``.git`` is this entry; empty when there is none."""
    entry = facts.child(repository, b"index")
    if entry is None:
        return b""
    size = facts.tree.entry(entry).identity.size
    if size > _LARGEST:
        raise CannotTellError("its git index is too big")
    return facts.prober.read(facts.path(entry), 0, lambda descriptor: _all(descriptor, size))


def _begins_entry(content: bytes, text: bytes) -> bool:
    """Return whether a path in the index begins so: 62 bytes of numbers stand before each."""
    start = content.find(text)
    while start >= 0:
        length = int.from_bytes(content[start - 2 : start], "big") & 0x0FFF
        end = content.find(b"\0", start)
        if start >= 74 and (length == 0x0FFF or length == end - start):
            return True
        start = content.find(text, start + 1)
    return False


def _repository(index: int, facts: Facts) -> tuple[bytes, int | None] | None:
    """Return the directory that holds the nearest ``.git``, and that entry where the tree has it."""
    tree = facts.tree
    above = tree.parent(index)
    while above >= ROOT:
        found = tree.child(above, b".git")
        if found is not None:
            if tree.kind(found) is EntryKind.DIRECTORY:
                return tree.path(above), found
            if tree.apparent_size(found):
                return tree.path(above), None
        above = tree.parent(above)
    path = os.path.dirname(tree.path(ROOT))
    for _ in range(_LEVELS):
        if path in (b"/", b""):
            return None
        if _exists(os.path.join(path, b".git"), facts):
            return path, None
        path = os.path.dirname(path)
    return None


def _exists(path: bytes, facts: Facts) -> bool:
    answer: bool = facts.prober.run(lambda: os.path.lexists(path))
    return answer


def _content(top: bytes, inside: int | None, facts: Facts) -> bytes | None:
    indexes = _known.setdefault(facts, _Indexes()).read
    if top not in indexes:
        if len(indexes) >= _KEPT:
            indexes.clear()
        indexes[top] = index_content(inside, facts) if inside is not None else _outside(top, facts)
    content = indexes[top]
    if content and (content[:4] != b"DIRC" or int.from_bytes(content[4:8], "big") not in (2, 3)):
        raise CannotTellError("its git index is of a version that dusk does not read")
    return content


def _outside(top: bytes, facts: Facts) -> bytes | None:
    """Read the index of a repository that lies above, or of a worktree whose ``.git`` is a file."""

    def read() -> bytes | None:
        where = os.path.join(top, b".git")
        if not os.path.isdir(where):
            with open(where, "rb") as pointer:
                said = pointer.read(4096).removeprefix(b"gitdir:").strip()
            where = os.path.join(top, said)
        try:
            with open(os.path.join(where, b"index"), "rb") as file:
                if os.fstat(file.fileno()).st_size > _LARGEST:
                    raise CannotTellError("its git index is too big")
                return file.read()
        except FileNotFoundError:
            return None

    return facts.prober.run(read)


def _all(descriptor: int, size: int) -> bytes:
    parts = []
    offset = 0
    while offset < size:
        part = os.pread(descriptor, size - offset, offset)
        if not part:
            break
        parts.append(part)
        offset += len(part)
    return b"".join(parts)
