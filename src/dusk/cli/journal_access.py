"""Opening the journal for a command, and saying what had to be put right first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dusk.cli.background import finish
from dusk.cli.output import print_error

if TYPE_CHECKING:
    from dusk.actions.journal import Journal


def open_journal(*, settle: bool = True) -> Journal:
    """Open the journal and settle what an interrupted run left; each sentence goes to standard error.

    Commands that only read do not settle anything. Raises JournalError.
    """
    from dusk.actions.journal import Journal

    journal = finish(Journal.open)
    for notice in journal.notices:
        print_error(notice)
    if not settle:
        return journal
    from dusk.actions.recovery import recover

    for sentence in finish(lambda: recover(journal)).sentences:
        print_error(sentence)
    return journal
