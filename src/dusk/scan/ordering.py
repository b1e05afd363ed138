"""The children of a directory in order, page by page, without sorting a million names for one screen."""

from __future__ import annotations

import heapq
from array import array
from collections.abc import Callable, Sequence
from itertools import groupby

from dusk.scan.entry import Measure, Sort
from dusk.scan.storage import NO_SLOT, Storage

_WHOLE = 4096
"""Directories with fewer children are sorted at once; that takes about a millisecond."""
_CACHED = 2_000_000
"""Children in cached orders before the cache starts anew; four bytes each."""


class Ordering:
    """Sorts children for readers and remembers the result while the directory does not change."""

    def __init__(self, storage: Storage) -> None:
        """Order the children that the columns hold."""
        self._storage = storage
        # Key: directory, order, measure. Value: revision, children in order, whether these are all.
        self._cache: dict[tuple[int, Sort, Measure], tuple[int, array[int], bool]] = {}
        self._cached = 0

    def page(self, index: int, sort: Sort, measure: Measure, offset: int, limit: int | None) -> Sequence[int]:
        """Return the children from ``offset`` on, at most ``limit`` of them, in order."""
        slot = self._storage.slots[index]
        if slot == NO_SLOT:
            return array("I")
        # The revision is read first: what changes while sorting makes the cached order outdated.
        revision = self._storage.revisions[slot]
        offset = max(offset, 0)
        wanted = None if limit is None else offset + max(limit, 0)
        key = (index, sort, measure)
        cached = self._cache.get(key)
        if cached is not None and cached[0] == revision:
            order, whole = cached[1], cached[2]
            if whole or (wanted is not None and wanted <= len(order)):
                return order[offset:wanted]
        children = self._storage.child_indexes(index)
        whole = wanted is None or len(children) <= _WHOLE or wanted > len(children) // 8
        order = self._order(children, sort, measure, None if whole else wanted)
        self._remember(key, revision, order, whole)
        return order[offset:wanted]

    def _remember(
        self, key: tuple[int, Sort, Measure], revision: int, order: array[int], whole: bool
    ) -> None:
        # Several threads may come here at once; the worst that can happen is that one order is forgotten.
        self._cached += len(order)
        if self._cached > _CACHED:
            self._cache = {}
            self._cached = len(order)
        self._cache[key] = (revision, order, whole)

    def _order(self, children: Sequence[int], sort: Sort, measure: Measure, count: int | None) -> array[int]:
        name = self._storage.name
        if sort is Sort.NAME:
            if count is None:
                return array("I", sorted(children, key=name))
            return array("I", heapq.nsmallest(count, children, key=name))
        values = map(self._value(sort, measure), children)
        if count is None:
            return array("I", self._biggest_first(dict(zip(children, values, strict=True))))
        return array("I", self._first(children, list(values), count))

    def _value(self, sort: Sort, measure: Measure) -> Callable[[int], int]:
        storage = self._storage
        if sort is Sort.NEWEST:
            return storage.newest.__getitem__
        if sort is Sort.ITEMS:
            slots, items = storage.slots, storage.items
            return lambda child: -1 if slots[child] == NO_SLOT else items[slots[child]]
        if measure is Measure.APPARENT:
            return storage.sizes.__getitem__
        return storage.blocks.__getitem__

    def _first(self, children: Sequence[int], values: list[int], count: int) -> list[int]:
        if count <= 0:
            return []
        least = heapq.nlargest(count, values)[-1]
        pairs = list(zip(children, values, strict=True))
        above = self._biggest_first({child: value for child, value in pairs if value > least})
        tied = [child for child, value in pairs if value == least]
        return above + heapq.nsmallest(count - len(above), tied, key=self._storage.name)

    def _biggest_first(self, values: dict[int, int]) -> list[int]:
        # Names are compared within ties only: numbers sort several times faster.
        order: list[int] = []
        biggest_first = sorted(values, key=values.__getitem__, reverse=True)
        for _, tie in groupby(biggest_first, key=values.__getitem__):
            group = list(tie)
            order += group if len(group) == 1 else sorted(group, key=self._storage.name)
        return order
