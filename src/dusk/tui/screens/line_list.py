"""A list of lines with a cursor: one widget for thousands of rows, drawn only where they are seen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.style import Style
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.strip import Strip

from dusk.tui.glyphs import UNICODE, Glyphs
from dusk.tui.spans import Line, fit_line
from dusk.tui.widgets.line_pane import StyledView

NO_ITEM = -1
"""What a row that the cursor passes over stands for: a heading or a sentence below an item."""
_GUTTER = 2  # the cursor's sign and a space


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the list."""

    item: int
    """What the row stands for, NO_ITEM for nothing that can be chosen."""
    draw: Callable[[int], Line]
    """Return the line for a width in cells."""


Layout = Callable[[int], Sequence[Row]]
"""Return all rows for a width in cells; sentences take as many rows as they need there."""


def text_row(*line: tuple[str, str], item: int = NO_ITEM) -> Row:
    """Return a row that is the same at every width."""
    return Row(item, lambda _: line)


class LineList(StyledView, can_focus=True):
    """Rows to read and items to choose, moved through with arrows and ``hjkl``."""

    DEFAULT_CSS = """
    LineList {
        background: $background; color: $foreground; overflow-x: hidden; overflow-y: auto;
        scrollbar-size-vertical: 1; scrollbar-gutter: stable;
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "move(1)", "Down", show=False),
        Binding("up,k", "move(-1)", "Up", show=False),
        Binding("pagedown,ctrl+f", "page(1)", "Page down", show=False),
        Binding("pageup,ctrl+b", "page(-1)", "Page up", show=False),
        Binding("home,g", "edge(-1)", "First", show=False),
        Binding("end,G", "edge(1)", "Last", show=False),
        Binding("enter", "choose", "Choose", show=False),
    ]

    @dataclass
    class Highlighted(Message):
        """The cursor is on another item."""

        item: int
        """The item, NO_ITEM when there is none."""

    @dataclass
    class Chosen(Message):
        """Enter was pressed on an item."""

        item: int
        """The item."""

    def __init__(self, layout: Layout | None = None, *, glyphs: Glyphs = UNICODE, name: str = "") -> None:
        """Show nothing until a layout is given."""
        super().__init__(id=name or None)
        self._layout_rows: Layout = layout or (lambda _: ())
        self._rows: Sequence[Row] = ()
        self._laid_out_for = -1
        self._glyphs = glyphs
        self._row = 0
        self._wanted = NO_ITEM  # asked for before there was a width to lay rows out for

    @property
    def item(self) -> int:
        """The item under the cursor, NO_ITEM when there is none."""
        return self._rows[self._row].item if self._row < len(self._rows) else NO_ITEM

    def show(self, layout: Layout, item: int | None = None) -> None:
        """Show other rows; the cursor stays on its item, or at its place when that is gone."""
        wanted = self.item if item is None else item
        self._layout_rows = layout
        self._lay_out(wanted)

    # -- drawing

    def on_resize(self) -> None:
        """Break sentences anew when the width is another one."""
        if self._line_width != self._laid_out_for:
            self._lay_out(self.item)

    def render_line(self, y: int) -> Strip:
        """Draw one row."""
        position = y + self.scroll_offset.y
        width = self._line_width
        if position >= len(self._rows):
            return Strip.blank(width, self.rich_style)
        row = self._rows[position]
        line = fit_line(row.draw(width - _GUTTER), width - _GUTTER, self._glyphs.ellipsis)
        if position != self._row or row.item == NO_ITEM:
            return self.strip_of(((" " * _GUTTER, "text"), *line), width)
        pointed = ((f"{self._glyphs.cursor} ", "key"), *line)
        return self.strip_of(pointed, width, Style(bgcolor=self.looks()["cursor"].bgcolor))

    @property
    def _line_width(self) -> int:
        return self.scrollable_content_region.width

    def _lay_out(self, wanted: int) -> None:
        width = self._line_width
        self._laid_out_for = width
        if width <= _GUTTER:
            self._wanted = wanted
            return
        if self._wanted != NO_ITEM:
            wanted, self._wanted = self._wanted, NO_ITEM
        self._rows = self._layout_rows(width - _GUTTER)
        self.virtual_size = Size(width, len(self._rows))
        place = next((n for n, row in enumerate(self._rows) if row.item == wanted != NO_ITEM), None)
        if place is None:
            place = self._nearest(min(self._row, max(0, len(self._rows) - 1)))
        self._row = place
        self._reveal()
        self.refresh()
        self.post_message(self.Highlighted(self.item))

    # -- moving

    def action_move(self, step: int) -> None:
        """Go to the next item up or down."""
        row = self._row + step
        while 0 <= row < len(self._rows) and self._rows[row].item == NO_ITEM:
            row += step
        if 0 <= row < len(self._rows):
            self._go(row)
        else:  # past the last item: sentences after it can still be scrolled into sight
            self.scroll_relative(y=step, animate=False)

    def action_page(self, direction: int) -> None:
        """Go one page up or down."""
        page = max(1, self.size.height - 1)
        target = min(max(self._row + direction * page, 0), max(0, len(self._rows) - 1))
        self._go(self._nearest(target, direction))

    def action_edge(self, direction: int) -> None:
        """Go to the first or last item."""
        self._go(self._nearest(0 if direction < 0 else max(0, len(self._rows) - 1)))
        if direction < 0:
            self.scroll_home(animate=False)
        else:
            self.scroll_end(animate=False)

    def action_choose(self) -> None:
        """Choose the item under the cursor."""
        if self.item != NO_ITEM:
            self.post_message(self.Chosen(self.item))

    def on_click(self, event: object) -> None:
        """Put the cursor where the mouse points."""
        row = getattr(event, "y", 0) + self.scroll_offset.y
        if 0 <= row < len(self._rows) and self._rows[row].item != NO_ITEM:
            self._go(row)

    def _nearest(self, row: int, direction: int = -1) -> int:
        for step in (direction, -direction):
            candidate = row
            while 0 <= candidate < len(self._rows):
                if self._rows[candidate].item != NO_ITEM:
                    return candidate
                candidate += step
        return min(row, max(0, len(self._rows) - 1))

    def _go(self, row: int) -> None:
        if row == self._row:
            return
        before, self._row = self._row, row
        self._reveal()
        top = self.scroll_offset.y
        for changed in (before, row):
            self.refresh(Region(0, changed - top, self._line_width, 1))
        self.post_message(self.Highlighted(self.item))

    def _reveal(self) -> None:
        last = self._row  # sentences below an item come into sight with it
        while last + 1 < len(self._rows) and self._rows[last + 1].item == NO_ITEM and last - self._row < 3:
            last += 1
        self.scroll_to_region(
            Region(0, self._row, 1, last - self._row + 1), animate=False, immediate=True, force=True
        )
