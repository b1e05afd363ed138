"""From the root of a scan to a path: the names on the way."""

from __future__ import annotations


def components(root: bytes, path: bytes) -> list[bytes] | None:
    """Return the names that lead from the root to an absolute path, None when it lies elsewhere."""
    root = root.rstrip(b"/")
    if path.rstrip(b"/") != root and not path.startswith(root + b"/"):
        return None
    return [name for name in path[len(root) :].split(b"/") if name not in (b"", b".")]
