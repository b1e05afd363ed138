"""A pane of styled lines that sends only the lines that changed.

Textual redraws a region whole; over a slow link that is what makes an interface heavy.
"""

from __future__ import annotations

from collections.abc import Sequence

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Region
from textual.scroll_view import ScrollView
from textual.strip import Strip

from dusk.tui.looks import looks_of
from dusk.tui.spans import Line


class StyledView(ScrollView, inherit_bindings=False):
    """A view whose lines are spans, with the look of every kind kept until the theme changes."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 (Textual's word)
        """Draw nothing yet."""
        super().__init__(id=id)
        self._looks: dict[str, Style] | None = None
        self._cursor_look: Style | None = None
        self._looks_over: dict[Style | None, tuple[Style, dict[str, Style]]] = {}

    def notify_style_update(self) -> None:
        """Forget the looks; the theme may not be known yet, so they are made when a line is drawn."""
        super().notify_style_update()
        self._looks = self._cursor_look = None
        self._looks_over.clear()

    def looks(self) -> dict[str, Style]:
        """Return the style of every kind of span."""
        if self._looks is None:
            self._looks = looks_of(self.app.theme_variables, self.rich_style, self.background_colors[1])
        return self._looks

    def cursor_look(self) -> Style:
        """Return what the cursor adds to the spans of its row."""
        if self._cursor_look is None:
            self._cursor_look = Style(bgcolor=self.looks()["cursor"].bgcolor, bold=True)
        return self._cursor_look

    def strip_of(self, line: Line, width: int, background: Style | None = None) -> Strip:
        """Return a line as the terminal gets it."""
        plain, looks = self._looks_over.get(background) or self._mix(background)
        segments = [Segment(text, looks[kind]) for text, kind in _fewest_spans(line)]
        return Strip(segments).extend_cell_length(width, plain).crop(0, width)

    def _mix(self, background: Style | None) -> tuple[Style, dict[str, Style]]:
        """Return the plain style and all looks over a background; asking the style sheet takes longest."""
        over = Style() if background is None else background
        looks = {kind: look + over for kind, look in self.looks().items()}
        mixed = self._looks_over[background] = (self.rich_style + over, looks)
        return mixed


class LinePane(StyledView):
    """A pane that shows lines from its first on, and refreshes those that are not what they were."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 (Textual's word)
        """Show nothing yet."""
        super().__init__(id=id)
        self._lines: tuple[Line, ...] = ()

    @property
    def lines(self) -> tuple[Line, ...]:
        """The lines shown."""
        return self._lines

    def compose_lines(self, width: int) -> Sequence[Line]:
        """Return the lines to show at a width; panes say here what they are about."""
        raise NotImplementedError

    def update_lines(self) -> None:
        """Compose the lines again and redraw those that changed."""
        width = self.scrollable_content_region.width
        if not self.is_mounted or width <= 0:
            return
        before, self._lines = self._lines, tuple(self.compose_lines(width))
        changed = [
            Region(0, row, self.size.width, 1)
            for row in range(self.size.height)
            if _line_at(before, row) != _line_at(self._lines, row)
        ]
        if changed:
            self.refresh(*changed)

    def on_resize(self, _event: events.Resize) -> None:
        """Compose for the new width."""
        self.update_lines()

    def on_show(self) -> None:
        """Compose what was not composed while it was hidden."""
        self.update_lines()

    def render_line(self, y: int) -> Strip:
        """Draw one line."""
        return self.strip_of(_line_at(self._lines, y), self.size.width)

    def plain_text(self) -> str:
        """Return what is shown, without looks."""
        return "\n".join("".join(text for text, _ in line).rstrip() for line in self._lines)


def _line_at(lines: Sequence[Line], row: int) -> Line:
    return lines[row] if 0 <= row < len(lines) else ()


def _fewest_spans(line: Line) -> list[tuple[str, str]]:
    """Return a line with blank spans joined to their neighbours: every change of style costs 40 bytes."""
    spans: list[tuple[str, str]] = []
    for text, kind in line:
        if not text:
            continue
        if spans and (spans[-1][1] == kind or text.isspace()):
            spans[-1] = (spans[-1][0] + text, spans[-1][1])
        elif spans and spans[-1][0].isspace():
            spans[-1] = (spans[-1][0] + text, kind)
        else:
            spans.append((text, kind))
    return spans
