"""The header of a safetensors file: a length, then JSON that lists every tensor.

Source: the format's own description: 8 bytes little-endian length N, N bytes JSON, then the tensors;
offsets count from the end of the header.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

import msgspec

HEADER_LIMIT = 2 * 1024 * 1024
"""Biggest header that is read; 20,000 tensors fit."""
# Low-rank updates as peft, kohya and LyCORIS name them.
_ADAPTER = re.compile(r"lora_|modules_to_save|\.alpha\Z|hada_|lokr_|\.oft_|ia3_|\.diff(_b)?\Z")
_LONGEST = 100_000_000  # the format's own limit


class _Tensor(msgspec.Struct):
    dtype: str
    shape: list[int]
    data_offsets: tuple[int, int]


@dataclass(frozen=True, slots=True)
class SafetensorsHeader:
    """What the header says."""

    tensors: int
    """How many tensors there are."""
    parameters: int
    """Numbers in all of them together."""
    precision: str
    """The type that most parameters have: ``BF16``."""
    expected_size: int
    """Bytes that the whole file must have."""
    is_adapter: bool
    """Whether all tensors are low-rank updates."""
    schema: tuple[str, ...] = ()
    """One line per tensor: name and shape, without the type."""
    sizes: tuple[int, ...] = ()
    """Bytes of each tensor, smallest first."""


def header_length(head: bytes, file_size: int) -> int | None:
    """Return how many bytes the header takes with its length field, None when this is no such file."""
    if len(head) < 9 or head[8:9] != b"{":
        return None
    length = int.from_bytes(head[:8], "little")
    if not 2 <= length <= min(_LONGEST, file_size - 8):
        return None
    return length + 8


def read_safetensors(head: bytes, file_size: int) -> SafetensorsHeader | None:
    """Return the header, None when the bytes hold no whole one."""
    length = header_length(head, file_size)
    if length is None or len(head) < length:
        return None
    try:
        table = msgspec.json.decode(head[8:length], type=dict[str, msgspec.Raw])
        table.pop("__metadata__", None)
        tensors = {name: msgspec.json.decode(raw, type=_Tensor) for name, raw in table.items()}
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    counts: dict[str, int] = {}
    end = 0
    for tensor in tensors.values():
        counts[tensor.dtype] = counts.get(tensor.dtype, 0) + math.prod(tensor.shape)
        end = max(end, tensor.data_offsets[1])
    return SafetensorsHeader(
        tensors=len(tensors),
        parameters=sum(counts.values()),
        precision=max(counts, key=lambda name: counts[name]) if counts else "",
        expected_size=length + end,
        schema=tuple(f"{name} {tensor.shape}" for name, tensor in tensors.items()),
        sizes=tuple(sorted(one.data_offsets[1] - one.data_offsets[0] for one in tensors.values())),
        is_adapter=bool(tensors) and all(_ADAPTER.search(name) for name in tensors),
    )
