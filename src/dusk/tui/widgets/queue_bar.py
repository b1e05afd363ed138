"""The line with the queue and its running totals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from dusk.fs.names import display_path
from dusk.fs.units import count_noun, format_size
from dusk.scan.entry import Measure
from dusk.tui.session import Session
from dusk.tui.spans import Line, Span, fit_middle, justify
from dusk.tui.widgets.line_pane import LinePane

if TYPE_CHECKING:
    from dusk.plan.plan import ActionTotals
    from dusk.rules.finding import Action

_WIDE = 100


class QueueBar(LinePane):
    """What is queued, by action, and what it would free."""

    def __init__(self, session: Session) -> None:
        """Show the queue of a session."""
        super().__init__(id="queue-bar")
        self._session = session

    def compose_lines(self, width: int) -> Sequence[Line]:
        """Return the one line."""
        glyphs = self._session.glyphs
        room = width - 2
        return [((" ", "queue-text"), *justify(self._left(width), self._right(), room, glyphs.ellipsis))]

    def _left(self, width: int) -> list[Span]:
        session = self._session
        marks = self._marks()
        if session.choices.is_empty:
            hint = "off: read-only" if session.read_only else "empty; d adds the entry under the cursor"
            return [("Queue ", "strong"), (hint, "muted"), *marks]
        totals = session.totals()
        from dusk.plan.action_words import freed_words

        now, later = freed_words(totals.frees_now, totals), freed_words(totals.frees_after_purge, totals)
        spans: list[Span] = [
            ("Queue ", "strong"),
            (count_noun(totals.targets, "path"), "queue-text"),
            (session.glyphs.dot, "muted"),
            (self._measured(totals), "strong"),
        ]
        if width >= _WIDE:
            for action, part in totals.by_action.items():
                spans += [("   ", "queue-text"), *self._action(action, part)]
            spans += [
                ("   frees ", "muted"),
                (now, "queue-text"),
                (" now, ", "muted"),
                (later, "queue-text"),
                (" with the trash emptied", "muted"),
            ]
        else:
            is_now = totals.frees_now > 0 and not totals.frees_after_purge
            when, figure = ("now", now) if is_now else ("later", later)
            spans += [(f"  frees {when} ", "muted"), (figure, "queue-text")]
        return [*spans, *marks]

    def _action(self, action: Action, totals: ActionTotals) -> list[Span]:
        from dusk.plan.action_words import WORDS
        from dusk.rules.finding import Action

        session = self._session
        spans: list[Span] = [
            (f"{WORDS[action].short} ", "muted"),
            (self._measured(totals), "queue-text"),
        ]
        if action is Action.ARCHIVE:
            places = {step.destination for step in session.plan.steps if step.action is action}
            place = display_path(places.pop()) if len(places) == 1 else f"{len(places)} places"
            shown = fit_middle(place, 20, session.glyphs.ellipsis)
            spans.append((f" {session.glyphs.arrow} {shown}", "muted"))
        return spans

    def _marks(self) -> list[Span]:
        marks = self._session.choices.marks
        if not marks:
            return []
        size = sum(self._session.size(index) for index in marks)
        return [
            (f"   {self._session.glyphs.mark} ", "mark"),
            (f"{len(marks):,} marked, {format_size(size)}", "queue-text"),
        ]

    def _measured(self, totals: ActionTotals) -> str:
        apparent = self._session.measure is Measure.APPARENT
        return format_size(totals.apparent_size if apparent else totals.disk_size)

    def _right(self) -> list[Span]:
        return [("x", "key"), (" review", "queue-text")]
