"""What a practice tree is made of: sparse files, empty directories and links, as data."""

from __future__ import annotations

import datetime
import json
from dataclasses import dataclass

# The moment that the tree pretends to be "now": names and contents carry dates before it, and the times
# of files are shifted so that it falls on the moment of building.
MOMENT = datetime.datetime(2025, 11, 22, 12, 0, 0, tzinfo=datetime.UTC)

MINUTE = 60.0
HOUR = 3600.0
DAY = 86400.0
KIB = 1024
MIB = 1024**2
GIB = 1024**3


@dataclass(frozen=True, slots=True)
class Content:
    """What a file holds: some real bytes, holes between them."""

    size: int
    """Apparent size in bytes."""
    pieces: tuple[tuple[int, bytes], ...] = ()
    """Offset and bytes of everything that is no hole."""

    @classmethod
    def of(cls, data: bytes | str) -> Content:
        """Return content without a hole."""
        encoded = data.encode() if isinstance(data, str) else data
        return cls(len(encoded), ((0, encoded),))

    @classmethod
    def headed(cls, data: bytes | str, size: int) -> Content:
        """Return content that starts as given and goes on as a hole up to ``size`` bytes."""
        encoded = data.encode() if isinstance(data, str) else data
        return cls(size, ((0, encoded[:size]),))

    @classmethod
    def json(cls, document: object) -> Content:
        """Return a JSON document as tools write it."""
        return cls.of(json.dumps(document, indent=2) + "\n")


@dataclass(frozen=True, slots=True)
class PracticeFile:
    """One file."""

    path: str
    """Relative to the root of the tree."""
    content: Content
    """What it holds."""
    age: float
    """Seconds between its last change and the moment of building."""
    mode: int = 0o644
    """Permission bits."""


@dataclass(frozen=True, slots=True)
class PracticeDirectory:
    """One directory that holds nothing, or whose age must differ from that of what it holds."""

    path: str
    """Relative to the root of the tree."""
    age: float
    """Seconds between its last change and the moment of building."""


@dataclass(frozen=True, slots=True)
class PracticeLink:
    """One symbolic link."""

    path: str
    """Relative to the root of the tree."""
    target: str
    """What it points at, relative to the directory that holds it."""
    age: float
    """Seconds between its making and the moment of building."""


PracticeEntry = PracticeFile | PracticeDirectory | PracticeLink


def age_at(moment: datetime.datetime) -> float:
    """Return how long before ``MOMENT`` something happened, in seconds."""
    return (MOMENT - moment).total_seconds()
