"""What is known about an entry, as lines: the side panel and its overlay are drawn from these."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from dusk.fs.names import display_name, display_path
from dusk.fs.units import count_noun, format_age, format_size
from dusk.scan.entry import Measure
from dusk.tui.entry_words import flag_sentences
from dusk.tui.safety_signs import safety_kind, safety_text
from dusk.tui.session import Session
from dusk.tui.spans import Line, Span, cells, fit_end, fit_middle, justify, wrap

if TYPE_CHECKING:
    from dusk.rules.finding import Finding

_MEMBERS_SHOWN = 6
_FIGURES = (10, 11, 15)
_FIGURE_TITLES = ("size", "freed now", "trash emptied")


def finding_lines(session: Session, finding: Finding, width: int) -> list[Line]:
    """Return what a finding says: what it is, why, what losing it costs, how it comes back, by hand."""
    glyphs = session.glyphs
    lines: list[Line] = [
        justify(
            [(finding.title, "strong")],
            [(safety_text(finding.safety, ascii_only=session.ascii), safety_kind(finding.safety))],
            width,
            glyphs.ellipsis,
        ),
        *_muted(_figures(session, finding), width),
        (),
        *_plain(finding.what, width),
    ]
    if finding.evidence:
        lines += [(), _heading("WHY dusk thinks so")]
        for sentence in finding.evidence:
            lines += _plain(display_name(sentence), width, first=glyphs.bullet + " ", indent="  ")
    for heading, text in (
        ("LOSING IT COSTS", finding.cost),
        ("HOW IT COMES BACK", finding.recover),
        ("BY HAND", finding.command),
    ):
        if text:
            lines += [(), _heading(heading), *_plain(display_name(text), width)]
    lines += _members(session, finding, width)
    return lines


def offer_lines(session: Session, finding: Finding, width: int) -> list[Line]:
    """Return what may be done about a finding, each choice with its three figures."""
    glyphs = session.glyphs
    if not finding.offers:
        text = "Nothing is offered: it is to be kept." if finding.is_keep else "Nothing is offered here."
        return [_heading("DO"), *_muted(text, width)]
    lines: list[Line] = [
        justify([("DO", "heading")], [(_columns(_FIGURE_TITLES), "muted")], width, glyphs.ellipsis)
    ]
    for number, offer in enumerate(finding.offers[:9], start=1):
        size = offer.apparent_size if session.measure is Measure.APPARENT else offer.disk_size
        figures = _columns([format_size(value) for value in (size, offer.frees_now, offer.frees_after_purge)])
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
        if offer.note:
            lines += _muted(display_name(offer.note), width, indent="  ")
    return lines


def entry_lines(session: Session, index: int, width: int) -> list[Line]:
    """Return the plain facts of an entry that no rule knows."""
    if index < 0:
        return _muted("This row stands for entries that are not shown yet. Press enter to show them.", width)
    glyphs = session.glyphs
    entry = session.entry(index)
    name = display_path(entry.name) if entry.parent < 0 else display_name(entry.name)
    other = "disk" if session.measure is Measure.APPARENT else "apparent"
    other_size = entry.disk_size if session.measure is Measure.APPARENT else entry.apparent_size
    facts = [entry.kind.name.lower().replace("_", " "), format_size(entry.size(session.measure))]
    if format_size(other_size) != facts[1]:
        facts.append(f"{format_size(other_size)} {other}")
    more = [f"owner {display_name(session.owner_name(entry.owner))}", age_of(session, entry.newest_mtime_ns)]
    if entry.is_directory:
        more.insert(0, count_noun(entry.items, "entry", "entries"))
    lines: list[Line] = [
        ((fit_middle(name, width, glyphs.ellipsis), "strong"),),
        *_muted(glyphs.dot.join(facts), width),
        *_muted(glyphs.dot.join(more), width),
    ]
    if entry.error:
        lines += _kind(f"{entry.error}", width, "problem")
    for sentence in flag_sentences(entry):
        lines += _kind(sentence, width, "notice", first=glyphs.bullet + " ", indent="  ")
    around = session.finding_around(index)
    if around is not None:
        lines += _kind(f"Part of: {around.title}", width, safety_kind(around.safety))
    return lines


def findings_lines(session: Session, findings: Sequence[Finding], width: int, selected: int) -> list[Line]:
    """Return one line for each finding, best first."""
    glyphs = session.glyphs
    lines = []
    for position, finding in enumerate(findings):
        apparent = session.measure is Measure.APPARENT
        size = format_size(finding.apparent_size if apparent else finding.disk_size)
        cue = glyphs.cursor if position == selected else " "
        sign = safety_text(finding.safety, ascii_only=session.ascii).split(" ", 1)[0]
        place = session.place_of(finding)
        path = b"" if place is None else session.tree.path(place)
        name = display_name(b"/".join(path.split(b"/")[-2:]))
        head: list[Span] = [
            (cue, "key"),
            (f"{sign} ", safety_kind(finding.safety)),
            (f"{size:>8} ", "strong"),
        ]
        room = width - 12
        title = fit_end(finding.title, room, glyphs.ellipsis)
        rest = room - cells(title) - 2
        tail = fit_middle(name, rest, glyphs.ellipsis) if rest >= 8 else ""
        lines.append((*head, (title, "text"), (f"  {tail}" if tail else "", "muted")))
    return lines


def finding_hint(session: Session, finding: Finding) -> list[Span]:
    """Return a finding in one short line, for terminals without a panel."""
    sign = safety_text(finding.safety, ascii_only=session.ascii)
    spans: list[Span] = [(sign, safety_kind(finding.safety)), (f" {finding.title}", "text")]
    offer = finding.default_offer
    if offer is not None:
        spans.append((f": {display_name(offer.label)}", "muted"))
    return spans


def age_of(session: Session, newest_mtime_ns: int) -> str:
    """Return how long ago something changed, as part of a sentence."""
    if newest_mtime_ns <= 0:
        return "never changed"
    age = format_age(session.clock() - newest_mtime_ns / 1e9)
    return age if age == "in the future" else f"changed {age} ago"


def _figures(session: Session, finding: Finding) -> str:
    apparent = session.measure is Measure.APPARENT
    parts = [format_size(finding.apparent_size if apparent else finding.disk_size)]
    parts.append(count_noun(len(finding.paths), "path"))
    if finding.shared_size:
        parts.append(f"{format_size(finding.shared_size)} shared")
    parts.append(age_of(session, finding.newest_mtime_ns))
    return session.glyphs.dot.join(parts)


def _members(session: Session, finding: Finding, width: int) -> list[Line]:
    if not finding.members:
        return []
    glyphs = session.glyphs
    lines: list[Line] = [(), _heading("KEPT")]
    for path in finding.members[:_MEMBERS_SHOWN]:
        shown = fit_middle(display_path(path), width - 2, glyphs.ellipsis)
        lines.append(((glyphs.bullet + " ", "muted"), (shown, "muted")))
    rest = len(finding.members) - _MEMBERS_SHOWN
    if rest > 0:
        lines.append(((f"  and {rest:,} more", "muted"),))
    return lines


def _columns(texts: Iterable[str]) -> str:
    return "".join(f"{text:>{width}}" for text, width in zip(texts, _FIGURES, strict=True))


def _heading(text: str) -> Line:
    return ((text, "heading"),)


def _plain(text: str, width: int, *, first: str = "", indent: str = "") -> list[Line]:
    return _kind(text, width, "text", first=first, indent=indent)


def _muted(text: str, width: int, *, indent: str = "") -> list[Line]:
    return _kind(text, width, "muted", indent=indent)


def _kind(text: str, width: int, kind: str, *, first: str = "", indent: str = "") -> list[Line]:
    return [((line, kind),) for line in wrap(text, width, first=first or indent, indent=indent)]
