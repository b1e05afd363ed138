"""The findings as the screen asks for them: often, and mostly for what did not change."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dusk.scan.tree import SizeTree

if TYPE_CHECKING:
    from dusk.rules.finding import Finding
    from dusk.rules.judge import Judge
    from dusk.tui.late_judge import LateJudge


class KnownFindings:
    """Findings of a judge, sorted out once for each of its revisions: a disk can have ten thousand."""

    def __init__(self, tree: SizeTree, judge: Judge | LateJudge) -> None:
        """Take over nothing yet."""
        self._tree = tree
        self._judge = judge
        self._revision = -1
        self._all: tuple[Finding, ...] = ()
        self._offered: tuple[Finding, ...] = ()
        self._below: dict[int, int] = {}

    def all(self) -> tuple[Finding, ...]:
        """Return all findings, best first."""
        self._take_over()
        return self._all

    def offered(self) -> tuple[Finding, ...]:
        """Return the findings about what need not be kept, best first."""
        self._take_over()
        return self._offered

    def count_below(self, index: int) -> int:
        """Return how many of those are about something below an entry."""
        self._take_over()
        return self._below.get(index, 0)

    def about(self, index: int) -> Finding | None:
        """Return the finding about exactly this entry."""
        return self._judge.finding_for(index) if index >= 0 else None

    def around(self, index: int) -> Finding | None:
        """Return the finding about the nearest directory that holds this entry."""
        while index >= 0:
            index = self._tree.parent(index)
            finding = self.about(index)
            if finding is not None:
                return finding
        return None

    def _take_over(self) -> None:
        revision = self._judge.revision
        if revision == self._revision:
            return
        self._all = self._judge.findings()
        self._offered = tuple(finding for finding in self._all if not finding.is_keep)
        self._below = self._count()
        self._revision = revision

    def _count(self) -> dict[int, int]:
        below: dict[int, int] = {}
        for finding in self._offered:
            holders: set[int] = set()
            for index in finding.entries:
                while index >= 0 and (index := self._tree.parent(index)) >= 0 and index not in holders:
                    holders.add(index)
            for holder in holders:
                below[holder] = below.get(holder, 0) + 1
        return below
