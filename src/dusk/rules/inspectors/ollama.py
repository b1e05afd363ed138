"""Ollama stores: which layers a model alone needs, which nothing needs, and what a broken pull left.

Source: ollama, ``manifest/paths.go``, ``manifest/layer.go`` and ``server/images.go``: a manifest lies at
``manifests/<host>/<namespace>/<model>/<tag>`` and names its layers by digest; ``blobs/sha256-<digest>``
holds each layer once. The server prunes layers that no manifest names when it starts, but not those of the
last hour, and none at all while a manifest cannot be read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import msgspec

from dusk.fs.names import display_name, shell_word
from dusk.fs.units import count_noun
from dusk.rules.facts import Facts
from dusk.rules.finding import Action, ActionOptions
from dusk.rules.probe import CannotTellError
from dusk.rules.sighting import Part, Proposal, Sighting

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


def inspect_ollama(models: int, hits: list[int], facts: Facts) -> Iterator[Sighting]:
    """Yield what a directory with ``manifests`` and ``blobs`` holds; raises CannotTellError."""
    blobs = facts.child(models, b"blobs")
    manifests = [hit for hit in hits if facts.is_directory(hit) and facts.tree.parent(hit) == models]
    if blobs is None or not manifests:
        return
    store = _read(blobs, manifests, facts)
    if not store.blobs and not store.partial:
        return
    for tag in store.tags:
        yield _tag(tag, store, facts)
    yield from _shared(store, facts)
    yield from _partial(store, facts)
    if not store.unreadable:
        yield from _orphans(store, facts)


def _read(blobs: int, manifests: list[int], facts: Facts) -> Store:
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


def _tag(tag: Tag, store: Store, facts: Facts) -> Sighting:
    """Return the sighting of one model with the layers that it alone needs."""
    present = [store.blobs[digest] for digest in tag.digests if digest in store.blobs]
    own = [
        store.blobs[digest]
        for digest in tag.digests
        if digest in store.blobs and len(store.users[digest]) == 1
    ]
    shared = [blob for blob in present if blob not in own]
    others = {
        display_name(user.name) for digest in tag.digests for user in store.users[digest] if user is not tag
    }
    evidence = [
        f"Its manifest names {count_noun(len(tag.digests), 'layer')}; "
        f"{count_noun(len(own), 'of them is', 'of them are')} needed by nothing else: "
        f"{facts.shown_size(*own) if own else '0 B'}."
    ]
    line = _describe(tag, store, facts)
    evidence += [f"It is {line}."] if line else []
    if shared:
        evidence.append(
            f"{count_noun(len(shared), 'layer')} of {facts.shown_size(*shared)} "
            f"{'it shares' if others else 'stays'} with {', '.join(sorted(others)[:4])}: "
            "removing this tag does not free that."
        )
    missing = len(tag.digests) - len(present)
    if missing:
        evidence.append(f"{count_noun(missing, 'layer is', 'layers are')} missing: Ollama cannot run it.")
    if tag.is_public:
        evidence.append("Its name is that of a public model, so it can be pulled again.")
    else:
        evidence.append(
            "Its name does not prove that it was pulled: `ollama create` puts models here under the same "
            "names, and their prompt or weights can be nowhere else."
        )
    parts = tuple(Part(entry, (tag.index,)) for entry in (tag.index, *own))
    withheld = ""
    if facts.is_live(tag.index, *own):
        withheld = f"it changed {facts.shown_age(tag.index, *own)}; it may just have been pulled."
    return Sighting(
        "ollama-model",
        (tag.index,),
        parts=parts,
        evidence=tuple(evidence),
        proposals=_proposals(tag, parts),
        words={"model": display_name(tag.name), "model_word": shell_word(tag.name)},
        title=f"Ollama model {display_name(tag.name)}",
        safety="" if tag.is_public else "review",
        shared=sum(facts.tree.disk_size(blob) for blob in shared),
        withheld=withheld,
    )


def _proposals(tag: Tag, parts: tuple[Part, ...]) -> tuple[Proposal, ...]:
    name = display_name(tag.name)
    trash = Proposal(Action.TRASH, f"Trash {name} with the layers that only it needs", parts)
    try:
        command = ("ollama", "rm", tag.name.decode())
    except UnicodeDecodeError:
        return (trash,)  # a plan's document has no place for a name that is no text
    note = "Needs the running server; dusk cannot take it back."
    options = ActionOptions(command=command)
    return trash, Proposal(Action.NATIVE, f"Let Ollama remove {name}", parts, note, options)


def _describe(tag: Tag, store: Store, facts: Facts) -> str:
    blob = store.blobs.get(tag.digests[0])
    if blob is None:
        return ""
    try:
        said = facts.document(blob, Configuration)
    except CannotTellError:
        return ""
    words = [word for word in (said.model_family, said.model_type, said.file_type) if word]
    return display_name(", ".join(words)) if words else ""


def _shared(store: Store, facts: Facts) -> Iterator[Sighting]:
    shared = {
        store.blobs[digest]: users
        for digest, users in store.users.items()
        if len(users) > 1 and digest in store.blobs
    }
    if shared:
        yield Sighting(
            "ollama-shared-layer",
            tuple(shared),
            reasons={
                blob: f"{facts.shown_size(blob)} that {_names(users)} need."
                for blob, users in sorted(shared.items(), key=lambda item: -facts.size(item[0]))
            },
        )


def _names(tags: list[Tag]) -> str:
    return ", ".join(sorted(display_name(tag.name) for tag in tags)[:4])


def _partial(store: Store, facts: Facts) -> Iterator[Sighting]:
    for files in store.partial.values():
        young = facts.age(*files) < facts.ages.incomplete_after
        yield Sighting(
            "ollama-partial-pull",
            tuple(files),
            evidence=(
                f"{count_noun(len(files), 'file')} of one layer, {facts.shown_size(*files)}, "
                f"last written {facts.shown_age(*files)}.",
            ),
            withheld=f"it was written {facts.shown_age(*files)}: a pull may be running." if young else "",
        )


def _orphans(store: Store, facts: Facts) -> Iterator[Sighting]:
    unused = [blob for digest, blob in store.blobs.items() if digest not in store.users]
    old = [blob for blob in unused if facts.age(blob) >= facts.ages.incomplete_after]
    if old:
        yield Sighting(
            "ollama-orphan-layer",
            tuple(old),
            evidence=(
                f"None of the {count_noun(len(store.tags), 'manifest')} names "
                f"{'it' if len(old) == 1 else 'them'}; the newest was written {facts.shown_age(*old)}.",
            ),
            # Without any manifest the whole store would go: more likely they were moved away.
            safety="" if store.tags else "review",
        )
