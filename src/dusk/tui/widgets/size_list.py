"""The tree on screen: one Line-API list over the visible rows, no widget per row."""

from __future__ import annotations

import time

from textual import events
from textual.geometry import Region, Size
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


class SizeList(StyledView, can_focus=True):
    """Entries with size, share, bar, mark, name and tag."""

    def __init__(self, session: Session) -> None:
        """Show the tree of a session."""
        super().__init__(id="tree")
        self._session = session
        self.rows = VisibleRows(session.tree, session.sort, session.measure)
        self.share_of_parent = False
        self._drawn: dict[int, Row] = {}
        self._last_key = 0.0
        self._next_sort = 0.0
        self._line_before = 0
        self._behind = False
        self._cursor_told: int | None = None

    def on_mount(self) -> None:
        """Take the size of what there is."""
        self._resize_virtual()
        self._tell_cursor()

    # -- keeping up with the tree

    def keep_up(self) -> None:
        """Bring what is shown up to date with the tree; redraw only rows that look different."""
        now = time.monotonic()
        self._behind = now < self._next_sort or now - self._last_key < _REST_SECONDS
        if not self._behind:
            self.sync()
        self.redraw_changed()

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
        line = self.rows.cursor_row - self.scroll_offset.y
        if self.rows.sync():
            self._resize_virtual()
            self._hold_line(line)
        took = time.monotonic() - started
        self._next_sort = started + took / _SORT_SHARE
        self._tell_cursor()

    def show_changes(self, *, keep_line: bool = True) -> None:
        """Redraw after the rows were laid out anew by a person's wish."""
        self._resize_virtual()
        if keep_line:
            self._hold_line(self._line_before)
        else:
            self._bring_into_view()
        self.redraw_changed()
        self._tell_cursor()

    def redraw_changed(self) -> None:
        """Redraw the rows on screen whose facts are not those that were drawn."""
        top = self.scroll_offset.y
        changed = []
        for y in range(self.size.height):
            row = self._row_at(top + y)
            if row != self._drawn.get(y):
                changed.append(Region(0, y, self.size.width, 1))
        if changed:
            self.refresh(*changed)

    def touched(self) -> None:
        """Remember that somebody is at the keys."""
        self._last_key = time.monotonic()
        self._line_before = self.rows.cursor_row - self.scroll_offset.y

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
        self.rows.move_to(row)
        self._bring_into_view()
        self.redraw_changed()
        self._tell_cursor()

    def page_rows(self) -> int:
        """Return how many rows a page is."""
        return max(1, self.scrollable_content_region.height - 1)

    def reveal(self, index: int) -> None:
        """Put the cursor on an entry, wherever it is."""
        self.touched()
        self.rows.reveal(index)
        self._resize_virtual()
        self._bring_into_view(margin=self.size.height // 3)
        self.redraw_changed()
        self._tell_cursor()

    # -- drawing

    def render_line(self, y: int) -> Strip:
        """Draw one row."""
        row = self._row_at(y + self.scroll_offset.y)
        width = self.scrollable_content_region.width
        if row is None:
            self._drawn.pop(y, None)
            return Strip.blank(width, self.rich_style)
        self._drawn[y] = row
        line = draw_row(row, Columns.for_width(width), self._session.glyphs)
        return self.strip_of(line, width, self.cursor_look() if row.under_cursor else None)

    def on_resize(self, _event: events.Resize) -> None:
        """Draw everything for the new size."""
        self._drawn.clear()
        self._resize_virtual()
        self._bring_into_view()
        self.refresh()

    def on_click(self, event: events.Click) -> None:
        """Move the cursor to the row clicked; a second click opens it."""
        row = event.y + self.scroll_offset.y
        if row >= len(self.rows):
            return
        if row == self.rows.cursor_row:
            self.post_message(RowChosen(self.rows.cursor))
        else:
            self.move_to(row)

    def _row_at(self, position: int) -> Row | None:
        if not 0 <= position < len(self.rows):
            return None
        return describe_row(self._session, self.rows, position, self.share_of_parent)

    def _resize_virtual(self) -> None:
        self.virtual_size = Size(self.size.width, len(self.rows))

    def _hold_line(self, line: int) -> None:
        """Scroll so that the cursor stays on the same line of the screen."""
        height = self.scrollable_content_region.height
        if 0 <= line < height:
            self._scroll(self.rows.cursor_row - line)
        self._bring_into_view()

    def _bring_into_view(self, margin: int = 0) -> None:
        row, top = self.rows.cursor_row, self.scroll_offset.y
        height = max(1, self.scrollable_content_region.height)
        margin = min(margin, (height - 1) // 2)
        if row < top + margin:
            self._scroll(row - margin)
        elif row > top + height - 1 - margin:
            self._scroll(row - height + 1 + margin)

    def _scroll(self, top: int) -> None:
        highest = max(0, len(self.rows) - self.scrollable_content_region.height)
        self.scroll_to(y=min(max(0, top), highest), animate=False, force=True, immediate=True)

    def _tell_cursor(self) -> None:
        if self.rows.cursor != self._cursor_told:
            self._cursor_told = self.rows.cursor
            self.post_message(CursorMoved(self.rows.cursor))
