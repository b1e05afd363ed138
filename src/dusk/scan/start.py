"""Beginning a scan of what a person named, with a clear sentence when that cannot be."""

from __future__ import annotations

import errno
import importlib
import os
import threading

from dusk.fs.names import display_name, display_path
from dusk.scan.root import open_root
from dusk.scan.scanner import Scan, ScanOptions

ANSWER_TIMEOUT = 10.0
"""Seconds that the filesystem of the path itself has to answer."""
SCANNER_VARIABLE = "DUSK_SCANNER"
"""Environment variable that asks for the ``native`` or the ``reference`` scanner."""
_NOTHING = ScanOptions()


class ScanError(Exception):
    """A path cannot be scanned; the message is a sentence for the person who named it."""


def open_scan(path: bytes, options: ScanOptions = _NOTHING) -> Scan:
    """Return a scan of a directory, not started yet.

    Symbolic links in the path are followed; nothing but the path itself is touched. Raises ScanError.
    """
    resolved = _answer_in_time(path)
    chosen = os.environ.get(SCANNER_VARIABLE, "")
    if chosen not in ("", "native", "reference"):
        raise ScanError(f"{SCANNER_VARIABLE} is native or reference, not {display_name(chosen)}")
    if chosen != "reference" and is_native_built():
        from dusk.scan.native_scan import NativeScan

        return NativeScan(resolved, options)
    if chosen == "native":
        raise ScanError(f"{SCANNER_VARIABLE} asks for the native scanner, which was not built here")
    from dusk.scan.walker import ReferenceScan

    return ReferenceScan(resolved, options)


def is_native_built() -> bool:
    """Return whether the native core is there and fits this interpreter."""
    try:
        importlib.import_module("dusk.scan._native")
    except ImportError:
        return False
    return True


def _answer_in_time(path: bytes) -> bytes:
    # A hung mount would hold this thread for good; a daemon thread can be left behind.
    answers: list[bytes | Exception] = []

    def ask() -> None:
        try:
            answers.append(_resolve(path))
        except Exception as error:
            answers.append(error)

    asking = threading.Thread(target=ask, name="dusk-open", daemon=True)
    try:
        asking.start()
    except RuntimeError as error:
        raise ScanError(f"no thread could be started: {error}") from None
    asking.join(ANSWER_TIMEOUT)
    if not answers:
        raise ScanError(f"{display_path(path)} does not answer: the filesystem it lies on may hang")
    answer = answers[0]
    if isinstance(answer, Exception):
        raise answer
    return answer


def _resolve(path: bytes) -> bytes:
    try:
        absolute = os.path.abspath(path)
    except FileNotFoundError:
        raise ScanError("the working directory does not exist any more; name an absolute path") from None
    try:
        resolved = _real_path(absolute)
        os.close(open_root(resolved))
    except (OSError, ValueError) as error:
        raise ScanError(_sentence(absolute, error)) from None
    return resolved


def _real_path(absolute: bytes) -> bytes:
    try:
        return os.path.realpath(absolute, strict=True)
    except OSError as error:
        # Longer than the system resolves at once: taken as it is, and opened without following links.
        if error.errno != errno.ENAMETOOLONG:
            raise
        return absolute


def _sentence(path: bytes, error: OSError | ValueError) -> str:
    shown = display_path(path)
    if isinstance(error, ValueError):
        return f"{shown} is not a path: it holds a zero byte"
    if error.errno == errno.ENOENT:
        return f"{shown} does not exist"
    if error.errno == errno.ENOTDIR:
        return f"{shown} is not a directory"
    if error.errno in (errno.EACCES, errno.EPERM):
        return f"{shown}: permission denied"
    if error.errno == errno.ELOOP:
        return f"{shown}: too many symbolic links"
    return f"{shown} cannot be opened: {(error.strerror or str(error)).lower()}"
