"""Bars of block characters, drawn as text: no terminal in here."""

from __future__ import annotations

from dusk.tui.glyphs import UNICODE, Glyphs


def draw_bar(fraction: float, width: int, glyphs: Glyphs = UNICODE) -> str:
    """Return a bar of exactly ``width`` cells, the end padded with spaces.

    Unicode bars go by eighths of a cell, ASCII ones by whole cells. Anything above zero shows.
    """
    filled = _filled(fraction, width, glyphs)
    return filled + " " * (width - len(filled))


def draw_gauge(fraction: float, width: int, glyphs: Glyphs = UNICODE) -> tuple[str, str]:
    """Return the filled and the empty part of a bar that shows its whole length."""
    filled = _filled(fraction, width, glyphs)
    return filled, glyphs.bar_rest * (width - len(filled))


def _filled(fraction: float, width: int, glyphs: Glyphs) -> str:
    parts = len(glyphs.blocks) - 1
    wanted = min(max(fraction, 0.0), 1.0) * width * parts
    steps = int(wanted + 0.5)
    if steps == 0 and wanted > 0 and parts > 1:
        steps = 1
    whole, rest = divmod(steps, parts)
    return glyphs.blocks[parts] * whole + (glyphs.blocks[rest] if rest else "")
