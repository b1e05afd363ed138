"""Finding the steps of a plan by path, so that a queue of thousands stays quick."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from dusk.plan.nesting import ancestors, nearest_above
from dusk.plan.step import Step


@dataclass(frozen=True, slots=True)
class PlanIndex:
    """What a plan holds, by path. Never changed after it was made."""

    steps: dict[bytes, Step]
    """The step of each target."""
    holders: frozenset[bytes]
    """Directories that have a target below them."""
    ids: frozenset[str]
    """Ids of all steps."""

    @classmethod
    def of(cls, steps: Iterable[Step]) -> PlanIndex:
        """Return the index of these steps; of two steps with one path the first one counts."""
        by_path: dict[bytes, Step] = {}
        ids = set()
        for step in steps:
            ids.add(step.id)
            for target in step.targets:
                by_path.setdefault(target.path, step)
        return cls(by_path, frozenset(_holders(by_path)), frozenset(ids))

    def with_step(self, step: Step) -> PlanIndex:
        """Return the index with one more step, whose paths it does not hold."""
        paths = {target.path: step for target in step.targets}
        holders = _holders(paths)
        return PlanIndex(
            self.steps | paths,
            self.holders if holders <= self.holders else self.holders | holders,
            self.ids | {step.id},
        )

    def touches(self, path: bytes) -> bool:
        """Return whether a path, something below it or something above it is a target."""
        return path in self.steps or path in self.holders or nearest_above(path, self.steps) is not None

    def free_id(self, wanted: str) -> str:
        """Return an id that no step has, as wanted where that can be."""
        free, number = wanted, 1
        while free in self.ids:
            number += 1
            free = f"{wanted}-{number}"
        return free


def _holders(paths: Iterable[bytes]) -> set[bytes]:
    found: set[bytes] = set()
    for path in paths:
        for ancestor in ancestors(path):
            if ancestor in found:
                break
            found.add(ancestor)
    return found
