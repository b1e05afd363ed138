"""A model in one line: ``LlamaForCausalLM, 8.03 G parameters, BF16, 16.1 GB in 4 files``."""

from __future__ import annotations

from collections.abc import Mapping

from dusk.fs.identity import EntryKind
from dusk.fs.names import display_name
from dusk.fs.units import count_noun, format_short_count, format_size
from dusk.rules.facts import Facts
from dusk.rules.headers.configuration import ModelConfiguration
from dusk.rules.headers.gguf import read_gguf
from dusk.rules.headers.safetensors import HEADER_LIMIT, SafetensorsHeader, header_length, read_safetensors
from dusk.rules.probe import HEAD, CannotTellError

_SHARDS = 64  # shards whose headers are read


def describe_model(facts: Facts, directory: int, blobs: Mapping[bytes, int] | None = None) -> str:
    """Return the model in a directory as part of a sentence; empty when there is none to be read.

    ``blobs`` are the files that the links of a hub snapshot lead to.
    """
    try:
        children = facts.children(directory)
        files = _real_files(facts, children, blobs)
        parts = []
        if b"config.json" in files:
            configuration = facts.document(files[b"config.json"], ModelConfiguration)
            parts.append(display_name(configuration.name))
        weights = sorted(name for name in files if name.endswith(b".safetensors"))
        headers = [read_header(facts, files[name]) for name in weights[:_SHARDS]]
        read = [header for header in headers if header is not None]
        if read and len(read) == len(weights):
            parts.append(f"{format_short_count(sum(one.parameters for one in read))} parameters")
            parts.append(read[0].precision)
        ggufs = [name for name in files if name.endswith(b".gguf")]
        if ggufs:
            parts.append(describe_gguf(facts, files[ggufs[0]]))
        heavy = [files[name] for name in (*weights, *ggufs)]
        if heavy:
            apparent = sum(facts.tree.apparent_size(entry) for entry in heavy)
            parts.append(f"{format_size(apparent)} in {count_noun(len(heavy), 'file')}")
    except CannotTellError:
        return ""
    return ", ".join(part for part in parts if part)


def read_header(facts: Facts, index: int) -> SafetensorsHeader | None:
    """Return the header of a safetensors file, None when it has none; raises CannotTellError."""
    size = facts.tree.entry(index).identity.size
    head = facts.head(index, HEAD)
    length = header_length(head, size)
    if length is not None and length > len(head):
        if length > HEADER_LIMIT:
            return None
        head = facts.head(index, length)
    return read_safetensors(head, size)


def describe_gguf(facts: Facts, index: int) -> str:
    """Return a GGUF file as part of a sentence; raises CannotTellError."""
    header = read_gguf(facts.head(index, HEAD))
    if header is None:
        return ""
    parts = (header.name or header.architecture, header.size_label, header.quantisation)
    return " ".join(display_name(part) for part in parts if part)


def _real_files(
    facts: Facts, children: dict[bytes, int], blobs: Mapping[bytes, int] | None
) -> dict[bytes, int]:
    files = {name: child for name, child in children.items() if facts.is_file(child)}
    if blobs:
        links = {
            name: child for name, child in children.items() if facts.tree.kind(child) is EntryKind.SYMLINK
        }
        for name, target in zip(links, facts.links(list(links.values())), strict=True):
            blob = blobs.get(target.rsplit(b"/", 1)[-1])
            if blob is not None and facts.is_file(blob):
                files[name] = blob
    return files
