"""What a model is, from its configuration and the heads of its weights: numbers that can be compared."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from dusk.fs.identity import EntryKind
from dusk.fs.names import display_name
from dusk.fs.units import format_short_count, format_size
from dusk.rules.facts import Facts
from dusk.rules.headers.configuration import ModelConfiguration
from dusk.rules.headers.safetensors import HEADER_LIMIT, SafetensorsHeader, header_length, read_safetensors
from dusk.rules.headers.torch_zip import read_torch_zip
from dusk.rules.probe import HEAD, CannotTellError

_TORCH_FILES = 16
_SHARDS = 64  # shards whose headers are read
_SHARD = re.compile(rb".+-(\d{5})-of-(\d{5})\.(safetensors|bin)\Z", re.DOTALL)
_WEIGHTS = (b".safetensors", b".bin", b".pth", b".h5", b".msgpack")
_CLASS = re.compile(
    r"(For(CausalLM|ConditionalGeneration|SequenceClassification|TokenClassification|MaskedLM|"
    r"QuestionAnswering|ImageClassification|ImageTextToText|CTC|PreTraining)|LMHeadModel|Model)\Z"
)


class _Index(msgspec.Struct):
    weight_map: dict[str, str] = {}


@dataclass(frozen=True, slots=True)
class ModelSummary:
    """A model in one directory."""

    name: str = ""
    """Its kind: ``Llama``."""
    kind: str = ""
    """The same as model_type says it: ``llama``."""
    layers: int = 0
    """Blocks of the network; 0 where nothing says it."""
    width: int = 0
    """Length of an embedding."""
    vocabulary: int = 0
    """Tokens known."""
    parameters: int = 0
    """Numbers in all tensors; 0 where no header tells."""
    precision: str = ""
    """Type that most of them have: ``BF16``."""
    packed: str = ""
    """How they are packed, ``4-bit gptq``; then the parameters cannot be counted."""
    layout: str = ""
    """Hash over names, types and shapes of all tensors; equal for base, fine-tuned and merged models."""
    size: int = 0
    """Apparent bytes of the weights."""
    shards: int = 0
    """Files of weights that are there."""
    wanted: int = 0
    """Files of weights that an index or their names want."""
    broken: tuple[str, ...] = ()
    """Sentences about files that end early or are missing."""

    @property
    def line(self) -> str:
        """``Llama, 8.03 B parameters, BF16, 16.1 GB, 4 of 4 shards``; empty when nothing is known."""
        count = format_short_count(self.parameters).replace(" G", " B")
        shards = f"{self.shards} of {self.wanted} shards" if self.wanted > 1 else ""
        parts = (
            display_name(self.name),
            f"{count} parameters" if self.parameters and not self.packed else self.packed,
            self.precision if self.parameters and not self.packed else "",
            format_size(self.size) if self.size else "",
            shards,
        )
        return ", ".join(part for part in parts if part)


def summarise(facts: Facts, directory: int, blobs: Mapping[bytes, int] | None = None) -> ModelSummary:
    """Return what a directory's model is; raises CannotTellError.

    ``blobs`` are the files that the links of a hub snapshot lead to.
    """
    files = _real_files(facts, facts.children(directory), blobs)
    configuration = ModelConfiguration()
    if b"config.json" in files:
        configuration = facts.document(files[b"config.json"], ModelConfiguration)
    tensors = sorted(name for name in files if name.endswith(b".safetensors"))
    main = [name for name in tensors if not name.startswith((b"consolidated", b"adapter_"))] or tensors
    headers = {name: read_header(facts, files[name]) for name in main[:_SHARDS]}
    read = [header for header in headers.values() if header is not None]
    is_read = bool(read) and len(read) == len(main)
    weights = main or sorted(
        name for name in files if name.endswith(_WEIGHTS) and name != b"training_args.bin"
    )
    missing, wanted = _missing(files, weights, facts)
    counted = (0, "") if main else _count_torch([files[name] for name in weights], facts)
    return ModelSummary(
        name=_CLASS.sub("", configuration.name) or configuration.name,
        kind=configuration.model_type,
        layers=configuration.num_hidden_layers or 0,
        width=configuration.hidden_size or 0,
        vocabulary=configuration.vocab_size or 0,
        parameters=sum(header.parameters for header in read) if is_read else counted[0],
        precision=read[0].precision if is_read else (counted[1] or configuration.precision),
        packed=configuration.packed,
        layout=_layout(read) if is_read else "",
        size=sum(facts.tree.apparent_size(files[name]) for name in weights),
        shards=len(weights),
        wanted=wanted,
        broken=(*missing, *_cut_off(files, headers, facts)),
    )


def real_files(facts: Facts, directory: int, blobs: Mapping[bytes, int] | None = None) -> dict[bytes, int]:
    """Return a directory's files, those behind links of a hub snapshot included; raises CannotTellError."""
    return _real_files(facts, facts.children(directory), blobs)


def _count_torch(files: list[int], facts: Facts) -> tuple[int, str]:
    """Return numbers and type in files of PyTorch; 0 where one of them cannot be counted."""
    if not files or len(files) > _TORCH_FILES:
        return 0, ""
    total, precision = 0, ""
    for file in files:
        device = facts.tree.entry(file).identity.device
        try:
            read = facts.prober.read(facts.path(file), device, read_torch_zip)
        except CannotTellError:
            return 0, ""
        if read is None or not read.parameters:
            return 0, ""
        total, precision = total + read.parameters, read.precision
    return total, precision


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


def _layout(headers: list[SafetensorsHeader]) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for line in sorted(line for header in headers for line in header.schema):
        digest.update(line.encode("utf-8", "surrogateescape") + b"\n")
    return digest.hexdigest()


def _missing(files: dict[bytes, int], weights: list[bytes], facts: Facts) -> tuple[list[str], int]:
    """Return a sentence when pieces are missing, and how many there should be."""
    wanted: set[bytes] = set()
    for suffix in (b"safetensors", b"bin"):
        for name, file in files.items():
            if name.endswith(b"." + suffix + b".index.json") and any(one.endswith(suffix) for one in weights):
                try:
                    index = facts.document(file, _Index)
                except CannotTellError:
                    continue
                wanted.update(one.encode("utf-8", "surrogateescape") for one in index.weight_map.values())
    if not wanted:
        counts = {int(match[2]) for name in weights if (match := _SHARD.match(name))}
        count = max(counts, default=0)
        if not 1 < count < 100_000 or len(weights) >= count:
            return [], max(count, len(weights) if count else 0)
        return [f"{len(weights)} of {count} shards are here: no program loads it as it is."], count
    gone = sorted(name for name in wanted if name not in files)
    if not gone:
        return [], len(wanted)
    shown = ", ".join(display_name(name) for name in gone[:3])
    return [f"{len(gone)} of {len(wanted)} shards are missing ({shown}): no program loads it as it is."], len(
        wanted
    )


def _cut_off(
    files: dict[bytes, int], headers: dict[bytes, SafetensorsHeader | None], facts: Facts
) -> list[str]:
    """Name files whose header promises more bytes than there are."""
    said = []
    for name, header in headers.items():
        size = facts.tree.entry(files[name]).identity.size
        if header is not None and header.expected_size > size:
            said.append(f"{display_name(name)} is cut off: {size:,} of {header.expected_size:,} bytes.")
    return said[:3]


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
