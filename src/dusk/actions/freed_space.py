"""What a run freed, summed up as it goes."""

from __future__ import annotations

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
        self._after_purge = 0
        self._whole: list[Target] = []

    def add(self, step: Step, target: Target, survey: Survey, end: End) -> None:
        """Take in a target that was acted on."""
        self.now += end.frees_now
        self._after_purge -= end.needs
        if end.frees_after_purge is not None:
            self._after_purge += end.frees_after_purge
        elif frees_space(step, target):
            self._whole.append(replace(target, survey=survey))

    @property
    def after_purge(self) -> int:
        """Bytes that will be free once the trash is emptied; a hard link only with all of its names."""
        return max(0, self._after_purge + freed(self._whole).after_purge)
