"""Sizes, counts and ages as text, and back: the one formatter for all faces."""

from __future__ import annotations

import re

_UNITS = ("B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB")
_SIZE = re.compile(r"\s*([0-9]+(?:\.[0-9]+)?)\s*(?:([kmgtpe])i?)?b?\s*\Z", re.IGNORECASE)
_AGE = re.compile(r"\s*([0-9]+(?:\.[0-9]+)?)\s*(s|m|min|h|d|w|mo|y)\s*\Z", re.IGNORECASE)
_SECONDS = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86400, "w": 604800, "mo": 2629800, "y": 31557600}


def format_size(size: int) -> str:
    """Return a size in bytes with three digits and a binary unit, at most eight cells wide."""
    if size < 0:
        return "-" + format_size(-size)
    if size < 1000:
        return f"{size} B"
    return _scaled(size, 1024, _UNITS)


def format_count(count: int) -> str:
    """Return a count with thousands separated by commas."""
    return f"{count:,}"


def format_short_count(count: int) -> str:
    """Return a count in at most six cells: ``981``, ``41.2 k``, ``1.20 M``."""
    if count < 1000:
        return str(count)
    return _scaled(count, 1000, ("", "k", "M", "G"))


def format_age(seconds: float) -> str:
    """Return a span of seconds in its biggest sensible unit: ``40 s``, ``3 h``, ``143 d``, ``2.1 y``."""
    if seconds < 0:
        return "in the future"
    for limit, unit, name in ((90, 1, "s"), (5400, 60, "min"), (172800, 3600, "h"), (63115200, 86400, "d")):
        if seconds < limit:
            return f"{seconds / unit:.0f} {name}"
    return f"{seconds / 31557600:.1f} y"


def count_noun(count: int, singular: str, plural: str | None = None) -> str:
    """Return a count with its noun in the right number: ``1 file``, ``2,000 files``."""
    return f"{count:,} {singular if count == 1 else plural or singular + 's'}"


def parse_size(text: str) -> int:
    """Return the bytes that ``"10M"``, ``"1.5 GiB"`` or ``"4096"`` mean; units are binary.

    Raises ValueError when the text is not a size.
    """
    match = _SIZE.match(text)
    if match is None:
        raise ValueError(f"not a size: {text!r} (write 500M, 1.5G or a number of bytes)")
    power = " kmgtpe".index((match[2] or " ").lower())
    whole, _, part = match[1].partition(".")
    # In whole numbers: a floating point number would lose bytes of large sizes.
    return (int(whole + part) << (10 * power)) // int("1" + "0" * len(part))


def parse_age(text: str) -> float:
    """Return the seconds that ``"7d"``, ``"12h"`` or ``"6mo"`` mean.

    Raises ValueError when the text is not an age.
    """
    match = _AGE.match(text)
    if match is None:
        raise ValueError(f"not an age: {text!r} (write 12h, 7d, 6mo or 1y)")
    return float(match[1]) * _SECONDS[match[2].lower()]


def _scaled(number: int, base: int, units: tuple[str, ...]) -> str:
    value, power = float(number), 0
    while value >= 999.5 and power < len(units) - 1:
        value, power = value / base, power + 1
    digits = 2 if value < 9.995 else 1 if value < 99.95 else 0
    return f"{value:.{digits}f} {units[power]}"
