"""Headers of model files, read from their first bytes; hostile ones included."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dusk.rules.headers.gguf import read_gguf
from dusk.rules.headers.safetensors import read_safetensors
from dusk.rules.headers.torch_zip import read_torch_zip

from .trees import put


def safetensors(tensors: dict[str, tuple[str, list[int], int]]) -> tuple[bytes, int]:
    table: dict[str, object] = {"__metadata__": {"format": "pt"}}
    end = 0
    for name, (dtype, shape, size) in tensors.items():
        table[name] = {"dtype": dtype, "shape": shape, "data_offsets": [end, end + size]}
        end += size
    text = json.dumps(table).encode()
    return struct.pack("<Q", len(text)) + text, 8 + len(text) + end


def test_a_safetensors_header_tells_parameters_precision_and_size() -> None:
    head, size = safetensors({"a": ("BF16", [10, 20], 400), "b": ("F32", [3], 12)})
    header = read_safetensors(head, size)
    assert header is not None
    assert (header.tensors, header.parameters, header.precision) == (2, 203, "BF16")
    assert header.expected_size == size
    assert not header.is_adapter


def test_an_adapter_is_known_by_its_tensors() -> None:
    head, size = safetensors({"x.lora_A.weight": ("F32", [1], 4), "x.lora_B.weight": ("F32", [1], 4)})
    header = read_safetensors(head, size)
    assert header is not None and header.is_adapter


def test_what_is_no_safetensors_is_none() -> None:
    head, size = safetensors({"a": ("F32", [1], 4)})
    assert read_safetensors(head[:-3], size) is None
    assert read_safetensors(b"", 0) is None
    assert read_safetensors(struct.pack("<Q", 2**63) + b"{}", 100) is None
    assert read_safetensors(struct.pack("<Q", 20) + b'{"a":{"dtype":1,"x":', 100) is None


def gguf(pairs: list[tuple[str, int, bytes]], version: int = 3) -> bytes:
    body = b"".join(
        struct.pack("<Q", len(key)) + key.encode() + struct.pack("<I", kind) + value
        for key, kind, value in pairs
    )
    return b"GGUF" + struct.pack("<IQQ", version, 0, len(pairs)) + body


def text(value: str) -> bytes:
    return struct.pack("<Q", len(value)) + value.encode()


def test_a_gguf_head_tells_name_size_and_quantisation() -> None:
    tokens = struct.pack("<IQ", 8, 3) + text("a") + text("b") + text("c")
    header = read_gguf(
        gguf(
            [
                ("general.architecture", 8, text("llama")),
                ("general.name", 8, text("Tiny")),
                ("tokenizer.ggml.tokens", 9, tokens),
                ("general.file_type", 4, struct.pack("<I", 15)),
                ("general.size_label", 8, text("8B")),
            ]
        )
    )
    assert header is not None
    assert (header.architecture, header.name, header.size_label, header.quantisation) == (
        "llama",
        "Tiny",
        "8B",
        "Q4_K_M",
    )


def test_a_gguf_that_ends_early_tells_what_it_can() -> None:
    whole = gguf([("general.architecture", 8, text("llama")), ("general.name", 8, text("Tiny"))])
    header = read_gguf(whole[:-3])
    assert header is not None and header.architecture == "llama" and header.name == ""


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=300), st.integers(0, 400))
def test_no_bytes_at_all_break_the_readers(data: bytes, size: int) -> None:
    read_gguf(b"GGUF" + data)
    read_gguf(data)
    read_safetensors(data, size)
    read_safetensors(struct.pack("<Q", len(data)) + data, size)


def test_a_torch_file_whose_list_claims_gigabytes_is_refused(tmp_path: Path) -> None:
    end = struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, 9, 9, 3 << 30, 0, 0)
    file = put(tmp_path / "model.pt", b"PK\x03\x04", size=3 << 30)
    with file.open("ab") as stream:
        stream.write(end)
    with file.open("rb") as stream, pytest.raises(OSError, match="too long"):
        read_torch_zip(stream.fileno())
