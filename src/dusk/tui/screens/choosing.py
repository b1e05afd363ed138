"""Commands that choose and act: marks, the queue, the review, undo. None of them touches a file."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from dusk.fs.units import count_noun
from dusk.tui.choices import Said
from dusk.tui.screens.tree_screen import TreeScreen

if TYPE_CHECKING:
    from dusk.rules.finding import Action


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
        finding = self.session.finding_for(self.list.cursor)
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

        self._queue(Action.TRASH, b"")

    def do_archive(self) -> None:
        """Queue what is marked, or what is under the cursor, for the archive."""
        from dusk.rules.finding import Action

        self._with_destination(lambda place: self._queue(Action.ARCHIVE, place))

    def do_choose(self, number: int) -> None:
        """Queue one offer of the finding under the cursor."""
        from dusk.rules.finding import Action

        finding = self.session.finding_for(self.list.cursor)
        if finding is None:
            self.say("There is no finding under the cursor.", "notice")
            return
        if number > len(finding.offers):
            self.say("There is no such offer here.", "notice")
            return
        if finding.offers[number - 1].action is Action.ARCHIVE:
            self._with_destination(lambda place: self._tell(self.session.queue_offer(finding, number, place)))
        else:
            self._tell(self.session.queue_offer(finding, number))

    def _queue(self, action: Action, destination: bytes) -> None:
        marks = sorted(self.session.choices.marks)
        indexes = marks or [self.list.cursor]
        hidden = sum(self.list.rows.hidden_by_filter(index) for index in indexes)
        said = self.session.queue(indexes, action, destination)
        if hidden and said.changed:
            note = (
                f"It is queued whole, with {count_noun(hidden, 'entry', 'entries')} that the filter hides. "
            )
            said = Said(note + said.sentence, said.changed)
        self._tell(said)

    def _with_destination(self, queue: Callable[[bytes], None]) -> None:
        """Ask where an archive goes, when that was not said yet."""
        if self.session.read_only or self.session.archive_directory:
            queue(self.session.archive_directory)
            return

        def chosen(place: bytes | None) -> None:
            if place:
                self.session.archive_directory = place
                queue(place)

        from dusk.tui.screens.destination import DestinationScreen

        default = self.session.settings.archive_directory.encode("utf-8", "surrogateescape")
        self.app.push_screen(DestinationScreen(self.session, default), chosen)

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
