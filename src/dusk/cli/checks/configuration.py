"""The user's settings, rules and journal."""

from __future__ import annotations

import os
import sqlite3
import stat
from collections.abc import Iterator
from urllib.parse import quote

from dusk.actions import schema
from dusk.cli.checks.check import Check, note, ok, problem
from dusk.fs.locations import config_directory, ignored_bases, state_directory
from dusk.fs.names import display_name, display_path
from dusk.fs.units import count_noun
from dusk.settings import Settings, SettingsError, load_settings

_NEEDED = 1 << 20  # bytes: what closing a big batch takes, several times over


def check_settings() -> tuple[Settings, list[Check]]:
    """Return the settings, or the defaults where they cannot be used, and what was found."""
    file = os.path.join(config_directory(), b"config.toml")
    try:
        settings = load_settings()
    except SettingsError as error:
        return Settings(), [problem("settings", "config.toml", str(error))]
    found = "in use" if os.path.exists(file) else "none; defaults are used"
    checks = [ok("settings", display_path(file), found)]
    for text in settings.protected:
        checks.append(ok("settings", f"protected: {display_name(text)}", "no action touches it"))
    return settings, checks


def check_bases() -> Iterator[Check]:
    """Yield the variables that name a base directory and count as none, because it is relative."""
    for variable, (value, used) in ignored_bases().items():
        yield note(
            "settings",
            variable,
            f"is ignored, for “{display_name(value)}” is no absolute path; {display_name(used)} counts",
        )


def check_rules(settings: Settings) -> Iterator[Check]:
    """Yield how many rules there are, which rule files are wrong, and which retention is for no rule."""
    from dusk.rules.retention import unknown_names
    from dusk.rules.rulebook import RuleBook

    book = RuleBook.load()
    yield ok("rules", "rules", count_noun(len(book.rules), "rule"))
    for wrong in book.problems:
        file = f"{wrong.file}:{wrong.line}" if wrong.line else wrong.file
        where = display_name(f"{file}: {wrong.key}" if wrong.key else file)
        yield problem("rules", where, f"{display_name(wrong.message)}; the rest is in use")
    for name in unknown_names(book.rules, settings.retention):
        yield problem(
            "rules", f"retention.{display_name(name)}", "is no rule and no family, so it does nothing"
        )


def check_journal() -> Iterator[Check]:
    """Yield whether the journal can be read and written; never makes one."""
    path = os.path.join(state_directory(), b"journal.db")
    shown = display_path(path)
    yield from _check_space(shown)
    if not os.path.lexists(path):
        yield from _check_place(shown)
        return
    if not stat.S_ISREG(os.lstat(path).st_mode):
        yield problem("journal", shown, "is not a regular file, so nothing can be done")
        return
    try:
        opened, state = _look(path)
    except sqlite3.OperationalError as error:
        is_busy = getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY
        yield (note if is_busy else problem)(
            "journal", shown, f"cannot be looked at: {display_name(str(error))}"
        )
        return
    except sqlite3.DatabaseError as error:
        yield problem(
            "journal",
            shown,
            f"cannot be read ({error}); the next action sets it aside and begins a new one, and 'dusk bin' "
            "still restores what is in the trash",
        )
        return
    if state != "ok":
        yield problem("journal", shown, f"cannot be used: {display_name(state)}")
    elif not os.access(path, os.W_OK):
        yield problem("journal", shown, "cannot be written by this user, so nothing can be done")
    else:
        yield ok("journal", shown, "whole and writable")
    if opened:
        yield note(
            "journal",
            "interrupted",
            f"{count_noun(opened, 'act')} did not end; the next action or 'dusk undo' settles that first",
        )


def _check_space(shown: str) -> Iterator[Check]:
    try:
        place = os.statvfs(_existing_ancestor())
    except OSError:
        return
    if place.f_bavail * place.f_frsize < _NEEDED:
        wrong = "the disk under it is full, so nothing can be done; DUSK_STATE_DIR can name another place"
        yield problem("journal", shown, wrong)


def _existing_ancestor() -> bytes:
    above = state_directory()
    while above not in (b"/", b"") and not os.path.lexists(above):
        above = os.path.dirname(above)
    return above


def _check_place(shown: str) -> Iterator[Check]:
    above = _existing_ancestor()
    if os.path.isdir(above) and os.access(above, os.W_OK | os.X_OK):
        yield ok("journal", shown, "none yet; the first action makes it")
    else:
        yield problem(
            "journal",
            shown,
            f"cannot be made below {display_path(above)}; DUSK_STATE_DIR can name another place",
        )


def _look(path: bytes) -> tuple[int, str]:
    """Return how many records are open, and what SQLite says of the file."""
    connection = sqlite3.connect(f"file:{quote(path)}?mode=ro", uri=True, timeout=2)
    try:
        state = str(connection.execute("PRAGMA quick_check(1)").fetchone()[0])
        if connection.execute("PRAGMA user_version").fetchone()[0] > schema.VERSION:
            return 0, "it was written by a newer dusk, and this one leaves it alone"
        for statement in schema.QUERIES:
            connection.execute(f"{statement} LIMIT 0")
        query = "SELECT COUNT(*) FROM records WHERE state IN ('intent', 'copied', 'verified')"
        return int(connection.execute(query).fetchone()[0]), state
    finally:
        connection.close()
