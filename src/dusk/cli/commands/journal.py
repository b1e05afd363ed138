"""``dusk journal``: what was done, and what was taken back."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from dusk.cli.exit_codes import ExitCode, RefusalError
from dusk.cli.parser import add_json
from dusk.cli.values import batch_number, count

_ALL = 2**62  # more batches than anybody makes


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
        "--limit", type=count, default=20, metavar="COUNT", help="how many batches (default: 20, 0: all)"
    )
    add_json(parser)


def run(arguments: Namespace) -> int:
    """Print the diary, or one batch of it."""
    from dusk.cli.journal_access import open_journal
    from dusk.cli.output import print_json, print_text
    from dusk.report.diary import batch_text, journal_text
    from dusk.report.journal_document import batch_document

    journal = open_journal(settle=False)
    if arguments.batch is not None:
        batch = journal.batch(arguments.batch)
        if batch is None:
            raise RefusalError(f"The journal has no batch {arguments.batch}.")
        records = journal.records(batch.id)
        if arguments.json:
            print_json(batch_document(batch, records))
        else:
            print_text(batch_text(batch, records))
        return ExitCode.DONE
    batches = journal.batches(arguments.limit or _ALL)
    if arguments.json:
        print_json([batch_document(batch) for batch in batches])
    else:
        print_text(journal_text(batches, {batch.id: journal.records(batch.id) for batch in batches}))
    return ExitCode.DONE
