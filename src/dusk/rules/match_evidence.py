"""What a match without an inspector found, in sentences: the proof beside the rule's own words."""

from __future__ import annotations

from collections.abc import Iterator

from dusk.fs.names import display_name
from dusk.rules.facts import Facts
from dusk.rules.matching import has_child
from dusk.rules.pattern import matches_any
from dusk.rules.probe import CannotTellError
from dusk.rules.rule import Match, Rule

_NAMED = 4


def match_evidence(rule: Rule, subject: int, facts: Facts) -> tuple[str, ...]:
    """Return what was found for one subject: its name or place, its markers, its age."""
    try:
        return tuple(_sentences(rule, rule.match, subject, facts))
    except CannotTellError:
        return ()


def _sentences(rule: Rule, match: Match, subject: int, facts: Facts) -> Iterator[str]:
    title = facts.places.title(match.place)
    if title:
        yield f"It is where this is kept: {title[:1].lower()}{title[1:]}."
    holds = _found((*match.markers, *match.any_marker), subject, facts)
    if holds:
        yield f"It holds {holds}."
    parent = facts.tree.parent(subject) if match.subject == "self" else subject
    beside = _found((*match.beside, *match.beside_any), parent, facts) if parent >= 0 else ""
    if beside:
        yield f"Beside it lies {beside}." if match.subject == "self" else f"It holds {beside}."
    if match.content is not None:
        yield "The first bytes of the file are what such a file begins with."
    if not (title or holds or beside or match.content or rule.explain.why):
        name = display_name(facts.tree.name(subject))
        yield f"Its name is {name}, and nothing around it speaks against it."
    if not rule.group:
        yield f"Newest change {facts.shown_age(subject)}."


def _found(patterns: tuple[str, ...], directory: int, facts: Facts) -> str:
    """Return the names of children that match, a few of them, as text."""
    names: list[bytes] = []
    for pattern in patterns:
        if has_child(facts, directory, pattern):
            name = pattern.encode("utf-8")
            if facts.tree.child(directory, name) is None:
                name = next(one for one in facts.children(directory) if matches_any(one, (pattern,)))
            names.append(name)
    shown = [display_name(name) for name in dict.fromkeys(names)][:_NAMED]
    return " and ".join([", ".join(shown[:-1]), shown[-1]] if len(shown) > 1 else shown)
