"""Rules that say nothing inside what another rule recognised: what is empty in a cache is the cache's."""

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
