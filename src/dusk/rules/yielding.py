"""What rules say nothing of: what is empty in a cache is the cache's, a daemon's data the daemon's."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence

from dusk.rules.facts import Facts
from dusk.rules.keeping import Kept
from dusk.rules.rulebook import RuleBook
from dusk.rules.sighting import Sighting


def without_owned(
    sightings: Sequence[Sighting], kept: Iterable[Kept], facts: Facts, book: RuleBook
) -> list[Sighting]:
    """Return the sightings, those of rules that yield without what another rule recognised."""
    if not any(book.by_id[sighting.rule].yields for sighting in sightings):
        return list(sightings)
    owned = {entry for one in kept for entry in one.entries}
    for sighting in sightings:
        if not book.by_id[sighting.rule].yields:
            owned.update(part.entry for part in sighting.all_parts)
    inside: dict[int, bool] = {}
    left = []
    for sighting in sightings:
        if not book.by_id[sighting.rule].yields:
            left.append(sighting)
            continue
        free = tuple(one for one in sighting.subjects if not _is_inside(one, owned, inside, facts))
        if free:
            parts = tuple(part for part in sighting.parts if set(part.of) <= set(free))
            left.append(dataclasses.replace(sighting, subjects=free, parts=parts))
    return left


def without_sealed(
    sightings: Sequence[Sighting], kept: Sequence[Kept], facts: Facts, book: RuleBook
) -> tuple[list[Sighting], list[Kept]]:
    """Return both without what lies wholly in directories in which nothing may be suggested.

    An image of a container holds thousands of things that rules know; its daemon's directory speaks for
    all of them. Secrets stay, each by itself, and so does what only the owner's own command would touch.
    """
    sealed = _sealed(kept, facts)
    if not sealed:
        return list(sightings), list(kept)
    closed = _sealed([one for one in kept if not book.by_id[one.rule].admits], facts)
    inside: dict[int, bool] = {}
    inside_closed: dict[int, bool] = {}

    def lie_in_one(entries: Iterable[int], *, owners: bool = False) -> bool:
        tops, known = (closed, inside_closed) if owners else (sealed, inside)
        return all(_is_inside(facts.tree.parent(entry), tops, known, facts) for entry in entries)

    return (
        [
            one
            for one in sightings
            if not lie_in_one(
                (part.entry for part in one.all_parts),
                owners=book.by_id[one.rule].actions == ("native",),
            )
        ],
        [one for one in kept if one.absolute or not lie_in_one(one.entries)],
    )


def _sealed(kept: Iterable[Kept], facts: Facts) -> set[int]:
    return {entry for one in kept if one.seals for entry in one.entries if facts.is_directory(entry)}


def _is_inside(index: int, owned: set[int], inside: dict[int, bool], facts: Facts) -> bool:
    """Return whether an entry is, or lies below, one of these; remembered for every directory above."""
    path = []
    answer = False
    while index >= 0:
        known = inside.get(index)
        if known is not None or index in owned:
            answer = True if known is None else known
            break
        path.append(index)
        index = facts.tree.parent(index)
    inside.update(dict.fromkeys(path, answer))
    return answer
