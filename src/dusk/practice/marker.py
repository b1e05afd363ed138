"""The marker file that tells a practice tree from any other directory."""

from __future__ import annotations

import os
import stat

MARKER = b".dusk-practice-tree"
_KIND = "dusk practice tree"
_ABOUT = "Made by `dusk demo`. Every big file is a hole and none of them matters: delete what you like."


def is_practice_tree(path: bytes) -> bool:
    """Return whether a directory is the root of a practice tree."""
    return _read(path) is not None


def practice_root(path: bytes) -> bytes | None:
    """Return the practice tree that a path lies in, None when it lies in none."""
    current = os.path.realpath(path)
    while not is_practice_tree(current):
        parent = os.path.dirname(current)
        if parent == current:
            return None
        current = parent
    return current


def is_finished(root: bytes) -> bool:
    """Return whether the practice tree at a path was built to the end."""
    marker = _read(root)
    return marker is not None and marker.get("finished") is True


def mark(root: bytes, *, finished: bool) -> None:
    """Write the marker; it comes first, so that a tree left half-built can be finished later."""
    import json

    text = json.dumps({"kind": _KIND, "about": _ABOUT, "finished": finished}, indent=2) + "\n"
    fresh = os.path.join(root, MARKER + b".new")
    with open(fresh, "wb") as file:
        file.write(text.encode())
    os.replace(fresh, os.path.join(root, MARKER))


def _read(path: bytes) -> dict[str, object] | None:
    try:
        descriptor = os.open(
            os.path.join(path, MARKER), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        )
    except OSError:
        return None
    import json  # where there is no marker, which is nearly everywhere, the first frame does without

    with open(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return None
        try:
            document = json.loads(file.read(4096))
        except ValueError:
            return None
    return document if isinstance(document, dict) and document.get("kind") == _KIND else None
