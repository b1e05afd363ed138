"""How full a filesystem is, asked in a way that a hung mount cannot turn into a hung dusk."""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass

from dusk.fs.mounts import MountTable


@dataclass(frozen=True, slots=True)
class Capacity:
    """The fill of one filesystem."""

    point: bytes
    """Where it is mounted."""
    type: str
    """Filesystem type; empty where the platform has no mount table."""
    total: int
    """Bytes it has."""
    used: int
    """Bytes in use."""
    free: int
    """Bytes that this user may still write; what is reserved for root is not in it."""

    @property
    def fraction(self) -> float:
        """How much of what users may fill is in use, from 0 to 1, as ``df`` counts it."""
        usable = self.used + self.free
        return self.used / usable if usable > 0 else 0.0


_waiting: set[bytes] = set()
_waiting_lock = threading.Lock()


def capacity_of(path: bytes, *, timeout: float = 0.5) -> Capacity | None:
    """Return the fill of the filesystem that an absolute, resolved path lies on.

    None when it cannot be told within ``timeout`` seconds. While a question to a hung mount is open no
    second one is asked. Raises nothing.
    """
    mount = MountTable.read().containing(path)
    point = mount.point if mount is not None else b"/"
    with _waiting_lock:
        if point in _waiting:
            return None
        _waiting.add(point)
    question = _Question(path, point)
    worker = threading.Thread(target=question.ask, name="dusk-capacity", daemon=True)
    worker.start()
    worker.join(timeout)
    if question.figures is None:
        return None
    total, used, free = question.figures
    return Capacity(point, mount.type if mount is not None else "", total, used, free)


class _Question:
    def __init__(self, path: bytes, point: bytes) -> None:
        self._path = path
        self._point = point
        self.figures: tuple[int, int, int] | None = None

    def ask(self) -> None:
        try:
            self.figures = _figures(self._path) or _figures(self._point)
        finally:
            with _waiting_lock:
                _waiting.discard(self._point)


def _figures(path: bytes) -> tuple[int, int, int] | None:
    import psutil  # type: ignore[import-untyped]

    try:
        usage = psutil.disk_usage(os.fsdecode(path))
    except OSError:
        return None
    return usage.total, usage.used, usage.free
