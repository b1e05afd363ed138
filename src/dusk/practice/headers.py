"""Model files with headers that are true and bodies that are holes.

Sources: the safetensors format page; the GGUF specification (version 3); torch.save's zip layout.
"""

from __future__ import annotations

import functools
import json
import math
import struct
import zlib
from dataclasses import dataclass

from dusk.practice.layout import Content

_TYPE_BYTES = {"F32": 4, "F16": 2, "BF16": 2}
# ggml type number, then bytes per block and weights per block.
GGML_TYPES = {
    "F32": (0, 4, 1),
    "F16": (1, 2, 1),
    "Q8_0": (8, 34, 32),
    "Q4_K": (12, 144, 256),
    "Q6_K": (14, 210, 256),
}
# general.file_type of the common quantisations.
GGUF_FILE_TYPES = {"F16": 1, "Q8_0": 7, "Q4_K_M": 15, "Q6_K": 18}
_GGUF_ALIGNMENT = 32


@dataclass(frozen=True, slots=True)
class Tensor:
    """One named array of weights."""

    name: str
    """Its key in the file."""
    shape: tuple[int, ...]
    """Dimensions, slowest first."""

    @property
    def weights(self) -> int:
        """How many numbers it holds."""
        return math.prod(self.shape)


def weight_count(tensors: list[Tensor]) -> int:
    """Return how many numbers the tensors hold together."""
    return sum(tensor.weights for tensor in tensors)


def safetensors(tensors: list[Tensor], dtype: str) -> Content:
    """Return a safetensors file of exactly these tensors.

    The header is padded with spaces to a multiple of eight bytes, as the library writes it.
    """
    table: dict[str, object] = {"__metadata__": {"format": "pt"}}
    offset = 0
    for tensor in tensors:
        end = offset + tensor.weights * _TYPE_BYTES[dtype]
        table[tensor.name] = {"dtype": dtype, "shape": list(tensor.shape), "data_offsets": [offset, end]}
        offset = end
    header = json.dumps(table, separators=(",", ":")).encode()
    header += b" " * (-len(header) % 8)
    return Content(8 + len(header) + offset, ((0, struct.pack("<Q", len(header)) + header),))


def safetensors_index(shards: dict[str, list[Tensor]], dtype: str) -> Content:
    """Return ``model.safetensors.index.json`` for a model in several files."""
    total = sum(weight_count(tensors) for tensors in shards.values()) * _TYPE_BYTES[dtype]
    places = {tensor.name: shard for shard, tensors in shards.items() for tensor in tensors}
    return Content.json({"metadata": {"total_size": total}, "weight_map": dict(sorted(places.items()))})


def gguf(facts: dict[str, str | int | float], tensors: list[tuple[Tensor, str]]) -> Content:
    """Return a GGUF file, version 3, with these facts and these tensors in their quantisations."""
    head = [b"GGUF", struct.pack("<IQQ", 3, len(tensors), len(facts))]
    head += [_gguf_string(key) + _gguf_value(value) for key, value in facts.items()]
    offset = 0
    for tensor, quantisation in tensors:
        number, block_bytes, block_weights = GGML_TYPES[quantisation]
        dimensions = tuple(reversed(tensor.shape))
        head.append(
            _gguf_string(tensor.name) + struct.pack(f"<I{len(dimensions)}Q", len(dimensions), *dimensions)
        )
        head.append(struct.pack("<IQ", number, offset))
        offset += -(-tensor.weights // block_weights) * block_bytes
        offset += -offset % _GGUF_ALIGNMENT
    header = b"".join(head)
    header += b"\0" * (-len(header) % _GGUF_ALIGNMENT)
    return Content(len(header) + offset, ((0, header),))


def torch_archive(root: str, storages: list[int]) -> Content:
    """Return what ``torch.save`` writes: a zip of stored entries, the storages all zeros.

    ``storages`` are sizes in bytes. The checksums are true, so that reading the archive finds no fault.
    The pickle inside is an empty dictionary; nothing ever unpickles it.
    """
    small = {"data.pkl": b"\x80\x02}q\x00.", "byteorder": b"little", "version": b"3\n"}
    entries = [(f"{root}/{name}", len(data), zlib.crc32(data), data) for name, data in small.items()]
    entries[1:1] = [(f"{root}/data/{n}", size, zero_checksum(size), b"") for n, size in enumerate(storages)]
    pieces: list[tuple[int, bytes]] = []
    directory = b""
    offset = 0
    for name, size, checksum, data in entries:
        encoded = name.encode()
        facts = struct.pack("<HHHHHIIIHH", 20, 0, 0, 0, 0x21, checksum, size, size, len(encoded), 0)
        pieces.append((offset, b"PK\x03\x04" + facts + encoded + data))
        directory += b"PK\x01\x02" + struct.pack("<H", 20) + facts
        directory += struct.pack("<HHHII", 0, 0, 0, 0, offset) + encoded
        offset += 30 + len(encoded) + size
    end = struct.pack("<HHHHIIH", 0, 0, len(entries), len(entries), len(directory), offset, 0)
    pieces.append((offset, directory + b"PK\x05\x06" + end))
    return Content(offset + len(directory) + 22, tuple(pieces))


@functools.cache
def zero_checksum(length: int) -> int:
    """Return the CRC-32 of that many zero bytes, without making them.

    One zero byte is a linear map on the checksum register, so ``length`` of them are a power of it.
    """
    register = 0xFFFFFFFF
    for power, columns in enumerate(_zero_byte_powers()):
        if length >> power & 1:
            register = _apply(columns, register)
    return register ^ 0xFFFFFFFF


@functools.cache
def _zero_byte_powers() -> tuple[tuple[int, ...], ...]:
    columns = tuple(_after_zero_byte(1 << bit) for bit in range(32))
    powers = [columns]
    for _ in range(39):
        columns = tuple(_apply(columns, column) for column in columns)
        powers.append(columns)
    return tuple(powers)


def _after_zero_byte(register: int) -> int:
    for _ in range(8):
        register = register >> 1 ^ (0xEDB88320 if register & 1 else 0)
    return register


def _apply(columns: tuple[int, ...], vector: int) -> int:
    result, bit = 0, 0
    while vector:
        if vector & 1:
            result ^= columns[bit]
        vector >>= 1
        bit += 1
    return result


def _gguf_string(text: str) -> bytes:
    encoded = text.encode()
    return struct.pack("<Q", len(encoded)) + encoded


def _gguf_value(value: str | int | float) -> bytes:
    if isinstance(value, str):
        return struct.pack("<I", 8) + _gguf_string(value)
    if isinstance(value, float):
        return struct.pack("<If", 6, value)
    return struct.pack("<II", 4, value)
