"""Where dusk keeps its own things. The only directories it writes to without being asked."""

from __future__ import annotations

import os
import sys

import platformdirs


def config_directory() -> bytes:
    """Return the directory of user rules, protected paths, themes and settings."""
    return os.fsencode(os.environ.get("DUSK_CONFIG_DIR") or platformdirs.user_config_dir("dusk"))


def settings_file(directory: bytes | None = None) -> bytes:
    """Return the file of settings, the user's own where no directory is named."""
    return os.path.join(config_directory() if directory is None else directory, b"config.toml")


def state_directory() -> bytes:
    """Return the directory of the journal."""
    return os.fsencode(os.environ.get("DUSK_STATE_DIR") or platformdirs.user_state_dir("dusk"))


def cache_directory() -> bytes:
    """Return the directory of what dusk can make anew: the rules as they are read fast."""
    return os.fsencode(os.environ.get("DUSK_CACHE_DIR") or platformdirs.user_cache_dir("dusk"))


def practice_directory() -> bytes:
    """Return where ``dusk demo`` builds when no directory is named."""
    return os.path.join(os.fsencode(platformdirs.user_data_dir("dusk")), b"practice")


def home_directory() -> bytes:
    """Return the user's home directory."""
    return os.fsencode(os.path.expanduser("~"))


def home_trash() -> bytes:
    """Return the home trash of the FreeDesktop specification (``$XDG_DATA_HOME/Trash``)."""
    data = os.environ.get("XDG_DATA_HOME", "")
    base = data if os.path.isabs(data) else os.path.join(os.path.expanduser("~"), ".local", "share")
    # A relative HOME exists in broken service files; whoever looks for the trash above it needs an end.
    return os.path.join(os.fsencode(os.path.abspath(base)), b"Trash")


def installation_directories() -> tuple[bytes, ...]:
    """Return the directories that the running interpreter and dusk itself live in."""
    package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    return tuple(os.fsencode(os.path.realpath(path)) for path in {sys.prefix, sys.base_prefix, package})
