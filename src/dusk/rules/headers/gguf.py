"""The head of a GGUF file: architecture, name, quantisation, and with all of it at hand the tensors.

Source: the format's description in ggml, ``docs/gguf.md``: magic, version, counts, then key and value
pairs, then the tensors. Lists of tokens can take megabytes, so reading ends with the bytes at hand. Sizes of
blocks are those of the gguf package 0.19, ``GGML_QUANT_SIZES``.
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass

_SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
_STRING, _ARRAY = 8, 9
_FILE_TYPES = {
    0: "F32", 1: "F16", 2: "Q4_0", 3: "Q4_1", 7: "Q8_0", 8: "Q5_0", 9: "Q5_1", 10: "Q2_K", 11: "Q3_K_S",
    12: "Q3_K_M", 13: "Q3_K_L", 14: "Q4_K_S", 15: "Q4_K_M", 16: "Q5_K_S", 17: "Q5_K_M", 18: "Q6_K",
    19: "IQ2_XXS", 20: "IQ2_XS", 21: "Q2_K_S", 22: "IQ3_XS", 23: "IQ3_XXS", 24: "IQ1_S", 25: "IQ4_NL",
    26: "IQ3_S", 27: "IQ3_M", 28: "IQ2_S", 29: "IQ2_M", 30: "IQ4_XS", 31: "IQ1_M", 32: "BF16", 36: "TQ1_0",
    37: "TQ2_0", 38: "MXFP4_MOE", 39: "NVFP4",
}  # fmt: skip
# Type of a tensor: how many numbers a block holds, and its bytes.
_BLOCKS = {
    0: (1, 4), 1: (1, 2), 2: (32, 18), 3: (32, 20), 6: (32, 22), 7: (32, 24), 8: (32, 34), 9: (32, 40),
    10: (256, 84), 11: (256, 110), 12: (256, 144), 13: (256, 176), 14: (256, 210), 15: (256, 292),
    16: (256, 66), 17: (256, 74), 18: (256, 98), 19: (256, 50), 20: (32, 18), 21: (256, 110), 22: (256, 82),
    23: (256, 136), 24: (1, 1), 25: (1, 2), 26: (1, 4), 27: (1, 8), 28: (1, 8), 29: (256, 56), 30: (1, 2),
    34: (256, 54), 35: (256, 66), 39: (32, 17), 40: (64, 36),
}  # fmt: skip
_MOST_KEYS = 65536
_MOST_TENSORS = 100_000


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
    tensors: int = 0
    """How many tensors the file holds; 0 for one that holds a vocabulary alone."""
    layers: int = 0
    """Blocks of the network; 0 where the head does not say it."""
    width: int = 0
    """Length of an embedding; 0 where the head does not say it."""
    origin: str = ""
    """Address of the repository that it came from, as its maker wrote it."""
    base: str = ""
    """Address or name of the model that it was made from."""
    parameters: int = 0
    """Numbers in all tensors; 0 where the head was too short to tell."""
    expected_size: int = 0
    """Bytes that the whole file must have; 0 where the head was too short to tell."""


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
        elif element == _STRING:
            self._skip_strings(count)
        else:
            for _ in range(min(count, len(self.data))):
                self.value(element)
        return None

    def _skip_strings(self, count: int) -> None:
        """Step over a list of strings: a vocabulary has some 100,000 of them."""
        unpack = struct.Struct(self.order + "Q").unpack_from
        data, position, last = self.data, self.position, len(self.data) - 8
        for _ in range(count):
            if position > last:
                raise struct.error
            position += 8 + unpack(data, position)[0]
        self.position = position


def read_gguf(head: bytes) -> GgufHeader | None:
    """Return what the first bytes of a GGUF file say, None when it is none."""
    if len(head) < 24 or head[:4] != b"GGUF":
        return None
    version = int.from_bytes(head[4:8], "little")
    order = "<" if version & 0xFFFF else ">"  # a big-endian file shows version 3 as 0x03000000
    reader = _Reader(head, order)
    values: dict[str, object] = {}
    tensors = parameters = expected = 0
    try:
        tensors = int(reader.number("Q"))
        for _ in range(min(int(reader.number("Q")), _MOST_KEYS)):
            key = reader.string()
            values[key] = reader.value(int(reader.number("I")))
        parameters, expected = _read_tensors(reader, tensors, _number(values, "general.alignment") or 32)
    except (struct.error, KeyError, RecursionError, OverflowError):
        pass  # the head ends here: what was read so far is right
    architecture = _text(values, "general.architecture")
    return GgufHeader(
        version=version if order == "<" else int.from_bytes(head[4:8], "big"),
        architecture=architecture,
        name=_text(values, "general.name"),
        size_label=_text(values, "general.size_label"),
        quantisation=_FILE_TYPES.get(_number(values, "general.file_type", -1), ""),
        kind="mmproj" if architecture == "clip" else _text(values, "general.type") or "model",
        splits=_number(values, "split.count"),
        tensors=tensors,
        layers=_number(values, f"{architecture}.block_count"),
        width=_number(values, f"{architecture}.embedding_length"),
        origin=_first(
            values, "general.repo_url", "general.source.repo_url", "general.source.url", "general.url"
        ),
        base=_first(values, "general.base_model.0.repo_url", "general.base_model.0.name"),
        parameters=parameters,
        expected_size=expected,
    )


def _read_tensors(reader: _Reader, count: int, alignment: int) -> tuple[int, int]:
    """Return the numbers in all tensors and the size of the file; raises struct.error at the head's end."""
    if count > _MOST_TENSORS:
        raise struct.error
    parameters = end = 0
    for _ in range(count):
        reader.string()
        shape = [int(reader.number("Q")) for _ in range(min(int(reader.number("I")), 8))]
        numbers, size = _BLOCKS[int(reader.number("I"))]
        total = math.prod(shape)
        parameters += total
        end = max(end, int(reader.number("Q")) + total // numbers * size)
    return parameters, -(-reader.position // alignment) * alignment + end if count else reader.position


def _text(values: dict[str, object], key: str) -> str:
    value = values.get(key)
    return value if isinstance(value, str) else ""


def _first(values: dict[str, object], *keys: str) -> str:
    return next((text for key in keys if (text := _text(values, key))), "")


def _number(values: dict[str, object], key: str, default: int = 0) -> int:
    value = values.get(key)
    return value if isinstance(value, int) else default
