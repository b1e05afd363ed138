"""A model in one line: ``Llama, 8.03 B parameters, BF16, 16.1 GB, 4 of 4 shards``."""

from __future__ import annotations

from collections.abc import Mapping

from dusk.fs.names import display_name
from dusk.rules.facts import Facts
from dusk.rules.headers.gguf import read_gguf
from dusk.rules.headers.model_summary import read_header, real_files, summarise
from dusk.rules.probe import HEAD, CannotTellError

__all__ = ["describe_gguf", "describe_model", "read_header"]


def describe_model(facts: Facts, directory: int, blobs: Mapping[bytes, int] | None = None) -> str:
    """Return the model in a directory as part of a sentence; empty when there is none to be read.

    ``blobs`` are the files that the links of a hub snapshot lead to.
    """
    try:
        line = summarise(facts, directory, blobs).line
        if line:
            return line
        files = real_files(facts, directory, blobs)
        ggufs = sorted(name for name in files if name.endswith(b".gguf"))
        return describe_gguf(facts, files[ggufs[0]]) if ggufs else ""
    except CannotTellError:
        return ""


def describe_gguf(facts: Facts, index: int) -> str:
    """Return a GGUF file as part of a sentence; raises CannotTellError."""
    header = read_gguf(facts.head(index, HEAD))
    if header is None:
        return ""
    parts = (header.name or header.architecture, header.size_label, header.quantisation)
    return " ".join(display_name(part) for part in parts if part)
