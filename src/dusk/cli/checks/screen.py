"""The terminal and the themes."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator

from dusk.cli.checks.check import Check, note, ok, problem
from dusk.cli.terminal import color_support, obstacle
from dusk.fs.names import display_name
from dusk.settings import Settings

_SMALLEST = (80, 24)


def check_terminal() -> Iterator[Check]:
    """Yield whether the app can be shown, in which colours and at which size."""
    reason = obstacle()
    if reason is None:
        yield ok("terminal", "app", "can be shown here")
    else:
        yield note("terminal", "app", f"cannot be shown here: {reason}; dusk prints its report instead")
    kind = display_name(os.environ.get("TERM", "")) or "not set"
    yield ok("terminal", "colours", f"{color_support()} (TERM is {kind})")
    if reason is None:
        size = shutil.get_terminal_size()
        small = size.columns < _SMALLEST[0] or size.lines < _SMALLEST[1]
        text = f"{size.columns} columns, {size.lines} lines"
        yield (
            note("terminal", "size", f"{text}; made for 80 by 24 and more")
            if small
            else ok("terminal", "size", text)
        )
    encoding = (getattr(sys.stdout, "encoding", "") or "unknown").upper()
    if encoding in ("UTF-8", "UTF8"):
        yield ok("terminal", "encoding", "UTF-8")
    else:
        yield note("terminal", "encoding", f"{encoding}; use --ascii, and names are spelt out")
    if os.environ.get("SSH_CONNECTION") or os.environ.get("SSH_TTY"):
        yield ok("terminal", "ssh", "yes: no animation and a slower tick")


def check_themes(settings: Settings) -> Iterator[Check]:
    """Yield theme files that cannot be used, and whether the chosen one exists."""
    from dusk.tui.themes import load_themes

    shelf = load_themes()
    names = [theme.name for theme in shelf.themes]
    yield ok("themes", "themes", ", ".join(display_name(name) for name in names))
    for wrong in shelf.problems:
        where = f"{wrong.file}: {display_name(wrong.key)}" if wrong.key else wrong.file
        yield problem("themes", where, f"{display_name(wrong.message)}; the file is left out")
    if settings.theme not in names:
        yield problem(
            "themes", display_name(settings.theme), "is set in config.toml, and there is no such theme"
        )
