"""Choosing items of the trash by where they came from, where they lie, and when they went there."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence

from dusk.actions.bin import TrashItem
from dusk.cli.output import print_error
from dusk.cli.paths import target_to_act_on
from dusk.fs.names import display_path


def came_from(items: Sequence[TrashItem], words: Iterable[str]) -> tuple[tuple[TrashItem, ...], int]:
    """Return the items that paths as typed mean, and how many of the paths mean none.

    A path is the place that an item came from, a directory that it came from below of, or its place in
    the trash. What means nothing is said on standard error.
    """
    chosen: dict[bytes, TrashItem] = {}
    missing = 0
    for word in words:
        path = target_to_act_on(word)
        found = [item for item in items if path in (item.original, item.path)]
        found = found or [item for item in items if item.original.startswith(path + b"/")]
        if not found:
            missing += 1
            print_error(f"Nothing in the trash came from {display_path(path)}.")
        chosen.update((item.path, item) for item in found)
    return tuple(chosen.values()), missing


def newest_of_each(items: Sequence[TrashItem]) -> tuple[TrashItem, ...]:
    """Return one item for each place they came from: the one that was trashed last."""
    newest: dict[bytes, TrashItem] = {}
    for item in items:
        place = item.original or item.path
        if place in newest:
            print_error(
                f"{display_path(place)} is in the trash more than once; the newest is put back. "
                f"An older one is {display_path(min(item, newest[place], key=_moment).path)}."
            )
        if place not in newest or _moment(item) > _moment(newest[place]):
            newest[place] = item
    return tuple(newest.values())


def older_than(items: Sequence[TrashItem], seconds: float) -> tuple[TrashItem, ...]:
    """Return what was trashed longer ago; what does not say when stays."""
    limit = time.time() - seconds
    return tuple(item for item in items if 0 < item.deleted < limit)


def _moment(item: TrashItem) -> tuple[float, int]:
    # The date that every trash tool writes has whole seconds; the journal tells those apart.
    return item.deleted, item.record.intent_ns if item.record is not None else 0
