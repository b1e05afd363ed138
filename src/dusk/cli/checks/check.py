"""One thing that was checked, and how it stands."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class Health(enum.Enum):
    """How something stands."""

    OK = "ok"
    """Works."""
    NOTE = "note"
    """Works with a limit that is good to know."""
    PROBLEM = "problem"
    """Does not work, or a file is wrong; exit code 1."""


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the doctor's report."""

    area: str
    """Group: ``versions``, ``terminal``, ``mounts`` and so on."""
    name: str
    """What was looked at; printable."""
    health: Health
    """How it stands."""
    text: str
    """What was found, in a few words or sentences; printable."""


def ok(area: str, name: str, text: str) -> Check:
    """Return a check that found nothing wrong."""
    return Check(area, name, Health.OK, text)


def note(area: str, name: str, text: str) -> Check:
    """Return a check that found a limit."""
    return Check(area, name, Health.NOTE, text)


def problem(area: str, name: str, text: str) -> Check:
    """Return a check that found a problem."""
    return Check(area, name, Health.PROBLEM, text)
