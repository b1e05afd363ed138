"""The line below the list: what just happened, or what is under the cursor."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Sequence

from dusk.fs.names import display_path
from dusk.tui.rows import directory_of_more
from dusk.tui.session import Session
from dusk.tui.spans import Line, Span, fit_middle, justify, line_cells
from dusk.tui.widgets.line_pane import LinePane

_SHOWN_SECONDS = 6.0
# A command may move the cursor itself: what it said stays at least so long.
_READ_SECONDS = 0.7


class StatusLine(LinePane):
    """A sentence for some seconds; else a hint about the finding, else the whole path."""

    def __init__(self, session: Session) -> None:
        """Say nothing yet."""
        super().__init__(id="status-line")
        self._session = session
        self._sentence = ""
        self._kind = "text"
        self._until = 0.0
        self._waiting: deque[str] = deque()
        self.index = 0
        """The entry under the cursor."""
        self.has_panel = True
        """Whether the panel is on screen, so that the hint is not needed here."""

    def say(self, sentence: str, kind: str = "text") -> None:
        """Show a sentence for some seconds."""
        self._sentence, self._kind = sentence, kind
        self._until = time.monotonic() + _SHOWN_SECONDS
        self.update_lines()

    def announce(self, sentence: str) -> None:
        """Show something that happened by itself, after what is being shown, each in its turn."""
        self._waiting.append(sentence)
        self.settle()

    def settle(self) -> None:
        """Take the sentence away once it was there long enough; show the next one that waits."""
        if self._sentence and time.monotonic() >= self._until:
            self._sentence = ""
            self.update_lines()
        if not self._sentence and self._waiting:
            self.say(self._waiting.popleft(), "notice")

    def show(self, index: int, has_panel: bool) -> None:
        """Say what is under the cursor."""
        if index != self.index and time.monotonic() >= self._until - _SHOWN_SECONDS + _READ_SECONDS:
            self._sentence = ""  # whoever moves on has read it
        self.index, self.has_panel = index, has_panel
        self.update_lines()

    def compose_lines(self, width: int) -> Sequence[Line]:
        """Return the one line."""
        glyphs = self._session.glyphs
        room = width - 2
        if self._sentence:
            return [((" ", "text"), (fit_middle(self._sentence, room, glyphs.ellipsis), self._kind))]
        finding = None if self.has_panel else self._session.finding_for(self.index)
        if finding is not None:
            from dusk.tui.finding_text import finding_hint

            right: list[Span] = [("1", "key"), (" queue  ", "muted"), ("i", "key"), (" more", "muted")]
            return [
                ((" ", "text"), *justify(finding_hint(self._session, finding), right, room, glyphs.ellipsis))
            ]
        right = [] if self.has_panel else [("i", "key"), (" info", "muted")]
        index = self.index if self.index >= 0 else directory_of_more(self.index)
        path = display_path(self._session.tree.path(index))
        shown = fit_middle(path, room - line_cells(right) - 1, glyphs.ellipsis)
        return [((" ", "text"), *justify([(shown, "muted")], right, room, glyphs.ellipsis))]
