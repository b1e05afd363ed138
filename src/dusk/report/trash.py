"""What lies in the trash, as plain text: where it came from, when it went, what it still takes."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from dusk.fs.names import display_name, display_path
from dusk.fs.units import count_noun, format_size
from dusk.report.diary import time_ago
from dusk.report.layout import MEASURE_NAMES, sized, table
from dusk.scan.entry import Measure

if TYPE_CHECKING:
    from dusk.actions.trash_listing import TrashItem


def bin_text(items: Sequence[TrashItem], *, now: float | None = None, measure: Measure = Measure.DISK) -> str:
    """Return what is in the trash, by trash directory, in the order given.

    Directories that were not measured show ``?`` and are left out of the sums. ``now`` is in seconds since
    1970.
    """
    if not items:
        return "The trash is empty."
    moment = time.time() if now is None else now
    places: dict[bytes, list[TrashItem]] = {}
    for item in items:
        places.setdefault(item.trash, []).append(item)
    lines: list[str] = []
    for trash, listed in places.items():
        rows = [(MEASURE_NAMES[measure], "trashed", "by", "came from")]
        rows += [_row(item, moment, measure) for item in listed]
        lines += [f"{display_path(trash)}: {_sum(listed, measure)}", *table(rows, "rlll", indent="  "), ""]
    if len(places) > 1:
        lines += [f"In all: {_sum(items, measure)}", ""]
    lines.append("Put back: dusk bin restore PATH    Delete for good: dusk bin empty")
    return "\n".join(lines)


def _row(item: TrashItem, now: float, measure: Measure) -> tuple[str, str, str, str]:
    size = _size(item, measure)
    place = display_path(item.original) if item.original else f"unknown; lies at {display_path(item.path)}"
    known = f"  ({display_name(item.record.title)})" if item.record and item.record.title else ""
    return (
        "?" if size is None else format_size(size),
        time_ago(now - item.deleted) if item.deleted else "unknown",
        f"batch {item.batch}" if item.is_ours else "another tool",
        place + ("/" if item.is_directory and item.original else "") + known,
    )


def _sum(items: Sequence[TrashItem], measure: Measure) -> str:
    sizes = [_size(item, measure) for item in items]
    known = [size for size in sizes if size is not None]
    unknown = len(sizes) - len(known)
    missing = f" and {count_noun(unknown, 'directory', 'directories')} not measured" if unknown else ""
    return f"{count_noun(len(items), 'item')}, {format_size(sum(known))} {MEASURE_NAMES[measure]}{missing}"


def _size(item: TrashItem, measure: Measure) -> int | None:
    if item.apparent_size is None or item.disk_size is None:
        return None
    return sized(item.apparent_size, item.disk_size, measure)
