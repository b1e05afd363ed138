"""JSON documents of the journal: names with surrogate escapes, bytes, seconds."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from dusk.actions.record import BatchRecord, Record
from dusk.fs.names import json_text


def batch_document(batch: BatchRecord, records: Iterable[Record] | None = None) -> dict[str, Any]:
    """Return one batch of the journal; with its records when they are given."""
    document: dict[str, Any] = {
        "batch": batch.id,
        "kind": batch.kind.value,
        "title": batch.title,
        "started": batch.started_ns / 1e9,
        "finished": batch.finished_ns / 1e9 if batch.finished_ns else None,
        "reverses": batch.reverses or None,
        "items": batch.items,
        "states": {state.value: count for state, count in batch.states.items() if count},
        "undoable": batch.undoable if batch.is_undoable else 0,
        "entries": batch.entries,
        "apparent_size": batch.apparent_size,
        "disk_size": batch.disk_size,
        "frees_after_purge": batch.frees_after_purge,
    }
    if records is not None:
        document["records"] = [record_document(record) for record in records]
    return document


def record_document(record: Record) -> dict[str, Any]:
    """Return one record of the journal."""
    return {
        "record": record.id,
        "batch": record.batch,
        "path": json_text(record.source),
        "action": record.action,
        "state": record.state.value,
        "title": record.title,
        "rule": record.rule,
        "safety": record.safety,
        "insisted": record.insisted,
        "entries": record.entries,
        "apparent_size": record.apparent_size,
        "disk_size": record.disk_size,
        "frees_after_purge": record.frees_after_purge,
        "trash_path": json_text(record.trash_path),
        "destination": json_text(record.destination),
        "digest": record.digest,
        "reverses": record.reverses or None,
        "error": record.error,
        "intended": record.intent_ns / 1e9,
        "changed": record.changed_ns / 1e9,
    }
