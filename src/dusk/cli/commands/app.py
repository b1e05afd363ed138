"""``dusk [PATH]``: the terminal app; without a terminal that can show it, the plain report and a hint."""

from __future__ import annotations

import os
from argparse import Namespace
from typing import TYPE_CHECKING

from dusk.cli.exit_codes import ExitCode

if TYPE_CHECKING:
    from dusk.settings import Settings

_SHOWN_ERRORS = 10


def run(arguments: Namespace) -> int:
    """Open the app, or print the report."""
    from dusk.cli.paths import typed_path
    from dusk.cli.terminal import obstacle
    from dusk.settings import load_settings

    settings = load_settings()
    path = typed_path(arguments.path)
    _check_spelling(arguments.path, path)
    reason = obstacle()
    if reason is not None:
        return print_report(arguments, path, reason, settings)
    archive = arguments.to or settings.archive_directory
    return open_app(
        path,
        cross=arguments.cross,
        threads=arguments.threads,
        measure=arguments.measure,
        read_only=arguments.read_only,
        ascii_only=arguments.ascii,
        mouse=not arguments.no_mouse,
        theme=arguments.theme,
        archive_directory=_archive_directory(archive),
        settings=settings,
    )


def _check_spelling(word: str, path: bytes) -> None:
    """Raise RefusalError for a word that names no path and nearly names a command."""
    import difflib

    from dusk.cli.command_table import BY_NAME
    from dusk.cli.exit_codes import RefusalError
    from dusk.fs.names import display_path

    near = difflib.get_close_matches(word, BY_NAME, 1) if "/" not in word else []
    if near and not os.path.lexists(path):
        sentence = f"{display_path(path)} does not exist. Did you mean 'dusk {near[0]}'?"
        raise RefusalError(sentence, ExitCode.USAGE)


def open_app(
    path: bytes,
    *,
    cross: bool = False,
    threads: int | None = None,
    measure: str | None = None,
    read_only: bool = False,
    ascii_only: bool = False,
    mouse: bool = True,
    theme: str | None = None,
    archive_directory: bytes = b"",
    settings: Settings | None = None,
) -> int:
    """Show the app on a directory and return its exit code."""
    from dusk.scan.entry import Measure
    from dusk.tui.launch import LaunchOptions, launch

    if theme is not None:
        _check_theme(theme)
    options = LaunchOptions(
        path=path,
        cross=cross,
        threads=threads,
        measure=Measure(measure) if measure else None,
        read_only=read_only,
        ascii=ascii_only,
        mouse=mouse,
        theme=theme,
        archive_directory=archive_directory,
        settings=settings,
    )
    return launch(options)


def _check_theme(name: str) -> None:
    """Raise RefusalError for a theme that does not exist: a typing error must not pick another one."""
    from dusk.cli.exit_codes import RefusalError
    from dusk.fs.names import display_name
    from dusk.tui.themes import load_themes

    names = [theme.name for theme in load_themes().themes]
    if name not in names:
        known = ", ".join(display_name(one) for one in names)
        raise RefusalError(f"There is no theme {display_name(name)}. There are: {known}.", ExitCode.USAGE)


def print_report(arguments: Namespace, path: bytes, reason: str, settings: Settings) -> int:
    """Print the plain report of a directory, and a hint why it is not the app."""
    from dusk.cli.measures import measure_for
    from dusk.cli.output import print_error, print_text
    from dusk.cli.scanning import load_rules, run_judge, unreadable_entries
    from dusk.fs.names import display_name
    from dusk.report.findings import findings_table
    from dusk.report.summary import scan_text, tree_report
    from dusk.scan.tree import ROOT

    judge = run_judge(path, load_rules(), settings, cross=arguments.cross, threads=arguments.threads)
    tree, progress = judge.scan.tree, judge.scan.progress()
    measure = measure_for(tree.path(ROOT), arguments.measure)

    def tag(index: int) -> str:
        finding = judge.finding_for(index)
        return display_name(finding.tag) if finding else ""

    unreadable = unreadable_entries(tree, _SHOWN_ERRORS) if progress.errors else []
    print_text(scan_text(progress, tree.path(ROOT), unreadable))
    print_text("\n" + tree_report(tree, measure, tag=tag))
    print_text("\n" + findings_table(judge.findings(), measure))
    print_error(f"this is the plain report, because {reason}. 'dusk --help' lists the commands for scripts.")
    return ExitCode.DONE


def _archive_directory(text: str) -> bytes:
    from dusk.cli.paths import typed_path

    return typed_path(os.path.expanduser(text)) if text else b""
