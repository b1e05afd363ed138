"""Lines of a file: counted window by window, and where the line with a number ends."""

from __future__ import annotations

import os

from dusk.fs.cancellation import Cancelling, never, stop_if

WINDOW = 4 << 20
"""Bytes that are looked at together."""
_SAMPLE = 1 << 20


def count_lines(file: int, *, cancelled: Cancelling = never) -> int:
    """Return how many lines an open file has; a last one without a line feed counts. Raises OSError."""
    lines, offset, last = 0, 0, b"\n"
    while window := os.pread(file, WINDOW, offset):
        stop_if(cancelled)
        lines += window.count(b"\n")
        offset += len(window)
        last = window[-1:]
    return lines + (last != b"\n")


def estimate_lines(file: int, size: int) -> tuple[int, bool]:
    """Return about how many lines an open file has, by its beginning, middle and end, and whether exactly.

    Raises ValueError when it is no text: a zero byte in it. Raises OSError.
    """
    is_whole = size <= 3 * _SAMPLE
    offsets = (0,) if is_whole else (0, (size - _SAMPLE) // 2, size - _SAMPLE)
    samples = [os.pread(file, size if is_whole else _SAMPLE, offset) for offset in offsets]
    if any(b"\0" in sample for sample in samples):
        raise ValueError("holds zero bytes, so it is no text")
    lines = sum(sample.count(b"\n") for sample in samples)
    if is_whole:
        return lines + (not samples[0].endswith(b"\n") and bool(samples[0])), True
    return max(1, round(lines * size / sum(map(len, samples)))), False


def end_of_line(window: bytes, number: int) -> int:
    """Return the offset after the line feed with a number, from 1 on; the window must hold so many."""
    low, high = 0, len(window)
    # Counting is much faster than finding one after the other: halve until only a little is left.
    while high - low > 4096:
        middle = (low + high) // 2
        before = window.count(b"\n", low, middle)
        if before >= number:
            high = middle
        else:
            low, number = middle, number - before
    for _ in range(number):
        low = window.index(b"\n", low) + 1
    return low
