"""The first entries of a GGUF file: architecture, name and quantisation.

Source: the format's description in ggml, ``docs/gguf.md``: magic, version, counts, then key and value
pairs. Token lists later in the header can take megabytes, so reading ends with the bytes at hand.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

_SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
_STRING, _ARRAY = 8, 9
_FILE_TYPES = {
    0: "F32", 1: "F16", 2: "Q4_0", 3: "Q4_1", 7: "Q8_0", 8: "Q5_0", 9: "Q5_1", 10: "Q2_K", 11: "Q3_K_S",
    12: "Q3_K_M", 13: "Q3_K_L", 14: "Q4_K_S", 15: "Q4_K_M", 16: "Q5_K_S", 17: "Q5_K_M", 18: "Q6_K",
    19: "IQ2_XXS", 30: "IQ4_XS", 32: "BF16", 38: "MXFP4_MOE",
}  # fmt: skip
_MOST_KEYS = 65536


@dataclass(frozen=True, slots=True)
class GgufHeader:
    """What the head says; empty where it was too short."""

    version: int
    """Version of the format."""
    architecture: str
    """Such as ``llama``."""
    name: str
    """The model's name."""
    size_label: str
    """Such as ``8B``."""
    quantisation: str
    """Such as ``Q4_K_M``."""
    kind: str
    """``model``, ``adapter``, ``mmproj`` and so on."""
    splits: int
    """How many files the model has; 0 when it is not split."""


class _Reader:
    """A cursor over the bytes at hand."""

    def __init__(self, data: bytes, order: str) -> None:
        self.data = data
        self.order = order
        self.position = 8

    def number(self, code: str) -> int | float | bool:
        size = struct.calcsize(code)
        value: int | float | bool = struct.unpack_from(self.order + code, self.data, self.position)[0]
        self.position += size
        return value

    def string(self) -> str:
        length = int(self.number("Q"))
        end = self.position + length
        if end > len(self.data):
            raise struct.error
        text = self.data[self.position : end].decode("utf-8", "replace")
        self.position = end
        return text

    def value(self, kind: int) -> object:
        if kind == _STRING:
            return self.string()
        if kind != _ARRAY:
            return self.number(_SCALARS[kind])
        element, count = int(self.number("I")), int(self.number("Q"))
        if element in _SCALARS:
            self.position += struct.calcsize(_SCALARS[element]) * count
        else:
            for _ in range(min(count, len(self.data))):
                self.value(element)
        return None


def read_gguf(head: bytes) -> GgufHeader | None:
    """Return what the first bytes of a GGUF file say, None when it is none."""
    if len(head) < 24 or head[:4] != b"GGUF":
        return None
    version = int.from_bytes(head[4:8], "little")
    order = "<" if version & 0xFFFF else ">"  # a big-endian file shows version 3 as 0x03000000
    reader = _Reader(head, order)
    values: dict[str, object] = {}
    try:
        reader.number("Q")
        for _ in range(min(int(reader.number("Q")), _MOST_KEYS)):
            key = reader.string()
            values[key] = reader.value(int(reader.number("I")))
    except (struct.error, KeyError, RecursionError):
        pass  # the head ends here: what was read so far is right
    file_type = values.get("general.file_type")
    splits = values.get("split.count")
    return GgufHeader(
        version=version if order == "<" else int.from_bytes(head[4:8], "big"),
        architecture=_text(values, "general.architecture"),
        name=_text(values, "general.name"),
        size_label=_text(values, "general.size_label"),
        quantisation=_FILE_TYPES.get(file_type, "") if isinstance(file_type, int) else "",
        kind=_text(values, "general.type") or "model",
        splits=splits if isinstance(splits, int) else 0,
    )


def _text(values: dict[str, object], key: str) -> str:
    value = values.get(key)
    return value if isinstance(value, str) else ""
