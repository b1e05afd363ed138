"""How much losing something would hurt, in four levels."""

from __future__ import annotations

import enum


class Safety(enum.Enum):
    """What a person needs to know before letting something go."""

    SAFE = "safe"
    """Comes back by itself: bytecode, tool caches."""
    COSTLY = "costly"
    """Comes back when someone downloads, reinstalls or recomputes it."""
    REVIEW = "review"
    """Can be the only copy; a person decides."""
    KEEP = "keep"
    """Never suggested, and refused in bulk actions."""

    @property
    def rank(self) -> int:
        """Order from safe (0) to keep (3)."""
        return _RANKS[self]

    def at_least(self, other: Safety) -> Safety:
        """Return the more careful of the two."""
        return self if self.rank >= other.rank else other


_RANKS = {Safety.SAFE: 0, Safety.COSTLY: 1, Safety.REVIEW: 2, Safety.KEEP: 3}
