"""``dusk bin``: what dusk and other tools put in the trash."""

from __future__ import annotations

import argparse
from argparse import Namespace
from typing import TYPE_CHECKING, Any

from dusk.cli.exit_codes import ExitCode, RefusalError
from dusk.cli.parser import add_read_only, add_yes
from dusk.cli.values import age, size

if TYPE_CHECKING:
    from dusk.actions.bin import BinOutcome, TrashItem
    from dusk.actions.journal import Journal


def configure(subparsers: Any) -> None:
    """Describe the command line."""
    parser = subparsers.add_parser(
        "bin",
        help="list, restore or empty what is in the trash",
        description="Show, put back or delete for good what dusk and other tools put in the trash.",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON document and nothing else")
    add_read_only(parser)
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
    add_read_only(restore, default=argparse.SUPPRESS)
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
    empty.add_argument(
        "--larger-than", type=size, metavar="SIZE", help="only what takes more on disk, such as 1G"
    )
    empty.add_argument(
        "--until-free",
        type=size,
        metavar="SIZE",
        help="only the oldest items, as many as bring the free space of their filesystem up to this",
    )
    empty.add_argument("--dry-run", action="store_true", help="say what would go, and do nothing")
    add_yes(empty)
    _add_nested_json(empty)
    add_read_only(empty, default=argparse.SUPPRESS)


def _add_nested_json(parser: argparse.ArgumentParser) -> None:
    # Without a default of its own, so that "dusk bin --json list" keeps what stands before the word.
    parser.add_argument(
        "--json", action="store_true", default=argparse.SUPPRESS, help="print one JSON document"
    )


def run(arguments: Namespace) -> int:
    """List, restore or empty."""
    if arguments.read_only and arguments.verb in ("restore", "empty"):
        raise RefusalError("Nothing was done: --read-only turns every action off.")
    return {"restore": _restore, "empty": _empty}.get(arguments.verb, _list)(arguments)


def _list(arguments: Namespace) -> int:
    from dusk.cli.bin_text import item_document, items_shown
    from dusk.cli.output import print_json, print_text

    items = _measured_items(_journal_if_any())
    if arguments.json:
        print_json([item_document(item) for item in items])
    elif items:
        print_text(items_shown(items))
        print_text("Put back: dusk bin restore PATH    Delete for good: dusk bin empty")
    else:
        print_text("There is nothing in the trash.")
    return ExitCode.DONE


def _restore(arguments: Namespace) -> int:
    from dusk.actions.bin import list_bin, restore
    from dusk.cli.background import finish
    from dusk.cli.bin_selection import came_from, newest_of_each
    from dusk.cli.carrying_out import carry_out
    from dusk.cli.journal_access import open_journal

    journal = open_journal()
    items, missing = came_from(finish(lambda: list_bin(journal)), arguments.paths)
    chosen = newest_of_each(items)
    outcome = carry_out(
        lambda progress, cancelled: restore(chosen, journal=journal, progress=progress, cancelled=cancelled)
    )
    return _say(arguments, outcome, missing)


def _empty(arguments: Namespace) -> int:
    from dusk.actions.bin import empty
    from dusk.cli.bin_selection import came_from, larger_than, older_than, until_free
    from dusk.cli.bin_text import item_document, items_shown
    from dusk.cli.carrying_out import carry_out
    from dusk.cli.journal_access import open_journal
    from dusk.cli.output import print_error, print_json, print_text

    _check_willing(arguments)
    journal = open_journal()
    items, missing = _measured_items(journal), 0
    if arguments.paths:
        items, missing = came_from(items, arguments.paths)
    if arguments.older_than is not None:
        items = older_than(items, arguments.older_than)
    if arguments.larger_than is not None:
        items = larger_than(items, arguments.larger_than)
    if arguments.until_free is not None:
        items, sentences = until_free(items, arguments.until_free)
        for sentence in sentences:
            print_error(sentence)
    if not items and not arguments.json:
        print_text("There is nothing to delete.")
    if not items or arguments.dry_run:
        if arguments.json:
            print_json({"dry_run": arguments.dry_run, "items": [item_document(item) for item in items]})
        elif items:
            print_text(items_shown(items))
        return ExitCode.REFUSED if missing else ExitCode.DONE
    if not arguments.json:
        print_text(items_shown(items))
    if not arguments.yes and not _confirmed(items):
        raise RefusalError("Nothing was deleted.")
    outcome = carry_out(
        lambda progress, cancelled: empty(items, journal=journal, progress=progress, cancelled=cancelled)
    )
    return _say(arguments, outcome, missing)


def _check_willing(arguments: Namespace) -> None:
    from dusk.cli.terminal import can_ask

    if not (arguments.yes or arguments.dry_run or can_ask()):
        raise RefusalError(
            "Nothing was deleted: away from a terminal this needs --yes. --dry-run says what would go."
        )


def _confirmed(items: tuple[TrashItem, ...]) -> bool:
    from dusk.cli.ask import ask_word
    from dusk.fs.units import count_noun

    what = count_noun(len(items), "item")
    return ask_word(f"{what} will be deleted for good. Nothing can undo that.", "empty")


def _journal_if_any() -> Journal | None:
    """Return the journal for looking; None where it cannot be opened, as on a full disk without one."""
    from dusk.actions.journal import JournalError
    from dusk.cli.journal_access import open_journal
    from dusk.cli.output import print_error

    try:
        return open_journal(settle=False)
    except JournalError as problem:
        print_error(f"{problem} What other tools know of the trash is shown.")
        return None


def _measured_items(journal: Journal | None) -> tuple[TrashItem, ...]:
    from dusk.actions.bin import list_bin, measured
    from dusk.cli.background import finish
    from dusk.cli.progress_line import ProgressLine

    with ProgressLine() as line:
        return finish(
            lambda: tuple(measured(item) for item in list_bin(journal, open_journal=journal is not None)),
            lambda: line.show("Measuring what is in the trash"),
        )


def _say(arguments: Namespace, outcome: BinOutcome, missing: int) -> int:
    from dusk.cli.bin_text import outcome_document, outcome_lines
    from dusk.cli.carrying_out import exit_code, say_sentences
    from dusk.cli.output import print_json, print_text

    say_sentences(outcome.results)
    if arguments.json:
        print_json(outcome_document(outcome))
    else:
        for line in outcome_lines(outcome, is_final=arguments.verb == "empty"):
            print_text(line)
    return exit_code(outcome.results, cancelled=outcome.cancelled, refused=missing)
