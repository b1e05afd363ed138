"""From the root of a scan to a path: the names on the way."""

from __future__ import annotations

from dusk.scan.tree import ROOT, SizeTree


def components(root: bytes, path: bytes) -> list[bytes] | None:
    """Return the names that lead from the root to an absolute path, None when it lies elsewhere."""
    root = root.rstrip(b"/")
    if path.rstrip(b"/") != root and not path.startswith(root + b"/"):
        return None
    return [name for name in path[len(root) :].split(b"/") if name not in (b"", b".")]


def entry_at(tree: SizeTree, path: bytes) -> int | None:
    """Return the entry at an absolute path, None when the tree does not hold it."""
    index = ROOT
    below = components(tree.name(ROOT), path)
    if below is None:
        return None
    for name in below:
        child = tree.child(index, name)
        if child is None:
            return None
        index = child
    return index
