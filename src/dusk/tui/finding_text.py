"""What a finding says, as lines: the side panel and its overlay are drawn from these."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from dusk.fs.names import display_name
from dusk.fs.units import count_noun, format_size
from dusk.scan.entry import Measure
from dusk.tui.entry_text import age_of, part_lines, text_lines
from dusk.tui.member_text import member_lines
from dusk.tui.safety_signs import safety_kind, safety_text
from dusk.tui.session import Session
from dusk.tui.severity_signs import severity_kind, severity_text
from dusk.tui.spans import Line, Span, cells, justify, wrap

if TYPE_CHECKING:
    from dusk.rules.finding import Finding

_FIGURES = (10, 11, 15)
_FIGURE_TITLES = ("size", "freed now", "trash emptied")


def finding_lines(session: Session, finding: Finding, width: int) -> list[Line]:
    """Return what a finding says: how much it matters, its members, and the five parts of an explanation."""
    ellipsis = session.glyphs.ellipsis
    safety = [(safety_text(finding.safety, ascii_only=session.ascii), safety_kind(finding.safety))]
    lines: list[Line] = [justify([(display_name(finding.title), "strong")], safety, width, ellipsis)]
    severity = severity_text(finding.severity, ascii_only=session.ascii)
    matters = ((severity, severity_kind(finding.severity)), (session.glyphs.dot, "muted"))
    lines.append((*(() if finding.is_keep else matters), (display_name(finding.family), "muted")))
    lines += text_lines(_figures(session, finding), width, "muted")
    lines += part_lines(
        session,
        width,
        what=finding.what,
        evidence=finding.evidence,
        cost=finding.cost,
        recover=finding.recover,
        command=finding.command,
    )
    members = member_lines(session, finding, width)
    return [*lines, *([()] if members else []), *members]


def offer_lines(session: Session, finding: Finding, width: int, *, notes: bool = True) -> list[Line]:
    """Return what may be done about a finding, each choice with its three figures and what it means."""
    glyphs = session.glyphs
    if not finding.offers:
        return [_heading("DO"), *text_lines(_nothing_offered(finding), width, "muted")]
    lines: list[Line] = [
        justify([("DO", "heading")], [(_columns(_FIGURE_TITLES), "muted")], width, glyphs.ellipsis)
    ]
    for number, offer in enumerate(finding.offers[:9], start=1):
        size = offer.apparent_size if session.measure is Measure.APPARENT else offer.disk_size
        most = "≤" if offer.is_at_most and not session.ascii else "<" if offer.is_at_most else ""
        frees = (
            most * bool(value) + format_size(value) for value in (offer.frees_now, offer.frees_after_purge)
        )
        figures = _columns([format_size(size), *frees])
        label = display_name(offer.label)
        if cells(label) + 2 + cells(figures) <= width:
            lines.append(
                justify([(f"{number} ", "key"), (label, "text")], [(figures, "text")], width, glyphs.ellipsis)
            )
        else:
            first, *rest = wrap(label, width - 2) or [""]
            lines.append(((f"{number} ", "key"), (first, "text")))
            lines += [(("  " + part, "text"),) for part in rest]
            lines.append(justify([], [(figures, "text")], width, glyphs.ellipsis))
        if offer.note and notes:
            lines += text_lines(offer.note, width, "muted", indent="  ")
    return lines


def finding_hint(session: Session, finding: Finding) -> list[Span]:
    """Return a finding in one short line, for terminals without a panel."""
    sign = safety_text(finding.safety, ascii_only=session.ascii)
    spans: list[Span] = [(sign, safety_kind(finding.safety)), (f" {display_name(finding.title)}", "text")]
    offer = finding.default_offer
    if offer is not None:
        spans.append((f": {display_name(offer.label)}", "muted"))
    return spans


def _figures(session: Session, finding: Finding) -> str:
    apparent = session.measure is Measure.APPARENT
    parts = [format_size(finding.apparent_size if apparent else finding.disk_size)]
    parts.append(count_noun(len(finding.paths), "path"))
    if finding.shared_size:
        parts.append(f"{format_size(finding.shared_size)} shared")
    parts.append(age_of(session, finding.newest_mtime_ns))
    return session.glyphs.dot.join(parts)


def _nothing_offered(finding: Finding) -> str:
    if finding.is_keep:
        return "Nothing is offered: it is to be kept."
    if finding.members and set(finding.paths) <= set(finding.members):
        return "Nothing is offered for all of them together: each has its own finding."
    return "Nothing is offered here."


def _columns(texts: Iterable[str]) -> str:
    return "".join(f"{text:>{width}}" for text, width in zip(texts, _FIGURES, strict=True))


def _heading(text: str) -> Line:
    return ((text, "heading"),)
