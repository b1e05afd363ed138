"""Files as training tools begin and end them, a few bytes each, and the layouts that the tools write."""

from __future__ import annotations

import io
import json
import struct
import zipfile
from pathlib import Path

from .trees import DAY, put


def pickled(text: str) -> bytes:
    """Return a string as pickle protocol 2 writes it for the first time."""
    raw = text.encode()
    return b"X" + struct.pack("<I", len(raw)) + raw + b"q\x01"


def torch_zip(pickle: bytes = b"", *, root: str = "archive", padding: int = 0) -> bytes:
    """Return what ``torch.save`` writes: a stored zip that begins with the pickle."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        body = b"\x80\x02}q\x00(" + (pickle or pickled("layer.weight")) + b"u."
        archive.writestr(f"{root}/data.pkl", body)
        archive.writestr(f"{root}/data/0", b"\x00" * padding)
    return buffer.getvalue()


def legacy_torch() -> bytes:
    """Return the beginning of what ``torch.save`` wrote before version 1.6."""
    return bytes.fromhex("80028a0a6cfc9c46f9206aa850192e") + pickled("layer.weight")


def lightning(
    epoch: int, step: int, best: str = "", *, big: int = 0, padding: int = 0, memo: bytes = b""
) -> bytes:
    """Return a Lightning checkpoint; ``big`` is how many bytes of weights' names stand before the state."""
    pickle = pickled("epoch") + b"K" + bytes([epoch])
    pickle += pickled("global_step") + b"M" + struct.pack("<H", step)
    pickle += pickled("pytorch-lightning_version") + pickled("2.6.6")
    pickle += pickled("state_dict") + pickled("x" * big + ".weight")
    pickle += pickled("callbacks") + pickled("best_model_path") + (memo or pickled(best))
    return torch_zip(pickle, padding=padding)


def safetensors(size: int = 400) -> bytes:
    """Return a whole safetensors file with one tensor."""
    header = json.dumps({"a": {"dtype": "U8", "shape": [size], "data_offsets": [0, size]}}).encode()
    return struct.pack("<Q", len(header)) + header + b"\x00" * size


def hdf5(end: int) -> bytes:
    """Return a superblock of version 0 that says where the file ends."""
    head = b"\x89HDF\r\n\x1a\n" + b"\x00" * 5 + b"\x08\x08\x00" + b"\x00" * 8 + b"\x00" * 16
    return head + struct.pack("<Q", end) + b"\x00" * 16


def deepspeed(where: Path, tag: str, age: float = 30 * DAY) -> Path:
    """Make one tag of a DeepSpeed run, ZeRO stage 2 on one GPU."""
    put(where / tag / "mp_rank_00_model_states.pt", torch_zip(padding=100), age=age)
    put(where / tag / "zero_pp_rank_0_mp_rank_00_optim_states.pt", torch_zip(padding=300), age=age)
    put(where / "latest", tag, age=age)
    put(where / "zero_to_fp32.py", "# script\n", age=age)
    put(where / "zero_to_torch.py", "# script\n", age=age)
    return where / tag


def accelerate(where: Path, *, optimizer: bool = True, age: float = 30 * DAY) -> Path:
    """Make what ``save_state`` writes on one GPU."""
    put(where / "model.safetensors", safetensors(), age=age)
    put(where / "random_states_0.pkl", torch_zip(), age=age)
    if optimizer:
        put(where / "optimizer.bin", torch_zip(padding=800), age=age)
        put(where / "scheduler.bin", torch_zip(), age=age)
    return where


def sharded(where: Path, age: float = 30 * DAY) -> Path:
    """Make what ``torch.distributed.checkpoint.save`` writes with two ranks."""
    put(where / ".metadata", b"\x80\x04.", age=age)
    for rank in (0, 1):
        put(where / f"__{rank}_0.distcp", torch_zip(padding=200), age=age)
    return where


def orbax(where: Path, loss: float | None = None, age: float = 30 * DAY) -> Path:
    """Make what a CheckpointManager of Orbax writes for one step."""
    put(where / "_CHECKPOINT_METADATA", "{}", age=age)
    put(where / "commit_success.txt", "done", age=age)
    put(where / "default" / "_METADATA", "{}", age=age)
    put(where / "default" / "manifest.ocdbt", b"\x00" * 100, age=age)
    put(where / "default" / "commit_success.txt", "done", age=age)
    put(where / "default" / "d" / ("0" * 32), b"\x00" * 500, age=age)
    if loss is not None:
        put(where / "metrics" / "metrics", json.dumps({"loss": loss}), age=age)
    return where
