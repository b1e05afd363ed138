"""The children of a directory in order, page by page, without sorting a million names for one screen."""

from __future__ import annotations

import heapq
import time
from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby

from dusk.scan.entry import EntryFlag, Measure, Sort
from dusk.scan.storage import NO_SLOT, Storage

_WHOLE = 4096
"""Directories with fewer children are sorted at once; that takes about a millisecond."""
_CACHED = 2_000_000
"""Children in cached orders before the cache starts anew; four bytes each."""


_SLOW = 0.02
"""Seconds of sorting after which an order of a directory that is being scanned is kept a while."""
_PATIENCE = 10
"""How many times as long as it took to make such an order is used."""
_SCANNING = EntryFlag.SCANNING.value


@dataclass(frozen=True, slots=True)
class _Order:
    """The children of a directory in one order."""

    revision: int
    """The directory's revision before sorting."""
    children: array[int]
    """All of them, or the first ones."""
    whole: bool
    """Whether these are all."""
    made: float
    """When it was made, on the monotonic clock."""
    cost: float
    """Seconds that making it took."""

    def covers(self, wanted: int | None) -> bool:
        return self.whole or (wanted is not None and wanted <= len(self.children))


class Ordering:
    """Sorts children for readers and remembers the result while the directory does not change."""

    def __init__(self, storage: Storage) -> None:
        """Order the children that the columns hold."""
        self._storage = storage
        self._cache: dict[tuple[int, Sort, Measure], _Order] = {}
        self._cached = 0

    def page(self, index: int, sort: Sort, measure: Measure, offset: int, limit: int | None) -> Sequence[int]:
        """Return the children from ``offset`` on, at most ``limit`` of them, in order.

        While a directory is being scanned, the order of its first million files may be some tenths of a
        second old: sorting them again for every look would leave no time for anything else.
        """
        slot = self._storage.slots[index]
        if slot == NO_SLOT:
            return array("I")
        offset = max(offset, 0)
        wanted = None if limit is None else offset + max(limit, 0)
        key = (index, sort, measure)
        order = self._cache.get(key)
        if order is None or not order.covers(wanted) or not self._is_current(index, slot, order):
            order = self._make(index, slot, sort, measure, wanted)
            self._remember(key, order)
        return order.children[offset:wanted]

    def _is_current(self, index: int, slot: int, order: _Order) -> bool:
        if order.revision == self._storage.revisions[slot]:
            return True
        if order.cost < _SLOW or not self._storage.flags[index] & _SCANNING:
            return False
        return time.monotonic() - order.made < order.cost * _PATIENCE

    def _make(self, index: int, slot: int, sort: Sort, measure: Measure, wanted: int | None) -> _Order:
        # The revision is read first: what changes while sorting makes the order outdated.
        revision = self._storage.revisions[slot]
        begin = time.monotonic()
        children = self._storage.child_indexes(index)
        whole = wanted is None or len(children) <= _WHOLE or wanted > len(children) // 8
        ordered = self._order(children, sort, measure, None if whole else wanted)
        now = time.monotonic()
        return _Order(revision, ordered, whole, now, now - begin)

    def _remember(self, key: tuple[int, Sort, Measure], order: _Order) -> None:
        # Several threads may come here at once; the worst that can happen is that an order is forgotten.
        self._cached += len(order.children) + 1
        if self._cached > _CACHED:
            self._cache = {}
            self._cached = len(order.children) + 1
        self._cache[key] = order

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
        first = [(child, value) for child, value in zip(children, values, strict=True) if value >= least]
        above = self._biggest_first({child: value for child, value in first if value > least})
        tied = [child for child, value in first if value == least]
        return above + heapq.nsmallest(count - len(above), tied, key=self._storage.name)

    def _biggest_first(self, values: dict[int, int]) -> list[int]:
        # Names are compared within ties only: numbers sort several times faster.
        order: list[int] = []
        biggest_first = sorted(values, key=values.__getitem__, reverse=True)
        for _, tie in groupby(biggest_first, key=values.__getitem__):
            group = list(tie)
            order += group if len(group) == 1 else sorted(group, key=self._storage.name)
        return order
