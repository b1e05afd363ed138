"""The entry of the command line: parse, run, and turn whatever happens into a sentence and an exit code."""

from __future__ import annotations

import contextlib
import os
import sys
from argparse import Namespace

from dusk.cli.command_table import CommandEntry
from dusk.cli.exit_codes import ExitCode, RefusalError
from dusk.cli.output import flush_output, prepare_streams, print_error

# Errors that carry a whole sentence for the user, by module, so that none of them has to be imported here.
_SENTENCES: tuple[tuple[str, str, ExitCode], ...] = (
    ("dusk.settings", "SettingsError", ExitCode.USAGE),
    ("dusk.scan.start", "ScanError", ExitCode.REFUSED),
    ("dusk.practice.builder", "PracticeError", ExitCode.REFUSED),
    ("dusk.actions.journal", "JournalError", ExitCode.REFUSED),
    ("dusk.actions.undo", "NothingToUndo", ExitCode.REFUSED),
    ("dusk.plan.document", "PlanError", ExitCode.USAGE),
)


def main(argv: list[str] | None = None) -> int:
    """Run one command line and return its exit code; the console script passes no arguments."""
    command: CommandEntry | None = None
    try:
        prepare_streams()
        try:
            from dusk.cli.parser import parse

            command, arguments = parse(sys.argv[1:] if argv is None else argv)
            code = _run(command, arguments)
        except SystemExit as leaving:  # argparse: --help, --version and bad usage
            code = leaving.code if isinstance(leaving.code, int) else ExitCode.DONE
        flush_output()
    except KeyboardInterrupt:
        code = _interrupted(is_last=argv is None)
    except BrokenPipeError:
        code = _reader_is_gone(command)
    except Exception as error:  # the last resort: a sentence instead of a traceback
        code = _failed(error)
    if argv is None:
        _leave(int(code))
    return int(code)


def _run(command: CommandEntry | None, arguments: Namespace) -> int:
    from dusk.cli.crash import catch_threads

    catch_threads()
    if command is None:
        from dusk.cli.commands import app

        return app.run(arguments)
    code: int = command.module().run(arguments)
    return code


def _failed(error: Exception) -> int:
    if isinstance(error, RefusalError):
        print_error(error.sentence)
        return error.code
    for module, name, code in _SENTENCES:
        kind = getattr(sys.modules.get(module), name, None)
        if kind is not None and isinstance(error, kind):
            print_error(str(error))
            return code
    from dusk.cli.crash import report_crash

    return report_crash(error)


def _interrupted(*, is_last: bool) -> int:
    if is_last:
        import signal

        signal.signal(signal.SIGINT, signal.SIG_IGN)  # an impatient second Ctrl-C must not show a traceback
    with contextlib.suppress(OSError):
        print_error("interrupted.")
    return ExitCode.INTERRUPTED


def _reader_is_gone(command: CommandEntry | None) -> int:
    # Python flushes again when it ends and would complain; nobody reads that either.
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return ExitCode.REFUSED if command is not None and command.acts else ExitCode.DONE


def _leave(code: int) -> None:
    """End the process at once: a thread in a system call that never returns must not hold it."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            if stream is not None:
                stream.flush()
    os._exit(code)
