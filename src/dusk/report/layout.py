"""Laying out plain text: columns that line up, paragraphs that fit. Colours and frames are for the app."""

from __future__ import annotations

import itertools
import string
import textwrap
from collections.abc import Iterable, Iterator, Sequence

from dusk.fs.names import display_name
from dusk.fs.units import format_size
from dusk.scan.entry import Measure

WIDTH = 80
MEASURE_NAMES = {Measure.DISK: "on disk", Measure.APPARENT: "apparent"}


def table(rows: Iterable[Sequence[str]], right: str, *, indent: str = "") -> list[str]:
    """Return rows as aligned lines.

    ``right`` holds one letter for each column, ``r`` to align right and ``l`` left. The last column is
    never padded, so that names of any width stand there without moving anything.
    """
    listed = [list(row) for row in rows]
    if not listed:
        return []
    widths = [max(len(row[column]) for row in listed) for column in range(len(right))]
    lines = []
    for row in listed:
        cells = [
            cell.rjust(width) if side == "r" else cell.ljust(width)
            for cell, width, side in zip(row, widths, right, strict=True)
        ]
        cells[-1] = row[-1]
        lines.append((indent + "  ".join(cells)).rstrip())
    return lines


def paragraph(text: str, width: int = WIDTH, *, indent: str = "", first: str | None = None) -> list[str]:
    """Return a text broken to a width; every character of it is harmless afterwards."""
    clean = display_name(" ".join(text.split()))
    return textwrap.wrap(
        clean,
        max(width, 20),
        initial_indent=indent if first is None else first,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def option_letters() -> Iterator[str]:
    """Yield ``a`` to ``z``, then ``aa`` and on, for choices that exclude each other."""
    for length in itertools.count(1):
        for letters in itertools.product(string.ascii_lowercase, repeat=length):
            yield "".join(letters)


def both_sizes(apparent: int, disk: int, measure: Measure) -> str:
    """Return the two sizes of something, the asked one first; once when they are told alike."""
    sizes = {Measure.DISK: format_size(disk), Measure.APPARENT: format_size(apparent)}
    other = Measure.APPARENT if measure is Measure.DISK else Measure.DISK
    first = f"{sizes[measure]} {MEASURE_NAMES[measure]}"
    return first if apparent == disk else f"{first}, {sizes[other]} {MEASURE_NAMES[other]}"


def sized(apparent: int, disk: int, measure: Measure) -> int:
    """Return the one of two sizes that a measure asks for."""
    return apparent if measure is Measure.APPARENT else disk
