"""Texts of the project around what is scanned: a script above may name a model that lies below."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator

from dusk.fs.locations import home_directory
from dusk.rules.ground import PROJECT_MARKERS
from dusk.rules.pattern import matches_any
from dusk.rules.probe import Prober

_LEVELS = 3  # directories above the scanned one that may be the top of its project
_DEPTH = 3
_ENTRIES = 4000
_FILES = 400
_TEXT = 64 * 1024
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_NOT_ENTERED = frozenset({b"node_modules", b"site-packages", b"__pycache__"})


def texts_above(root: bytes, prober: Prober, names: tuple[str, ...]) -> tuple[tuple[bytes, bytes], ...]:
    """Return path and text of small files near a scanned directory; raises CannotTellError.

    Looks at most three directories up for the top of a project, and reads at most 400 texts there.
    """
    return prober.run(lambda: tuple(_read_all(root, names)))


def _read_all(root: bytes, names: tuple[str, ...]) -> Iterator[tuple[bytes, bytes]]:
    top = _top(root)
    if top is None:
        return
    device = os.lstat(top).st_dev
    files = 0
    for path in _walk(top, root, names):
        text = _read(path, device)
        if text is not None:
            files += 1
            yield path, text
        if files >= _FILES:
            return


def _top(root: bytes) -> bytes | None:
    """Return the highest of the directories just above that looks like a project, None when none does."""
    home = os.path.realpath(home_directory())
    found = None
    above = os.path.dirname(root)
    for _ in range(_LEVELS):
        if above in (b"/", b"", home) or os.path.dirname(above) == b"/":
            break
        if any(os.path.lexists(os.path.join(above, marker.encode())) for marker in PROJECT_MARKERS):
            found = above
        above = os.path.dirname(above)
    return found


def _walk(top: bytes, root: bytes, names: tuple[str, ...]) -> Iterator[bytes]:
    waiting = [(top, 0)]
    seen = 0
    while waiting and seen < _ENTRIES:
        directory, depth = waiting.pop(0)
        try:
            entries = sorted(os.scandir(directory), key=lambda entry: entry.name)
        except OSError:
            continue
        for entry in entries:
            seen += 1
            if entry.is_dir(follow_symlinks=False):
                hidden = entry.name.startswith(b".") or entry.name in _NOT_ENTERED
                if depth < _DEPTH and entry.path != root and not hidden:
                    waiting.append((entry.path, depth + 1))
            elif matches_any(entry.name, names) and entry.is_file(follow_symlinks=False):
                yield entry.path


def _read(path: bytes, device: int) -> bytes | None:
    try:
        descriptor = os.open(path, _READ)
    except OSError:
        return None
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or status.st_dev != device or not 0 < status.st_size <= _TEXT:
            return None
        return os.pread(descriptor, _TEXT, 0)
    except OSError:
        return None
    finally:
        os.close(descriptor)
