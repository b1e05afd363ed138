"""Names and paths as people may safely see them.

Names are bytes and identity is bytes; these functions are the only way from a name to a screen, a log or
a shell command. A name can hold terminal commands, line breaks, direction overrides or broken UTF-8.
"""

from __future__ import annotations

import os
import unicodedata

# Direction and invisible controls can make "gnp.exe" read as "exe.png"; they are spelt out instead.
_SPELT = {
    0x061C: "ALM", 0x200B: "ZWSP", 0x200E: "LRM", 0x200F: "RLM", 0x2028: "LS", 0x2029: "PS",
    0x202A: "LRE", 0x202B: "RLE", 0x202C: "PDF", 0x202D: "LRO", 0x202E: "RLO",
    0x2066: "LRI", 0x2067: "RLI", 0x2068: "FSI", 0x2069: "PDI", 0xFEFF: "BOM",
}  # fmt: skip
# Control, format, surrogate, unassigned and separator characters draw nothing or move things.
_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Cn", "Zl", "Zp"})
# Letters and marks that draw nothing: fillers of Hangul, an empty Braille cell, a joiner of marks.
_BLANK = frozenset({0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0})
_JOINER = 0x200D  # holds emoji families together
_SAFE_IN_SHELL = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789@%+=:,./-_")


def display_name(name: bytes | str) -> str:
    """Return a name as one line of harmless text.

    Control characters become their control picture, bytes that are not UTF-8 become ``\\xNN`` and
    direction controls are spelt out as ``‹RLO›``. The result holds no character that moves a cursor.
    """
    text = os.fsdecode(name) if isinstance(name, bytes) else name
    if text.isascii() and text.isprintable():
        return text
    return "".join(_display_character(character) for character in text)


def display_path(path: bytes | str) -> str:
    """Return a path as one line of harmless text."""
    return display_name(path)


def json_text(path: bytes) -> str:
    """Return a path for a JSON document: bytes that are not UTF-8 as surrogate escapes."""
    return path.decode("utf-8", "surrogateescape")


def shell_word(path: bytes) -> str:
    """Return a path quoted for a POSIX shell, printable whatever its bytes are.

    Names that no plain quote can show become ``$'…'``, which bash, zsh and ksh read.
    """
    # zsh reads a leading "=" as the path of a command.
    if path and not path.startswith(b"=") and all(byte in _SAFE_IN_SHELL for byte in path):
        return path.decode("ascii")
    text = os.fsdecode(path)
    if display_name(text) == text:
        return "'" + text.replace("'", "'\\''") + "'"
    return "$'" + "".join(_shell_byte(byte) for byte in path) + "'"


def _display_character(character: str) -> str:
    code = ord(character)
    shown = character
    if code < 0x20:
        shown = chr(0x2400 + code)
    elif code == 0x7F:
        shown = "\u2421"
    elif 0x80 <= code <= 0x9F:
        shown = f"\\x{code:02x}"
    elif 0xDC80 <= code <= 0xDCFF:
        shown = f"\\x{code - 0xDC00:02x}"
    elif code in _SPELT:
        shown = f"‹{_SPELT[code]}›"
    elif code in _BLANK or (code != _JOINER and unicodedata.category(character) in _INVISIBLE):
        shown = f"‹U+{code:04X}›"
    return shown


def _shell_byte(byte: int) -> str:
    if byte in (0x27, 0x5C):
        return "\\" + chr(byte)
    # Octal, always three digits: ksh reads every hexadecimal digit that follows \x, also those of the name.
    return chr(byte) if 0x20 <= byte < 0x7F else f"\\{byte:03o}"
