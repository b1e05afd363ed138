"""The question before leaving, asked only when leaving loses something."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dusk.fs.units import count_noun, format_size
from dusk.scan.entry import Measure
from dusk.tui.glyphs import UNICODE, Glyphs
from dusk.tui.screens.question import QuestionScreen
from dusk.tui.spans import Line

if TYPE_CHECKING:
    from dusk.tui.session import Session


class QuitScreen(QuestionScreen):
    """Say what is lost by leaving now."""

    def __init__(
        self, queued: int = 0, size: int = 0, scan_seconds: float = 0.0, *, glyphs: Glyphs = UNICODE
    ) -> None:
        """Ask with what is queued and what the scan cost."""
        lines: list[Line] = []
        if queued:
            what = f"{count_noun(queued, 'path')} queued, {format_size(size)}: the queue is not kept."
            lines.append(((what, "text"),))
            lines.append((("Nothing of it has been touched.", "muted"),))
        if scan_seconds >= 1:
            lines.append(((f"The scan took {scan_seconds:.0f} s and would have to be done again.", "muted"),))
        super().__init__("Leave dusk?", lines, yes="Leave", no="Stay", glyphs=glyphs)

    @classmethod
    def of(cls, session: Session) -> QuitScreen:
        """Return the question for a session."""
        totals = session.plan.totals()
        seconds = session.scan.progress().seconds if session.is_costly_to_leave else 0.0
        apparent = session.measure is Measure.APPARENT
        size = totals.apparent_size if apparent else totals.disk_size
        return cls(totals.targets, size, seconds, glyphs=session.glyphs)
