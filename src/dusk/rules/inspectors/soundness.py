"""Whether a checkpoint was written to its end, from the heads and tails of its files.

Only what proves a fault counts: a file of a form that is not known here is taken to be whole. Sources: the
safetensors description (header says where the last tensor ends), APPNOTE of ZIP (a file ends with the end of
central directory, which PyTorch writes last and without a comment), HDF5 file format (the superblock says
where the file ends).
"""

from __future__ import annotations

import re
from collections.abc import Container

from dusk.fs.names import display_name
from dusk.rules.facts import Facts
from dusk.rules.headers.one_line import read_header
from dusk.rules.probe import CannotTellError

_WEIGHTS = (
    b".safetensors", b".pt", b".pth", b".ckpt", b".bin", b".th", b".tar", b".keras", b".h5", b".hdf5",
    b".distcp", b".onnx",
)  # fmt: skip
_SHARD = re.compile(rb"(.+)-(\d{5})-of-(\d{5})\.(safetensors|bin|gguf)\Z", re.DOTALL)
_ZIP_END = b"PK\x05\x06"
_TAIL = 22  # bytes of the end of central directory without a comment
_COMMENT = 65535
_FILES = 64
_HDF5 = b"\x89HDF\r\n\x1a\n"


def fault_in(entry: int, facts: Facts, without: Container[int] = ()) -> str:
    """Return why a checkpoint, a file or a directory, cannot be whole; empty when nothing shows that.

    Files of ``without`` are not looked at.
    """
    try:
        if facts.is_file(entry):
            return _fault(entry, facts) if facts.tree.name(entry).endswith(_WEIGHTS) else ""
        return _fault_in_directory(entry, facts, without)
    except CannotTellError:
        return ""


def _fault_in_directory(directory: int, facts: Facts, without: Container[int]) -> str:
    missing = _missing_shard(directory, facts)
    if missing:
        return missing
    looked = 0
    for child in facts.children(directory).values():
        name = facts.tree.name(child)
        if facts.is_file(child) and name.endswith(_WEIGHTS) and child not in without:
            looked += 1
            fault = _fault(child, facts)
            if fault:
                return f"{display_name(name)} {fault.removeprefix('it ')}"
        if looked >= _FILES:
            break
    return ""


def _missing_shard(directory: int, facts: Facts) -> str:
    """Return which shard of a model is not there although others say how many there are."""
    seen: dict[tuple[bytes, int, bytes], set[int]] = {}
    for name in facts.children(directory):
        match = _SHARD.match(name)
        if match:
            seen.setdefault((match[1], int(match[3]), match[4]), set()).add(int(match[2]))
    for (stem, count, _), numbers in seen.items():
        if len(numbers) < count:
            return f"{count - len(numbers):,} of the {count:,} shards of {display_name(stem)} are not there"
    return ""


def _fault(index: int, facts: Facts) -> str:
    size = facts.tree.entry(index).identity.size
    if size == 0:
        return "it is empty"
    head = facts.head(index, 64)
    if head.startswith(b"PK\x03\x04"):
        return "" if _has_zip_end(index, facts) else f"it is cut off after {size:,} bytes: its end is missing"
    if head.startswith(_HDF5):
        end = _hdf5_end(head)
        return f"it is cut off: {size:,} of {end:,} bytes" if end is not None and end > size else ""
    if facts.tree.name(index).endswith(b".safetensors"):
        header = read_header(facts, index)
        if header is not None and header.expected_size > size:
            return f"it is cut off: {size:,} of {header.expected_size:,} bytes"
    return ""


def _has_zip_end(index: int, facts: Facts) -> bool:
    if tail(index, _TAIL, facts).startswith(_ZIP_END):
        return True
    return _ZIP_END in tail(index, _COMMENT + _TAIL, facts)


def tail(index: int, length: int, facts: Facts) -> bytes:
    """Return the last bytes of a file; raises CannotTellError."""
    identity = facts.tree.entry(index).identity
    return facts.prober.tail(facts.path(index), identity.device, max(identity.size - length, 0), length)


def _hdf5_end(head: bytes) -> int | None:
    """Return the end of an HDF5 file as its superblock says, None when it is of a version not known."""
    version = head[8] if len(head) > 44 else None
    if version in (0, 1):
        start = 24 + (4 if version == 1 else 0) + 16
        return int.from_bytes(head[start : start + 8], "little") if head[13] == 8 else None
    if version in (2, 3):
        return int.from_bytes(head[28:36], "little") if head[9] == 8 else None
    return None
