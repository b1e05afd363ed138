"""The tree on screen: one Line-API list over the visible rows, no widget per row."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import replace

from textual import events
from textual.geometry import Region
from textual.strip import Strip

from dusk.tui.messages import CursorMoved, RowChosen
from dusk.tui.row_text import Columns, Row, describe_row, draw_row
from dusk.tui.rows import VisibleRows
from dusk.tui.session import Session
from dusk.tui.widgets.line_pane import StyledView

# The order is left alone while somebody moves, and for so long after.
_REST_SECONDS = 1.0
# Sorting may take this part of the time: a directory of a million files is not sorted ten times a second.
_SORT_SHARE = 0.1
_WHEEL_ROWS = 3


Picture = tuple[Row | None, str, bool]
"""What one line of the screen shows: the row, the scroll bar beside it, and whether the keys go here."""


class SizeList(StyledView, can_focus=True):
    """Entries with size, share, bar, mark, name and tag.

    It scrolls by itself: a change of Textual's virtual size lays out and sends the whole screen.
    """

    def __init__(self, session: Session) -> None:
        """Show the tree of a session."""
        super().__init__(id="tree")
        self._session = session
        self.rows = VisibleRows(session.tree, session.sort, session.measure)
        self.share_of_parent = False
        self.top = 0
        """The row on the first line of the screen."""
        self._drawn: dict[int, Picture] = {}
        self._fresh: dict[int, Picture] = {}
        self._last_key = 0.0
        self._next_sort = 0.0
        self._line_before = 0
        self._behind = False
        self._cursor_told: int | None = None

    def on_mount(self) -> None:
        """Say where the cursor is."""
        self._tell_cursor()

    # -- keeping up with the tree

    def keep_up(self) -> None:
        """Bring the rows up to date with the tree, as often as that may be; nothing is redrawn yet."""
        now = time.monotonic()
        # An empty list has no order that a key could rely on: what comes first is shown at once.
        is_empty = len(self.rows) <= 1
        is_busy = now < self._next_sort or now - self._last_key < _REST_SECONDS
        self._behind = is_busy and not is_empty
        if not self._behind:
            self.sync()

    @property
    def is_behind(self) -> bool:
        """Whether the order waits for a person to rest, so that another look is due."""
        return self._behind

    def rest(self) -> None:
        """Take over the new order at once: nobody is moving in this list."""
        self._last_key = self._next_sort = 0.0

    def sync(self) -> None:
        """Take over new entries and the new order; the cursor's entry keeps its place on the screen."""
        started = time.monotonic()
        line = self.rows.cursor_row - self.top
        if self.rows.sync():
            if self.rows.following:
                self._scroll(0)
            else:
                self._hold_line(line)
        took = time.monotonic() - started
        self._next_sort = started + took / _SORT_SHARE
        self._tell_cursor()

    def show_changes(self, *, keep_line: bool = True) -> None:
        """Redraw after the rows were laid out anew by a person's wish."""
        if keep_line:
            self._hold_line(self._line_before)
        else:
            self._bring_into_view()
        self.redraw_changed()
        self._tell_cursor()

    def redraw_changed(self) -> None:
        """Redraw the lines of the screen that would look different now."""
        # From the bottom up, at one go: totals only grow while a scan runs, and what a person reads at one
        # moment must never show less in a directory than in what it holds.
        pictures = {y: self._picture(y) for y in reversed(range(self.size.height))}
        self._fresh = {y: picture for y, picture in pictures.items() if picture != self._drawn.get(y)}
        if self._fresh:
            self.refresh(*(Region(0, y, self.size.width, 1) for y in sorted(self._fresh)))

    def touched(self) -> None:
        """Remember that somebody is at the keys."""
        self._last_key = time.monotonic()
        self._line_before = self.rows.cursor_row - self.top

    # -- the cursor

    @property
    def cursor(self) -> int:
        """The entry under the cursor; negative on a row that stands for several."""
        return self.rows.cursor

    def move(self, rows: int) -> None:
        """Move the cursor."""
        self.move_to(self.rows.cursor_row + rows)

    def move_to(self, row: int) -> None:
        """Put the cursor on a row."""
        self.touched()
        top, before = self.top, self.rows.cursor_row
        self.rows.move_to(row)
        self._bring_into_view()
        if self.top == top:
            self._redraw_cursor((before - top, self.rows.cursor_row - top))
        else:
            self.redraw_changed()
        self._tell_cursor()

    def page_rows(self) -> int:
        """Return how many rows a page is."""
        return max(1, self.size.height - 1)

    def reveal(self, index: int) -> None:
        """Put the cursor on an entry, wherever it is."""
        self.touched()
        self.rows.reveal(index)
        self._bring_into_view(margin=self.size.height // 3)
        self.redraw_changed()
        self._tell_cursor()

    # -- drawing

    def render_line(self, y: int) -> Strip:
        """Draw one line: a row, and its part of the scroll bar."""
        picture = self._fresh.pop(y) if y in self._fresh else self._picture(y)
        row, thumb, focused = self._drawn[y] = picture
        width = self.size.width
        bar = self.strip_of(((thumb, "muted"),), 1)
        if row is None:
            return Strip.join([Strip.blank(width - 1, self.rich_style), bar])
        line = draw_row(row, Columns.for_width(width - 1), self._session.glyphs, focused=focused)
        look = self.cursor_look() if row.under_cursor else None
        return Strip.join([self.strip_of(line, width - 1, look), bar])

    def on_resize(self, _event: events.Resize) -> None:
        """Keep the cursor in sight at the new size, and leave no line empty that a row could fill."""
        self._scroll(self.top)
        self._bring_into_view()
        self.redraw_changed()

    def watch_has_focus(self, has_focus: bool) -> None:
        """Show where the keys go."""
        super().watch_has_focus(has_focus)
        if self.is_mounted:
            self.redraw_changed()

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Scroll with the wheel; the cursor stays where it is."""
        event.stop()
        self._wheel(_WHEEL_ROWS)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Scroll with the wheel."""
        event.stop()
        self._wheel(-_WHEEL_ROWS)

    def on_click(self, event: events.Click) -> None:
        """Move the cursor to the row clicked; a second click opens it."""
        row = event.y + self.top
        if row >= len(self.rows):
            return
        if row == self.rows.cursor_row:
            self.post_message(RowChosen(self.rows.cursor))
        else:
            self.move_to(row)

    def _redraw_cursor(self, lines: Iterable[int]) -> None:
        """Redraw lines that the cursor left or came to; all else waits for the next look at the tree."""
        for y in lines:
            row, thumb, _ = self._fresh.get(y) or self._drawn.get(y) or (None, " ", False)
            if row is not None:
                row = replace(row, under_cursor=y + self.top == self.rows.cursor_row)
                self._fresh[y] = (row, thumb, row.under_cursor and self.has_focus)
                self.refresh(Region(0, y, self.size.width, 1))

    def _picture(self, y: int) -> Picture:
        position = y + self.top
        thumb = self._session.glyphs.thumb if y in self._thumb() else " "
        if not 0 <= position < len(self.rows):
            return None, thumb, False
        row = describe_row(self._session, self.rows, position, self.share_of_parent)
        return row, thumb, row.under_cursor and self.has_focus

    def _thumb(self) -> range:
        """Return the lines beside which the scroll bar's thumb stands."""
        height, count = self.size.height, len(self.rows)
        if height <= 0 or count <= height:
            return range(0)
        length = max(1, height * height // count)
        start = round((height - length) * self.top / (count - height))
        return range(start, start + length)

    def _wheel(self, rows: int) -> None:
        self._last_key = time.monotonic()
        self.rows.following = False
        self._scroll(self.top + rows)
        self.redraw_changed()

    def _hold_line(self, line: int) -> None:
        """Scroll so that the cursor stays on the same line of the screen."""
        if 0 <= line < self.size.height:
            self._scroll(self.rows.cursor_row - line)
        self._bring_into_view()

    def _bring_into_view(self, margin: int = 0) -> None:
        row, height = self.rows.cursor_row, self.size.height
        if height <= 0:
            return
        margin = min(margin, (height - 1) // 2)
        if row < self.top + margin:
            self._scroll(row - margin)
        elif row > self.top + height - 1 - margin:
            self._scroll(row - height + 1 + margin)

    def _scroll(self, top: int) -> None:
        self._fresh.clear()
        self.top = min(max(0, top), max(0, len(self.rows) - self.size.height))

    def _tell_cursor(self) -> None:
        if self.rows.cursor != self._cursor_told:
            self._cursor_told = self.rows.cursor
            self.post_message(CursorMoved(self.rows.cursor))
