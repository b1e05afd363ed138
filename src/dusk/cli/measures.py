"""Which of the two sizes a command shows."""

from __future__ import annotations

from dusk.cli.background import finish
from dusk.practice.marker import practice_root
from dusk.scan.entry import Measure


def measure_for(path: bytes, wanted: str | None = None) -> Measure:
    """Return the measure asked for; else apparent in a practice tree, whose files are holes; else disk."""
    if wanted is not None:
        return Measure(wanted)
    return Measure.APPARENT if finish(lambda: practice_root(path)) is not None else Measure.DISK
