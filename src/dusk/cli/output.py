"""Standard output: one JSON document, JSON lines, or text that no file name can break."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from typing import Any

from dusk.cli.exit_codes import RefusalError


def prepare_streams() -> None:
    """Make printing any text safe, whatever the locale: what cannot be encoded is spelt out."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")


def print_text(text: str = "") -> None:
    """Write one text and a line break to standard output.

    Raises RefusalError when it cannot be written, BrokenPipeError when nobody reads it any more.
    """
    with _writing():
        if sys.stdout is not None:
            sys.stdout.write(text + "\n")


def print_json(document: Any) -> None:
    """Write one JSON document, indented, in ASCII: names that are not UTF-8 stay surrogate escapes."""
    import json

    print_text(json.dumps(document, indent=2))


def print_json_line(document: Any) -> None:
    """Write one JSON document on one line, and let it go at once to whoever reads along."""
    import json

    print_text(json.dumps(document))
    flush_output()


def flush_output() -> None:
    """Hand everything printed so far to the system; raises as print_text does."""
    with _writing():
        if sys.stdout is not None:
            sys.stdout.flush()


def print_error(sentence: str) -> None:
    """Write one sentence for the user to standard error, after everything printed so far."""
    if sys.stderr is None:
        return
    with contextlib.suppress(OSError, ValueError):
        if sys.stdout is not None:
            sys.stdout.flush()
    sys.stderr.write(f"dusk: {sentence}{'' if sentence.endswith(('.', '!', '?')) else '.'}\n")
    sys.stderr.flush()


@contextlib.contextmanager
def _writing() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise RefusalError(f"the output could not be written: {error.strerror}") from error
