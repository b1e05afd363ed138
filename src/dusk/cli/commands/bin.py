"""``dusk bin``: what dusk and other tools put in the trash."""

from __future__ import annotations

import argparse
from typing import Any

from dusk.cli.parser import add_read_only, add_yes
from dusk.cli.values import age


def configure(subparsers: Any) -> None:
    """Describe the command line."""
    parser = subparsers.add_parser(
        "bin",
        help="list, restore or empty what is in the trash",
        description="Show, put back or delete for good what dusk and other tools put in the trash.",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON document and nothing else")
    verbs = parser.add_subparsers(dest="verb", metavar="[list|restore|empty]", title="commands")
    listing = verbs.add_parser("list", help="list what is in the trash (default)")
    _add_nested_json(listing)
    restore = verbs.add_parser(
        "restore",
        help="put items back where they were",
        description="Put items back where they were. Nothing that is in the way is ever replaced.",
    )
    restore.add_argument("paths", nargs="+", metavar="PATH", help="place it came from, or place in the trash")
    _add_nested_json(restore)
    add_read_only(restore)
    empty = verbs.add_parser(
        "empty",
        help="delete items for good; cannot be undone",
        description="Delete what is in the trash for good. This is what frees the bytes, and it cannot be "
        "undone, so a typed word is asked for.",
    )
    empty.add_argument(
        "paths", nargs="*", metavar="PATH", help="only what came from, or lies at, these places"
    )
    empty.add_argument(
        "--older-than", type=age, metavar="AGE", help="only what was trashed longer ago, such as 30d"
    )
    empty.add_argument("--dry-run", action="store_true", help="say what would go, and do nothing")
    add_yes(empty)
    _add_nested_json(empty)
    add_read_only(empty)


def _add_nested_json(parser: argparse.ArgumentParser) -> None:
    # Without a default of its own, so that "dusk bin --json list" keeps what stands before the word.
    parser.add_argument(
        "--json", action="store_true", default=argparse.SUPPRESS, help="print one JSON document"
    )
