"""Everything about a tree that undo must give back, as one value to compare."""

from __future__ import annotations

import hashlib
import os
import stat


def tree_digest(root: bytes) -> dict[bytes, tuple[object, ...]]:
    """Return name to facts for everything below: kind, mode, owner, times, links, attributes and content."""
    start = len(os.path.join(root, b""))
    facts = {b".": _facts(root)}
    for directory, directories, files in os.walk(root):
        for name in (*directories, *files):
            path = os.path.join(directory, name)
            facts[path[start:]] = _facts(path)
    return facts


def _facts(path: bytes) -> tuple[object, ...]:
    status = os.lstat(path)
    content: object = None
    if stat.S_ISREG(status.st_mode):
        with open(path, "rb") as file:  # sparse giants: the head, and where data lies, tell them apart
            content = (hashlib.sha256(file.read(65536)).hexdigest(), status.st_size, status.st_blocks)
    elif stat.S_ISLNK(status.st_mode):
        content = os.readlink(path)
    attributes = sorted((name, os.getxattr(path, name, follow_symlinks=False)) for name in _names(path))
    return (
        stat.filemode(status.st_mode), status.st_uid, status.st_gid, status.st_mtime_ns, status.st_nlink,
        status.st_ino, tuple(attributes), content,
    )  # fmt: skip


def _names(path: bytes) -> list[str]:
    try:
        return os.listxattr(path, follow_symlinks=False)
    except OSError:
        return []
