"""TensorBoard event files: which hold curves and which only a header.

Source: tensorboard, ``summary/writer/record_writer.py``: a record is its length (8 bytes), a checksum (4),
the data and another checksum (4); the first record of a file says ``brain.Event:2``.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from dusk.fs.names import display_name
from dusk.fs.units import count_noun
from dusk.rules.facts import Facts
from dusk.rules.sighting import Sighting

_HEAD = 4096
_FRAME = 16  # length and two checksums
_SIGN = b"brain.Event"
_FIRST = 1024  # no first record is longer
_BATCH = 200
_MARK = b".profile-empty"


def inspect_tensorboard(directory: int, hits: list[int], facts: Facts) -> Iterator[Sighting]:
    """Yield the event files of one directory; raises CannotTellError."""
    # TensorFlow's profiler leaves a file with a header alone, by which its plugin finds the profile.
    files = [hit for hit in hits if facts.is_file(hit) and not facts.tree.name(hit).endswith(_MARK)]
    empty: list[int] = []
    full: list[int] = []
    live: list[int] = []
    for start in range(0, len(files), _BATCH):
        batch = files[start : start + _BATCH]
        for file, head in zip(batch, facts.heads(batch, _HEAD), strict=True):
            length = _first_record(head or b"")
            if not length:
                continue
            if facts.is_live(file):
                live.append(file)
            elif facts.tree.entry(file).identity.size == length + _FRAME:
                empty.append(file)
            else:
                full.append(file)
    if full:
        yield Sighting("tensorboard-events", tuple(full), tally={"files": len(full), "directories": 1})
    if empty:
        yield Sighting("tensorboard-empty-events", tuple(empty), tally={"files": len(empty)})
    if live:
        name = display_name(facts.tree.name(directory).rsplit(b"/", 1)[-1])
        yield Sighting(
            "tensorboard-live-events",
            tuple(live),
            evidence=(f"{count_noun(len(live), 'event file')} in {name} changed {facts.shown_age(*live)}.",),
            withheld="a run seems to be writing it.",
        )


def _first_record(head: bytes) -> int:
    """Return the length of the first record of an event file; 0 for a file that is none."""
    if len(head) < 12:
        return 0
    length: int = struct.unpack_from("<Q", head)[0]
    if not 0 < length <= _FIRST or _SIGN not in head[12 : 12 + length]:
        return 0
    return length
