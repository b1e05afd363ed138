"""What the trash holds and what became of it, as text and as documents."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import Any

from dusk.actions.bin import BinOutcome, TrashItem, disk_size_of
from dusk.actions.outcome import ItemState
from dusk.fs.names import display_path, json_text
from dusk.fs.units import count_noun, format_size
from dusk.report.diary import time_ago
from dusk.report.layout import table


def items_shown(items: Sequence[TrashItem]) -> str:
    """Return the items as a table with a line of sums."""
    now = time.time()
    rows = [("on disk", "trashed", "batch", "from")]
    for item in items:
        when = time_ago(now - item.deleted) if item.deleted else "unknown"
        size = "?" if item.disk_size is None else format_size(item.disk_size)
        batch = str(item.batch) if item.batch is not None else "-"
        rows.append((size, when, batch, _place(item)))
    total = format_size(disk_size_of(items))
    return "\n".join([*table(rows, "rlrl"), f"{count_noun(len(items), 'item')}, {total} on disk."])


def item_document(item: TrashItem) -> dict[str, Any]:
    """Return one item of the trash."""
    return {
        "path": json_text(item.original),
        "trash_path": json_text(item.path),
        "trashed": item.deleted or None,
        "batch": item.batch,
        "kind": item.identity.kind.name.lower(),
        "apparent_size": item.apparent_size,
        "disk_size": item.disk_size,
    }


def outcome_document(outcome: BinOutcome) -> dict[str, Any]:
    """Return what a restore or an emptying did."""
    return {
        "batch": outcome.batch,
        "dry_run": False,
        "cancelled": outcome.cancelled,
        "frees_now": outcome.freed,
        "items": [
            {**item_document(result.item), "state": result.state.value, "sentence": result.sentence}
            for result in outcome.results
        ],
    }


def outcome_lines(outcome: BinOutcome, *, is_final: bool) -> Iterator[str]:
    """Yield what was put back, or with ``is_final`` how much was deleted."""
    done = outcome.count(ItemState.DONE)
    if is_final:
        yield f"Deleted for good: {count_noun(done, 'item')}. Freed: {format_size(outcome.freed)}."
        return
    for result in outcome.results:
        if result.state is ItemState.DONE:
            yield f"  {display_path(result.item.original)}"
    yield f"Put back: {count_noun(done, 'item')}."


def _place(item: TrashItem) -> str:
    return display_path(item.original) if item.original else f"unknown, lies at {display_path(item.path)}"
