"""The journal keeps every byte of a name, stops before acting on a full disk, and survives its own damage."""

from __future__ import annotations

import errno
import os
import sqlite3
import subprocess
import threading

import pytest

from dusk.actions import journal_file
from dusk.actions.bin import empty, restore
from dusk.actions.journal import Journal, JournalError
from dusk.actions.outcome import ItemState
from dusk.actions.record import BatchKind, Record, State
from dusk.actions.undo import undo_batch
from dusk.fs.identity import EntryKind, Identity

IDENTITY = Identity(2**63 + 5, 2**64 - 1, EntryKind.FILE, 12, -5, 3)


@pytest.fixture
def state(tmp_path):
    return os.fsencode(str(tmp_path / "state"))


def test_every_byte_of_a_record_comes_back(state):
    journal = Journal.open(state)
    batch = journal.begin(BatchKind.ACT, "odd")
    name = bytes(byte for byte in range(1, 256) if byte != ord("/"))
    record = Record(b"/" + name, IDENTITY, "trash", batch=batch, trash=b"/t", trash_name=name, insisted=True)
    (written,) = journal.write([record])
    assert journal.records(batch) == (written,)
    assert written.source == b"/" + name
    assert written.identity == IDENTITY


def test_only_the_user_may_read_it(state):
    Journal.open(state)
    assert os.stat(state).st_mode & 0o777 == 0o700
    assert os.stat(os.path.join(state, b"journal.db")).st_mode & 0o777 == 0o600


def test_writes_are_durable_before_they_are_reported(state):
    journal = Journal.open(state)
    assert journal._connection.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
    assert journal._connection.execute("PRAGMA synchronous").fetchone()[0] == 2


def test_a_batch_without_records_is_not_shown(state):
    journal = Journal.open(state)
    journal.begin(BatchKind.ACT, "nothing")
    assert journal.batches() == ()
    assert journal.undoable_batches() == ()


def test_threads_write_side_by_side(state):
    journal = Journal.open(state)
    batch = journal.begin(BatchKind.ACT, "threads")

    def write() -> None:
        for _ in range(20):
            journal.write([Record(b"/x", IDENTITY, "trash", batch=batch)])

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert journal.batch(batch).items == 80


@pytest.mark.parametrize("damage", ["rubbish", "half", "zeros"])
def test_a_damaged_journal_is_set_aside_and_the_bin_still_restores(box, damage):
    path = box.file(b"one")
    box.trash_all(path)
    box.journal.close()
    database = os.path.join(box.journal.directory, b"journal.db")
    size = os.path.getsize(database)
    with open(database, "r+b") as file:
        if damage == "rubbish":
            file.write(b"this is not a database" * 500)
        elif damage == "half":
            file.truncate(size // 2 + 7)
        else:
            file.seek(4096)
            file.write(b"\0" * (size - 4096))
    journal = Journal.open()
    assert "set aside" in journal.notices[0]
    names = os.listdir(box.journal.directory)
    assert any(name.startswith(b"journal.db.corrupt-") for name in names)
    assert journal.batches() == ()
    assert [item.original for item in box.bin()] == [path]  # also with a journal that is out of order
    box.journal = journal
    (item,) = box.bin()
    assert item.original == path and not item.is_ours
    assert restore([item], journal=journal).count(ItemState.DONE) == 1
    assert os.path.exists(path)
    assert Journal.open().notices == ()


def test_one_look_that_fails_is_no_damage(box, monkeypatch):
    path = box.file(b"one")
    box.trash_all(path)
    box.journal.close()
    real, looks = journal_file._prepare, []

    def prepare(*arguments: object) -> None:
        looks.append(arguments)
        if len(looks) == 1:
            raise journal_file.Damaged("its pages do not fit together")
        real(*arguments)

    monkeypatch.setattr(journal_file, "_prepare", prepare)
    box.journal = Journal.open()
    assert box.journal.notices == () and len(box.journal.batches()) == 1


def test_a_journal_that_the_disk_does_not_give_back_is_not_set_aside(state, monkeypatch):
    Journal.open(state).close()

    def unreadable(_path: bytes) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(journal_file, "_read_whole", unreadable)
    with open(os.path.join(state, b"journal.db"), "r+b") as file:
        file.write(b"rubbish")
    with pytest.raises(JournalError, match="Input/output error"):
        Journal.open(state)
    assert not [name for name in os.listdir(state) if b"corrupt" in name]


def test_an_empty_file_becomes_a_journal(state):
    os.makedirs(state)
    with open(os.path.join(state, b"journal.db"), "wb"):
        pass
    assert Journal.open(state).notices == ()


def test_a_journal_of_a_newer_dusk_is_refused(state):
    Journal.open(state).close()
    with sqlite3.connect(os.fsdecode(os.path.join(state, b"journal.db"))) as database:
        database.execute("PRAGMA user_version = 99")
    with pytest.raises(JournalError, match="newer dusk"):
        Journal.open(state)


def test_a_database_of_another_program_is_set_aside(state):
    os.makedirs(state)
    with sqlite3.connect(os.fsdecode(os.path.join(state, b"journal.db"))) as database:
        database.execute("CREATE TABLE theirs (x)")
    assert "set aside" in Journal.open(state).notices[0]


@pytest.mark.parametrize(
    "change", ["ALTER TABLE records DROP COLUMN digest", "DROP TABLE places", "DROP TABLE batches"]
)
def test_a_journal_with_something_missing_is_set_aside(state, change):
    Journal.open(state).close()
    with sqlite3.connect(os.fsdecode(os.path.join(state, b"journal.db"))) as database:
        database.execute(change)
    journal = Journal.open(state)
    assert "set aside" in journal.notices[0]
    assert journal.batches() == ()
    assert journal.places() == ()


def test_a_pipe_in_place_of_the_journal_is_set_aside_unread(state):
    os.makedirs(state)
    os.mkfifo(os.path.join(state, b"journal.db"))
    assert "set aside" in Journal.open(state).notices[0]


@pytest.mark.parametrize("kind", ["file", "directory"])
def test_a_place_that_cannot_hold_a_journal_is_a_sentence(state, kind):
    if kind == "file":
        with open(state, "wb"):
            pass
    else:
        os.makedirs(os.path.join(state, b"journal.db"))
    with pytest.raises(JournalError, match=r"journal.*\."):
        Journal.open(state)


def test_a_journal_that_goes_bad_while_open_is_a_sentence(state):
    journal = Journal.open(state)
    journal.close()
    with pytest.raises(JournalError):
        journal.batches()


@pytest.fixture
def tiny(box):
    """A state directory on a filesystem of two MiB, and a function that fills it to the last byte."""
    if os.geteuid() != 0:
        pytest.skip("needs root to mount a small filesystem")
    point = os.path.join(box.root, b"tiny")
    os.mkdir(point)
    command = ["mount", "-t", "tmpfs", "-o", "size=2m,mode=700", "tmpfs", point]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("mounting is not allowed here")

    def fill() -> None:
        with open(os.path.join(point, b"filler"), "ab", buffering=0) as file:
            try:
                while True:
                    file.write(b"x" * 4096)
            except OSError:
                pass

    yield point, fill
    subprocess.run(["umount", "-l", point], check=True)


def test_a_full_disk_stops_before_anything_is_touched(box, tiny):
    point, fill = tiny
    paths = [box.file(b"%d" % number) for number in range(300)]
    plan = box.review(box.plan(*paths)).plan
    box.journal.close()
    box.journal = Journal.open(point)
    fill()
    outcome = box.run(plan)
    assert outcome.count(ItemState.DONE) == 0
    assert outcome.count(ItemState.FAILED) > 0
    failed = next(result for result in outcome.results if result.state is ItemState.FAILED)
    assert "disk under it is full" in failed.sentence
    assert "Nothing was touched" in failed.sentence
    assert all(os.path.exists(path) for path in paths)
    assert all(not names for _, _, names in os.walk(box.trash))
    os.unlink(os.path.join(point, b"filler"))
    assert box.run(plan).count(ItemState.DONE) == 300


def test_a_disk_that_fills_up_after_the_act_does_not_lose_the_end(box, tiny, monkeypatch):
    from dusk.actions import trash

    point, fill = tiny
    path = box.file(b"one")
    plan = box.review(box.plan(path)).plan
    box.journal.close()
    box.journal = Journal.open(point)
    # Without room in the log, every write of the end has to find new space.
    box.journal._connection.execute("PRAGMA wal_autocheckpoint = 1000000")
    real = trash.relocate

    def filling(*arguments: object) -> None:
        real(*arguments)
        fill()

    monkeypatch.setattr(trash, "relocate", filling)
    outcome = box.run(plan)
    assert outcome.results[0].state is ItemState.DONE
    assert outcome.results[0].sentence == ""
    assert box.journal.records(outcome.batch)[0].state is State.DONE
    assert not os.path.exists(os.path.join(point, b"journal.reserve"))
    assert undo_batch(box.journal).results[0].state in (ItemState.DONE, ItemState.FAILED)


def test_a_full_disk_under_the_journal_keeps_nobody_from_emptying_the_trash(box, tiny):
    point, fill = tiny
    box.journal.close()
    box.journal = Journal.open(point)
    box.trash_all(box.file(b"one"))
    box.journal._connection.execute("PRAGMA wal_autocheckpoint = 1000000")
    fill()
    outcome = empty(box.bin(), journal=box.journal)
    assert [result.state for result in outcome.results] == [ItemState.DONE]
    assert box.journal.records(outcome.batch)[0].state is State.DONE
    assert box.journal.records(1)[0].state is State.PURGED


def test_a_new_journal_on_a_full_disk_is_a_sentence(box, tiny):
    point, fill = tiny
    fill()
    with pytest.raises(JournalError, match="full"):
        Journal.open(os.path.join(point, b"state"))


def test_a_journal_on_a_network_filesystem_writes_no_shared_memory(state, monkeypatch):
    class Remote:
        is_network = True

    monkeypatch.setattr(journal_file.MountTable, "containing", lambda self, path: Remote)
    journal = Journal.open(state)
    assert journal._connection.execute("PRAGMA journal_mode").fetchone()[0] == "delete"
