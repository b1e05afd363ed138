"""The list of findings, as lines: what all come to by safety, then family by family, the best first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dusk.fs.names import display_name
from dusk.fs.units import format_size
from dusk.scan.entry import Measure
from dusk.tui.known_findings import Group
from dusk.tui.safety_signs import safety_kind, safety_sign
from dusk.tui.session import Session
from dusk.tui.severity_signs import severity_kind, severity_sign
from dusk.tui.spans import Line, Span, cells, fit_end, fit_middle, justify, line_cells

if TYPE_CHECKING:
    from dusk.rules.finding import Finding

_MOST = 500
NO_FINDING = -1
"""What the line of a family stands for."""


@dataclass(frozen=True, slots=True)
class ListedFindings:
    """The findings in the order of the list, and what stands on each of its lines."""

    findings: tuple[Finding, ...]
    """Family by family."""
    lines: tuple[int, ...]
    """For each line the position of its finding, NO_FINDING for the heading of a family."""
    groups: tuple[Group, ...]
    """The families, in order of their headings."""
    starts: tuple[int, ...]
    """For each family the position of its first finding."""

    @classmethod
    def of(cls, session: Session) -> ListedFindings:
        """List what is known now."""
        findings: list[Finding] = []
        lines: list[int] = []
        groups, starts = [], []
        for group in session.families():
            if len(findings) >= _MOST:
                break
            groups.append(group)
            starts.append(len(findings))
            shown = group.findings[: _MOST - len(findings)]
            lines += [NO_FINDING, *range(len(findings), len(findings) + len(shown))]
            findings += shown
        return cls(tuple(findings), tuple(lines), tuple(groups), tuple(starts))

    def line_of(self, position: int) -> int:
        """Return the line that a finding stands on; 0 when there is none."""
        return self.lines.index(position) if position in self.lines else 0

    def next_family(self, position: int, step: int) -> int:
        """Return the first finding of the family after, or of this one or the one before."""
        if not self.starts:
            return 0
        at = max(number for number, start in enumerate(self.starts) if start <= position)
        if step < 0 and position > self.starts[at]:
            return self.starts[at]
        return self.starts[min(max(0, at + step), len(self.starts) - 1)]

    def drawn(self, session: Session, first: int, count: int, width: int, selected: int) -> list[Line]:
        """Return some of the lines."""
        numbers = iter(self.groups[self.lines[:first].count(NO_FINDING) :])
        return [
            _family_line(session, next(numbers), width)
            if position == NO_FINDING
            else _finding_line(session, self.findings[position], width, is_selected=position == selected)
            for position in self.lines[first : first + count]
        ]


def levels_line(session: Session, width: int) -> Line:
    """Return what the findings come to for each level of safety, by signs where words have no room."""
    fitting: Line = ()
    for words, gap in ((True, session.glyphs.dot), (True, "  "), (True, " "), (False, session.glyphs.dot)):
        spans: list[Span] = []
        for safety, group in session.levels().items():
            lead = safety.value if words else safety_sign(safety, ascii_only=session.ascii)
            size = format_size(_size(session, group.apparent_size, group.disk_size))
            spans += [(gap if spans else "", "muted"), (f"{lead} ", safety_kind(safety)), (size, "text")]
        fitting = tuple(spans)
        if line_cells(fitting) <= width:
            break
    return fitting


def _family_line(session: Session, group: Group, width: int) -> Line:
    size = format_size(_size(session, group.apparent_size, group.disk_size))
    room = width - cells(size) - 2
    name = fit_end(display_name(group.family), room, session.glyphs.ellipsis)
    return justify([(name, "heading")], [(size, "muted")], width, session.glyphs.ellipsis)


def _finding_line(session: Session, finding: Finding, width: int, *, is_selected: bool) -> Line:
    glyphs, ascii_only = session.glyphs, session.ascii
    size = format_size(_size(session, finding.apparent_size, finding.disk_size))
    place = session.place_of(finding)
    path = b"" if place is None else session.tree.path(place)
    head: list[Span] = [
        (glyphs.cursor if is_selected else " ", "key"),
        (severity_sign(finding.severity, ascii_only=ascii_only), severity_kind(finding.severity)),
        (safety_sign(finding.safety, ascii_only=ascii_only) + " ", safety_kind(finding.safety)),
        (f"{size:>8} ", "strong"),
    ]
    room = width - 13
    title = fit_end(display_name(finding.title), room, glyphs.ellipsis)
    rest = room - cells(title) - 2
    name = display_name(b"/".join(path.split(b"/")[-2:]))
    tail = fit_middle(name, rest, glyphs.ellipsis) if rest >= 8 else ""
    return (*head, (title, "text"), (f"  {tail}" if tail else "", "muted"))


def _size(session: Session, apparent: int, disk: int) -> int:
    return apparent if session.measure is Measure.APPARENT else disk
