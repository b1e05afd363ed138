"""A question that only a typed word answers with yes: for what cannot be undone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.widgets import Input, Static

from dusk.tui.glyphs import UNICODE, Glyphs
from dusk.tui.screens.dialog import Dialog, Lines, content_of, keys_line
from dusk.tui.spans import Line


class TypedWordScreen(Dialog[bool]):
    """Ask for a word; anything else says no, or nothing yet."""

    DEFAULT_CSS = """
    TypedWordScreen Input { border: none; height: 1; padding: 0 1; background: $panel; margin: 1 0 0 0; }
    TypedWordScreen #said { height: 1; }
    TypedWordScreen #hint { height: 1; margin: 1 0 0 0; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("pagedown", "scroll(3)", "Read on", show=False, priority=True),
        Binding("pageup", "scroll(-3)", "Read back", show=False, priority=True),
    ]

    def __init__(self, title: str, lines: Sequence[Line], *, word: str, glyphs: Glyphs = UNICODE) -> None:
        """Ask with a title and what there is to know; ``word`` says yes."""
        super().__init__(classes="" if glyphs is UNICODE else "-ascii")
        self._title_text = title
        self._lines = tuple(lines)
        self._word = word

    def compose(self) -> ComposeResult:
        """Lay out the text above the word."""
        with Vertical(id="box") as box:
            box.border_title = content_of([((self._title_text, "heading"),)])
            with VerticalScroll(id="scroll", can_focus=False):
                yield Static(content_of(self._lines), markup=False, classes="text")
            word = Input(placeholder=f"type {self._word} to go on", compact=True)
            word.cursor_blink = False
            yield word
            yield Lines(name="said")
            yield Lines([keys_line((("esc", "Cancel"), ("enter", "Answer")), 40)], name="hint")

    def on_mount(self) -> None:
        """Let the word be typed at once; no single key answers."""
        self.query_one(Input).focus()

    def on_resize(self) -> None:
        """Keep the word in sight on a small screen."""
        self.query_one("#scroll").styles.max_height = max(2, self.app.size.height - 8)

    def action_leave(self) -> None:
        """Say no."""
        self.dismiss(False)

    def action_scroll(self, lines: int) -> None:
        """Read on, where the text is longer than the screen."""
        self.query_one("#scroll", VerticalScroll).scroll_relative(y=lines, animate=False)

    @on(Input.Submitted)
    def _answer(self) -> None:
        box = self.query_one(Input)
        if box.value.strip() == self._word:
            self.dismiss(True)
            return
        box.value = ""
        said = f"Only {self._word} goes on; esc changes nothing."
        self.query_one("#said", Lines).show([((said, "notice"),)])
