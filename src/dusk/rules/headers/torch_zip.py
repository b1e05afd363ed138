"""What a PyTorch file holds, from the directory of its zip: nothing in it is loaded or unpickled.

Source: torch 2.15, ``torch.save``: a zip of stored entries ``NAME/data.pkl`` and ``NAME/data/NUMBER``; each
number is one storage, and the pickle names the storages' types as ``torch FloatStorage``.
"""

from __future__ import annotations

import struct
import zipfile
import zlib
from dataclasses import dataclass

from dusk.rules.headers.bounded_file import BoundedFile

_MOST_ENTRIES = 200_000
_SECONDS = 1.0  # less than what counts as a filesystem that does not answer
_PICKLE = 8 * 1024 * 1024
_WIDTHS = {
    b"DoubleStorage": ("F64", 8), b"FloatStorage": ("F32", 4), b"HalfStorage": ("F16", 2),
    b"BFloat16Storage": ("BF16", 2), b"LongStorage": ("I64", 8), b"IntStorage": ("I32", 4),
    b"ShortStorage": ("I16", 2), b"CharStorage": ("I8", 1), b"ByteStorage": ("U8", 1),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class TorchZip:
    """The storages of one file."""

    sizes: tuple[int, ...]
    """Bytes of each storage, smallest first."""
    precision: str
    """Type of the numbers, ``F32``; empty where there are several."""
    parameters: int
    """How many numbers there are; 0 where their types differ."""


def read_torch_zip(descriptor: int) -> TorchZip | None:
    """Return what an open file holds, None when it is no such zip; raises OSError."""
    with BoundedFile(descriptor, _SECONDS) as file:
        try:
            archive = zipfile.ZipFile(file)
            entries = archive.infolist()
            if not 0 < len(entries) <= _MOST_ENTRIES:
                return None
            storages = [entry for entry in entries if "/data/" in entry.filename]
            pickles = [entry for entry in entries if entry.filename.endswith("/data.pkl")]
            if len(pickles) != 1 or pickles[0].file_size > _PICKLE:
                return None
            text = archive.read(pickles[0])
        except (
            zipfile.BadZipFile,
            zlib.error,
            struct.error,
            ValueError,
            LookupError,
            RuntimeError,
            EOFError,
        ):
            return None
    sizes = tuple(sorted(entry.file_size for entry in storages))
    found = [of for name, of in _WIDTHS.items() if b"ctorch\n" + name + b"\n" in text]
    if len(found) != 1:
        return TorchZip(sizes, "", 0)
    precision, width = found[0]
    return TorchZip(sizes, precision, sum(sizes) // width)
