"""``dusk undo``: take back a batch."""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING, Any

from dusk.cli.exit_codes import ExitCode, RefusalError
from dusk.cli.parser import add_json, add_read_only
from dusk.cli.values import batch_number

if TYPE_CHECKING:
    from dusk.actions.journal import Journal
    from dusk.actions.undo import UndoOutcome


def configure(subparsers: Any) -> None:
    """Describe the command line."""
    parser = subparsers.add_parser(
        "undo",
        help="take back the newest batch, or the one named",
        description="Take back the newest batch that is not undone yet, or the one named. Nothing that is "
        "in the way is ever replaced, so this asks no question.",
    )
    parser.add_argument(
        "batch", nargs="?", type=batch_number, metavar="BATCH", help="number that dusk journal shows"
    )
    add_json(parser)
    parser.add_argument("--dry-run", action="store_true", help="say what would come back, and do nothing")
    parser.add_argument("--yes", action="store_true", help="accepted for scripts; undo asks nothing")
    add_read_only(parser)


def run(arguments: Namespace) -> int:
    """Put everything back, or say what would come back."""
    if arguments.read_only:
        raise RefusalError("Nothing was done: --read-only turns every action off.")
    from dusk.actions.undo import undo_batch
    from dusk.cli.carrying_out import carry_out, exit_code, say_sentences
    from dusk.cli.journal_access import open_journal
    from dusk.cli.output import print_json

    journal = open_journal()
    if arguments.dry_run:
        return _say_what_would_come_back(journal, arguments)
    outcome = carry_out(
        lambda progress, cancelled: undo_batch(
            journal, arguments.batch, progress=progress, cancelled=cancelled
        )
    )
    say_sentences(outcome.results)
    if arguments.json:
        print_json(_document(outcome))
    else:
        _print(outcome)
    return exit_code(outcome.results, cancelled=outcome.cancelled)


def _say_what_would_come_back(journal: Journal, arguments: Namespace) -> int:
    from dusk.actions.undo import NothingToUndo, newest_undoable
    from dusk.cli.output import print_json, print_text
    from dusk.fs.names import display_path, json_text

    try:
        batch = newest_undoable(journal) if arguments.batch is None else journal.batch(arguments.batch)
    except NothingToUndo as reason:
        raise RefusalError(str(reason)) from reason
    if batch is None or not batch.is_undoable:
        raise RefusalError(f"Batch {arguments.batch} cannot be undone.")
    paths = [record.source for record in journal.records(batch.id) if record.is_undoable]
    if arguments.json:
        items = [{"path": json_text(path), "state": "planned", "sentence": ""} for path in paths]
        print_json({"batch": batch.id, "dry_run": True, "cancelled": False, "items": items})
        return ExitCode.DONE
    print_text(f"Batch {batch.id} would be taken back:")
    for path in paths:
        print_text(f"  {display_path(path)}")
    return ExitCode.DONE


def _print(outcome: UndoOutcome) -> None:
    from dusk.actions.outcome import ItemState
    from dusk.cli.output import print_text
    from dusk.fs.names import display_path
    from dusk.fs.units import count_noun

    for result in outcome.results:
        if result.state is ItemState.DONE:
            print_text(f"  {display_path(result.path)}")
    done, all_of_them = outcome.count(ItemState.DONE), len(outcome.results)
    part = "" if done == all_of_them else f" of {all_of_them:,}"
    print_text(f"Batch {outcome.batch}: {count_noun(done, 'path')}{part} put back.")


def _document(outcome: UndoOutcome) -> dict[str, Any]:
    from dusk.fs.names import json_text

    return {
        "batch": outcome.batch,
        "dry_run": False,
        "cancelled": outcome.cancelled,
        "items": [
            {"path": json_text(result.path), "state": result.state.value, "sentence": result.sentence}
            for result in outcome.results
        ],
    }
