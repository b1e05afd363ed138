"""``dusk scan``: walk a directory and say its totals."""

from __future__ import annotations

import os
from argparse import Namespace
from functools import partial
from typing import Any

from dusk.cli.exit_codes import ExitCode
from dusk.cli.parser import add_cross, add_json, add_threads

_SHOWN_ERRORS = 10
_LISTED_ERRORS = 1000


def configure(subparsers: Any) -> None:
    """Describe the command line."""
    parser = subparsers.add_parser(
        "scan",
        help="walk a directory: totals, errors, rate",
        description="Walk a directory and print its totals. Hard links count once, sparse files by their "
        "blocks, and other filesystems stay out.",
    )
    parser.add_argument("path", nargs="?", default=".", metavar="PATH", help="directory (default: .)")
    add_json(parser)
    add_cross(parser)
    add_threads(parser)


def run(arguments: Namespace) -> int:
    """Scan and print."""
    from dusk.cli.paths import typed_path
    from dusk.cli.scanning import run_scan, unreadable_entries

    scan = run_scan(
        typed_path(arguments.path),
        cross=arguments.cross,
        threads=arguments.threads,
        meanwhile=partial(_get_ready, for_json=arguments.json),
    )
    from dusk.cli.output import print_error, print_json, print_text
    from dusk.fs.units import count_noun
    from dusk.scan.tree import ROOT

    path, progress = scan.tree.path(ROOT), scan.progress()
    limit = _LISTED_ERRORS if arguments.json else _SHOWN_ERRORS
    unreadable = unreadable_entries(scan.tree, limit) if progress.errors else []
    if arguments.json:
        from dusk.report.scan_document import progress_document

        print_json(progress_document(progress, path, unreadable))
    else:
        from dusk.report.summary import scan_text

        print_text(scan_text(progress, path, unreadable))
    if progress.errors:
        print_error(f"{count_noun(progress.errors, 'entry', 'entries')} could not be read.")
    return ExitCode.DONE


def _get_ready(*, for_json: bool) -> None:
    # Importing what prints takes as long as some ten thousand entries: the walk goes on meanwhile.
    if for_json:
        import json  # noqa: F401

        import dusk.report.scan_document
    else:
        import dusk.report.summary  # noqa: F401
    from dusk.fs.locations import settings_file

    # A configuration that cannot be read is said by every command, not by some. Most people have none, and
    # importing what reads it takes longer than all the rest.
    if os.path.lexists(settings_file()):
        from dusk.settings import load_settings

        load_settings()
