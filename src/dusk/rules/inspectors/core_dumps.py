"""Core dumps: the memory of a program at the moment it crashed.

Source: core(5), elf(5): ``e_type`` 4 at byte 16; the note NT_PRPSINFO (type 3) names the program.
systemd-coredump writes ``core.<program>.<uid>.<boot>.<pid>.<time>.zst``, apport ``/var/crash/*.crash``.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator

from dusk.fs.names import display_name
from dusk.rules.facts import Facts
from dusk.rules.probe import CannotTellError
from dusk.rules.sighting import Sighting

_PACKED = re.compile(
    rb"core\.(?P<program>.+?)\.\d+\.[0-9a-f]{32}\.\d+\.\d+(?:\.(?:zst|lz4|xz))?\Z", re.DOTALL
)
_MAGIC = {b".zst": b"\x28\xb5\x2f\xfd", b".lz4": b"\x04\x22\x4d\x18", b".xz": b"\xfd7zXZ"}
_NOTE = 4  # PT_NOTE
_PROCESS = 3  # NT_PRPSINFO
_NAME_AT = 40  # pr_fname in the 64-bit structure


def inspect_core_dumps(_directory: int, hits: list[int], facts: Facts) -> Iterator[Sighting]:
    """Yield the core dumps in one directory, each with the program that crashed."""
    found: dict[int, str] = {}
    for hit in hits:
        if not facts.is_file(hit) or not facts.tree.apparent_size(hit):
            continue
        try:
            said = _crashed(hit, facts)
        except CannotTellError:
            continue
        if said is not None:
            found[hit] = said
    for entry, sentence in found.items():
        withheld = ""
        if facts.is_live(entry):
            withheld = f"it was written {facts.shown_age(entry)}; somebody may be about to look at it."
        yield Sighting("core-dump", (entry,), evidence=(sentence,), withheld=withheld)


def _crashed(entry: int, facts: Facts) -> str | None:
    """Return the sentence about who crashed, None for a file that only has such a name."""
    name = facts.tree.name(entry)
    packed = _PACKED.match(name)
    if packed is not None:
        head = facts.head(entry, 16)
        magic = _MAGIC.get(b"." + name.rsplit(b".", 1)[-1], b"\x7fELF")
        return (
            f"systemd-coredump packed it; {display_name(packed['program'])} crashed."
            if head.startswith(magic)
            else None
        )
    if name.endswith(b".crash"):
        head = facts.head(entry, 4096)
        return "apport wrote it: ProblemType stands in its first lines." if b"ProblemType:" in head else None
    if name.endswith(b".hprof"):
        return "A Java heap dump." if facts.head(entry, 16).startswith(b"JAVA PROFILE") else None
    head = facts.head(entry)
    if head[:4] != b"\x7fELF" or len(head) < 64 or head[16:18] not in (b"\x04\x00", b"\x00\x04"):
        return None
    program = _program(head)
    size = facts.shown_size(entry)
    return f"Its ELF header says that it is a core file ({size} on disk)" + (
        f"; {display_name(program)} crashed." if program else "."
    )


def _program(head: bytes) -> bytes:
    """Return the name of the program from the notes of a 64-bit little-endian core, empty when not found."""
    if head[4] != 2 or head[5] != 1:
        return b""
    table, size, count = struct.unpack_from("<Q", head, 32)[0], *struct.unpack_from("<HH", head, 54)
    for number in range(min(count, 4096)):
        at = table + number * size
        if at + 56 > len(head):
            break
        kind = struct.unpack_from("<I", head, at)[0]
        start, length = struct.unpack_from("<Q", head, at + 8)[0], struct.unpack_from("<Q", head, at + 32)[0]
        if kind == _NOTE:
            return _named(head[start : start + length])
    return b""


def _named(notes: bytes) -> bytes:
    at = 0
    while at + 12 <= len(notes):
        name_size, size, kind = struct.unpack_from("<III", notes, at)
        at += 12 + (name_size + 3) // 4 * 4
        if kind == _PROCESS:
            return notes[at + _NAME_AT : at + _NAME_AT + 16].split(b"\0")[0]
        at += (size + 3) // 4 * 4
    return b""
