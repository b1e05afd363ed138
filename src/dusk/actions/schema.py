"""The tables of the journal, and how a record becomes a row and back."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from dusk.actions.record import (
    BatchKind,
    BatchRecord,
    Product,
    Record,
    State,
    identity_columns,
    identity_of,
)

APPLICATION_ID = 0x6475736B
"""``dusk`` in ASCII: marks the file as a journal of dusk (SQLite ``application_id``)."""
VERSION = 2
"""SQLite ``user_version`` of the tables below."""

# What an act made, moved or removed, in the order in which it did.
_PRODUCTS = """CREATE TABLE products (
        record INTEGER NOT NULL REFERENCES records(id), place INTEGER NOT NULL, role TEXT NOT NULL,
        path BLOB NOT NULL, origin BLOB NOT NULL,
        device INTEGER NOT NULL, inode INTEGER NOT NULL, kind INTEGER NOT NULL, size INTEGER NOT NULL,
        mtime_ns INTEGER NOT NULL, links INTEGER NOT NULL,
        mode INTEGER NOT NULL, owner INTEGER NOT NULL, "group" INTEGER NOT NULL, digest TEXT NOT NULL,
        PRIMARY KEY (record, place)) WITHOUT ROWID"""

CREATE = (
    """CREATE TABLE batches (
        id INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, title TEXT NOT NULL,
        started_ns INTEGER NOT NULL, finished_ns INTEGER NOT NULL DEFAULT 0,
        reverses INTEGER NOT NULL DEFAULT 0, process INTEGER NOT NULL, user INTEGER NOT NULL)""",
    """CREATE TABLE records (
        id INTEGER PRIMARY KEY AUTOINCREMENT, batch INTEGER NOT NULL REFERENCES batches(id),
        action TEXT NOT NULL, state TEXT NOT NULL, source BLOB NOT NULL,
        device INTEGER NOT NULL, inode INTEGER NOT NULL, kind INTEGER NOT NULL, size INTEGER NOT NULL,
        mtime_ns INTEGER NOT NULL, links INTEGER NOT NULL,
        mode INTEGER NOT NULL, owner INTEGER NOT NULL, "group" INTEGER NOT NULL,
        entries INTEGER NOT NULL, apparent_size INTEGER NOT NULL, disk_size INTEGER NOT NULL,
        frees_after_purge INTEGER NOT NULL, fingerprint TEXT NOT NULL, title TEXT NOT NULL,
        safety TEXT NOT NULL, rule TEXT NOT NULL, insisted INTEGER NOT NULL,
        parent_before_ns INTEGER NOT NULL, parent_after_ns INTEGER NOT NULL,
        trash BLOB NOT NULL, trash_name BLOB NOT NULL, destination BLOB NOT NULL, working BLOB NOT NULL,
        digest TEXT NOT NULL, reverses INTEGER NOT NULL, error TEXT NOT NULL,
        intent_ns INTEGER NOT NULL, changed_ns INTEGER NOT NULL,
        detail TEXT NOT NULL DEFAULT '', is_final INTEGER NOT NULL DEFAULT 0)""",
    _PRODUCTS,
    "CREATE INDEX records_of_batch ON records(batch)",
    "CREATE INDEX records_open ON records(state) WHERE state IN ('intent', 'copied', 'verified')",
    "CREATE INDEX records_in_trash ON records(trash, trash_name)",
    # Trash directories that no mount table names: without this row nobody would look there again.
    "CREATE TABLE places (path BLOB PRIMARY KEY) WITHOUT ROWID",
    f"PRAGMA application_id = {APPLICATION_ID}",
    f"PRAGMA user_version = {VERSION}",
)
MIGRATIONS = {
    1: (
        "ALTER TABLE records ADD COLUMN detail TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE records ADD COLUMN is_final INTEGER NOT NULL DEFAULT 0",
        _PRODUCTS,
        "PRAGMA user_version = 2",
    ),
}
"""What makes the tables of a version those of the next one, in one transaction."""

_IDENTITY = ("device", "inode", "kind", "size", "mtime_ns", "links")
_PLAIN = tuple(field.name for field in fields(Record) if field.name not in ("id", "identity", "state"))
_COLUMNS = (*_IDENTITY, "state", *_PLAIN)
_QUOTED = ", ".join(f'"{column}"' for column in _COLUMNS)
INSERT = f"INSERT INTO records ({_QUOTED}) VALUES ({', '.join('?' * len(_COLUMNS))})"
UPDATE = "UPDATE records SET " + ", ".join(f'"{column}" = ?' for column in _COLUMNS) + " WHERE id = ?"
SELECT = f"SELECT id, {_QUOTED} FROM records"

UNDOABLE = (
    "(records.state = 'done' OR (records.state = 'purged' AND records.digest != '')) AND NOT records.is_final"
)
"""The condition under which a record can be taken back; `Record.is_undoable` says the same."""
_ACTED = "records.state IN ('done', 'undone', 'purged')"
SELECT_BATCHES = f"""
    SELECT batches.id, batches.kind, batches.title, started_ns, finished_ns, batches.reverses,
        COUNT(records.id),
        SUM(records.state = 'intent'), SUM(records.state = 'copied'), SUM(records.state = 'verified'),
        SUM(records.state = 'done'), SUM(records.state = 'failed'), SUM(records.state = 'undone'),
        SUM(records.state = 'purged'), SUM(records.state = 'ambiguous'),
        SUM({UNDOABLE}),
        SUM(CASE WHEN {_ACTED} THEN records.entries ELSE 0 END),
        SUM(CASE WHEN {_ACTED} THEN records.apparent_size ELSE 0 END),
        SUM(CASE WHEN {_ACTED} THEN records.disk_size ELSE 0 END),
        SUM(CASE WHEN {_ACTED} THEN records.frees_after_purge ELSE 0 END)
    FROM batches LEFT JOIN records ON records.batch = batches.id"""
# With the table before it, a column that is missing is an error and not taken for a text.
_ALL_COLUMNS = ", ".join(f'records."{column}"' for column in ("id", *_COLUMNS))
_PRODUCT_COLUMNS = ("role", "path", "origin", *_IDENTITY, "mode", "owner", "group", "digest")
_QUOTED_PRODUCT = ", ".join(f'products."{column}"' for column in _PRODUCT_COLUMNS)
SELECT_PRODUCTS = f"SELECT {_QUOTED_PRODUCT} FROM products"
INSERT_PRODUCT = f"INSERT INTO products VALUES (?, ?{', ?' * len(_PRODUCT_COLUMNS)})"
QUERIES = (
    f"SELECT {_ALL_COLUMNS} FROM records",
    SELECT_BATCHES,
    "SELECT path FROM places",
    SELECT_PRODUCTS,
)
"""What a journal must be able to answer; one in which a table or a column is missing is damaged."""

_STATE_ORDER = (
    State.INTENT, State.COPIED, State.VERIFIED, State.DONE, State.FAILED, State.UNDONE, State.PURGED,
    State.AMBIGUOUS,
)  # fmt: skip


def record_row(record: Record) -> tuple[object, ...]:
    """Return the values of a record in the order of INSERT and UPDATE."""
    plain = (getattr(record, name) for name in _PLAIN)
    return (*identity_columns(record.identity), record.state.value, *plain)


def record_of(row: tuple[Any, ...]) -> Record:
    """Return the record that a row of SELECT holds."""
    values = dict(zip(("id", *_COLUMNS), row, strict=True))
    identity = identity_of(tuple(int(values.pop(name)) for name in _IDENTITY))
    state = State(values.pop("state"))
    values["insisted"] = bool(values["insisted"])
    values["is_final"] = bool(values["is_final"])
    return Record(identity=identity, state=state, **values)


def product_row(product: Product) -> tuple[object, ...]:
    """Return the values of a product after its record and place, in the order of INSERT_PRODUCT."""
    beside = (product.mode, product.owner, product.group, product.digest)
    return (product.role, product.path, product.origin, *identity_columns(product.identity), *beside)


def product_of(row: tuple[Any, ...]) -> Product:
    """Return the product that a row of SELECT_PRODUCTS holds."""
    values = dict(zip(_PRODUCT_COLUMNS, row, strict=True))
    identity = identity_of(tuple(int(values.pop(name)) for name in _IDENTITY))
    return Product(identity=identity, **values)


def batch_of(row: tuple[Any, ...]) -> BatchRecord:
    """Return the batch that a row of SELECT_BATCHES holds."""
    number, kind, title, started, finished, reverses, items = row[:7]
    counts = [int(value or 0) for value in row[7:]]
    states = dict(zip(_STATE_ORDER, counts, strict=False))
    undoable, entries, apparent_size, disk_size, frees_after_purge = counts[len(_STATE_ORDER) :]
    return BatchRecord(
        id=number,
        kind=BatchKind(kind),
        title=title,
        started_ns=started,
        finished_ns=finished,
        reverses=reverses,
        items=items,
        states={state: count for state, count in states.items() if count},
        undoable=undoable,
        entries=entries,
        apparent_size=apparent_size,
        disk_size=disk_size,
        frees_after_purge=frees_after_purge,
    )
