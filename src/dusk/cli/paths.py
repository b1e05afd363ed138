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


def directory_to_scan(text: str) -> bytes:
    """Return the directory to look at, with all symbolic links resolved.

    Looked at in the background, because the path may lie on a mount that hangs.
    """
    path = typed_path(text)
    return finish(lambda: _real_directory(path))


def target_to_act_on(text: str) -> bytes:
    """Return an entry to act on: its directory resolved, the entry itself never followed."""
    from dusk.fs.descent import resolve_parent

    path = typed_path(text)
    if path.rstrip(b"/").rsplit(b"/", 1)[-1] in (b".", b".."):
        raise RefusalError(f"{display_path(text)}: name the directory itself, not '.' or '..'.")
    return finish(lambda: resolve_parent(path))


def _real_directory(path: bytes) -> bytes:
    try:
        real = os.path.realpath(path, strict=True)
        is_directory = os.path.isdir(real)
    except OSError as error:
        raise RefusalError(f"{display_path(path)}: {_reason(error)}.") from error
    if not is_directory:
        raise RefusalError(f"{display_path(path)}: is not a directory. Name the directory that holds it.")
    return real


def _reason(error: OSError) -> str:
    reasons = {FileNotFoundError: "does not exist", PermissionError: "you may not look there (no permission)"}
    return reasons.get(type(error), (error.strerror or "cannot be read").lower())
