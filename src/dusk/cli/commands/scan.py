"""``dusk scan``: walk a directory and say its totals."""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING, Any

from dusk.cli.exit_codes import ExitCode
from dusk.cli.parser import add_cross, add_json

if TYPE_CHECKING:
    from dusk.scan.scanner import Scan

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


def run(arguments: Namespace) -> int:
    """Scan and print."""
    from dusk.cli.output import print_error, print_json
    from dusk.cli.paths import typed_path
    from dusk.cli.scanning import run_scan, unreadable_entries
    from dusk.fs.names import display_name, display_path
    from dusk.scan.tree import ROOT
    from dusk.settings import load_settings

    load_settings()  # a configuration that cannot be read is said by every command, not by some
    scan = run_scan(typed_path(arguments.path), cross=arguments.cross)
    path = scan.tree.path(ROOT)
    errors = scan.progress().errors
    unreadable = unreadable_entries(scan.tree, _LISTED_ERRORS) if errors else []
    if arguments.json:
        print_json(_document(path, scan, unreadable))
        return ExitCode.DONE
    _print_totals(path, scan)
    for where, reason in unreadable[:_SHOWN_ERRORS]:
        print_error(f"{display_path(where)}: {display_name(reason)}; it is not in the totals.")
    if errors > _SHOWN_ERRORS:
        print_error(f"{errors - _SHOWN_ERRORS:,} more could not be read; --json lists them.")
    return ExitCode.DONE


def _print_totals(path: bytes, scan: Scan) -> None:
    from dusk.cli.output import print_text
    from dusk.fs.names import display_path
    from dusk.fs.units import count_noun, format_size

    progress = scan.progress()
    others = progress.entries - progress.directories
    print_text(display_path(path))
    print_text(f"  on disk    {format_size(progress.disk_bytes):>8}   {progress.disk_bytes:,} bytes")
    print_text(f"  apparent   {format_size(progress.apparent_bytes):>8}   {progress.apparent_bytes:,} bytes")
    print_text(
        f"  entries    {progress.entries:,}: "
        f"{count_noun(progress.directories, 'directory', 'directories')} and {count_noun(others, 'other')}"
    )
    print_text(f"  errors     {progress.errors:,}")
    print_text(f"  time       {progress.seconds:.2f} s, {progress.rate:,.0f} entries/s")
    print_text(f"  scanner    {progress.scanner}")


def _document(path: bytes, scan: Scan, unreadable: list[tuple[bytes, str]]) -> dict[str, Any]:
    from dusk.fs.names import json_text

    progress = scan.progress()
    return {
        "path": json_text(path),
        "entries": progress.entries,
        "dirs": progress.directories,
        "errors": progress.errors,
        "apparent_bytes": progress.apparent_bytes,
        "disk_bytes": progress.disk_bytes,
        "seconds": round(progress.seconds, 6),
        "rate": round(progress.rate, 1),
        "scanner": progress.scanner,
        "unreadable": [{"path": json_text(where), "error": reason} for where, reason in unreadable],
    }
