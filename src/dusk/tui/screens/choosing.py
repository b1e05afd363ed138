"""Commands that choose and act: marks, the queue, the review, undo. None of them touches a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dusk.fs.units import count_noun
from dusk.scan.tree import ROOT
from dusk.tui.choices import Said
from dusk.tui.screens.archive_question import with_destination
from dusk.tui.screens.tree_screen import TreeScreen

if TYPE_CHECKING:
    from dusk.rules.finding import Action, ActionOptions


class Choosing(TreeScreen):
    """What a person does to change something, up to the review."""

    # -- marks

    def do_mark(self) -> None:
        """Mark the entry and go one down."""
        if self.list.cursor < 0:
            self.say("This row stands for many entries. Press enter to show them.", "notice")
            return
        if self.list.cursor == 0:
            self.say("The scanned directory itself cannot be marked.", "notice")
        self.session.choices.toggle_mark(self.list.cursor)
        self.list.move(1)
        self.show_all()

    def do_mark_finding(self) -> None:
        """Mark every path of the finding under the cursor."""
        finding = self.finding_in_hand
        if finding is None:
            self.say("There is no finding under the cursor.", "notice")
        elif finding.is_keep:
            self.say(f"{finding.title}: to be kept, so it is not marked as a whole.", "notice")
        else:
            count = self.session.choices.mark_all(finding.entries)
            self.say(f"Marked {count_noun(count, 'path')}: {finding.title}")
        self.show_all()

    def do_clear_marks(self) -> None:
        """Unmark everything."""
        count = self.session.choices.clear_marks()
        self.say(f"{count_noun(count, 'mark')} cleared.")
        self.show_all()

    # -- the queue

    def do_trash(self) -> None:
        """Queue what is marked, or what is under the cursor, for the trash."""
        from dusk.rules.finding import Action

        if self.is_in_panel:
            self._choose_action(Action.TRASH)
        else:
            self._queue(Action.TRASH)

    def do_archive(self) -> None:
        """Queue what is marked, or what is under the cursor, for the archive."""
        from dusk.rules.finding import Action

        if self.is_in_panel:
            self._choose_action(Action.ARCHIVE)
        else:
            with_destination(self, self.session, lambda place: self._queue(Action.ARCHIVE, place))

    def do_other(self) -> None:
        """Ask for one of the other actions for what is marked, or what is under the cursor."""
        from dusk.rules.finding import Action

        indexes = self._indexes()
        if len(indexes) == 1 and indexes[0] <= ROOT:
            self._queue(Action.NONE)  # says why this row cannot be queued
            return
        from dusk.tui.screens.by_hand import ask_by_hand

        ask_by_hand(self, self.session, indexes, self._queue)

    def do_choose(self, number: int) -> None:
        """Queue one offer of the finding under the cursor."""
        from dusk.rules.finding import Action

        finding = self.finding_in_hand
        if finding is None:
            self.say("There is no finding under the cursor.", "notice")
            return
        if number > len(finding.offers):
            self.say("There is no such offer here.", "notice")
            return
        if finding.offers[number - 1].action is Action.ARCHIVE:
            with_destination(
                self, self.session, lambda place: self._tell(self.session.queue_offer(finding, number, place))
            )
        else:
            self._tell(self.session.queue_offer(finding, number))

    def _choose_action(self, action: Action) -> None:
        """Queue the first offer of an action of the finding selected in the panel."""
        finding = self.panel.selected
        offers = finding.offers if finding is not None else ()
        numbers = (number for number, offer in enumerate(offers, start=1) if offer.action is action)
        number = next(numbers, 0)
        if number:
            self.do_choose(number)
        else:
            self.say(f"This finding does not offer to {action.value} it. Press enter to go there.", "notice")

    def _indexes(self) -> list[int]:
        """Return what is marked, or what is under the cursor."""
        return sorted(self.session.choices.marks) or [self.list.cursor]

    def _queue(self, action: Action, destination: bytes = b"", options: ActionOptions | None = None) -> None:
        indexes = self._indexes()
        hidden = sum(self.list.rows.hidden_by_filter(index) for index in indexes)
        said = self.session.queue(indexes, action, destination, options)
        if hidden and said.changed:
            note = (
                f"It is queued whole, with {count_noun(hidden, 'entry', 'entries')} that the filter hides. "
            )
            said = Said(note + said.sentence, said.changed)
        self._tell(said)

    def _tell(self, said: Said) -> None:
        self.say(said.sentence, "good" if said.changed else "notice")
        self.show_all()

    # -- acting

    def do_review(self) -> None:
        """Show the queue."""
        if self.session.read_only:
            self.say("Read-only: nothing can be acted on.", "notice")
        elif not self.session.plan.steps:
            self.say("The queue is empty. Press d on an entry to queue it for the trash.", "notice")
        else:
            from dusk.tui.screens.review import ReviewScreen

            self.app.push_screen(ReviewScreen(self.session))

    def do_undo(self) -> None:
        """Show what was done, to take it back."""
        from dusk.tui.screens.history import HistoryScreen

        self.app.push_screen(HistoryScreen(self.session))
