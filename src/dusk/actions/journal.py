"""The journal: what was intended, done and taken back. Written before and after every act."""

from __future__ import annotations

import contextlib
import fcntl
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import TypeVar

from dusk.actions import journal_file, schema
from dusk.actions.journal_file import JournalError
from dusk.actions.moments import Moments
from dusk.actions.record import BatchKind, BatchRecord, Product, Record, State
from dusk.fs.locations import state_directory

__all__ = ["BatchKind", "BatchRecord", "Journal", "JournalError", "Product", "Record", "State"]

_LOCK_NAME = b"acting.lock"
_Result = TypeVar("_Result")


class Journal:
    """An open journal. Safe to use from several threads and several processes."""

    def __init__(self, directory: bytes, connection: sqlite3.Connection, notices: tuple[str, ...]) -> None:
        """Wrap an open database; use ``Journal.open``."""
        self.directory = directory
        """Where the journal lies."""
        self.moments = Moments(directory)
        """When directories lost something that nothing else tells of."""
        self.notices = notices
        """Sentences that a face should show once, such as that a damaged journal was set aside."""
        self._connection = connection
        self._guard = threading.RLock()

    @classmethod
    def open(cls, directory: bytes | None = None) -> Journal:
        """Open the user's journal, or the one below a directory; made where missing.

        A damaged one is set aside, which ``notices`` says. Raises JournalError with a sentence.
        """
        place = state_directory() if directory is None else directory
        connection, notices = journal_file.open_database(place)
        return cls(place, connection, notices)

    def close(self) -> None:
        """Close the database."""
        with self._guard:
            self._connection.close()

    def begin(self, kind: BatchKind, title: str, reverses: int = 0) -> int:
        """Begin a batch and return its number; emptying may take the reserved space. Raises JournalError."""
        statement = (
            "INSERT INTO batches (kind, title, started_ns, reverses, process, user) VALUES (?, ?, ?, ?, ?, ?)"
        )
        values = (kind.value, title, time.time_ns(), reverses, os.getpid(), os.geteuid())
        return self._transaction(
            lambda: int(self._connection.execute(statement, values).lastrowid or 0),
            closing=kind is BatchKind.EMPTY,
        )

    def finish(self, batch: int) -> None:
        """Mark a batch as ended. A full disk is no reason to fail: the records say all that matters."""
        with contextlib.suppress(JournalError):
            self._transaction(
                lambda: self._connection.execute(
                    "UPDATE batches SET finished_ns = ? WHERE id = ?", (time.time_ns(), batch)
                ),
                closing=True,
            )

    def write(self, records: Iterable[Record], *, closing: bool = False) -> tuple[Record, ...]:
        """Write records in one durable transaction; new ones get their number.

        With ``closing`` the reserved disk space is used when the disk is full, because what the records
        say has already happened, or makes room. Raises JournalError; then none of them was written.
        """
        now = time.time_ns()
        dated = [replace(record, changed_ns=now, intent_ns=record.intent_ns or now) for record in records]
        return self._transaction(lambda: tuple(self._write_one(record) for record in dated), closing=closing)

    def write_products(self, record: Record, products: Iterable[Product]) -> Record:
        """Write a record and what its act made, in place of what was noted before, in one transaction.

        Raises JournalError; then neither was written.
        """
        kept = tuple(products)

        def work() -> Record:
            now = time.time_ns()
            written = self._write_one(replace(record, changed_ns=now, intent_ns=record.intent_ns or now))
            self._connection.execute("DELETE FROM products WHERE record = ?", (written.id,))
            rows = [(written.id, place, *schema.product_row(one)) for place, one in enumerate(kept)]
            self._connection.executemany(schema.INSERT_PRODUCT, rows)
            return written

        return self._transaction(work)

    def products(self, record: int) -> tuple[Product, ...]:
        """Return what the act of a record made, moved or removed, in the order in which it did."""
        statement = f"{schema.SELECT_PRODUCTS} WHERE record = ? ORDER BY place"
        return self._read(
            lambda: tuple(map(schema.product_of, self._connection.execute(statement, (record,))))
        )

    def batches(self, limit: int = 50) -> tuple[BatchRecord, ...]:
        """Return the newest batches that hold something, newest first."""
        return self._batches("GROUP BY batches.id HAVING COUNT(records.id) > 0", limit)

    def batch(self, number: int) -> BatchRecord | None:
        """Return one batch."""
        found = self._batches(f"WHERE batches.id = {int(number)} GROUP BY batches.id", 1)
        return found[0] if found else None

    def undoable_batches(self, limit: int = 200) -> tuple[BatchRecord, ...]:
        """Return the newest batches of which something may still be taken back, newest first."""
        return self._batches(
            f"WHERE batches.kind = 'act' GROUP BY batches.id HAVING SUM({schema.UNDOABLE}) > 0", limit
        )

    def records(self, batch: int) -> tuple[Record, ...]:
        """Return the records of a batch in the order in which they were acted on."""
        return self._select("WHERE batch = ? ORDER BY id", batch)

    def record(self, number: int) -> Record | None:
        """Return one record."""
        found = self._select("WHERE id = ?", number)
        return found[0] if found else None

    def open_records(self) -> tuple[Record, ...]:
        """Return what an interrupted run left: intended, and neither done nor failed."""
        return self._select("WHERE state IN ('intent', 'copied', 'verified') ORDER BY id")

    def in_trash(self, trash: bytes, name: bytes) -> Record | None:
        """Return the record of the item that dusk put into a trash under a name and that is still there."""
        found = self._select(
            "WHERE trash = ? AND trash_name = ? AND state = 'done' AND action NOT IN ('restore', 'empty') "
            "ORDER BY id DESC LIMIT 1",
            trash,
            name,
        )
        return found[0] if found else None

    def of_trash_name(self, trash: bytes, name: bytes) -> tuple[Record, ...]:
        """Return all records that ever had a name in a trash, whatever became of them."""
        return self._select("WHERE trash = ? AND trash_name = ? ORDER BY id", trash, name)

    def places(self) -> tuple[bytes, ...]:
        """Return trash directories that were made in places which no mount table names."""
        statement = "SELECT path FROM places"
        return self._read(lambda: tuple(row[0] for row in self._connection.execute(statement)))

    def add_place(self, path: bytes) -> None:
        """Remember such a trash directory. Raises JournalError."""
        self._transaction(
            lambda: self._connection.execute("INSERT OR IGNORE INTO places VALUES (?)", (path,))
        )

    @contextlib.contextmanager
    def acting(self) -> Iterator[None]:
        """Tell other processes that unfinished records are being worked on right now."""
        with self._locked(fcntl.LOCK_SH):
            yield
        if self.moments.exist():
            with contextlib.suppress(JournalError), self.recovering() as is_alone:
                if is_alone:
                    self.forget_moments()

    @contextlib.contextmanager
    def recovering(self) -> Iterator[bool]:
        """Take unfinished records over; yield False while another process or thread is acting."""
        with self._locked(fcntl.LOCK_EX | fcntl.LOCK_NB) as taken:
            yield taken

    def forget_moments(self) -> None:
        """Forget the moments, unless an open record may need them; only for who is alone."""
        with contextlib.suppress(JournalError):
            if not self.open_records():
                self.moments.forget()

    @contextlib.contextmanager
    def _locked(self, operation: int) -> Iterator[bool]:
        path = os.path.join(self.directory, _LOCK_NAME)
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise JournalError(
                f"The lock of the journal cannot be made: {error.strerror}. Nothing was touched."
            ) from error
        try:
            try:
                fcntl.flock(descriptor, operation)
            except BlockingIOError:
                yield False
                return
            except OSError:
                pass  # a filesystem without locks: two dusks at once cannot be told apart there
            yield True
        finally:
            os.close(descriptor)

    def _write_one(self, record: Record) -> Record:
        row = schema.record_row(record)
        if record.id:
            self._connection.execute(schema.UPDATE, (*row, record.id))
            return record
        return replace(record, id=int(self._connection.execute(schema.INSERT, row).lastrowid or 0))

    def _batches(self, condition: str, limit: int) -> tuple[BatchRecord, ...]:
        statement = f"{schema.SELECT_BATCHES} {condition} ORDER BY batches.id DESC LIMIT {int(limit)}"
        return self._read(lambda: tuple(map(schema.batch_of, self._connection.execute(statement))))

    def _select(self, condition: str, *values: object) -> tuple[Record, ...]:
        statement = f"{schema.SELECT} {condition}"
        return self._read(lambda: tuple(map(schema.record_of, self._connection.execute(statement, values))))

    def _read(self, query: Callable[[], _Result]) -> _Result:
        with self._guard:
            try:
                return query()
            except sqlite3.Error as error:
                raise JournalError(journal_file.sentence(error, self.directory)) from error

    def _transaction(self, work: Callable[[], _Result], *, closing: bool = False) -> _Result:
        with self._guard:
            try:
                return self._attempt(work)
            except sqlite3.Error as error:
                full = journal_file.error_code(error) in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR)
                if not (closing and full):
                    raise JournalError(
                        journal_file.sentence(error, self.directory) + " Nothing was touched."
                    ) from error
            journal_file.give_up_reserve(self.directory)
            try:
                return self._attempt(work)
            except sqlite3.Error as error:
                raise JournalError(journal_file.sentence(error, self.directory)) from error

    def _attempt(self, work: Callable[[], _Result]) -> _Result:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            result = work()
            self._connection.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise
        return result
