"""The second line: how full the filesystem really is, and how many findings there are."""

from __future__ import annotations

from collections.abc import Sequence

from dusk.fs.names import display_path
from dusk.fs.units import count_noun, format_size
from dusk.scan.entry import Measure
from dusk.tui.bars import draw_gauge
from dusk.tui.session import Session
from dusk.tui.spans import Line, Span, fit_middle, justify
from dusk.tui.widgets.line_pane import LinePane

_TIGHT = 0.8
_FULL = 0.95


class DiskLine(LinePane):
    """Fill of the filesystem that the scanned directory lies on."""

    def __init__(self, session: Session) -> None:
        """Show nothing until the filesystem answered."""
        super().__init__(id="disk-line")
        self._session = session

    def compose_lines(self, width: int) -> Sequence[Line]:
        """Return the one line."""
        glyphs = self._session.glyphs
        return [((" ", "text"), *justify(self._fill(width), self._right(), width - 2, glyphs.ellipsis))]

    def _fill(self, width: int) -> list[Span]:
        capacity = self._session.capacity
        if capacity is None:
            return [("filesystem not known yet", "muted")]
        glyphs = self._session.glyphs
        kind = "fill"
        if capacity.fraction >= _TIGHT:
            kind = "fill-full" if capacity.fraction >= _FULL else "fill-tight"
        filled, rest = draw_gauge(capacity.fraction, min(32, max(8, width // 4)), glyphs)
        word = {"fill": "", "fill-tight": " tight", "fill-full": " nearly full"}[kind]
        point = fit_middle(display_path(capacity.point), 24, glyphs.ellipsis)
        return [
            (f"{point}  {capacity.type}  ", "muted"),
            (filled, kind),
            (rest, "bar-rest"),
            (f" {capacity.fraction:.0%}{word}", kind),
            (f"  {format_size(capacity.used)} used{glyphs.dot}{format_size(capacity.free)} free", "muted"),
        ]

    def _right(self) -> list[Span]:
        session = self._session
        found = len(session.offered())
        measure = "apparent size" if session.measure is Measure.APPARENT else "disk size"
        parts = [measure, f"by {session.sort.value}", count_noun(found, "finding")]
        if not session.judge.finished:
            parts[-1] += " so far"
        if session.read_only:
            parts.insert(0, "read-only")
        return [(session.glyphs.dot.join(parts), "muted")]
