"""``dusk journal``: what was done, and what was taken back."""

from __future__ import annotations

from typing import Any

from dusk.cli.parser import add_json
from dusk.cli.values import batch_number


def configure(subparsers: Any) -> None:
    """Describe the command line."""
    parser = subparsers.add_parser(
        "journal",
        help="show what was done, and what was taken back",
        description="Show the newest batches, newest first, or every item of one batch.",
    )
    parser.add_argument(
        "batch", nargs="?", type=batch_number, metavar="BATCH", help="show every item of this batch"
    )
    parser.add_argument(
        "--limit", type=int, default=20, metavar="COUNT", help="how many batches (default: 20, 0: all)"
    )
    add_json(parser)
