"""Findings about what to keep: one per rule and project, however many files there are."""

from __future__ import annotations

from collections.abc import Sequence

from dusk.fs.names import display_path, shell_word
from dusk.fs.units import count_noun, format_count
from dusk.rules.facts import Facts
from dusk.rules.finding import Finding
from dusk.rules.keeping import Kept
from dusk.rules.rule import Rule
from dusk.rules.rulebook import RuleBook
from dusk.rules.safety import Safety
from dusk.rules.wording import fill, fill_sentences

_PATHS = 50  # paths that one finding lists
_NAMED = 3
_REASONS = 12


def keep_findings(facts: Facts, book: RuleBook, kept: Sequence[Kept]) -> list[Finding]:
    """Return what to keep, grouped by rule and project."""
    groups: dict[tuple[str, int], list[Kept]] = {}
    for one in kept:
        groups.setdefault((one.rule, facts.ground.project(one.directory)), []).append(one)
    return [_finding(facts, book.by_id[rule], project, group) for (rule, project), group in groups.items()]


def _finding(facts: Facts, rule: Rule, project: int, group: list[Kept]) -> Finding:
    entries = list(dict.fromkeys(entry for one in group for entry in _standing_for(facts, one, project)))
    count = sum(len(one.entries) for one in group)
    # By path: in which order directories were walked depends on which thread was quicker.
    entries.sort(key=lambda entry: (not facts.is_directory(entry), facts.path(entry)))
    listed = entries[:_PATHS]
    words = {
        "name": display_path(facts.relative(listed[0])),
        "subjects": count_noun(count, *rule.noun),
        "path": shell_word(facts.path(listed[0])),
        "count": format_count(count),
    }
    evidence = [*fill_sentences(rule.explain.why, words)]
    named = [display_path(facts.relative(entry, project)) or "." for entry in listed[:_NAMED]]
    more = f" and {len(entries) - _NAMED:,} more" if len(entries) > _NAMED else ""
    evidence.append(f"{count_noun(count, *rule.noun)}: {', '.join(named)}{more}.")
    reasons = tuple(dict.fromkeys(reason for one in group for reason in one.reasons))
    evidence += reasons[:_REASONS]
    if len(reasons) > _REASONS:
        evidence.append(f"And so for {len(reasons) - _REASONS:,} more.")
    return Finding(
        rule=rule.id,
        title=rule.title,
        family=rule.family,
        tag=rule.tag,
        paths=tuple(facts.path(entry) for entry in listed),
        entries=tuple(listed),
        safety=Safety.KEEP,
        what=fill(rule.explain.what, words),
        evidence=tuple(evidence),
        cost=fill(rule.explain.cost, words),
        recover=fill(rule.explain.recover, words),
        command=fill(rule.explain.command, words),
        apparent_size=sum(one.apparent_size for one in group),
        disk_size=sum(one.disk_size for one in group),
        shared_size=0,
        newest_mtime_ns=max(one.newest_mtime_ns for one in group),
        source=rule.explain.source,
    )


def _standing_for(facts: Facts, kept: Kept, project: int) -> tuple[int, ...]:
    """Return the directory where what is kept is most of it, by number and by size, else what is kept."""
    directory = kept.directory
    if len(kept.entries) < 2 or kept.absolute or directory in (project, 0):
        return kept.entries
    mostly = len(kept.entries) * 2 >= facts.tree.child_count(
        directory
    ) and kept.apparent_size * 2 >= facts.tree.apparent_size(directory)
    return (directory,) if mostly else kept.entries
