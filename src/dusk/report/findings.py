"""What was recognised, as plain text: all in a table, one in full, and the answer about a path."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from dusk.fs.names import display_name, display_path
from dusk.fs.units import count_noun, format_size
from dusk.plan.nesting import is_within
from dusk.report.layout import MEASURE_NAMES, WIDTH, both_sizes, option_letters, paragraph, sized, table
from dusk.rules.finding import Finding, Offer
from dusk.rules.safety import Safety
from dusk.rules.severity import Severity
from dusk.scan.entry import Measure

if TYPE_CHECKING:
    from dusk.rules.explain import Explanation

_SHOWN_PATHS = 12
SAFETY_MEANINGS = {
    Safety.SAFE: "comes back by itself",
    Safety.COSTLY: "comes back when someone downloads, reinstalls or recomputes it",
    Safety.REVIEW: "can be the only copy; a person decides",
    Safety.KEEP: "never suggested",
}
SEVERITY_MEANINGS = {
    Severity.CRITICAL: "it fills a good part of the disk, or of what was looked at",
    Severity.WORTH_DOING: "it frees what one would notice",
    Severity.TIDY_UP: "it is little; it goes when one tidies up",
    Severity.NONE: "nothing is suggested",
}
_ANSWERS = {
    Safety.SAFE: "Yes, it may be deleted: it comes back by itself.",
    Safety.COSTLY: "Yes, at a price: it comes back when someone downloads, reinstalls or recomputes it.",
    Safety.REVIEW: "Only you can tell: it can be the only copy.",
    Safety.KEEP: "No. Keep it.",
}


def findings_table(findings: Sequence[Finding], measure: Measure = Measure.DISK) -> str:
    """Return what could go, by family, the biggest family first, and what it comes to by safety.

    What must be kept is counted and not listed.
    """
    suggested = [finding for finding in findings if not finding.is_keep]
    kept = len(findings) - len(suggested)
    families: dict[str, list[Finding]] = {}
    for finding in suggested:
        families.setdefault(finding.family, []).append(finding)
    lines: list[str] = []
    for family in sorted(families, key=lambda name: (-_total(families[name], measure), name)):
        lines += _family(family, families[family], measure)
        lines.append("")
    if suggested:
        lines += [*_safety_totals(suggested, measure), *_severity_totals(suggested)]
    else:
        lines.append("Nothing to suggest.")
    if kept:
        lines.append(f"Kept: {count_noun(kept, 'finding')} that no suggestion touches.")
    return "\n".join(lines)


def finding_text(finding: Finding, measure: Measure = Measure.DISK, width: int = WIDTH) -> str:
    """Return one finding in full."""
    sizes = both_sizes(finding.apparent_size, finding.disk_size, measure)
    lines = [display_name(finding.title), f"  {_safety(finding.safety)}", f"  {sizes}"]
    if not finding.is_keep:
        lines.append(f"  {finding.severity.value}: {SEVERITY_MEANINGS[finding.severity]}")
    if finding.shared_size:
        lines.append(f"  {format_size(finding.shared_size)} of it are needed or linked elsewhere too")
    lines += _paths(finding.paths)
    lines += _parts(finding, width)
    lines += _offers(finding, measure, width)
    if finding.members:
        lines += ["", "Kept"]
        lines += [f"  {display_path(path)}" for path in finding.members]
    if finding.source:
        lines += ["", "Source of the facts", *paragraph(finding.source, width, indent="  ")]
    return "\n".join(lines)


def explanation_text(explanation: Explanation, measure: Measure = Measure.DISK, width: int = WIDTH) -> str:
    """Return the answer about one path: what it is, and whether it may be deleted."""
    lines = [
        display_path(explanation.path),
        f"  {display_name(explanation.title)}",
        f"  {_safety(explanation.safety)}",
    ]
    if explanation.finding is not None:
        finding = explanation.finding
        others = len(finding.paths) - 1
        group = f", with {count_noun(others, 'other')} like it" if others else ""
        lines.append(f"  {both_sizes(finding.apparent_size, finding.disk_size, measure)}{group}")
    lines += ["", "May I delete it?", *paragraph(_ANSWERS[explanation.safety], width, indent="  ")]
    lines += _parts(explanation, width)
    if explanation.finding is not None:
        lines += _offers(explanation.finding, measure, width)
    if explanation.inside is not None and explanation.inside is not explanation.finding:
        lines += _around(explanation.path, explanation.inside)
    return "\n".join(lines)


def _around(path: bytes, inside: Finding) -> list[str]:
    """Return the finding that a path lies in, with the one of its paths that holds it."""
    lines = ["", "It lies in", f"  {display_name(inside.title)}  ({inside.safety.value})"]
    holding = [above for above in inside.paths if is_within(path, above)]
    return lines + [f"  {display_path(above)}" for above in holding[:1]]


def _family(family: str, findings: list[Finding], measure: Measure) -> list[str]:
    frees = sum(_frees(finding) for finding in findings)
    head = (
        f"{display_name(family)}: {format_size(_total(findings, measure))} {MEASURE_NAMES[measure]}, "
        f"frees {format_size(frees)} after the trash is emptied"
    )
    rows = [("size", "frees", "safety", "matters", "what")]
    for finding in findings:
        size = format_size(sized(finding.apparent_size, finding.disk_size, measure))
        title = display_name(finding.title)
        rows.append((size, format_size(_frees(finding)), finding.safety.value, finding.severity.value, title))
        rows.append(("", "", "", "", _place(finding.paths)))
        rows += [("", "", "", "", f"  {line}") for line in _options(finding)]
    return [head, *table(rows, "rrlll", indent="  ")]


def _options(finding: Finding) -> list[str]:
    """Return the choices where there are several, each with its letter and what it frees."""
    if len(finding.offers) < 2:
        return []
    return [
        f"{letter}) {display_name(offer.label)}: {_freed_words(offer)}"
        for letter, offer in zip(option_letters(), finding.offers, strict=False)
    ]


def _freed_words(offer: Offer) -> str:
    sure = "up to " if offer.is_at_most and offer.frees_after_purge else ""
    if offer.frees_now:
        return f"frees {sure}{format_size(offer.frees_now)} at once"
    return f"frees {sure}{format_size(offer.frees_after_purge)}"


def _place(paths: tuple[bytes, ...]) -> str:
    if not paths:
        return "-"
    others = f"  and {len(paths) - 1:,} more" if len(paths) > 1 else ""
    return f"  {display_path(paths[0])}{others}"


def _safety_totals(findings: list[Finding], measure: Measure) -> list[str]:
    rows = [("size", "frees", "safety", "")]
    for safety in Safety:
        part = [finding for finding in findings if finding.safety is safety]
        if part:
            size = format_size(_total(part, measure))
            count = count_noun(len(part), "finding")
            meaning = f"{count}: {SAFETY_MEANINGS[safety]}"
            rows.append((size, format_size(sum(map(_frees, part))), safety.value, meaning))
    head = f"In all: {count_noun(len(findings), 'finding')}"
    note = f"  size: {MEASURE_NAMES[measure]}; frees: on disk, once the trash is emptied, nothing before"
    return [head, *table(rows, "rrll", indent="  "), note]


def _severity_totals(findings: list[Finding]) -> list[str]:
    """Return one line: how many findings matter how much, and what these free."""
    said = []
    for severity in Severity:
        part = [finding for finding in findings if finding.severity is severity]
        if part:
            said.append(f"{severity.value} {len(part):,} ({format_size(sum(map(_frees, part)))})")
    return [f"  matters: {', '.join(said)}"]


def _total(findings: Iterable[Finding], measure: Measure) -> int:
    return sum(sized(finding.apparent_size, finding.disk_size, measure) for finding in findings)


def _frees(finding: Finding) -> int:
    offer = finding.default_offer
    return offer.frees_after_purge if offer else 0


def _safety(safety: Safety) -> str:
    return f"{safety.value}: {SAFETY_MEANINGS[safety]}"


def _paths(paths: tuple[bytes, ...]) -> list[str]:
    lines = [f"  {display_path(path)}" for path in paths[:_SHOWN_PATHS]]
    if len(paths) > _SHOWN_PATHS:
        lines.append(f"  ... and {len(paths) - _SHOWN_PATHS:,} more")
    return lines


def _parts(known: Finding | Explanation, width: int) -> list[str]:
    """Return the five parts that every explanation has."""
    lines: list[str] = []
    lines += _part("What it is", known.what, width)
    if known.evidence:
        lines += ["", "Why dusk thinks so"]
        for sentence in known.evidence:
            lines += paragraph(sentence, width, indent="    ", first="  - ")
    lines += _part("What deleting it costs", known.cost, width)
    lines += _part("How it comes back", known.recover, width)
    if known.command:
        # A command is copied, so it is never broken.
        lines += ["", "By hand", *(f"  {display_name(line)}" for line in known.command.splitlines())]
    return lines


def _part(title: str, text: str, width: int) -> list[str]:
    return ["", title, *paragraph(text, width, indent="  ")] if text else []


def _offers(finding: Finding, measure: Measure, width: int) -> list[str]:
    if not finding.offers:
        return ["", "What can be done", "  Nothing is offered."]
    lines = ["", "What can be done"]
    for letter, offer in zip(option_letters(), finding.offers, strict=False):
        lines += _offer(letter, offer, measure, width)
    return lines


def _offer(letter: str, offer: Offer, measure: Measure, width: int) -> list[str]:
    lines = paragraph(offer.label, width, indent="     ", first=f"  {letter}) ")
    lines.append(f"     size {both_sizes(offer.apparent_size, offer.disk_size, measure)}")
    sure = "up to " if offer.is_at_most and offer.frees_after_purge else ""
    later = f"{sure}{format_size(offer.frees_after_purge)} after the trash is emptied"
    lines.append(f"     frees {format_size(offer.frees_now)} now, {later}")
    if offer.note:
        lines += paragraph(offer.note, width, indent="     ")
    return lines
