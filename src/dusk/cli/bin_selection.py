"""Choosing items of the trash by where they came from, where they lie, and when they went there."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Iterable, Sequence

from dusk.actions.bin import TrashItem
from dusk.cli.output import print_error
from dusk.cli.paths import target_to_act_on
from dusk.fs.identity import EntryKind
from dusk.fs.names import display_path
from dusk.fs.units import format_size


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


def larger_than(items: Sequence[TrashItem], size: int) -> tuple[TrashItem, ...]:
    """Return what takes more on disk; what could not be measured stays."""
    return tuple(item for item in items if item.disk_size is not None and item.disk_size > size)


def until_free(items: Sequence[TrashItem], size: int) -> tuple[tuple[TrashItem, ...], list[str]]:
    """Return the oldest items of each filesystem that bring its free space up to a size, and what is short.

    What does not say when it was trashed counts as the newest. Sizes are bytes.
    """
    chosen: list[TrashItem] = []
    short: list[str] = []
    for trash_items in _by_filesystem(items):
        trash = trash_items[0].trash
        try:
            space = os.statvfs(trash)
        except OSError as error:
            short.append(f"{display_path(trash)} cannot be asked for its free space: {error.strerror}.")
            continue
        free = space.f_bavail * space.f_frsize
        for item in sorted(trash_items, key=lambda one: _moment(one) if one.deleted else (math.inf, 0)):
            if free >= size:
                break
            chosen.append(item)
            free += frees(item)
        if free < size:
            short.append(
                f"{display_path(trash)}: even without all of this, {format_size(free)} would be free there, "
                f"not {format_size(size)}."
            )
    return tuple(chosen), short


def frees(item: TrashItem) -> int:
    """Return the bytes that deleting an item frees for certain."""
    if item.identity.kind is not EntryKind.DIRECTORY:
        return (item.disk_size or 0) if item.identity.links == 1 else 0
    if item.record is not None:
        return min(item.record.frees_after_purge, item.disk_size or 0)
    return item.disk_size or 0


def _by_filesystem(items: Sequence[TrashItem]) -> list[list[TrashItem]]:
    groups: dict[int, list[TrashItem]] = {}
    for item in items:
        groups.setdefault(item.identity.device, []).append(item)
    return list(groups.values())


def _moment(item: TrashItem) -> tuple[float, int]:
    # The date that every trash tool writes has whole seconds; the journal tells those apart.
    return item.deleted, item.record.intent_ns if item.record is not None else 0
