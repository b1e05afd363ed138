"""How much a finding matters on this disk."""

from __future__ import annotations

import enum


class Severity(enum.Enum):
    """Three levels, as a person sorts a list of things to clean up."""

    CRITICAL = "critical"
    """It fills a good part of the disk, or of what was looked at: decide about it first."""
    WORTH_DOING = "worth doing"
    """It frees what one would notice."""
    TIDY_UP = "tidy-up"
    """It is little; it goes when one tidies up."""
    NONE = "none"
    """Nothing is suggested: it is kept."""

    @property
    def rank(self) -> int:
        """Order from critical (0) to none (3)."""
        return _RANKS[self]


_RANKS = {Severity.CRITICAL: 0, Severity.WORTH_DOING: 1, Severity.TIDY_UP: 2, Severity.NONE: 3}
