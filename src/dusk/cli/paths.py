"""Paths as typed, made into paths to look at or to act on."""

from __future__ import annotations

import os

from dusk.cli.background import finish
from dusk.cli.exit_codes import ExitCode, RefusalError
from dusk.fs.names import display_path


def typed_path(text: str) -> bytes:
    """Return the absolute path that a typed one means; a relative one needs a current directory."""
    path = os.fsencode(text)
    if not path:
        raise RefusalError("An empty path names nothing.", ExitCode.USAGE)
    if b"\0" in path:
        raise RefusalError("A path cannot hold a zero byte.", ExitCode.USAGE)
    if path.startswith(b"/"):
        return path
    try:
        return os.path.join(os.getcwdb(), path)
    except OSError as error:
        raise RefusalError(
            f"The current directory is gone or cannot be read ({error.strerror}). Name an absolute path."
        ) from error


def target_to_act_on(text: str) -> bytes:
    """Return an entry to act on: its directory resolved as the system does it, the entry never followed."""
    path = typed_path(text)
    directory, name = os.path.split(path.rstrip(b"/"))
    if name in (b"", b".", b".."):
        raise RefusalError(f"{display_path(path)}: name the directory itself, not '.', '..' or '/'.")
    return os.path.join(finish(lambda: os.path.realpath(directory)), name)


def path_to_explain(text: str) -> bytes:
    """Return an entry to look at: as one to act on, but ``.`` and ``..`` name the directory they lead to."""
    path = typed_path(text)
    if os.path.basename(path.rstrip(b"/")) in (b"", b".", b".."):
        path = finish(lambda: os.path.realpath(path))
    else:
        path = target_to_act_on(text)
    try:
        finish(lambda: os.lstat(path))
    except OSError as error:
        raise RefusalError(f"{display_path(path)}: {reason_of(error)}.") from error
    return path


def reason_of(error: OSError) -> str:
    """Return why something cannot be looked at, in a few words."""
    if isinstance(error, (FileNotFoundError, NotADirectoryError)):
        return "does not exist"
    return (error.strerror or "cannot be looked at").lower()
