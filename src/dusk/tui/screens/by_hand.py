"""The menu of what else may be queued for an entry: one letter for each action, or why it is not for it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical

from dusk.fs.identity import EntryKind
from dusk.fs.names import display_name
from dusk.fs.units import count_noun
from dusk.plan.by_hand import BY_HAND, Asking, ByHand
from dusk.rules.finding import Action, ActionOptions
from dusk.tui.glyphs import UNICODE, Glyphs
from dusk.tui.screens.archive_question import with_destination
from dusk.tui.screens.dialog import Dialog, content_of
from dusk.tui.screens.line_list import NO_ITEM, LineList, Row
from dusk.tui.spans import Line, justify

if TYPE_CHECKING:
    from textual.screen import Screen

    from dusk.tui.session import Session

Queue = Callable[[Action, bytes, ActionOptions], None]
"""Queues what is in hand for an action, with a destination and options."""


def ask_by_hand(screen: Screen[Any], session: Session, indexes: Sequence[int], queue: Queue) -> None:
    """Show the menu for entries, ask what the chosen action needs to know, and queue."""

    def chosen(one: ByHand | None) -> None:
        if one is None:
            return
        if one.asks is Asking.PLACE:
            with_destination(screen, session, lambda place: queue(one.action, place, one.options))
        elif one.asks is Asking.LINES:
            _ask_for_lines(screen, session, one, queue)
        else:
            queue(one.action, b"", one.options)

    kinds = [session.tree.kind(index) if index >= 0 else EntryKind.UNKNOWN for index in indexes]
    names = [display_name(session.tree.name(index)) for index in indexes[:1] if index >= 0]
    title = names[0] if names and len(indexes) == 1 else count_noun(len(indexes), "entry", "entries")
    screen.app.push_screen(ActionMenu(title, kinds, glyphs=session.glyphs), chosen)


def _ask_for_lines(screen: Screen[Any], session: Session, one: ByHand, queue: Queue) -> None:
    from dusk.tui.screens.number import NumberScreen

    def chosen(lines: int | None) -> None:
        if lines:
            queue(one.action, b"", replace(one.options, lines=lines))

    sentence = "Cut between lines, compared with the original; only then that goes to the trash."
    screen.app.push_screen(
        NumberScreen("Split", sentence, "lines in a shard", 100_000, glyphs=session.glyphs), chosen
    )


class ActionMenu(Dialog[ByHand | None]):
    """One line for each action; those that are not for these entries say why and cannot be chosen."""

    DEFAULT_CSS = """
    ActionMenu > #box { width: 72; }
    ActionMenu LineList { height: 8; background: $surface; }
    """

    def __init__(self, title: str, kinds: Sequence[EntryKind], *, glyphs: Glyphs = UNICODE) -> None:
        """Offer what is for entries of these kinds."""
        super().__init__(classes="" if glyphs is UNICODE else "-ascii")
        self._title_text = f"Queue {title} to"
        self._glyphs = glyphs
        self._refusals = [one.refusal(kinds) for one in BY_HAND]

    def compose(self) -> ComposeResult:
        """Lay out the actions."""
        with Vertical(id="box") as box:
            box.border_title = content_of([((self._title_text, "heading"),)])
            yield LineList(self._rows, glyphs=self._glyphs, name="actions")

    def on_mount(self) -> None:
        """Let the cursor choose as well as the letters."""
        self.query_one(LineList).focus()

    def on_line_list_chosen(self, event: LineList.Chosen) -> None:
        """Answer with the action under the cursor."""
        self.dismiss(BY_HAND[event.item])

    def on_key(self, event: events.Key) -> None:
        """Answer with the action whose letter was pressed."""
        for one, refusal in zip(BY_HAND, self._refusals, strict=True):
            if event.key == one.key:
                event.stop()
                if not refusal:
                    self.dismiss(one)

    def _rows(self, _width: int) -> list[Row]:
        return [
            Row(NO_ITEM if refusal else number, partial(self._line, number))
            for number, refusal in enumerate(self._refusals)
        ]

    def _line(self, number: int, width: int) -> Line:
        one, refusal = BY_HAND[number], self._refusals[number]
        kinds = ("muted", "muted") if refusal else ("key", "text")
        left = [(f"{one.key} ", kinds[0]), (one.words, kinds[1])]
        return justify(left, [(refusal, "muted")], width, self._glyphs.ellipsis)
