"""A number, typed: with or without separators, and k or M for thousands and millions."""

from __future__ import annotations

import re

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Input, Static

from dusk.tui.glyphs import UNICODE, Glyphs
from dusk.tui.screens.dialog import Dialog, Lines, keys_line

_NUMBER = re.compile(r"([0-9][0-9,_ ]*)\s*([kKmM]?)")
_FACTORS = {"": 1, "k": 1_000, "m": 1_000_000}
_MOST = 10**12


class NumberScreen(Dialog[int | None]):
    """Ask for a whole number from 1 on."""

    DEFAULT_CSS = """
    NumberScreen > #box { width: 60; }
    NumberScreen Input { border: none; height: 1; padding: 0 1; background: $panel; margin: 1 0 0 0; }
    NumberScreen #said, NumberScreen #hint { height: 1; }
    """

    def __init__(
        self, title: str, sentence: str, unit: str, default: int, *, glyphs: Glyphs = UNICODE
    ) -> None:
        """Ask how many of a unit."""
        super().__init__(classes="" if glyphs is UNICODE else "-ascii")
        self._title_text, self._sentence, self._unit, self._default = title, sentence, unit, default

    def compose(self) -> ComposeResult:
        """Lay out the sentence above the number."""
        with Vertical(id="box") as box:
            box.border_title = self._title_text
            yield Static(self._sentence, markup=False, classes="text")
            number = Input(f"{self._default:,}", placeholder=self._unit, compact=True)
            number.cursor_blink = False
            yield number
            yield Lines([((self._unit, "muted"),)], name="said")
            yield Lines([keys_line((("enter", "Use it"), ("esc", "Cancel")), 40)], name="hint")

    def on_mount(self) -> None:
        """Let the number be typed over at once."""
        box = self.query_one(Input)
        box.focus()
        box.action_select_all()

    @on(Input.Submitted)
    def _answer(self) -> None:
        found = _NUMBER.fullmatch(self.query_one(Input).value.strip())
        number = 0
        if found is not None:
            number = int(re.sub(r"[,_ ]", "", found[1])) * _FACTORS[found[2].lower()]
        if 1 <= number <= _MOST:
            self.dismiss(number)
            return
        said = f"A whole number of {self._unit}, such as {self._default:,} or 50k."
        self.query_one("#said", Lines).show([((said, "problem"),)])
