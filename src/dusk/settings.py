"""What a user may set in ``config.toml``, with errors that name the file and the key."""

from __future__ import annotations

import os
import re

import msgspec

from dusk.fs.locations import settings_file
from dusk.fs.names import display_name, display_path
from dusk.fs.units import parse_age, parse_size
from dusk.toml_lines import line_of

_UNKNOWN = re.compile(r"Object contains unknown field `([^`]*)`")


class SettingsError(Exception):
    """The configuration cannot be used; the text says which file and which key."""


class Thresholds(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Ages and sizes that rules use, so that none is fixed in code."""

    stuck_after: str = "1h"
    """A file in a queue's processing directory is stuck when it is older than this and nobody holds it."""
    live_within: str = "15min"
    """A training run that changed within this time is taken to be alive."""
    incomplete_after: str = "1h"
    """A partial download older than this, held by nobody, is abandoned."""
    old_after: str = "7d"
    """Logs, status files and unreferenced checkpoints are old when older than this."""
    minimum_size: str = "0"
    """Findings smaller than this are not suggested."""


_AGES = tuple(name for name in Thresholds.__struct_fields__ if name != "minimum_size")


class Retention(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What stays of a series such as checkpoints, backups or rotated logs; what is not said is the rule's."""

    newest: int | None = None
    """How many of the newest stay; at least 1."""
    best: bool | None = None
    """Whether the best one stays, where a tool says which one that is."""
    older_than: str = ""
    """Only what is older may go: an age such as ``30d``, or the name of a threshold."""


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All settings with their defaults."""

    theme: str = "dusk-night"
    """Name of a shipped or user theme."""
    ascii: bool = False
    """Draw with ASCII characters only."""
    mouse: bool = True
    """Whether the app listens to the mouse."""
    archive_directory: str = ""
    """Where archiving goes when nothing else is said."""
    protected: tuple[str, ...] = ()
    """Paths that no action may ever touch, nor anything below them; ``~`` is the home directory."""
    thresholds: Thresholds = Thresholds()
    """Ages and sizes that rules use."""
    retention: dict[str, Retention] = {}
    """What stays of series: by rule id, by family, or ``all``."""
    keys: dict[str, str] = {}
    """Command id to comma-separated keys."""


def load_settings(directory: bytes | None = None) -> Settings:
    """Read the user's settings; defaults where there is no file.

    Raises SettingsError with a sentence that names file and key.
    """
    path = settings_file(directory)
    shown = display_path(path)
    if not os.path.lexists(path):
        return Settings()
    import tomllib  # takes 5 ms, and most people have no such file

    try:
        with open(path, "rb") as file:
            text = file.read().decode("utf-8")
        document = tomllib.loads(text)
    except FileNotFoundError:
        return Settings()
    except OSError as error:
        raise SettingsError(f"{shown}: cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{shown}: is not TOML: {display_name(str(error))}") from error
    try:
        settings = msgspec.convert(document, Settings)
        _check(settings)
    except ValueError as error:  # a ValidationError is one; its text repeats keys as they were written
        line = line_of(text, _key(str(error)))
        place = f"{shown}:{line}" if line else shown
        raise SettingsError(f"{place}: {display_name(str(error))}") from error
    return settings


def _key(message: str) -> str:
    """Return the key that a message is about: at its end, or unknown, or at its beginning."""
    message, _, place = message.partition(" - at ")
    key = place.strip("`").removeprefix("$").removeprefix(".")
    unknown = _UNKNOWN.search(message)
    if unknown is not None:
        return f"{key}.{unknown[1]}" if key else unknown[1]
    return key or message.partition(": ")[0]


def _check(settings: Settings) -> None:
    """Raise ValueError, the key first, for what the types alone do not say."""
    _check_thresholds(settings.thresholds)
    for key, retention in settings.retention.items():
        check_retention(f"retention.{key}", retention)
    for number, path in enumerate(settings.protected):
        # One that protects nothing is worse than none: its owner relies on it.
        if not path.startswith("/") and path != "~" and not path.startswith("~/"):
            raise ValueError(f"protected[{number}]: must begin with / or ~/, not {path!r}")


def check_retention(key: str, retention: Retention) -> None:
    """Raise ValueError, the key first, for a retention that would keep nothing or says no age."""
    if retention.newest is not None and retention.newest < 1:
        raise ValueError(f"{key}.newest: at least 1 of a series stays")
    if retention.older_than and retention.older_than not in _AGES:
        try:
            parse_age(retention.older_than)
        except ValueError as error:
            raise ValueError(f"{key}.older_than: {error}") from error


def _check_thresholds(thresholds: Thresholds) -> None:
    """Raise ValueError at one that says nothing: a run that is alive must not count as dead by a slip."""
    for name in thresholds.__struct_fields__:
        read = parse_size if name == "minimum_size" else parse_age
        try:
            read(getattr(thresholds, name))
        except ValueError as error:
            raise ValueError(f"thresholds.{name}: {error}") from error
