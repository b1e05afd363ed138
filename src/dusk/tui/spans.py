"""Lines of styled text, measured in terminal cells: what every widget of dusk is drawn from.

A span names what its text is (``heading``, ``tag``, ``safety-keep``); ``looks.py`` says how that looks.
"""

from __future__ import annotations

from collections.abc import Iterable

from rich.cells import cell_len, set_cell_size

Span = tuple[str, str]
"""Text and its kind."""
Line = tuple[Span, ...]
"""One line of the screen."""

KINDS = (
    "text", "muted", "heading", "crumb", "share", "bar", "bar-rest", "size-huge", "size-large", "size-small",
    "directory", "file", "mark", "tag", "flag", "key", "rule-line", "fill", "fill-tight", "fill-full",
    "safety-safe", "safety-costly", "safety-review", "safety-keep", "good", "problem", "notice", "queue-text",
    "strong",
)  # fmt: skip
"""Every kind of span; ``looks.py`` says which colour of the theme each has."""


def cells(text: str) -> int:
    """Return how many cells a terminal gives to a text."""
    return len(text) if text.isascii() else cell_len(text)


def line_cells(line: Iterable[Span]) -> int:
    """Return how many cells a line takes."""
    return sum(cells(text) for text, _ in line)


def fit_end(text: str, width: int, ellipsis: str = "…") -> str:
    """Return a text cut at its end to at most ``width`` cells."""
    if cells(text) <= width:
        return text
    if width <= cells(ellipsis):
        return ellipsis if width == cells(ellipsis) else ""
    return set_cell_size(text, width - cells(ellipsis)).rstrip(" ") + ellipsis


def fit_middle(text: str, width: int, ellipsis: str = "…") -> str:
    """Return a text cut in its middle to at most ``width`` cells: beginnings and suffixes tell most."""
    if cells(text) <= width:
        return text
    room = width - cells(ellipsis)
    if room < 2:
        return fit_end(text, width, ellipsis)
    tail = _last_cells(text, room // 2)
    head = set_cell_size(text, room - cells(tail)).rstrip(" ")
    return head + ellipsis + tail


def fit_line(line: Iterable[Span], width: int, ellipsis: str = "…") -> Line:
    """Return a line cut at its end to at most ``width`` cells."""
    fitted: list[Span] = []
    room = width
    for text, kind in line:
        if cells(text) > room:
            fitted.append((fit_end(text, room, ellipsis), kind))
            break
        fitted.append((text, kind))
        room -= cells(text)
    return tuple(fitted)


def justify(left: Iterable[Span], right: Iterable[Span], width: int, ellipsis: str = "…") -> Line:
    """Return a line with one part at each edge; the left part gives way."""
    right = fit_line(right, width, ellipsis)
    room = width - line_cells(right)
    left = fit_line(left, max(0, room - 1), ellipsis)
    return (*left, (" " * (room - line_cells(left)), "text"), *right)


def wrap(text: str, width: int, *, indent: str = "", first: str = "") -> list[str]:
    """Return a text as lines of at most ``width`` cells, broken at spaces, or anywhere in a long word."""
    lines: list[str] = []
    current, empty = first or indent, True
    waiting = text.split()[::-1]
    while waiting:
        word = waiting.pop()
        if not empty and cells(current) + 1 + cells(word) > width:
            lines.append(current)
            current, empty = indent, True
        if empty and cells(word) > 1 and cells(current) + cells(word) > width:
            piece = _first_cells(word, max(1, width - cells(current)))
            lines.append(current + piece)
            if len(piece) < len(word):
                waiting.append(word[len(piece) :])
            current = indent
            continue
        current = current + word if empty else f"{current} {word}"
        empty = False
    return [*lines, current] if not empty else lines


def _first_cells(text: str, width: int) -> str:
    taken = 1
    while taken < len(text) and cells(text[: taken + 1]) <= width:
        taken += 1
    return text[:taken]


def _last_cells(text: str, width: int) -> str:
    start = len(text)
    while start > 0 and cells(text[start - 1 :]) <= width:
        start -= 1
    return text[start:]
