"""A question with two answers, of which the careful one has the focus."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.widgets import Static

from dusk.fs.units import count_noun
from dusk.tui.glyphs import UNICODE, Glyphs
from dusk.tui.screens.dialog import Choice, Dialog, content_of
from dusk.tui.spans import Line


class QuestionScreen(Dialog[bool]):
    """Ask; only ``y``, or going to the other answer and taking it, says yes."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "answer(True)", "Yes", show=False),
        Binding("n,q", "answer(False)", "No", show=False),
    ]

    def __init__(
        self,
        title: str,
        lines: Sequence[Line],
        *,
        yes: str,
        no: str = "Cancel",
        glyphs: Glyphs = UNICODE,
    ) -> None:
        """Ask with a title, what there is to know, and the words of both answers."""
        super().__init__(classes="" if glyphs is UNICODE else "-ascii")
        self._title_text = title
        self._lines = tuple(lines)
        self._yes = yes
        self._no = no
        self._glyphs = glyphs

    def compose(self) -> ComposeResult:
        """Lay out the text above the answers."""
        with Vertical(id="box") as box:
            box.border_title = content_of([((self._title_text, "heading"),)])
            with VerticalScroll(id="scroll", can_focus=False):
                yield Static(content_of(self._lines), markup=False, classes="text")
            with Horizontal(id="choices"):
                yield Choice("esc", self._no, id="no", glyphs=self._glyphs)
                yield Choice("y", self._yes, id="yes", glyphs=self._glyphs)

    def on_mount(self) -> None:
        """Put the focus on the careful answer."""
        self.query_one("#no", Choice).focus()

    def action_leave(self) -> None:
        """Say no."""
        self.dismiss(False)

    def action_answer(self, answer: bool) -> None:
        """Give an answer by its key."""
        self.dismiss(answer)

    @on(Choice.Chosen)
    def _chosen(self, event: Choice.Chosen) -> None:
        self.dismiss(event.choice.id == "yes")


def undo_question(batch: int, paths: int, *, glyphs: Glyphs = UNICODE) -> QuestionScreen:
    """Return the question before a batch is taken back."""
    lines: list[Line] = [
        ((f"{count_noun(paths, 'path')} of batch {batch} go back to where they were.", "text"),),
        (("Nothing that is there now is overwritten.", "muted"),),
    ]
    return QuestionScreen("Take it back?", lines, yes="Take it back", glyphs=glyphs)
