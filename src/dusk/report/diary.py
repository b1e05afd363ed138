"""The journal as a diary: what was done, when, and whether it was taken back."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping, Sequence

from dusk.actions.record import OPEN_STATES, BatchKind, BatchRecord, Record, State
from dusk.fs.names import display_name, display_path
from dusk.fs.units import count_noun, format_size
from dusk.plan.action_words import command_text, words_of
from dusk.report.layout import sized, table
from dusk.rules.finding import Action
from dusk.scan.entry import Measure

_STATE_NAMES = {
    State.DONE: "done",
    State.FAILED: "failed",
    State.UNDONE: "undone",
    State.PURGED: "deleted for good",
    State.AMBIGUOUS: "needs a look",
}
_NO_RECORDS: Mapping[int, Sequence[Record]] = {}


def journal_text(
    batches: Sequence[BatchRecord],
    records: Mapping[int, Sequence[Record]] = _NO_RECORDS,
    *,
    now: float | None = None,
    measure: Measure = Measure.DISK,
) -> str:
    """Return one line for each batch, in the order given.

    ``records`` tells trashing from archiving; a batch without any is told in general words. ``now`` is in
    seconds since 1970.
    """
    if not batches:
        return "Nothing was done yet."
    moment = time.time() if now is None else now
    return "\n".join(batch_line(batch, records.get(batch.id, ()), moment, measure) for batch in batches)


def batch_line(
    batch: BatchRecord, records: Sequence[Record], now: float, measure: Measure = Measure.DISK
) -> str:
    """Return a batch as one line: ``2 hours ago, batch 3: moved 4 things (2.1 GiB) to the trash; undone``."""
    ends = "".join(f"; {end}" for end in _ends(batch))
    title = f" - {display_name(batch.title)}" if batch.title else ""
    when = time_ago(now - batch.started_ns / 1e9)
    return f"{when}, batch {batch.id}: {_deed(batch, records, measure)}{ends}{title}"


def batch_text(
    batch: BatchRecord,
    records: Sequence[Record],
    *,
    now: float | None = None,
    measure: Measure = Measure.DISK,
) -> str:
    """Return a batch with everything that it acted on, where that is now, and what went wrong."""
    moment = time.time() if now is None else now
    rows = []
    for record in records:
        size = format_size(sized(record.apparent_size, record.disk_size, measure))
        rows.append((_STATE_NAMES.get(record.state, "interrupted"), size, record.action, _path(record)))
        place = place_now(record)
        rows += [("", "", "", f"  {place_words(record)} {display_path(place)}")] if place else []
        rows += [("", "", "", f"  {line}") for line in tool_sentences(record)]
        rows += [("", "", "", f"  {display_name(record.error)}")] if record.error else []
    lines = [batch_line(batch, records, moment, measure), *table(rows, "lrll", indent="  ")]
    if batch.is_undoable:
        lines.append(f"  Take it back: dusk undo {batch.id}")
    return "\n".join(lines)


def time_ago(seconds: float) -> str:
    """Return how long ago something was, in words."""
    if seconds < -60:
        return "in the future"
    for limit, unit, noun in ((90, 1, ""), (3570, 60, "minute"), (129600, 3600, "hour")):
        if seconds < limit:
            return f"{count_noun(round(seconds / unit), noun)} ago" if noun else "just now"
    return f"{count_noun(round(seconds / 86400), 'day')} ago"


def _deed(batch: BatchRecord, records: Sequence[Record], measure: Measure) -> str:
    things = count_noun(batch.items, "thing")
    size = format_size(sized(batch.apparent_size, batch.disk_size, measure))
    if batch.kind is BatchKind.UNDO:
        return f"took batch {batch.reverses} back, {things} ({size})"
    if batch.kind is BatchKind.RESTORE:
        return f"put {things} ({size}) back from the trash"
    if batch.kind is BatchKind.EMPTY:
        return f"deleted {things} ({size}) of the trash for good"
    parts = []
    for action in dict.fromkeys(record.action for record in records):
        parts.append(_acted(action, [record for record in records if record.action == action], measure))
    return ", ".join(parts) or f"acted on {things} ({size})"


def _acted(action: str, records: Sequence[Record], measure: Measure) -> str:
    things = count_noun(len(records), "thing")
    size = format_size(sum(sized(record.apparent_size, record.disk_size, measure) for record in records))
    return words_of(action).diary.format(f"{things} ({size})")


def _ends(batch: BatchRecord) -> Iterable[str]:
    """Yield what became of a batch, where there is more to say than that it was done."""
    states = batch.states
    ordinary = State.DONE if batch.kind is not BatchKind.EMPTY else State.PURGED
    for state in (State.UNDONE, State.PURGED, State.FAILED, State.AMBIGUOUS):
        count = states.get(state, 0)
        if count and state is not ordinary:
            yield _share(count, batch.items, _STATE_NAMES[state])
    open_count = sum(states.get(state, 0) for state in OPEN_STATES)
    if open_count:
        yield _share(open_count, batch.items, "interrupted")


def _share(count: int, items: int, name: str) -> str:
    return name if count == items else f"{count:,} of {items:,} {name}"


def _path(record: Record) -> str:
    known = f"  ({display_name(record.title)})" if record.title else ""
    return display_path(record.source) + known


def place_now(record: Record) -> bytes:
    """Return where a thing acted on is now, or what replaced it; empty when it is where it was, or gone."""
    if record.state is not State.DONE:
        return b""
    return record.destination if record.action != "trash" and record.destination else record.trash_path


def place_words(record: Record) -> str:
    """Return what stands before the place: what became of the source."""
    if record.action in ("trash", "archive"):
        return "now in"
    return words_of(record.action).place if record.destination else "now in"


def tool_sentences(record: Record) -> Iterable[str]:
    """Yield what a tool's own command was, and what it freed and said."""
    if record.action != Action.NATIVE.value:
        return
    try:
        detail = json.loads(record.detail)
        command = command_text(tuple(detail["command"]))
        freed, output = detail.get("freed"), str(detail.get("output", ""))
    except (ValueError, KeyError, TypeError):
        return
    yield f"ran {command}" + (f", freed {format_size(freed)}" if isinstance(freed, int) else "")
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    yield from (f"  {display_name(line)}" for line in lines[-3:])
