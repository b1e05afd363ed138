"""The same weights once more in another format: what one directory holds beside its safetensors.

Source: transformers 5.23, ``modeling_utils.py``: model.safetensors is taken first where it is there.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from dusk.fs.names import display_name
from dusk.rules.facts import Facts
from dusk.rules.headers.model_summary import read_header
from dusk.rules.headers.torch_zip import TorchZip, read_torch_zip
from dusk.rules.inspectors.soundness import tail
from dusk.rules.probe import CannotTellError

_MAIN = re.compile(rb"((diffusion_pytorch_)?model)(-\d{5}-of-\d{5})?\.safetensors\Z")
_FORMATS = (
    (
        "PyTorch",
        re.compile(rb"((diffusion_)?pytorch_model)(-\d{5}-of-\d{5})?\.bin\Z"),
        "use_safetensors=False",
    ),
    ("TensorFlow", re.compile(rb"tf_model(-\d{5}-of-\d{5})?\.h5\Z"), "from_tf or TFAutoModel"),
    (
        "Flax",
        re.compile(rb"(diffusion_)?flax_model(-\d{5}-of-\d{5})?\.msgpack\Z"),
        "from_flax or FlaxAutoModel",
    ),
    ("Rust", re.compile(rb"rust_model\.ot\Z"), "rust-bert"),
    ("OpenVINO", re.compile(rb"openvino_model\.(bin|xml)\Z"), "OpenVINO"),
    (
        "the maker's own",
        re.compile(rb"consolidated([.-].*)?\.(safetensors|pth)\Z"),
        "its maker's own programs",
    ),
    (
        "F16",
        re.compile(rb"(diffusion_pytorch_)?model\.fp16(-\d{5}-of-\d{5})?\.safetensors\Z"),
        'variant="fp16"',
    ),
)
_END = 32 * 1024
_RATIO = (0.2, 5.0)  # a twin of another precision has half or twice the bytes


@dataclass(frozen=True, slots=True)
class Twin:
    """Weights in another format."""

    label: str
    """Name of the format."""
    files: tuple[int, ...]
    """Its files, with its index."""
    reader: str
    """Who reads it."""
    sentence: str
    """What was compared."""


def find_twins(children: dict[bytes, int], facts: Facts) -> list[Twin]:
    """Return the formats that a directory holds beside whole safetensors; raises CannotTellError."""
    main = [child for name, child in children.items() if _MAIN.match(name) and facts.is_file(child)]
    if not main or not _are_whole(main, facts):
        return []
    size = sum(facts.tree.apparent_size(file) for file in main)
    found = []
    for label, pattern, reader in _FORMATS:
        files = [child for name, child in children.items() if pattern.match(name) and facts.is_file(child)]
        their_size = sum(facts.tree.apparent_size(file) for file in files)
        if not files or not _RATIO[0] * size <= their_size <= _RATIO[1] * size:
            continue
        indexes = [
            child for name, child in children.items()
            if name.endswith(b".index.json") and pattern.match(name.removesuffix(b".index.json"))
        ]  # fmt: skip
        sentence = _compared(label, files, main, facts)
        found.append(Twin(label, (*sorted(files), *indexes), reader, sentence))
    original = children.get(b"original")
    if original is not None and facts.is_directory(original):
        inside = facts.children(original)
        if any(name.startswith(b"consolidated") for name in inside):
            sizes = (facts.shown_size(original), facts.shown_size(*main))
            shown = f"original/ holds {sizes[0]} beside {sizes[1]} of safetensors."
            found.append(Twin("the maker's own", (original,), "torchtune and llama-stack", shown))
    return found


def _are_whole(main: list[int], facts: Facts) -> bool:
    """Return whether all safetensors are there with whole headers and all their bytes."""
    for file in main[:16]:
        header = read_header(facts, file)
        if header is None or header.expected_size > facts.tree.entry(file).identity.size:
            return False
        if not tail(file, _END, facts).strip(b"\0"):
            return False  # it was given its size, and never filled
    counts = {
        int(match[1]) for file in main if (match := re.search(rb"-of-(\d{5})\.", facts.tree.name(file)))
    }
    return len(counts) < 2 and all(len(main) >= count for count in counts)


def _compared(label: str, files: list[int], main: list[int], facts: Facts) -> str:
    """Say how a twin compares: by its tensors where the headers tell, else by its size."""
    names = display_name(facts.tree.name(min(files))) + (" and more" if len(files) > 1 else "")
    shown = f"{names} has {facts.shown_size(*files)}, the safetensors {facts.shown_size(*main)}"
    if label != "PyTorch" or len(files) != 1 or len(main) != 1:
        return f"{shown}."
    try:
        torch = _read_torch(files[0], facts)
        header = read_header(facts, main[0])
    except CannotTellError:
        return f"{shown}."
    if torch is not None and header is not None and torch.sizes == header.sizes:
        return f"{shown}: {len(torch.sizes)} tensors of exactly the same sizes in both."
    return f"{shown}; their tensors differ in number or size, so they may not be the same weights."


def _read_torch(file: int, facts: Facts) -> TorchZip | None:
    device = facts.tree.entry(file).identity.device
    return facts.prober.read(facts.path(file), device, read_torch_zip)
