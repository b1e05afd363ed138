"""GGUF files in one directory: models alone or in pieces, and several quantisations of one model."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from dusk.fs.names import display_name
from dusk.fs.units import count_noun, format_short_count
from dusk.rules.facts import Facts
from dusk.rules.families import Model
from dusk.rules.headers.gguf import GgufHeader, read_gguf
from dusk.rules.inspectors.model_place import belongs_to_store, note_links
from dusk.rules.probe import HEAD
from dusk.rules.sighting import Part, Sighting

_SHARD = re.compile(rb"(.+)-(\d{5})-of-(\d{5})\.gguf\Z", re.DOTALL)
# What the makers of quantised files put behind a model's name.
_QUANTISED = re.compile(
    r"(?:[-._](?:ud|i1|imat|gguf))*[-._]?"
    r"(?:i?q\d(?:[_-][a-z0-9]+)*|f16|f32|fp16|fp32|bf16|tq[12]_0|mxfp4(?:_moe)?|nvfp4)\Z",
    re.IGNORECASE,
)
_FLOATS = frozenset({"F32", "F16", "BF16"})
_WHOLE = 12 * 1024 * 1024  # bytes of a head that holds a vocabulary
_READ_WHOLE = 4  # heads of one directory that are read up to their tensors


@dataclass(slots=True)
class GgufModel:
    """One model: a file, or the pieces of one."""

    stem: str
    """Its name without quantisation and piece."""
    header: GgufHeader
    """What its first piece says."""
    pieces: list[int] = field(default_factory=list)
    """Its files, in order."""
    wanted: int = 1
    """How many pieces it has."""

    @property
    def is_whole(self) -> bool:
        """Whether no piece is missing."""
        return len(self.pieces) == self.wanted

    @property
    def key(self) -> tuple[str, str, int, int, str]:
        """What all quantisations of one model share."""
        header = self.header
        return (self.stem, header.architecture, header.layers, header.width, header.name.lower())


def inspect_gguf(directory: int, hits: list[int], facts: Facts) -> Iterator[Sighting]:
    """Yield the models in a directory that holds GGUF files."""
    note_links(directory, hits, facts)
    if belongs_to_store(directory, facts):
        return
    files = [hit for hit in hits if facts.is_file(hit) and facts.tree.parent(hit) == directory]
    headers = _headers(files, facts)
    adapters = tuple(file for file, header in headers.items() if header.kind == "adapter")
    if adapters:
        yield Sighting("gguf-adapter", adapters, evidence=("general.type in its header is adapter.",))
    # A projector is needed by the model beside it, and a vocabulary alone is a test's.
    models = _models(
        {file: one for file, one in headers.items() if one.kind == "model" and one.tensors}, facts
    )
    groups: dict[tuple[str, str, int, int, str], list[GgufModel]] = {}
    for model in models:
        groups.setdefault(model.key, []).append(model)
        _note(model, facts)
    for group in groups.values():
        yield from _family(group, facts)


def _note(model: GgufModel, facts: Facts) -> None:
    header = model.header
    facts.families.note_model(
        Model(
            entry=model.pieces[0],
            form="GGUF",
            kind=header.architecture,
            layers=header.layers,
            width=header.width,
            parameters=header.parameters if model.wanted == 1 else 0,
            precision=header.quantisation,
        )
    )


def _headers(files: list[int], facts: Facts) -> dict[int, GgufHeader]:
    """Return what the heads say; the biggest files are read up to their tensors."""
    files = sorted(files, key=facts.tree.apparent_size, reverse=True)
    found = {}
    for number, (file, head) in enumerate(zip(files, facts.heads(files), strict=True)):
        header = read_gguf(head or b"")
        is_short = header is not None and not header.expected_size and len(head or b"") == HEAD
        if is_short and number < _READ_WHOLE:
            header = read_gguf(facts.head(file, _WHOLE)) or header
        if header is not None:
            found[file] = header
    return found


def _models(headers: dict[int, GgufHeader], facts: Facts) -> list[GgufModel]:
    """Return the models by name; pieces of one become one."""
    split: dict[tuple[bytes, bytes], list[tuple[int, int]]] = {}
    models = []
    for file, header in headers.items():
        name = facts.tree.name(file)
        match = _SHARD.match(name)
        if match is not None:
            split.setdefault((match[1], match[3]), []).append((int(match[2]), file))
        else:
            models.append(GgufModel(stem(name.removesuffix(b".gguf")), header, [file]))
    for (name, count), pieces in split.items():
        files = [file for _, file in sorted(pieces)]
        # The first piece has the whole header; another one knows only its number.
        models.append(GgufModel(stem(name), headers[files[0]], files, int(count)))
    return models


def stem(name: bytes) -> str:
    """Return a file's name without what tells its quantisation, in lower case."""
    return _QUANTISED.sub("", name.decode("utf-8", "replace")).lower()


def _family(group: list[GgufModel], facts: Facts) -> Iterator[Sighting]:
    """Yield one model, or the quantisations of one beside the best."""
    group.sort(key=lambda model: facts.tree.apparent_size(model.pieces[0]) * len(model.pieces), reverse=True)
    stays = max(facts.retention.for_rule("gguf-quantisation").newest, 1)
    whole = [model for model in group if model.is_whole and not _cut_off(model, facts)]
    kept = whole[:stays]
    going = [model for model in group if model not in kept]
    if not kept or not going:
        for model in group:
            yield _alone(model, facts)
        return
    best = kept[0].header.quantisation
    is_source = best in _FLOATS
    parts = tuple(Part(piece, (model.pieces[0],)) for model in going for piece in model.pieces)
    names = ", ".join(f"{_named(model, facts)}" for model in kept)
    everything = [part.entry for part in parts]
    yield Sighting(
        "gguf-quantisation",
        tuple(model.pieces[0] for model in going),
        parts=parts,
        evidence=(
            f"{count_noun(len(group), 'quantisation')} of {_described(kept[0])}: "
            + ", ".join(
                f"{model.header.quantisation or '?'} {facts.shown_size(*model.pieces)}" for model in group
            )
            + ".",
            "They agree in architecture, layers, width and name; GGUF files of one model cannot be compared "
            "byte by byte.",
            f"{names} {'stays' if len(kept) == 1 else 'stay'}: the best of them."
            + (" The others can be made from it again." if is_source else ""),
            *_incomplete(going, facts),
        ),
        safety="costly" if is_source else "review",
        members=tuple(facts.path(piece) for model in kept for piece in model.pieces),
        withheld=_busy(everything, facts),
        words={"best": names},
    )


def _alone(model: GgufModel, facts: Facts) -> Sighting:
    header = model.header
    evidence = [f"It is {_described(model)}, {_pieces(model)}{facts.shown_size(*model.pieces)}."]
    if header.origin:
        evidence.append(f"Its header names {display_name(header.origin)} as where it came from.")
    elif header.base:
        evidence.append(f"Its header names {display_name(header.base)} as what it was made from.")
    evidence += _incomplete([model], facts)
    return Sighting(
        "gguf-model",
        (model.pieces[0],),
        parts=tuple(Part(piece, (model.pieces[0],)) for piece in model.pieces),
        evidence=tuple(evidence),
        withheld=_busy(model.pieces, facts),
        words={"model": _described(model)},
    )


def _named(model: GgufModel, facts: Facts) -> str:
    return display_name(facts.tree.name(model.pieces[0]))


def _pieces(model: GgufModel) -> str:
    return f"{len(model.pieces)} of {count_noun(model.wanted, 'piece')}, " if model.wanted > 1 else ""


def _described(model: GgufModel) -> str:
    header = model.header
    parameters = f"{format_short_count(header.parameters)} parameters" if header.parameters else ""
    name = display_name(header.name or header.architecture)
    parts = (name, parameters or display_name(header.size_label), header.quantisation)
    return ", ".join(part for part in parts if part)


def _incomplete(models: list[GgufModel], facts: Facts) -> list[str]:
    """Say which models miss a piece or end early."""
    said = []
    for model in models:
        name = _named(model, facts)
        if not model.is_whole:
            said.append(
                f"{name}: {len(model.pieces)} of {model.wanted} pieces are here: no program loads it."
            )
        if _cut_off(model, facts):
            size = facts.tree.entry(model.pieces[0]).identity.size
            said.append(f"{name} is cut off: {size:,} of {model.header.expected_size:,} bytes.")
    return said


def _cut_off(model: GgufModel, facts: Facts) -> bool:
    """Return whether a model has fewer bytes than its header promises: nothing is made from it again."""
    return facts.tree.entry(model.pieces[0]).identity.size < model.header.expected_size


def _busy(files: list[int], facts: Facts) -> str:
    if facts.is_live(*files):
        return f"it changed {facts.shown_age(*files)}: something may still write it."
    return ""
