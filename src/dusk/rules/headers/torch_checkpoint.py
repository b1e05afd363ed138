"""What the head of a PyTorch file says, read as bytes: nothing is unpickled.

Sources: torch 2.15, ``torch.save``: a stored zip whose first member is ``NAME/data.pkl`` with pickle protocol
2, or before version 1.6 a pickle that begins with a magic number; lightning 2.6, ``checkpoint_connector.py``:
``epoch`` and ``global_step`` come first, ModelCheckpoint's state holds ``best_model_path``.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

_LEGACY = bytes.fromhex("80028a0a6cfc9c46f9206aa85019")
_LIGHTNING = b"pytorch-lightning_version"


@dataclass(frozen=True, slots=True)
class LightningState:
    """What a checkpoint of Lightning says about itself."""

    epoch: int | None
    """Epoch, counted from 0; None when the head does not say it."""
    step: int | None
    """Optimizer steps done; None when the head does not say it."""
    best: tuple[bytes, ...]
    """Paths that its ModelCheckpoint callbacks called the best at that time; empty where none is said."""


def torch_format(head: bytes) -> str:
    """Return ``zip``, ``script`` or ``legacy`` for a file that ``torch.save`` wrote, else nothing."""
    if head.startswith(b"PK\x03\x04"):
        end = head.find(b"data.pkl", 30, 30 + 512)
        if end >= 0:
            return "zip"
        return "script" if b"/constants.pkl" in head[:4096] or b"/code/" in head[:4096] else ""
    return "legacy" if head.startswith(_LEGACY) else ""


def read_lightning(head: bytes) -> LightningState | None:
    """Return what a checkpoint of Lightning says, None when it is none. The head may be cut off."""
    if torch_format(head) not in ("zip", "legacy") or _LIGHTNING not in head:
        return None
    best = tuple(dict.fromkeys(path for path in _strings_after(head, b"best_model_path") if path))
    return LightningState(_number_after(head, b"epoch"), _number_after(head, b"global_step"), best)


def _values(head: bytes, key: bytes) -> Iterator[int]:
    """Yield where the value of a dictionary's key begins, wherever the key is pickled for the first time."""
    pickled = b"X" + struct.pack("<I", len(key)) + key
    start = head.find(pickled)
    while start >= 0:
        start += len(pickled)
        # The key is remembered under a number: one byte behind ``q``, four behind ``r``.
        start += {b"q": 2, b"r": 5}.get(head[start : start + 1], 0)
        yield start
        start = head.find(pickled, start)


def _number_after(head: bytes, key: bytes) -> int | None:
    for start in _values(head, key):
        code, rest = head[start : start + 1], head[start + 1 : start + 5]
        width = {b"K": 1, b"M": 2, b"J": 4}.get(code)
        if width is not None and len(rest) >= width:
            return int.from_bytes(rest[:width], "little")
    return None


def _strings_after(head: bytes, key: bytes) -> Iterator[bytes]:
    for start in _values(head, key):
        if head[start : start + 1] == b"X":
            length = int.from_bytes(head[start + 1 : start + 5], "little")
            text = head[start + 5 : start + 5 + length]
            if len(text) == length:
                yield text
