"""What all dialogs share: a framed box, lines of text, choices that say when they have the focus."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar, TypeVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.screen import ModalScreen
from textual.widgets import Static

from dusk.tui.glyphs import UNICODE, Glyphs
from dusk.tui.spans import Line, cells

Answer = TypeVar("Answer")
_STYLES = {"text": "", "strong": "bold", "heading": "bold $heading"}


def content_of(lines: Iterable[Line]) -> Content:
    """Return lines as content that no markup in a name can change."""
    joined: list[tuple[str, str]] = []
    for number, line in enumerate(lines):
        if number:
            joined.append(("\n", ""))
        joined.extend((text, _STYLES.get(kind, f"${kind}")) for text, kind in line)
    return Content.assemble(*joined)


def keys_line(keys: Iterable[tuple[str, str]], width: int) -> Line:
    """Return keys with what they do, as many as fit whole."""
    line: list[tuple[str, str]] = []
    room = width
    for key, title in keys:
        text = f" {title}  "
        if cells(key) + cells(text) - 2 > room:
            break
        line += [(key, "key"), (text, "muted")]
        room -= cells(key) + cells(text)
    return tuple(line)


class Lines(Static):
    """Lines of text; showing the same ones again sends nothing to the terminal."""

    def __init__(self, lines: Sequence[Line] = (), *, name: str, classes: str = "") -> None:
        """Show some lines."""
        super().__init__(content_of(lines), markup=False, id=name, classes=classes)
        self._lines_shown = tuple(lines)

    def show(self, lines: Sequence[Line]) -> None:
        """Show other lines."""
        if tuple(lines) != self._lines_shown:
            self._lines_shown = tuple(lines)
            self.update(content_of(lines))


class Choice(Static, can_focus=True):
    """Something to answer a dialog with; sign and reversed text show the focus without colour."""

    DEFAULT_CSS = """
    Choice { width: auto; height: 1; padding: 0 1; color: $foreground; background: $panel; margin: 0 1 0 0; }
    Choice:focus { text-style: bold reverse; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,space", "choose", "Choose", show=False),
        Binding("left,up,h", "app.focus_previous", show=False),
        Binding("right,down,l", "app.focus_next", show=False),
    ]

    @dataclass
    class Chosen(Message):
        """The choice was made."""

        choice: Choice
        """Which one."""

    def __init__(self, key: str, title: str, *, id: str, glyphs: Glyphs = UNICODE) -> None:  # noqa: A002 (Textual's word)
        """Offer a choice with the key that makes it."""
        super().__init__(markup=False, id=id)
        self._key = key
        self._title = title
        self._glyphs = glyphs

    def render(self) -> Content:
        """Return the sign of the focus, the title and the key."""
        sign = self._glyphs.collapsed if self.has_focus else " "
        key_style = "" if self.has_focus else "$key"
        return Content.assemble((f"{sign} {self._title} ", ""), (f"({self._key})", key_style))

    def action_choose(self) -> None:
        """Make this choice."""
        self.post_message(self.Chosen(self))

    def on_click(self) -> None:
        """Make this choice with the mouse."""
        self.action_choose()


class Dialog(ModalScreen[Answer]):
    """A box over the screen; escape always leaves it and never quits."""

    DEFAULT_CSS = """
    Dialog { align: center middle; }
    Dialog > #box {
        width: 76; max-width: 100%; height: auto; max-height: 100%;
        background: $surface; color: $foreground; border: round $border; padding: 0 1; overflow-y: auto;
        border-title-color: $heading; border-title-style: bold; scrollbar-size-vertical: 1;
    }
    Dialog.-ascii > #box { border: ascii $border; }
    Dialog #scroll { height: auto; scrollbar-size-vertical: 1; }
    Dialog #choices { height: 1; margin: 1 0 0 0; }
    Dialog .text { height: auto; width: 1fr; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,ctrl+c", "leave", "Cancel", show=False),
        Binding("tab", "app.focus_next", show=False),
        Binding("shift+tab", "app.focus_previous", show=False),
    ]

    def action_leave(self) -> None:
        """Close without an answer."""
        self.dismiss(None)

    def on_resize(self) -> None:
        """Let long text scroll, so that the choices stay in sight on a small screen."""
        self.fit()
        for scroll in self.query("#scroll"):
            scroll.styles.max_height = max(2, self.app.size.height - 4)

    def fit(self) -> None:
        """Break the text anew; dialogs whose text depends on the width do it here."""

    @property
    def text_width(self) -> int:
        """Cells that a line of the box can take."""
        return max(10, min(76, self.app.size.width) - 5)
