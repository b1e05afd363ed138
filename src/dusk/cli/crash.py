"""The last resort: an unexpected error becomes a sentence and a report in a file."""

from __future__ import annotations

import contextlib
import errno
import os
import sys
import time

from dusk import __version__
from dusk.cli.exit_codes import ExitCode
from dusk.cli.output import print_error
from dusk.fs.names import display_name, display_path, shell_word


def report_crash(error: BaseException) -> int:
    """Say that something went wrong and where the details are; with DUSK_DEBUG=1 show them as well."""
    summary = display_name(f"{type(error).__name__}: {error}"[:300])
    if os.environ.get("DUSK_DEBUG", "0") not in ("", "0"):
        sys.stderr.write(_details(error))
    if isinstance(error, OSError) and error.errno is not None and error.__traceback__ is not None:
        summary = display_name(f"{error.strerror}" + _named(error))
    try:
        path = _write(_details(error))
    except OSError as failure:
        print_error(
            f"something went wrong: {summary}. The report could not be written ({failure.strerror}); "
            "DUSK_DEBUG=1 shows it here."
        )
    else:
        print_error(f"something went wrong: {summary}. A report is in {display_path(path)}.")
    return ExitCode.REFUSED


def catch_threads() -> None:
    """Write a report of what breaks in other threads too; whoever waits for them says so on the screen."""
    import threading

    def hook(arguments: threading.ExceptHookArgs) -> None:
        error = arguments.exc_value
        if error is None or isinstance(error, SystemExit):
            return
        if isinstance(error, OSError) and error.errno == errno.EIO:
            return  # the terminal is gone: somebody closed the window, and nothing is broken
        with contextlib.suppress(OSError):
            _write(_details(error))

    threading.excepthook = hook


def _named(error: OSError) -> str:
    name = error.filename
    if isinstance(name, (str, bytes)):
        return f": {display_path(name)}"
    return ""


def _details(error: BaseException) -> str:
    import platform  # these two take longer than a small scan, and are seldom wanted
    import traceback

    words = " ".join(shell_word(os.fsencode(word)) for word in sys.argv[1:])
    trace = "".join(traceback.format_exception(error))
    # A name with terminal commands in it may be part of the message.
    safe = "\n".join(display_name(line) for line in trace.split("\n"))
    return (
        f"dusk {__version__}\ncommand: dusk {words}\npython {platform.python_version()} on "
        f"{platform.platform()}\n\n{safe}\n"
    )


def _write(text: str) -> bytes:
    from dusk.fs.locations import state_directory

    directory = state_directory()
    os.makedirs(directory, mode=0o700, exist_ok=True)
    stamp = time.strftime("%Y%m%d-%H%M%S").encode()
    path = os.path.join(directory, b"crash-%s-%d.txt" % (stamp, time.time_ns() % 1_000_000))
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with open(descriptor, "w", encoding="utf-8", errors="backslashreplace") as file:
        file.write(text)
    return path
