"""The panel at the side: what the entry under the cursor is, and what may be done about it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual import events
from textual.strip import Strip

from dusk.scan.tree import ROOT
from dusk.tui.messages import FindingChosen
from dusk.tui.session import Session
from dusk.tui.spans import Line, justify
from dusk.tui.widgets.line_pane import LinePane

if TYPE_CHECKING:
    from dusk.rules.finding import Finding
    from dusk.tui.findings_list import ListedFindings

_STEP = 5
_NO_FINDING = -1


class FindingPanel(LinePane, can_focus=True):
    """The finding for the cursor, or the list of findings; offers stay at the bottom, always in sight.

    It scrolls by itself: a scroll bar that comes and goes would make Textual send the whole screen. Its texts
    are imported when it first shows something, behind the first frame.
    """

    def __init__(self, session: Session) -> None:
        """Show what is known about the root."""
        super().__init__(id="panel")
        self._session = session
        self._index = ROOT
        self._top = 0
        self._position = 0
        self._listed: ListedFindings | None = None
        self._has_something = False
        self._list_begins = 0
        self._list_from = 0
        self._list_rows = 0
        self.finding: Finding | None = None
        """What is known about the entry shown."""

    def show(self, index: int) -> None:
        """Show what is known about an entry."""
        self._has_something = True
        if index != self._index:
            self._index, self._top = index, 0
        self.finding = self._session.finding_for(index)
        self.update_lines()

    @property
    def selected(self) -> Finding | None:
        """The finding of the list that is selected; None while there is none."""
        findings = self._listed.findings if self._listed is not None else ()
        return findings[self._position] if self._position < len(findings) else None

    # -- moving

    def move(self, rows: int) -> None:
        """Select another finding of the list."""
        self._select(self._position + rows)

    def move_family(self, step: int) -> None:
        """Select the first finding of the next family, or of this one or the one before."""
        if self._listed is not None:
            self._select(self._listed.next_family(self._position, step))

    def scroll_text(self, pages: int) -> None:
        """Go down or up in a text that is longer than the panel."""
        self._top = max(0, self._top + pages * _STEP)
        self.update_lines()

    def choose(self) -> None:
        """Go to the selected finding in the tree."""
        if self.selected is not None:
            self._go_to(self.selected)

    # -- drawing

    def compose_lines(self, width: int) -> Sequence[Line]:
        """Return exactly as many lines as the panel has, what scrolls above what stays."""
        if not self._has_something:
            return ()
        height = self.size.height
        if self.has_focus:
            return self._chooser(width, height)
        if self.finding is None:
            from dusk.tui.entry_text import entry_lines

            facts = entry_lines(self._session, self._index, width)[: max(0, height // 2)]
            return [*facts, (), *self._list(width, height - len(facts) - 1, begins=len(facts) + 1)]
        self._list_rows = 0
        return self._about(self.finding, width, height)

    def render_line(self, y: int) -> Strip:
        """Draw one line; the selected finding has the look of the cursor."""
        if self.has_focus and y < len(self.lines) and self._finding_at(y) == self._position:
            return self.strip_of(self.lines[y], self.size.width, self.cursor_look())
        return super().render_line(y)

    def watch_has_focus(self, has_focus: bool) -> None:
        """Show the list, with the finding under the cursor selected; show the entry again afterwards."""
        super().watch_has_focus(has_focus)
        self._top = 0
        if has_focus:
            from dusk.tui.findings_list import ListedFindings

            self._has_something = True

            self._listed = ListedFindings.of(self._session)
            if self.finding in self._listed.findings:
                self._position = self._listed.findings.index(self.finding)
        self.update_lines()

    def on_click(self, event: events.Click) -> None:
        """Go to the finding that was clicked."""
        position = self._finding_at(event.y)
        if self._listed is not None and position != _NO_FINDING:
            self._go_to(self._listed.findings[position])

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Scroll with the wheel."""
        event.stop()
        self.scroll_text(1)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Scroll with the wheel."""
        event.stop()
        self.scroll_text(-1)

    # -- inside

    def _select(self, position: int) -> None:
        last = len(self._listed.findings) - 1 if self._listed is not None else 0
        self._position = min(max(0, position), max(0, last))
        self._top = 0
        self.update_lines()

    def _finding_at(self, y: int) -> int:
        """Return the position of the finding on a line of the panel."""
        if self._listed is None:
            return _NO_FINDING
        line = y - self._list_begins + self._list_from
        shown = self._list_begins <= y < self._list_begins + self._list_rows
        return self._listed.lines[line] if shown and line < len(self._listed.lines) else _NO_FINDING

    def _about(self, finding: Finding, width: int, height: int) -> list[Line]:
        """Return what a finding says, with its offers below."""
        from dusk.tui.finding_text import finding_lines

        offers = [(), *self._offers(finding, width, height // 2 - 1)]
        text = finding_lines(self._session, finding, width)
        return [*self._scrolled(text, height - len(offers), width), *offers]

    def _offers(self, finding: Finding, width: int, room: int) -> list[Line]:
        """Return the offers, without their notes or with a word that there are more where room is short."""
        from dusk.tui.finding_text import offer_lines

        offers = offer_lines(self._session, finding, width)
        if len(offers) > room:
            offers = offer_lines(self._session, finding, width, notes=False)
        if len(offers) > room:
            more = f"{self._session.glyphs.ellipsis} more:"
            offers = [*offers[: room - 1], ((more, "muted"), (" e", "key"), (" shows all", "muted"))]
        return offers

    def _chooser(self, width: int, height: int) -> list[Line]:
        """Return the list, and below it what the selected finding says and offers."""
        lines = self._list(width, max(5, height * 2 // 5), begins=0)
        if self.selected is None:
            return lines
        return [*lines, (), *self._about(self.selected, width, height - len(lines) - 1)]

    def _list(self, width: int, room: int, *, begins: int) -> list[Line]:
        """Return the heading, the totals and the part of the list that holds the selected finding."""
        from dusk.tui.findings_list import ListedFindings, levels_line

        glyphs = self._session.glyphs
        self._listed = listed = ListedFindings.of(self._session)
        self._position = min(self._position, max(0, len(listed.findings) - 1))
        keys = [("1-9", "key"), (" queue ", "muted"), (glyphs.enter, "key"), (" go there", "muted")]
        hint = keys if self.has_focus else [("tab", "key"), (" chooses", "muted")]
        head = [justify([("BEST FINDINGS", "heading")], hint, width, glyphs.ellipsis)]
        self._list_rows = 0
        if not listed.findings:
            running = not self._session.judge.finished
            text = "None yet; they come while the scan runs." if running else "No rule knows anything here."
            return [*head, ((text, "muted"),)]
        head.append(levels_line(self._session, width))
        rows = min(len(listed.lines), max(1, room - len(head)))
        line = listed.line_of(self._position) if self.has_focus else 0
        first = max(0, min(line - rows // 2, len(listed.lines) - rows))
        self._list_begins, self._list_from, self._list_rows = begins + len(head), first, rows
        selected = self._position if self.has_focus else _NO_FINDING
        lines = listed.drawn(self._session, first, rows, width, selected)
        rest = [one for one in listed.lines[first + rows - 1 :] if one != _NO_FINDING]
        if first + rows < len(listed.lines) and not self.has_focus:
            self._list_rows -= 1
            lines[-1] = ((f"{glyphs.ellipsis} {len(rest):,} more", "muted"),)
        return [*head, *lines]

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
