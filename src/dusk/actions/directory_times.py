"""The times of directories that an act makes something in, so that taking it back leaves none of it."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from dusk.actions.interrupted_times import ONE_MOMENT_NS
from dusk.actions.moments import Moments
from dusk.actions.record import Product
from dusk.actions.relocation import modified_ns


@dataclass(slots=True)
class DirectoryTimes:
    """Modification times of the directories that get new ones: before, and after the last change of ours."""

    known: dict[bytes, tuple[int, int]]
    """By path; 0 for a time that is not known."""

    @classmethod
    def before(cls, base: bytes, names: Sequence[bytes]) -> DirectoryTimes:
        """Return the times of those that are there; what cannot be asked keeps none."""
        found: dict[bytes, tuple[int, int]] = {}
        for name in names:
            path = os.path.dirname(os.path.join(base, name))
            with contextlib.suppress(OSError):
                now = os.stat(path, follow_symlinks=False).st_mtime_ns
                found.setdefault(path, (now, now))
        return cls(found)

    @contextlib.contextmanager
    def changing(self, path: bytes, directory: int) -> Iterator[None]:
        """Note the time that a change of ours gives an open directory, if nobody else changed it before."""
        before, after = self.known.get(path, (0, 0))
        is_ours = bool(after) and modified_ns(directory) == after
        yield
        if is_ours:
            self.known[path] = (before, modified_ns(directory))

    @contextlib.contextmanager
    def given_back(self, path: bytes, directory: int, moments: Moments) -> Iterator[None]:
        """Give the open directory of a path the time from before right after its removal in the block."""
        before, after = self.known.get(os.path.dirname(path), (0, 0))
        now = modified_ns(directory)
        known = now if now in (before, after) else 0
        with moments.time_kept_without(path, directory, known, before):
            yield

    def explain(self, made: Sequence[Product]) -> None:
        """Find the times that a killed run gave: making a directory stamps it and the one that it is in."""
        for product in made:
            path = os.path.dirname(product.path)
            with contextlib.suppress(OSError):
                now = os.stat(path, follow_symlinks=False).st_mtime_ns
                stamped = os.stat(product.path, follow_symlinks=False).st_ctime_ns
                if path in self.known and abs(now - stamped) <= ONE_MOMENT_NS:
                    self.known[path] = (self.known[path][0], now)
