"""The first line: where one is, and how far the scan is, as text and never as a spinner."""

from __future__ import annotations

from collections.abc import Sequence

from dusk.fs.names import display_name, display_path
from dusk.fs.units import count_noun, format_count, format_short_count
from dusk.scan.entry import Measure
from dusk.scan.scanner import Progress
from dusk.scan.tree import ROOT
from dusk.tui.glyphs import Glyphs
from dusk.tui.session import Session
from dusk.tui.spans import Line, Span, cells, fit_middle, justify, line_cells
from dusk.tui.widgets.line_pane import LinePane

_WIDE = 100
_LONG_CRUMB = 32


class Breadcrumb(LinePane):
    """Where the view stands, and the progress of the scan."""

    def __init__(self, session: Session) -> None:
        """Show the root of the scan."""
        super().__init__(id="breadcrumb")
        self._session = session
        self.place = ROOT
        """The directory that the view shows."""

    def compose_lines(self, width: int) -> Sequence[Line]:
        """Return the one line."""
        glyphs = self._session.glyphs
        progress = self._session.scan.progress()
        room = width - 2
        status = (
            progress_text(progress, glyphs, room // 2)
            if room >= _WIDE
            else short_progress(progress, glyphs, self._session.measure)
        )
        crumbs = fit_crumbs(self._names(), room - cells(status) - 2, glyphs)
        kind = "problem" if progress.failure else "muted"
        return [((" ", "text"), *justify(crumbs, ((status, kind),), room, glyphs.ellipsis))]

    def _names(self) -> list[str]:
        tree = self._session.tree
        names = []
        index = self.place
        while index != ROOT:
            names.append(display_name(tree.name(index)))
            index = tree.parent(index)
        return [display_path(tree.name(ROOT)), *reversed(names)]


def progress_text(progress: Progress, glyphs: Glyphs, width: int) -> str:
    """Return the progress of a scan in one line: items, rate, errors, and the directory being read."""
    parts = [count_noun(progress.entries, "item")]
    if not progress.finished:
        parts.append(f"{format_short_count(int(progress.rate))}/s")
    if progress.errors:
        parts.append(count_noun(progress.errors, "error"))
    parts.append(_state(progress))
    text = glyphs.dot.join(parts)
    if progress.finished or not progress.current:
        return text
    room = width - cells(text) - 1
    return (
        f"{text} {fit_middle(display_path(progress.current), room, glyphs.ellipsis)}" if room > 12 else text
    )


def short_progress(progress: Progress, glyphs: Glyphs, measure: Measure) -> str:
    """Return the progress of a scan for a narrow terminal, which may have no line for the measure."""
    parts = ["apparent sizes"] if measure is Measure.APPARENT else []
    count = format_count if progress.entries < 1_000_000 else format_short_count
    parts.append(f"{count(progress.entries)} {'item' if progress.entries == 1 else 'items'}")
    if progress.errors:
        parts.append(f"{format_short_count(progress.errors)} errors")
    parts.append(_state(progress))
    return glyphs.dot.join(parts)


def fit_crumbs(names: Sequence[str], width: int, glyphs: Glyphs) -> Line:
    """Return the breadcrumb; the first and the last name stay, those between give way."""
    shown = [fit_middle(name, _LONG_CRUMB, glyphs.ellipsis) for name in names]
    line = _crumb_line(shown, glyphs)
    while line_cells(line) > width and len(shown) > 2:
        # The ellipsis stands for everything that was taken out between the ends.
        start = 1 if shown[1] != glyphs.ellipsis else 2
        if start >= len(shown) - 1:
            shown = [shown[0], shown[-1]] if len(shown) == 3 else shown
            break
        shown[start : start + 1] = [glyphs.ellipsis] if start == 1 else []
        line = _crumb_line(shown, glyphs)
    line = _crumb_line(shown, glyphs)
    if line_cells(line) > width:
        return ((fit_middle(shown[-1], max(1, width), glyphs.ellipsis), "crumb"),)
    return line


def _crumb_line(names: Sequence[str], glyphs: Glyphs) -> Line:
    spans: list[Span] = []
    for position, name in enumerate(names):
        if position:
            spans.append((glyphs.crumb, "muted"))
        spans.append((name, "strong" if position == len(names) - 1 else "crumb"))
    return tuple(spans)


def _state(progress: Progress) -> str:
    if progress.failure:
        return f"stopped: {progress.failure}"
    if progress.cancelled:
        return "stopped"
    if progress.finished:
        return f"scanned in {progress.seconds:.1f} s"
    return "scanning"
