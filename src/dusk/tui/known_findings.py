"""The findings as the screen asks for them: often, and mostly for what did not change."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dusk.scan.tree import SizeTree

if TYPE_CHECKING:
    from dusk.rules.finding import Finding
    from dusk.rules.judge import Judge
    from dusk.rules.safety import Safety
    from dusk.tui.late_judge import LateJudge


@dataclass(frozen=True, slots=True)
class Group:
    """Findings that belong together, and what they come to."""

    findings: tuple[Finding, ...]
    """Best first."""
    apparent_size: int
    """Apparent bytes of all of them."""
    disk_size: int
    """Disk bytes of all of them."""

    @classmethod
    def of(cls, findings: Iterable[Finding]) -> Group:
        """Add up findings; each byte belongs to one of them."""
        listed = tuple(findings)
        apparent, disk = (sum(one.apparent_size for one in listed), sum(one.disk_size for one in listed))
        return cls(listed, apparent, disk)

    @property
    def family(self) -> str:
        """The family of the first."""
        return self.findings[0].family


class KnownFindings:
    """Findings of a judge, sorted out once for each of its revisions: a disk can have ten thousand."""

    def __init__(self, tree: SizeTree, judge: Judge | LateJudge) -> None:
        """Take over nothing yet."""
        self._tree = tree
        self._judge = judge
        self._revision = -1
        self._all: tuple[Finding, ...] = ()
        self._offered: tuple[Finding, ...] = ()
        self._families: tuple[Group, ...] = ()
        self._levels: dict[Safety, Group] = {}
        self._below: dict[int, int] = {}

    def all(self) -> tuple[Finding, ...]:
        """Return all findings, best first."""
        self._take_over()
        return self._all

    def offered(self) -> tuple[Finding, ...]:
        """Return the findings about what need not be kept, best first."""
        self._take_over()
        return self._offered

    def families(self) -> tuple[Group, ...]:
        """Return the same by family; that of the best finding comes first."""
        self._take_over()
        return self._families

    def levels(self) -> dict[Safety, Group]:
        """Return the same by how much losing it would hurt, harmless first; empty levels are left out."""
        self._take_over()
        return self._levels

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
        self._families = self._by_family()
        self._levels = self._by_level()
        self._below = self._count()
        self._revision = revision

    def _by_family(self) -> tuple[Group, ...]:
        families: dict[str, list[Finding]] = {}
        for finding in self._offered:
            families.setdefault(finding.family, []).append(finding)
        return tuple(Group.of(findings) for findings in families.values())

    def _by_level(self) -> dict[Safety, Group]:
        levels: dict[Safety, list[Finding]] = {}
        for finding in self._offered:
            levels.setdefault(finding.safety, []).append(finding)
        return {safety: Group.of(levels[safety]) for safety in sorted(levels, key=lambda one: one.rank)}

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
