"""Reading a store of Ollama: its layers, its manifests, and which of them need which.

Source: ollama, ``manifest/paths.go`` and ``manifest/layer.go``: a manifest lies at
``manifests/<host>/<namespace>/<model>/<tag>`` and names its layers by digest; ``blobs/sha256-<digest>``
holds each layer once.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import msgspec

from dusk.rules.facts import Facts
from dusk.rules.probe import CannotTellError

_BLOB = re.compile(rb"sha256[-:]([0-9a-f]{64})\Z")
_PARTIAL = re.compile(rb"(sha256[-:][0-9a-f]{64})-partial(-\d+)?\Z")
_HOME_HOST = b"registry.ollama.ai"
_PULLED_HOSTS = frozenset({b"hf.co", b"huggingface.co"})
# Names in the public library; `ollama create` puts its models into the same namespace, so only these prove
# that the model was pulled.
_LIBRARY = re.compile(
    rb"(?:llama\d[\w.]*(?:-vision|-gradient|-groq-tool-use|-chatqa)?|codellama|tinyllama|mistral(?:-[\w.-]+)?|"
    rb"mixtral|ministral[\w.-]*|devstral[\w.-]*|magistral|gemma\d?n?|codegemma|embeddinggemma|qwen[\d.]*"
    rb"(?:-[\w.]+|vl|moe)?|qwq|deepseek-[\w.-]+|phi\d?(?:\.\d)?(?:-mini(?:-reasoning)?|-reasoning)?|"
    rb"gpt-oss(?:-safeguard)?|granite[\w.-]*|starcoder2?|command-[\w.-]+|aya(?:-expanse)?|falcon[\d]*|yi(?:-coder)?|"
    rb"smollm2?|olmo[\d.]*|llava(?:-[\w.]+)?|moondream|minicpm-v|bakllava|nomic-embed-text[\w.-]*|mxbai-embed-large|"
    rb"all-minilm|bge-[\w.-]+|snowflake-arctic-embed2?|dolphin[\w.-]*|openchat|vicuna|zephyr|solar(?:-pro)?|"
    rb"hermes3|nous-hermes2?|wizardcoder|wizardlm2|orca-mini|orca2|stable-code|stablelm2|exaone[\w.-]*|glm[\w.-]*|"
    rb"cogito|kimi-[\w.-]+|nemotron[\w.-]*)\Z"
)  # fmt: skip


class Layer(msgspec.Struct, frozen=True):
    """One layer of a manifest."""

    digest: str = ""
    """``sha256:`` and 64 digits."""
    from_: str = msgspec.field(default="", name="from")
    """Where ``ollama create`` took it from."""


class Manifest(msgspec.Struct, frozen=True):
    """What a tag consists of."""

    config: Layer | None = None
    """The configuration, a layer as well."""
    layers: tuple[Layer, ...] | None = None
    """Weights, template, system prompt, licence."""


class Configuration(msgspec.Struct, frozen=True):
    """What the configuration says of the model."""

    model_family: str = ""
    """Architecture."""
    model_type: str = ""
    """Number of parameters as text."""
    file_type: str = ""
    """Quantisation."""


@dataclass(slots=True)
class Tag:
    """One model with its tag."""

    index: int
    """Its manifest."""
    place: tuple[bytes, ...]
    """Host, namespace, model and tag."""
    digests: tuple[bytes, ...]
    """What it needs, the configuration first."""
    is_derived: bool
    """Whether its manifest says that a layer was taken from elsewhere."""

    @property
    def name(self) -> bytes:
        """The name as `ollama list` shows it."""
        host, namespace, model, tag = self.place
        parts = [host] if host != _HOME_HOST else []
        parts += [namespace] if host != _HOME_HOST or namespace != b"library" else []
        return b"/".join([*parts, model]) + b":" + tag

    @property
    def is_public(self) -> bool:
        """Whether its name proves that it was pulled."""
        host, namespace, model, _ = self.place
        if self.is_derived:
            return False
        return host in _PULLED_HOSTS or (
            host == _HOME_HOST and namespace == b"library" and _LIBRARY.match(model) is not None
        )


@dataclass(slots=True)
class Store:
    """One store, read."""

    blobs: dict[bytes, int] = field(default_factory=dict)
    """Layers by digest."""
    partial: dict[bytes, list[int]] = field(default_factory=dict)
    """What broken pulls left, by layer."""
    tags: list[Tag] = field(default_factory=list)
    """Models."""
    users: dict[bytes, list[Tag]] = field(default_factory=dict)
    """Which models need a layer."""
    unreadable: list[int] = field(default_factory=list)
    """Manifests that say nothing."""


def read_store(blobs: int, manifests: list[int], facts: Facts) -> Store:
    """Return what a store holds; raises CannotTellError where it cannot be listed."""
    store = Store()
    for name, child in facts.children(blobs).items():
        if not facts.is_file(child):
            continue
        if match := _BLOB.match(name):
            store.blobs[match[1]] = child
        elif match := _PARTIAL.match(name):
            store.partial.setdefault(match[1], []).append(child)
    for directory in manifests:
        for file in facts.files_below(directory):
            place = tuple(facts.relative(file, directory).split(b"/"))
            if facts.tree.name(file).startswith(b".") or len(place) != 4:
                continue
            tag = _read_tag(file, place, facts)
            if tag is None:
                store.unreadable.append(file)
                continue
            store.tags.append(tag)
            for digest in tag.digests:
                store.users.setdefault(digest, []).append(tag)
    return store


def _read_tag(file: int, place: tuple[bytes, ...], facts: Facts) -> Tag | None:
    try:
        manifest = facts.document(file, Manifest)
    except CannotTellError:
        return None
    layers = [layer for layer in (manifest.config, *(manifest.layers or ())) if layer is not None]
    digests = [layer.digest.replace("-", ":").rpartition(":")[2].encode() for layer in layers]
    if not digests or not all(digests):
        return None
    return Tag(file, place, tuple(dict.fromkeys(digests)), any(layer.from_ for layer in layers))
