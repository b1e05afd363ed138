"""Colours for terminals with 256 of them: the nearest one to the eye.

ssh does not forward COLORTERM, so 256 colours are the usual case. Rich maps a colour to a 6x6x6 cube
unless it is almost grey, which makes a dark blue surface teal and two dark surfaces the same.
"""

from __future__ import annotations

from functools import lru_cache

from rich.color import Color as RichColor
from rich.color import ColorType
from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.filter import LineFilter

_CUBE = (0, 95, 135, 175, 215, 255)
_FIRST = 16  # the 16 below are whatever the user's terminal makes of them
_PALETTE: tuple[tuple[int, int, int], ...] = (
    *((red, green, blue) for red in _CUBE for green in _CUBE for blue in _CUBE),
    *((level, level, level) for level in range(8, 248, 10)),
)


class NearestOf256(LineFilter):
    """Replace every exact colour by the nearest of the 240 that are the same in all terminals."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:  # noqa: ARG002 (interface)
        """Return the segments in palette colours."""
        return [Segment(text, nearest_style(style), control) for text, style, control in segments]


@lru_cache(4096)
def nearest_style(style: Style | None) -> Style | None:
    """Return a style with its colours replaced by palette colours."""
    if style is None or (style.color is None and style.bgcolor is None):
        return style
    return style + Style.from_color(_nearest_color(style.color), _nearest_color(style.bgcolor))


@lru_cache(4096)
def nearest_number(red: int, green: int, blue: int) -> int:
    """Return the number (16 to 255) of the palette colour nearest to a colour, by distance in OKLab."""
    wanted = _oklab(red, green, blue)
    return _FIRST + min(range(len(_PALETTE)), key=lambda index: _distance(wanted, _lab_palette()[index]))


def palette_triplet(number: int) -> tuple[int, int, int]:
    """Return the red, green and blue that terminals agree on for a palette number from 16 on."""
    return _PALETTE[number - _FIRST]


def _nearest_color(color: RichColor | None) -> RichColor | None:
    if color is None or color.type is not ColorType.TRUECOLOR or color.triplet is None:
        return color
    return RichColor.from_ansi(nearest_number(*color.triplet))


@lru_cache(1)
def _lab_palette() -> tuple[tuple[float, float, float], ...]:
    return tuple(_oklab(*triplet) for triplet in _PALETTE)


def _distance(first: tuple[float, float, float], second: tuple[float, float, float]) -> float:
    return sum((one - other) ** 2 for one, other in zip(first, second, strict=True))


def _oklab(red: int, green: int, blue: int) -> tuple[float, float, float]:
    """Return a colour in OKLab, where distance is what the eye sees (Björn Ottosson, 2020)."""
    r, g, b = (_linear(channel / 255) for channel in (red, green, blue))
    long = (0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b) ** (1 / 3)
    medium = (0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b) ** (1 / 3)
    short = (0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b) ** (1 / 3)
    return (
        0.2104542553 * long + 0.7936177850 * medium - 0.0040720468 * short,
        1.9779984951 * long - 2.4285922050 * medium + 0.4505937099 * short,
        0.0259040371 * long + 0.7827717662 * medium - 0.8086757660 * short,
    )


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else float(((channel + 0.055) / 1.055) ** 2.4)
