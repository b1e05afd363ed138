"""A journal that an older dusk wrote is brought up to date whole, or stays as it was."""

from __future__ import annotations

import os
import sqlite3
from dataclasses import replace

import pytest

from dusk.actions import schema
from dusk.actions.journal import Journal
from dusk.actions.outcome import ItemState
from dusk.actions.record import Product
from dusk.actions.undo import undo_batch
from dusk.fs.identity import Identity

_NEW = ("detail", "is_final")


def _as_version_one(directory: bytes) -> None:
    """Take from a journal what version 2 brought: what is left is what version 1 wrote."""
    connection = sqlite3.connect(os.path.join(directory, b"journal.db").decode(), isolation_level=None)
    connection.execute("DROP TABLE products")
    for column in _NEW:
        connection.execute(f"ALTER TABLE records DROP COLUMN {column}")
    connection.execute("PRAGMA user_version = 1")
    connection.close()


def _version(directory: bytes) -> int:
    connection = sqlite3.connect(os.path.join(directory, b"journal.db").decode())
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    connection.close()
    return int(version)


@pytest.fixture
def older(box):
    path = box.file(b"one")
    box.trash_all(path)
    box.journal.close()
    _as_version_one(box.journal.directory)
    return box, path


def test_what_an_older_dusk_did_is_read_and_taken_back(older):
    box, path = older
    box.journal = Journal.open()
    assert box.journal.notices == ()
    assert _version(box.journal.directory) == schema.VERSION == 2
    (record,) = box.journal.records(1)
    assert (record.source, record.detail, record.is_final) == (path, "", False)
    assert box.journal.products(record.id) == ()
    assert undo_batch(box.journal).results[0].state is ItemState.DONE
    assert os.path.exists(path)


def test_a_migration_that_is_stopped_leaves_the_older_journal_whole(older, monkeypatch):
    box, path = older
    broken = (*schema.MIGRATIONS[1][:-1], "SELECT nonsense FROM nowhere")
    with monkeypatch.context() as patch:
        patch.setattr(schema, "MIGRATIONS", {1: broken})
        patch.setattr("dusk.actions.journal_file._set_aside", lambda directory: pytest.fail("set aside"))
        with pytest.raises(pytest.fail.Exception):
            Journal.open()
    assert _version(box.journal.directory) == 1
    box.journal = Journal.open()
    assert box.journal.records(1)[0].source == path


def test_products_are_kept_in_their_order_and_replaced_whole(box):
    path = box.file(b"odd \xff name")
    box.trash_all(path)
    (record,) = box.journal.records(1)
    identity = replace(Identity.from_stat(os.lstat(box.data)), inode=2**64 - 1)
    first = Product(b"/made/\xff", identity, "abc")
    second = Product(b"/moved", identity, role="moved", origin=b"/from", mode=0o755, owner=7, group=8)
    box.journal.write_products(record, [first, second])
    assert box.journal.products(record.id) == (first, second)
    box.journal.write_products(record, [second])
    assert box.journal.products(record.id) == (second,)
    assert box.journal.products(record.id + 1) == ()


def test_what_is_final_is_never_offered_for_undo(box):
    path = box.file(b"one")
    box.trash_all(path)
    (record,) = box.journal.records(1)
    box.journal.write([replace(record, is_final=True)])
    assert box.journal.undoable_batches() == ()
    assert not box.journal.records(1)[0].is_undoable
    assert not box.journal.batches()[0].is_undoable
