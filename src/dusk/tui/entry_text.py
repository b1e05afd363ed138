"""What is known about an entry that no rule knows, as lines: short for the panel, in full for the overlay."""

from __future__ import annotations

from collections.abc import Iterable

from dusk.fs.names import display_name, display_path
from dusk.fs.units import count_noun, format_age, format_size
from dusk.scan.entry import Entry, Measure
from dusk.scan.tree import ROOT
from dusk.tui.entry_words import flag_sentences
from dusk.tui.safety_signs import safety_kind
from dusk.tui.session import Session
from dusk.tui.spans import Line, fit_middle, wrap


def entry_lines(session: Session, index: int, width: int) -> list[Line]:
    """Return the plain facts of an entry, and that nothing recognises it."""
    if index < 0:
        text = "This row stands for entries that are not shown yet. Press enter to show them."
        return text_lines(text, width, "muted")
    entry = session.entry(index)
    lines = _facts(session, entry, width)
    around = session.finding_around(index)
    if around is not None:
        lines += text_lines(f"Part of: {display_name(around.title)}", width, safety_kind(around.safety))
    elif index != ROOT and session.judge.finished:
        lines += text_lines(_unrecognised(session, entry), width, "text")
    return lines


def explained_lines(session: Session, index: int, width: int) -> list[Line]:
    """Return the same with the five parts of an explanation, where that can be said."""
    explanation = session.explanation(index) if index >= 0 else None
    if explanation is None:
        return entry_lines(session, index, width)
    lines = _facts(session, session.entry(index), width)
    lines += [(), ((display_name(explanation.title), "strong"),)]
    return [
        *lines,
        *part_lines(
            session,
            width,
            what=explanation.what,
            evidence=explanation.evidence,
            cost=explanation.cost,
            recover=explanation.recover,
            command=explanation.command,
        ),
    ]


def part_lines(
    session: Session,
    width: int,
    *,
    what: str,
    evidence: Iterable[str],
    cost: str,
    recover: str,
    command: str,
) -> list[Line]:
    """Return the five parts that every explanation has, each under its heading."""
    lead = session.glyphs.bullet + " "
    lines: list[Line] = [(), (("WHAT IT IS", "heading"),), *text_lines(what, width)]
    why = [line for one in evidence for line in text_lines(one, width, first=lead, indent="  ")]
    if why:
        lines += [(), (("WHY dusk thinks so", "heading"),), *why]
    for heading, text in (("LOSING IT COSTS", cost), ("HOW IT COMES BACK", recover), ("BY HAND", command)):
        if text:
            lines += [(), ((heading, "heading"),)]
            lines += [line for one in text.splitlines() for line in text_lines(one, width)]
    return lines


def text_lines(text: str, width: int, kind: str = "text", *, first: str = "", indent: str = "") -> list[Line]:
    """Return a text of one kind, broken to a width and harmless to print."""
    return [((line, kind),) for line in wrap(display_name(text), width, first=first or indent, indent=indent)]


def age_of(session: Session, newest_mtime_ns: int) -> str:
    """Return how long ago something changed, as part of a sentence."""
    if newest_mtime_ns <= 0:
        return "never changed"
    age = format_age(session.clock() - newest_mtime_ns / 1e9)
    return age if age == "in the future" else f"changed {age} ago"


def _facts(session: Session, entry: Entry, width: int) -> list[Line]:
    glyphs = session.glyphs
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
        *text_lines(glyphs.dot.join(facts), width, "muted"),
        *text_lines(glyphs.dot.join(more), width, "muted"),
    ]
    if entry.error:
        lines += text_lines(entry.error, width, "problem")
    for sentence in flag_sentences(entry):
        lines += text_lines(sentence, width, "notice", first=glyphs.bullet + " ", indent="  ")
    return lines


def _unrecognised(session: Session, entry: Entry) -> str:
    """Say that no rule knows an entry; what is inside of it may be known."""
    inside = session.findings_below(entry.id)
    if inside:
        known = count_noun(inside, "finding")
        return f"Nothing recognises this as a whole; {known} inside. Treat the rest as yours."
    return "Nothing recognises this. Treat it as yours."
