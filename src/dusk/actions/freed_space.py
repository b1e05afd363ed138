"""What a run freed, summed up as it goes."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable
from dataclasses import replace

from dusk.actions.act import End
from dusk.fs.survey import Survey
from dusk.plan.freed import freed, frees_space
from dusk.plan.step import Step, Target


class FreedSpace:
    """The sums over everything that was done."""

    def __init__(self) -> None:
        """Begin with nothing freed."""
        self.now: int = 0
        """Bytes that are free already."""
        self.needs: int = 0
        """Bytes used more until the trash is emptied."""
        self._after_purge = 0
        self._whole: list[Target] = []

    def add(self, step: Step, target: Target, survey: Survey, end: End) -> None:
        """Take in a target that was acted on."""
        self.now += end.frees_now
        self.needs += end.needs
        self._after_purge -= end.needs
        if end.frees_after_purge is not None:
            self._after_purge += end.frees_after_purge
        elif frees_space(step, target):
            self._whole.append(replace(target, survey=survey))

    @property
    def after_purge(self) -> int:
        """Bytes that will be free once the trash is emptied; a hard link only with all of its names."""
        return max(0, self._after_purge + freed(self._whole).after_purge)


class FreeSpaceBefore:
    """What the filesystems of the targets said was free before a run."""

    def __init__(self, paths: Iterable[bytes]) -> None:
        """Ask the filesystem of each directory once; one that does not answer is left out."""
        self._free: dict[int, tuple[bytes, int]] = {}
        for path in dict.fromkeys(paths):
            with contextlib.suppress(OSError):
                device = os.stat(path).st_dev
                if device not in self._free:
                    self._free[device] = (path, _free(path))

    def change(self) -> int:
        """Return how many more bytes are free now."""
        change = 0
        for path, before in self._free.values():
            with contextlib.suppress(OSError):
                change += _free(path) - before
        return change


def _free(path: bytes) -> int:
    space = os.statvfs(path)
    return space.f_bavail * space.f_frsize
