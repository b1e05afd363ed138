"""Findings that nest: bytes count once, at the deepest finding that owns them."""

from __future__ import annotations

import dataclasses

from dusk.rules.facts import Facts
from dusk.rules.figures import measure
from dusk.rules.finding import Finding


def apportioned(found: list[tuple[Finding, tuple[int, ...]]], facts: Facts) -> list[Finding]:
    """Return the findings, given each with the entries that it owns, without what a deeper one owns."""
    tree = facts.tree
    owners = {
        entry: number
        for number, (finding, entries) in enumerate(found)
        if not finding.is_keep
        for entry in entries
    }
    inside: dict[int, dict[int, list[int]]] = {}
    for number, (finding, owned) in enumerate(found):
        for entry in () if finding.is_keep else owned:
            above = tree.parent(entry)
            while above >= 0 and owners.get(above, number) == number:
                above = tree.parent(above)
            if above >= 0:
                inside.setdefault(owners[above], {}).setdefault(number, []).append(entry)
    findings = [finding for finding, _ in found]
    for outer, inner in inside.items():
        for number, entries in inner.items():
            findings[outer] = _without(findings[outer], findings[number].title, entries, facts)
    return findings


def _without(finding: Finding, title: str, entries: list[int], facts: Facts) -> Finding:
    """Return a finding without some entries, which it says."""
    figures = measure(facts.tree, entries)
    shown = facts.shown_size(*entries)
    return dataclasses.replace(
        finding,
        apparent_size=max(finding.apparent_size - figures.apparent_size, 0),
        disk_size=max(finding.disk_size - figures.disk_size, 0),
        evidence=(*finding.evidence, f"{shown} of it is listed apart: {title[:1].lower()}{title[1:]}."),
    )
