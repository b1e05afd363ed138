"""Small menus answered by one key."""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical

from dusk.scan.entry import Sort
from dusk.tui.glyphs import UNICODE, Glyphs
from dusk.tui.screens.dialog import Dialog
from dusk.tui.screens.line_list import LineList, Row, text_row


class SortMenu(Dialog[Sort | None]):
    """Choose the order of directories; escape keeps the one there is."""

    DEFAULT_CSS = """
    SortMenu > #box { width: 44; }
    SortMenu LineList { height: 4; background: $surface; }
    """
    CHOICES: ClassVar[tuple[tuple[str, Sort, str], ...]] = (
        ("s", Sort.SIZE, "size, biggest first"),
        ("n", Sort.NAME, "name, A first"),
        ("i", Sort.ITEMS, "items, most first"),
        ("c", Sort.NEWEST, "newest change first"),
    )

    def __init__(self, current: Sort, *, glyphs: Glyphs = UNICODE) -> None:
        """Offer all orders; the cursor is on the current one."""
        super().__init__(classes="" if glyphs is UNICODE else "-ascii")
        self._current = current
        self._glyphs = glyphs

    def compose(self) -> ComposeResult:
        """Lay out one line for each order."""
        with Vertical(id="box") as box:
            box.border_title = "Sort by"
            yield LineList(glyphs=self._glyphs, name="orders")

    def on_mount(self) -> None:
        """Fill the list."""
        orders = self.query_one(LineList)
        current = next(n for n, (_, sort, _) in enumerate(self.CHOICES) if sort is self._current)
        orders.show(self._rows, current)
        orders.focus()

    def _rows(self, _width: int) -> list[Row]:
        return [
            text_row(
                (f"{key} ", "key"),
                (words, "text"),
                (f" {self._glyphs.arrow} now" if sort is self._current else "", "muted"),
                item=number,
            )
            for number, (key, sort, words) in enumerate(self.CHOICES)
        ]

    def on_line_list_chosen(self, event: LineList.Chosen) -> None:
        """Answer with the order under the cursor."""
        self.dismiss(self.CHOICES[event.item][1])

    def on_key(self, event: events.Key) -> None:
        """Answer with the order whose key was pressed."""
        for key, sort, _ in self.CHOICES:
            if event.key == key:
                event.stop()
                self.dismiss(sort)
