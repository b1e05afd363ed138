"""``dusk [PATH]``: the terminal app; without a terminal that can show it, the plain report and a hint."""

from __future__ import annotations

import os
from argparse import Namespace

from dusk.cli.exit_codes import ExitCode


def run(arguments: Namespace) -> int:
    """Open the app, or print the report."""
    from dusk.cli.paths import typed_path
    from dusk.cli.terminal import obstacle
    from dusk.settings import load_settings

    settings = load_settings()
    path = typed_path(arguments.path)
    reason = obstacle()
    if reason is not None:
        return print_report(path, reason, measure=arguments.measure, cross=arguments.cross)
    archive = arguments.to or settings.archive_directory
    return open_app(
        path,
        cross=arguments.cross,
        measure=arguments.measure,
        read_only=arguments.read_only,
        ascii_only=arguments.ascii,
        mouse=not arguments.no_mouse,
        theme=arguments.theme,
        archive_directory=_archive_directory(archive),
    )


def open_app(
    path: bytes,
    *,
    cross: bool = False,
    measure: str | None = None,
    read_only: bool = False,
    ascii_only: bool = False,
    mouse: bool = True,
    theme: str | None = None,
    archive_directory: bytes = b"",
) -> int:
    """Show the app on a directory and return its exit code."""
    from dusk.scan.entry import Measure
    from dusk.tui.launch import LaunchOptions, launch

    options = LaunchOptions(
        path=path,
        cross=cross,
        measure=Measure(measure) if measure else None,
        read_only=read_only,
        ascii=ascii_only,
        mouse=mouse,
        theme=theme,
        archive_directory=archive_directory,
    )
    return launch(options)


def print_report(path: bytes, reason: str, *, measure: str | None, cross: bool) -> int:
    """Print the plain report of a directory, and a hint why it is not the app."""
    raise NotImplementedError


def _archive_directory(text: str) -> bytes:
    from dusk.cli.paths import typed_path

    return typed_path(os.path.expanduser(text)) if text else b""


__all__ = ["ExitCode", "open_app", "print_report", "run"]
