"""The thresholds of the settings, in seconds."""

from __future__ import annotations

from dataclasses import dataclass

from dusk.fs.units import parse_age
from dusk.settings import Thresholds


@dataclass(frozen=True, slots=True)
class Ages:
    """The thresholds of the settings, in seconds."""

    stuck_after: float
    live_within: float
    incomplete_after: float
    old_after: float

    @classmethod
    def from_thresholds(cls, thresholds: Thresholds) -> Ages:
        """Read the ages; one that is no age counts as its default."""
        defaults = Thresholds()
        ages = []
        for name in cls.__slots__:
            try:
                ages.append(parse_age(getattr(thresholds, name)))
            except ValueError:
                ages.append(parse_age(getattr(defaults, name)))
        return cls(*ages)

    def named(self, text: str) -> float:
        """Return the seconds of a threshold's name or of an age; raises ValueError."""
        return float(getattr(self, text)) if text in self.__slots__ else parse_age(text)
