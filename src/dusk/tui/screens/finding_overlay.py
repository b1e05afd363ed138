"""What is known about an entry, over the list: the side panel of terminals that have no side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll

from dusk.rules.finding import Action, ActionOptions
from dusk.tui.choices import Said
from dusk.tui.entry_text import explained_lines
from dusk.tui.finding_text import finding_lines, offer_lines
from dusk.tui.screens.archive_question import with_destination
from dusk.tui.screens.dialog import Dialog, Lines, keys_line
from dusk.tui.spans import Line, wrap

if TYPE_CHECKING:
    from dusk.rules.finding import Finding
    from dusk.tui.session import Session

_NAMES_SECONDS = 0.3


class FindingOverlay(Dialog[None]):
    """A finding or the plain facts, with its offers; 1 to 9 queue one, d queues the entry."""

    DEFAULT_CSS = """
    FindingOverlay > #box { width: 100%; height: 100%; overflow: hidden; }
    FindingOverlay #text { height: 1fr; scrollbar-size-vertical: 1; background: $surface; }
    FindingOverlay #offers { height: auto; max-height: 50%; margin: 1 0 0 0; }
    FindingOverlay #said, FindingOverlay #keys { height: auto; max-height: 2; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("i,e,q,enter", "leave", "Close", show=False),
        Binding("d", "trash", "Trash", show=False),
        Binding("o", "other", "Other", show=False),
        Binding("down,j", "scroll(1)", "Down", show=False),
        Binding("up,k", "scroll(-1)", "Up", show=False),
        Binding("pagedown,space", "scroll(10)", "Page down", show=False),
        Binding("pageup", "scroll(-10)", "Page up", show=False),
    ]

    def __init__(self, session: Session, index: int, finding: Finding | None = None) -> None:
        """Show an entry of the tree, or a finding that begins there."""
        super().__init__(classes="-ascii" if session.ascii else "")
        self._session = session
        self._index = index
        self._finding = finding or session.finding_for(index)

    def compose(self) -> ComposeResult:
        """Lay out the text above the offers."""
        with Vertical(id="box"):
            with VerticalScroll(id="text"):
                yield Lines(name="facts")
            yield Lines(name="offers")
            yield Lines(name="said")
            yield Lines(name="keys")

    def on_mount(self) -> None:
        """Scroll with the keyboard at once."""
        self.query_one("#text", VerticalScroll).focus()
        # By then the name of an owner is known that was asked for just now.
        self.set_timer(_NAMES_SECONDS, self.fit)

    def fit(self) -> None:
        """Break the text anew."""
        width = max(10, self.app.size.width - 5)
        finding = self._finding
        if finding is None:
            facts, offers = explained_lines(self._session, self._index, width), []
        else:
            facts = finding_lines(self._session, finding, width)
            offers = offer_lines(self._session, finding, width)
        self._update("facts", facts)
        self._update("offers", offers)
        self.query_one("#offers", Lines).display = bool(offers)
        keys = [("d", "Queue for the trash"), ("o", "Other"), ("esc", "Close")]
        if finding is not None and finding.offers:
            keys.insert(
                0,
                ("1", "Queue this")
                if len(finding.offers) == 1
                else (f"1-{min(9, len(finding.offers))}", "Queue one"),
            )
        self._update("keys", [keys_line(keys, width)])

    def on_key(self, event: events.Key) -> None:
        """Queue the offer of a digit."""
        finding = self._finding
        if finding is None or not event.key.isdigit() or not 1 <= int(event.key) <= len(finding.offers):
            return
        event.stop()
        number = int(event.key)
        if finding.offers[number - 1].action is Action.ARCHIVE:
            with_destination(self, self._session, lambda place: self._queue_offer(number, place))
        else:
            self._queue_offer(number)

    def _queue_offer(self, number: int, place: bytes = b"") -> None:
        if self._finding is not None:
            self._tell(self._session.queue_offer(self._finding, number, place))

    def action_trash(self) -> None:
        """Queue the entry itself."""
        self._queue(Action.TRASH)

    def action_other(self) -> None:
        """Ask for another action for the entry itself."""
        from dusk.tui.screens.by_hand import ask_by_hand

        ask_by_hand(self, self._session, (self._index,), self._queue)

    def _queue(self, action: Action, destination: bytes = b"", options: ActionOptions | None = None) -> None:
        self._tell(self._session.queue((self._index,), action, destination, options))

    def action_scroll(self, lines: int) -> None:
        """Scroll the text."""
        self.query_one("#text", VerticalScroll).scroll_relative(y=lines, animate=False)

    def _tell(self, said: Said) -> None:
        kind = "good" if said.changed else "notice"
        width = max(10, self.app.size.width - 5)
        self._update("said", [((text, kind),) for text in wrap(said.sentence, width)])

    def _update(self, name: str, lines: Sequence[Line]) -> None:
        self.query_one(f"#{name}", Lines).show(lines)
