"""Looking for names beyond the page of a directory: a filter must not miss what was not shown yet."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

SEARCHED = 100_000
"""Children of one directory that are looked through; 100 ms for a new text, less for each letter more."""


@dataclass(frozen=True, slots=True)
class Beyond:
    """What was found beyond one page."""

    page: object
    """The page that it comes after."""
    text: str
    """What the names hold."""
    found: tuple[int, ...]
    """Children, in order."""
    unsearched: int
    """How many more there are that were not looked at."""


class RowSearch:
    """The children beyond pages that fit a filter, remembered while the filter grows letter by letter."""

    def __init__(self) -> None:
        """Remember nothing yet."""
        self._known: dict[int, Beyond] = {}

    def clear(self) -> None:
        """Forget everything."""
        self._known.clear()

    def beyond(
        self,
        directory: int,
        page: object,
        hidden: int,
        text: str,
        *,
        following: Callable[[], Sequence[int]],
        fits: Callable[[int], bool],
    ) -> Beyond:
        """Return what fits a text beyond a page with so many children hidden.

        ``following`` returns the first of those; it is asked only when a shorter text did not narrow them.
        """
        before = self._known.get(directory)
        is_narrowed = before is not None and before.page is page and before.text in text
        if before is not None and is_narrowed:
            if before.text == text:
                return before
            candidates: Sequence[int] = before.found
            unsearched = before.unsearched
        else:
            candidates = following()
            unsearched = max(0, hidden - len(candidates))
        found = tuple(child for child in candidates if fits(child))
        known = self._known[directory] = Beyond(page, text, found, unsearched)
        return known
