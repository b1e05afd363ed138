"""The panel at the side: what the entry under the cursor is, and what may be done about it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual import events
from textual.strip import Strip

from dusk.scan.tree import ROOT
from dusk.tui.finding_text import entry_lines, finding_lines, findings_lines, offer_lines
from dusk.tui.messages import FindingChosen
from dusk.tui.session import Session
from dusk.tui.spans import Line, justify
from dusk.tui.widgets.line_pane import LinePane

if TYPE_CHECKING:
    from dusk.rules.finding import Finding

_MOST_FINDINGS = 500
_STEP = 5


class FindingPanel(LinePane, can_focus=True):
    """The finding for the cursor, or the best findings; offers stay at the bottom, always in sight.

    It scrolls by itself: a scroll bar that comes and goes would make Textual send the whole screen.
    """

    def __init__(self, session: Session) -> None:
        """Show what is known about the root."""
        super().__init__(id="panel")
        self._session = session
        self._index = ROOT
        self._top = 0
        self._selected = 0
        self._findings: tuple[Finding, ...] = ()
        self._first_shown = 0
        self._row_of_first = 0
        self._row_of_selected = 0
        self.finding: Finding | None = None
        """What is known about the entry shown."""

    def show(self, index: int) -> None:
        """Show what is known about an entry."""
        if index != self._index:
            self._index, self._top = index, 0
        self.finding = self._session.finding_for(index)
        self.update_lines()

    # -- moving

    def move(self, rows: int) -> None:
        """Select another finding of the list."""
        self._selected = min(max(0, self._selected + rows), max(0, len(self._findings) - 1))
        self._top = 0
        self.update_lines()

    def scroll_text(self, pages: int) -> None:
        """Go down or up in a text that is longer than the panel."""
        self._top = max(0, self._top + pages * _STEP)
        self.update_lines()

    def choose(self) -> None:
        """Go to the selected finding in the tree."""
        if self._findings:
            self._go_to(self._findings[self._selected])

    # -- drawing

    def compose_lines(self, width: int) -> Sequence[Line]:
        """Return exactly as many lines as the panel has, what scrolls above what stays."""
        height = self.size.height
        if self.has_focus:
            return self._chooser(width, height)
        if self.finding is None:
            facts = entry_lines(self._session, self._index, width)[: max(0, height // 2)]
            return [*facts, (), *self._list(width, height - len(facts) - 1)]
        offers = [(), *offer_lines(self._session, self.finding, width)][: height // 2]
        text = finding_lines(self._session, self.finding, width)
        return [*self._scrolled(text, height - len(offers), width), *offers]

    def render_line(self, y: int) -> Strip:
        """Draw one line; the selected finding has the look of the cursor."""
        if self.has_focus and self._findings and y == self._row_of_selected:
            return self.strip_of(self.lines[y], self.size.width, self.cursor_look())
        return super().render_line(y)

    def watch_has_focus(self, has_focus: bool) -> None:
        """Show the list, with the finding under the cursor selected; show the entry again afterwards."""
        super().watch_has_focus(has_focus)
        self._top = 0
        if has_focus:
            offered = self._offered()
            self._selected = offered.index(self.finding) if self.finding in offered else self._selected
        self.update_lines()

    def on_click(self, event: events.Click) -> None:
        """Go to the finding that was clicked."""
        listed = self.has_focus or self.finding is None
        position = event.y - self._row_of_first + self._first_shown
        if listed and self._row_of_first <= event.y and position < len(self._findings):
            self._go_to(self._findings[position])

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Scroll with the wheel."""
        event.stop()
        self.scroll_text(1)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Scroll with the wheel."""
        event.stop()
        self.scroll_text(-1)

    # -- inside

    def _offered(self) -> tuple[Finding, ...]:
        return self._session.offered()[:_MOST_FINDINGS]

    def _chooser(self, width: int, height: int) -> list[Line]:
        """Return the list, and below it what the selected finding says."""
        count = len(self._offered())
        lines = self._list(width, min(height, max(count, 1) + 1, max(4, height // 2)))
        self._row_of_first, self._row_of_selected = 1, self._selected - self._first_shown + 1
        if not self._findings:
            return lines
        text = finding_lines(self._session, self._findings[self._selected], width)
        return [*lines, (), *self._scrolled(text, height - len(lines) - 1, width)]

    def _list(self, width: int, room: int) -> list[Line]:
        """Return the heading and the part of the list that holds the selected finding."""
        glyphs = self._session.glyphs
        self._findings = self._offered()
        self._selected = min(self._selected, max(0, len(self._findings) - 1))
        hint = f"{glyphs.enter} goes there" if self.has_focus else "tab chooses"
        heading = justify([("BEST FINDINGS", "heading")], [(hint, "muted")], width, glyphs.ellipsis)
        if not self._findings:
            running = not self._session.judge.finished
            text = "None yet; they come while the scan runs." if running else "No rule knows anything here."
            return [heading, ((text, "muted"),)]
        rows = max(1, room - 1)
        selected = self._selected if self.has_focus else -1
        first = max(0, self._selected - rows // 2) if self.has_focus else 0
        first = max(0, min(first, len(self._findings) - rows))
        self._first_shown = first
        self._row_of_first = self.size.height - room + 1
        self._row_of_selected = self._row_of_first + self._selected - first
        shown = self._findings[first : first + rows]
        lines = findings_lines(self._session, shown, width, selected - first)
        rest = len(self._findings) - first - len(shown)
        if rest > 0 and not self.has_focus:
            lines[-1] = ((f"{glyphs.ellipsis} {rest + 1} more", "muted"),)
        return [heading, *lines]

    def _scrolled(self, text: list[Line], room: int, width: int) -> list[Line]:
        """Return the part of a text that has room; what is cut is said on its last line."""
        if room <= 0:
            return []
        if len(text) <= room:
            self._top = 0
            return [*text, *([()] * (room - len(text)))]
        self._top = min(self._top, len(text) - room + 1)
        shown = text[self._top : self._top + room - 1]
        below = len(text) - self._top - len(shown)
        what = f"{self._session.glyphs.ellipsis} {below} more lines" if below else "end"
        keys = [("]", "key"), (" down ", "muted"), ("[", "key"), (" up", "muted")]
        return [*shown, justify([(what, "muted")], keys, width, self._session.glyphs.ellipsis)]

    def _go_to(self, finding: Finding) -> None:
        index = self._session.place_of(finding)
        if index is not None:
            self.post_message(FindingChosen(index))
