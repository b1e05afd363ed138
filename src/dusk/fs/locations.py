"""Where dusk keeps its own things. The only directories it writes to without being asked."""

from __future__ import annotations

import os
import sys

# By the variable that names the base of each: where it lies without one, on Linux and on macOS.
_BASES = {
    "XDG_CONFIG_HOME": (".config", "Library/Application Support"),
    "XDG_STATE_HOME": (".local/state", "Library/Application Support"),
    "XDG_CACHE_HOME": (".cache", "Library/Caches"),
    "XDG_DATA_HOME": (".local/share", "Library/Application Support"),
}


def config_directory() -> bytes:
    """Return the directory of user rules, protected paths, themes and settings."""
    return _own_directory("DUSK_CONFIG_DIR", "XDG_CONFIG_HOME")


def settings_file(directory: bytes | None = None) -> bytes:
    """Return the file of settings, the user's own where no directory is named."""
    return os.path.join(config_directory() if directory is None else directory, b"config.toml")


def state_directory() -> bytes:
    """Return the directory of the journal."""
    return _own_directory("DUSK_STATE_DIR", "XDG_STATE_HOME")


def cache_directory() -> bytes:
    """Return the directory of what dusk can make anew: the rules as they are read fast."""
    return _own_directory("DUSK_CACHE_DIR", "XDG_CACHE_HOME")


def practice_directory() -> bytes:
    """Return where ``dusk demo`` builds when no directory is named."""
    return os.path.join(os.fsencode(_base("XDG_DATA_HOME")), b"dusk", b"practice")


def home_directory() -> bytes:
    """Return the user's home directory."""
    return os.fsencode(os.path.expanduser("~"))


def home_trash() -> bytes:
    """Return the home trash of the FreeDesktop specification (``$XDG_DATA_HOME/Trash``)."""
    base = _named_or_at_home("XDG_DATA_HOME", _BASES["XDG_DATA_HOME"][0])
    # A relative HOME exists in broken service files; whoever looks for the trash above it needs an end.
    return os.path.join(os.fsencode(os.path.abspath(base)), b"Trash")


def installation_directories() -> tuple[bytes, ...]:
    """Return the directories that the running interpreter and dusk itself live in."""
    package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    return tuple(os.fsencode(os.path.realpath(path)) for path in {sys.prefix, sys.base_prefix, package})


def ignored_bases() -> dict[str, tuple[str, str]]:
    """Return the variables that name a relative base, each with its value and what counts instead."""
    named = {variable: os.environ.get(variable, "") for variable in _BASES}
    return {
        variable: (value, _base(variable))
        for variable, value in named.items()
        if value and not os.path.isabs(value)
    }


def _own_directory(variable: str, base: str) -> bytes:
    return os.fsencode(os.environ.get(variable) or os.path.join(_base(base), "dusk"))


def _base(variable: str) -> str:
    """Return a base directory.

    Source: the XDG base directory specification, by which a relative path counts as none. Importing the
    library platformdirs takes 10 ms, a fifth of the time until a scan begins.
    """
    linux, macos = _BASES[variable]
    return _named_or_at_home(variable, macos if sys.platform == "darwin" else linux)


def _named_or_at_home(variable: str, place: str) -> str:
    named = os.environ.get(variable, "")
    return named if os.path.isabs(named) else os.path.join(os.path.expanduser("~"), place)
