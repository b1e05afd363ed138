"""On which line of a TOML text a key stands, which the standard library's reader does not say."""

from __future__ import annotations

import re

_HEADER = re.compile(r"\s*(\[\[?)\s*([^\[\]]+?)\s*\]\]?\s*(?:#.*)?\Z")
_KEY = re.compile(r"\s*([A-Za-z0-9_.\"'-]+)\s*=")
_QUOTES = re.compile(r'"""|\'\'\'')


def line_of(text: str, key: str) -> int:
    """Return the line, from 1, of a key such as ``rule[2].match.names``.

    Where the key itself does not stand in the text, it is the line of the table that should hold it;
    0 when that is not there either.
    """
    lines = _lines(text)
    while key:
        if key in lines:
            return lines[key]
        cut = max(key.rfind("."), key.rfind("["))
        key = key[: max(cut, 0)]
    return 0


def _lines(text: str) -> dict[str, int]:
    """Return all keys and tables with their lines; the first of several holds."""
    lines: dict[str, int] = {}
    counts: dict[str, int] = {}
    table = ""
    in_text = ""
    for number, line in enumerate(text.splitlines(), 1):
        if not in_text:
            header, pair = _HEADER.match(line), _KEY.match(line)
            if header is not None:
                table = _enter(header[2], header[1] == "[[", counts)
                lines.setdefault(table, number)
                lines.setdefault(table.rsplit("[", 1)[0], number)
            elif pair is not None:
                name = pair[1].replace('"', "").replace("'", "")
                lines.setdefault(f"{table}.{name}" if table else name, number)
        for quote in _QUOTES.findall(line):
            in_text = "" if quote == in_text else in_text or quote
    return lines


def _enter(name: str, is_array: bool, counts: dict[str, int]) -> str:
    """Return a table's full key, with the number of each array of tables in it."""
    key = ""
    parts = [part.strip().strip("\"'") for part in name.split(".")]
    for position, part in enumerate(parts):
        key = f"{key}.{part}" if key else part
        if is_array and position == len(parts) - 1:
            counts[key] = counts.get(key, -1) + 1
        if key in counts:
            key = f"{key}[{counts[key]}]"
    return key
