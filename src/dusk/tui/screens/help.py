"""The help: the table of commands, searched by typing and run with enter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Input

from dusk.tui.commands import Command
from dusk.tui.entry_words import FLAGS
from dusk.tui.glyphs import UNICODE, Glyphs
from dusk.tui.screens.dialog import Dialog, Lines, keys_line
from dusk.tui.screens.line_list import LineList, Row, text_row
from dusk.tui.spans import Line, cells, wrap

_NOT_RUN = frozenset({"choose_1", "help", "down", "up", "page_down", "page_up", "first", "last", "back"})
_KEY_CELLS = 16


class HelpScreen(Dialog[str | None]):
    """Every key with what it does; answers with the command to run."""

    DEFAULT_CSS = """
    HelpScreen > #box { width: 96; height: 90%; overflow: hidden; }
    HelpScreen LineList { height: 1fr; background: $surface; }
    HelpScreen Input { height: 1; border: none; padding: 0; background: $panel; }
    HelpScreen #hint { height: 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down", "to_list('move', 1)", show=False, priority=True),
        Binding("up", "to_list('move', -1)", show=False, priority=True),
        Binding("pagedown", "to_list('page', 1)", show=False, priority=True),
        Binding("pageup", "to_list('page', -1)", show=False, priority=True),
        Binding("f1", "close", show=False, priority=True),
    ]

    def __init__(self, commands: Sequence[Command], *, glyphs: Glyphs = UNICODE) -> None:
        """Show a table of commands."""
        super().__init__(classes="" if glyphs is UNICODE else "-ascii")
        self._glyphs = glyphs
        self._all = _gathered(commands)
        self._shown = self._all

    def compose(self) -> ComposeResult:
        """Lay out the text to search for above the commands."""
        with Vertical(id="box") as box:
            box.border_title = "Keys"
            search = Input(placeholder="type to search", compact=True)
            search.cursor_blink = False
            yield search
            yield LineList(glyphs=self._glyphs, name="commands")
            yield Lines(name="hint")

    def on_mount(self) -> None:
        """Wait for something to search for."""
        self.query_one(LineList).can_focus = False
        self.query_one(LineList).show(self._layout_rows)
        self.query_one(Input).focus()

    def fit(self) -> None:
        """Show the keys that work here."""
        keys = (("enter", "Run it"), ("esc", "Close"), ("↑ ↓", "Choose"))
        self.query_one("#hint", Lines).show([keys_line(keys, self.app.size.width - 4)])

    def action_leave(self) -> None:
        """Forget the search first, then close."""
        search = self.query_one(Input)
        if search.value:
            search.value = ""
        else:
            self.dismiss(None)

    def action_to_list(self, action: str, direction: int) -> None:
        """Move in the list while the text keeps the focus."""
        listed = self.query_one(LineList)
        if action == "move":
            listed.action_move(direction)
        else:
            listed.action_page(direction)

    def action_close(self) -> None:
        """Close with a key that opened it."""
        self.dismiss(None)

    @on(Input.Changed)
    def _search(self, event: Input.Changed) -> None:
        if event.value == "?":  # the text field takes the key that opened this; alone it closes again
            self.action_close()
            return
        words = event.value.casefold().split()
        self._shown = tuple(command for command in self._all if _matches(command, words))
        listed = self.query_one(LineList)
        listed.show(self._layout_rows)
        listed.action_edge(-1)

    @on(Input.Submitted)
    def _run(self) -> None:
        item = self.query_one(LineList).item
        if 0 <= item < len(self._shown):
            self._answer(self._shown[item])

    @on(LineList.Chosen)
    def _clicked(self, event: LineList.Chosen) -> None:
        self._answer(self._shown[event.item])

    def _answer(self, command: Command) -> None:
        self.dismiss(None if command.id in _NOT_RUN else command.id)

    def _layout_rows(self, width: int) -> Sequence[Row]:
        rows: list[Row] = []
        groups = dict.fromkeys(command.group for command in self._shown)
        for group in groups:
            rows.append(text_row((group, "heading")))
            for number, command in enumerate(self._shown):
                if command.group == group:
                    rows += self._command_rows(number, command, width)
        if len(self._shown) == len(self._all):
            rows += _legend(width)
        if not self._shown:
            rows.append(text_row(("No command has that in its name or text. esc shows all.", "muted")))
        return rows

    def _command_rows(self, number: int, command: Command, width: int) -> list[Row]:
        keys = command.shown_keys
        room = max(12, width - _KEY_CELLS)
        first, *rest = wrap(f"{command.title}: {command.help}", room) or [""]
        padded = keys + " " * max(1, _KEY_CELLS - cells(keys))
        rows = [Row(number, partial(_same, ((padded, "key"), (first, "text"))))]
        rows += [text_row((" " * _KEY_CELLS + text, "muted")) for text in rest]
        return rows


def _gathered(commands: Sequence[Command]) -> tuple[Command, ...]:
    """Return the commands that have a key, with those of the offers in one row."""
    offers = [command for command in commands if command.id.startswith("choose_") and command.keys]
    gathered = []
    for command in commands:
        if not command.keys or command in offers[1:]:
            continue
        if command in offers[:1] and len(offers) > 1:
            keys = (offers[0].keys[0], "to", offers[-1].keys[0])
            text = "Queue the offer of that number, of the finding under the cursor."
            command = replace(command, keys=keys, title="Offer", help=text)  # noqa: PLW2901 (a row of its own)
        gathered.append(command)
    return tuple(gathered)


def _same(line: Line, _width: int) -> Line:
    return line


def _legend(width: int) -> list[Row]:
    rows = [text_row(("Signs before a size", "heading"))]
    for words in FLAGS:
        indent = " " * _KEY_CELLS
        lines = wrap(words.sentence, width, first=f"{words.sign:<{_KEY_CELLS}}", indent=indent)
        rows += [text_row((text[:_KEY_CELLS], "flag"), (text[_KEY_CELLS:], "muted")) for text in lines]
    return rows


def _matches(command: Command, words: Sequence[str]) -> bool:
    text = f"{command.title} {command.help} {command.shown_keys} {command.group}".casefold()
    return all(word in text for word in words)
