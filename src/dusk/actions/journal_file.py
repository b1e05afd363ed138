"""The file of the journal: made, checked, set aside when broken, and given room for a full disk."""

from __future__ import annotations

import contextlib
import fcntl
import os
import sqlite3
import stat
import time
from collections.abc import Iterator
from typing import cast

from dusk.actions import schema
from dusk.fs.mounts import MountTable
from dusk.fs.names import display_path

NAME = b"journal.db"
_RESERVE_NAME = b"journal.reserve"
# Closing a batch of 256 records takes about 150 KiB of write-ahead log; this is several times that.
_RESERVE_SIZE = 1 << 20
_BUSY_SECONDS = 10
_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_MEANINGS = {
    sqlite3.SQLITE_FULL: "the disk under it is full",
    sqlite3.SQLITE_BUSY: f"another dusk has been writing to it for {_BUSY_SECONDS} seconds",
    sqlite3.SQLITE_READONLY: "it cannot be written",
    sqlite3.SQLITE_CANTOPEN: "it cannot be opened; the disk under it may be full or read-only",
    sqlite3.SQLITE_IOERR: "the disk under it reports an error",
    sqlite3.SQLITE_CORRUPT: "it is damaged; the next start sets it aside",
    sqlite3.SQLITE_NOTADB: "it is damaged; the next start sets it aside",
}


class JournalError(Exception):
    """The journal cannot be used; the text says why, and that nothing was touched."""


class Damaged(Exception):  # noqa: N818 - a finding, not an error
    """The file is not a readable journal."""


def error_code(error: sqlite3.Error) -> int:
    """Return the primary SQLite result code of an error; 0 where it has none."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def sentence(error: sqlite3.Error, directory: bytes) -> str:
    """Return what went wrong with the journal, as a sentence that names it."""
    meaning = _MEANINGS.get(error_code(error), str(error).rstrip("."))
    return f"The journal {display_path(os.path.join(directory, NAME))} cannot be used: {meaning}."


def open_database(directory: bytes) -> tuple[sqlite3.Connection, tuple[str, ...]]:
    """Open the journal below a directory, made where missing; return it with sentences worth showing.

    A damaged file is set aside and a new one begun. Raises JournalError.
    """
    _make_directory(directory)
    with _alone(directory):
        try:
            try:
                return _connect(directory), ()
            except Damaged:
                _read_whole(os.path.join(directory, NAME))
            try:
                # A look that failed because the disk did not answer for a moment looks like damage.
                return _connect(directory), ()
            except Damaged:
                kept = _set_aside(directory)
                connection = _connect(directory)
        except sqlite3.Error as error:
            raise JournalError(sentence(error, directory)) from error
        except Damaged as error:
            shown = display_path(directory)
            raise JournalError(f"The journal in {shown} cannot be made: {error}.") from error
        except OSError as error:
            why = f"cannot be opened: {error.strerror}. Nothing was touched."
            raise JournalError(f"The journal in {display_path(directory)} {why}") from error
    _salvage_places(kept, connection)
    shown = display_path(kept)
    return connection, (
        f"The journal was damaged. It was set aside as {shown} and a new one was begun. "
        "What is in the trash can still be restored with 'dusk bin'.",
    )


def ensure_reserve(directory: bytes) -> bool:
    """Keep one MiB to give up when the disk is full at the end of a batch; return whether it is there."""
    path = os.path.join(directory, _RESERVE_NAME)
    try:
        if os.lstat(path).st_size >= _RESERVE_SIZE:
            return True
    except OSError:
        pass
    try:
        descriptor = os.open(
            path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600
        )
        try:
            # Random bytes: a filesystem that compresses would give no room for zeros.
            written = os.write(descriptor, os.urandom(_RESERVE_SIZE))
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError:
        give_up_reserve(directory)
        return False
    if written < _RESERVE_SIZE:
        give_up_reserve(directory)
    return written >= _RESERVE_SIZE


def give_up_reserve(directory: bytes) -> None:
    """Return the reserved MiB to the filesystem."""
    with contextlib.suppress(OSError):
        os.unlink(os.path.join(directory, _RESERVE_NAME))


def _make_directory(directory: bytes) -> None:
    shown = display_path(directory)
    try:
        os.makedirs(directory, 0o700, exist_ok=True)
        status = os.stat(directory)
        if status.st_uid == os.geteuid() and status.st_mode & 0o022:
            os.chmod(directory, 0o700)
    except FileExistsError as error:
        raise JournalError(f"The journal needs the directory {shown}, and that is a file.") from error
    except OSError as error:
        raise JournalError(
            f"The journal's directory {shown} cannot be made: {error.strerror}. Nothing was touched. "
            "DUSK_STATE_DIR can name another one."
        ) from error
    if status.st_uid != os.geteuid():
        # A journal that root leaves in a user's home could never be opened by that user again.
        raise JournalError(
            f"The journal's directory {shown} belongs to user {status.st_uid}, and dusk runs as user "
            f"{os.geteuid()}. Use 'sudo -H', or name another one in DUSK_STATE_DIR."
        )


@contextlib.contextmanager
def _alone(directory: bytes) -> Iterator[None]:
    """Let one process at a time make, check or set aside the file."""
    try:
        descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise JournalError(
            f"The journal's directory {display_path(directory)} cannot be opened: {error.strerror}."
        ) from error
    try:
        # Some network filesystems cannot lock a directory; there SQLite's own lock has to do.
        with contextlib.suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _connect(directory: bytes) -> sqlite3.Connection:
    path = os.path.join(directory, NAME)
    _make_file(path)
    connection = sqlite3.connect(
        os.fsdecode(path), timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False
    )
    try:
        _prepare(connection, directory)
    except sqlite3.Error as error:
        connection.close()
        if error_code(error) in _DAMAGED:
            raise Damaged(str(error)) from error
        raise
    except BaseException:
        connection.close()
        raise
    ensure_reserve(directory)
    return connection


def _read_whole(path: bytes) -> None:
    """Raise OSError when the disk cannot give back every byte: that is no damage that a new file mends."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        if stat.S_ISREG(os.fstat(descriptor).st_mode):
            while os.read(descriptor, 1 << 20):
                pass
    finally:
        os.close(descriptor)


def _make_file(path: bytes) -> None:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise Damaged("it is not a regular file")
        if status.st_mode & 0o077:
            os.fchmod(descriptor, 0o600)
    finally:
        os.close(descriptor)


def _prepare(connection: sqlite3.Connection, directory: bytes) -> None:
    version = _pragma(connection, "user_version")
    application = _pragma(connection, "application_id")
    tables = connection.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()[0]
    if application != schema.APPLICATION_ID and tables:
        raise Damaged("it is a database of another program")
    if version > schema.VERSION:
        raise JournalError(
            f"The journal {display_path(os.path.join(directory, NAME))} was written by a newer dusk "
            f"(schema {version}, this one knows {schema.VERSION}). Update dusk; nothing was touched."
        )
    if tables and connection.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
        raise Damaged("its pages do not fit together")
    if tables:
        _migrate(connection, version)
        _check_columns(connection)
    # The write-ahead log needs shared memory, which network filesystems do not have.
    mount = MountTable.read().containing(os.path.realpath(directory))
    mode = "DELETE" if mount is not None and mount.is_network else "WAL"
    connection.execute(f"PRAGMA journal_mode = {mode}")
    connection.execute("PRAGMA synchronous = FULL")
    if not tables:
        connection.execute("BEGIN IMMEDIATE")
        for statement in schema.CREATE:
            connection.execute(statement)
        connection.execute("COMMIT")


def _migrate(connection: sqlite3.Connection, version: int) -> None:
    """Bring the tables of an older dusk up to date; a kill in between leaves them as they were."""
    while version in schema.MIGRATIONS:
        connection.execute("BEGIN IMMEDIATE")
        try:
            for statement in schema.MIGRATIONS[version]:
                connection.execute(statement)
        except sqlite3.OperationalError as error:
            connection.execute("ROLLBACK")
            if error_code(error) != sqlite3.SQLITE_ERROR:
                raise
            raise Damaged("its tables are not those of a journal") from error
        connection.execute("COMMIT")
        version += 1


def _check_columns(connection: sqlite3.Connection) -> None:
    try:
        for statement in schema.QUERIES:
            connection.execute(f"{statement} LIMIT 0")
    except sqlite3.OperationalError as error:
        if error_code(error) != sqlite3.SQLITE_ERROR:
            raise
        raise Damaged("its tables are not those of a journal") from error


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    return cast(int, connection.execute(f"PRAGMA {name}").fetchone()[0])


def _set_aside(directory: bytes) -> bytes:
    stamp = time.strftime("%Y%m%dT%H%M%S").encode()
    target = os.path.join(directory, NAME + b".corrupt-" + stamp)
    count = 1
    while os.path.lexists(target):
        count += 1
        target = os.path.join(directory, NAME + b".corrupt-" + stamp + b"-%d" % count)
    for suffix in (b"-wal", b"-shm"):
        with contextlib.suppress(FileNotFoundError):
            os.rename(os.path.join(directory, NAME + suffix), target + suffix)
    os.rename(os.path.join(directory, NAME), target)
    return target


def _salvage_places(kept: bytes, connection: sqlite3.Connection) -> None:
    """Copy the known trash directories out of a damaged journal, as far as it can be read."""
    if not os.path.isfile(kept):
        return  # reading a pipe would wait for ever
    try:
        old = sqlite3.connect(f"file:{_quoted(kept)}?mode=ro&immutable=1", uri=True)
        try:
            rows = old.execute("SELECT path FROM places").fetchall()
        finally:
            old.close()
        connection.executemany("INSERT OR IGNORE INTO places VALUES (?)", rows)
    except sqlite3.Error:
        return


def _quoted(path: bytes) -> str:
    from urllib.parse import quote

    return quote(path, safe="/")
