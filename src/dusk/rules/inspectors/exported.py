"""Models that were exported for a runtime: ONNX with its data files, engines of TensorRT.

Source: onnx 1.23, ``onnx.proto``: a model begins with its version as field 1, and tensors outside of the file
name their file; tensorrt_llm, ``builder.py``: ``rank0.engine`` beside a config.json with a build_config.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from dusk.fs.names import display_name
from dusk.fs.units import count_noun
from dusk.rules.facts import Facts
from dusk.rules.headers.configuration import ModelConfiguration
from dusk.rules.inspectors.model_place import is_part_of_something
from dusk.rules.inspectors.soundness import fault_in
from dusk.rules.probe import CannotTellError
from dusk.rules.sighting import Part, Sighting

_MODELS = 64  # models of one directory that are searched
_GRAPH = 4 * 1024 * 1024  # bytes of a model that are searched for the names of its data files
_WHOLE = (b"model.safetensors", b"model.safetensors.index.json", b"pytorch_model.bin", b"model_index.json")
_SOURCES = (b".onnx", b".pt", b".pth", b".wts", b".uff", b".etlt")
# A tensor outside of the file: an entry of a map with the key "location", its value follows.
_LOCATION = b"\x0a\x08location\x12"
_CACHED = b"TensorrtExecutionProvider_"


class _EngineConfiguration(msgspec.Struct):
    build_config: dict[str, msgspec.Raw] | None = None


def inspect_onnx(directory: int, hits: list[int], facts: Facts) -> Iterator[Sighting]:
    """Yield the ONNX models of one directory, each with the files that hold its tensors."""
    if is_part_of_something(directory, facts):
        return
    children = facts.children(directory)
    files = [hit for hit in dict.fromkeys(hits) if facts.is_file(hit) and facts.tree.parent(hit) == directory]
    heads = facts.heads(files, 64)
    models = [file for file, head in zip(files, heads, strict=True) if head is not None and _is_onnx(head)]
    if not models:
        return
    if _is_whole_model(children, facts):
        yield _onnx((directory,), (Part(directory, (directory,)),), models, facts)
        return
    owners: dict[int, list[int]] = {model: [model] for model in models}
    for model, data in _data_files(models, children, facts).items():
        for file in data:
            owners.setdefault(file, []).append(model)
    # A data file that several models name goes with all of them or stays.
    parts = tuple(Part(file, tuple(needing)) for file, needing in owners.items())
    yield _onnx(tuple(models), parts, models, facts)


def inspect_engine(directory: int, hits: list[int], facts: Facts) -> Iterator[Sighting]:
    """Yield the engines that TensorRT built in one directory."""
    if is_part_of_something(directory, facts) or _is_served(directory, facts):
        return
    children = facts.children(directory)
    files = [hit for hit in dict.fromkeys(hits) if facts.is_file(hit) and facts.tree.parent(hit) == directory]
    files = [file for file in files if not facts.tree.name(file).startswith(_CACHED)]
    if not files:
        return
    if any(facts.tree.name(file).startswith(b"rank") for file in files) and b"config.json" in children:
        yield from _language_model(directory, children[b"config.json"], files, facts)
        return
    heads = facts.heads(files, 4096)
    for file, head in zip(files, heads, strict=True):
        stem, _, suffix = facts.tree.name(file).rpartition(b".")
        sources = [
            stem + ending
            for ending in _SOURCES
            if stem + ending in children and not fault_in(children[stem + ending], facts)
        ]
        if head is None or not _is_engine(head, suffix, bool(sources)):
            continue
        evidence = [f"It is a binary engine of {facts.shown_size(file)}, built {facts.shown_age(file)}."]
        if sources:
            evidence.append(f"{display_name(sources[0])} beside it is what it was built from.")
        else:
            evidence.append("What it was built from does not lie beside it.")
        yield Sighting(
            "tensorrt-engine",
            (file,),
            evidence=tuple(evidence),
            safety="" if sources else "review",
            withheld=_busy(facts, file),
        )


def _onnx(subjects: tuple[int, ...], parts: tuple[Part, ...], models: list[int], facts: Facts) -> Sighting:
    shown = ", ".join(
        f"{display_name(facts.tree.name(model))} {facts.shown_size(model)}" for model in sorted(models)[:6]
    )
    evidence = [f"{count_noun(len(models), 'ONNX model')}: {shown}."]
    data = [part.entry for part in parts if part.entry not in subjects]
    if data:
        names = ", ".join(display_name(facts.tree.name(file)) for file in data[:3])
        evidence.append(
            f"{count_noun(len(data), 'data file')} of {facts.shown_size(*data)} that it names: {names}."
        )
    source = _source(facts.tree.parent(models[0]), facts)
    if source:
        evidence.append(
            f"The model that it was exported from seems to be {source}: it can be exported again."
        )
    return Sighting(
        "onnx-model",
        subjects,
        parts=parts,
        evidence=tuple(evidence),
        safety="costly" if source else "",
        withheld=_busy(facts, *subjects),
    )


def _is_onnx(head: bytes) -> bool:
    # Field 1 is the version of the format, a small number; field 2 or 7 follows it.
    return len(head) > 16 and head[0] == 0x08 and head[1] < 0x40 and head[2] in (0x12, 0x1A, 0x3A, 0x42)


def _data_files(models: list[int], children: dict[bytes, int], facts: Facts) -> dict[int, tuple[int, ...]]:
    """Return for each model the files beside it that it names as holding its tensors."""
    others = {name: child for name, child in children.items() if child not in models and facts.is_file(child)}
    if not others:
        return dict.fromkeys(models, ())
    if len(models) > _MODELS:
        raise CannotTellError("there are too many models to look into each for its data files")
    graphs = facts.heads(models, _GRAPH)
    return {model: _named(graph or b"", others) for model, graph in zip(models, graphs, strict=True)}


def _named(graph: bytes, others: dict[bytes, int]) -> tuple[int, ...]:
    found: dict[int, None] = {}
    start = graph.find(_LOCATION)
    while 0 <= start < len(graph) - len(_LOCATION):
        start += len(_LOCATION)
        length = graph[start]  # names of less than 128 bytes have one byte of length
        child = others.get(graph[start + 1 : start + 1 + length])
        if child is not None:
            found[child] = None
        start = graph.find(_LOCATION, start)
    return tuple(found)


def _is_whole_model(children: dict[bytes, int], facts: Facts) -> bool:
    """Return whether a directory is a model with its configuration and ONNX alone as weights."""
    if b"config.json" not in children or any(name in children for name in _WHOLE):
        return False
    try:
        return facts.document(children[b"config.json"], ModelConfiguration).is_model
    except CannotTellError:
        return False


def _source(directory: int, facts: Facts) -> str:
    """Return the whole model around a directory that is called onnx; empty where there is none."""
    above = facts.tree.parent(directory)
    if above < 0 or not facts.tree.name(directory).startswith(b"onnx"):
        return ""
    if facts.child(above, b"config.json") is None:
        return ""
    if not any(facts.child(above, name) is not None for name in _WHOLE) or fault_in(above, facts):
        return ""
    return display_name(facts.tree.name(above))


def _is_served(directory: int, facts: Facts) -> bool:
    """Return whether a model repository of a server holds a directory: MODEL/VERSION/model.plan."""
    above = facts.tree.parent(directory)
    return any(place >= 0 and facts.child(place, b"config.pbtxt") is not None for place in (directory, above))


def _is_engine(head: bytes, suffix: bytes, has_source: bool) -> bool:
    if b"\0" not in head or head.startswith(b"PK"):
        return False
    return suffix != b"plan" or has_source or head.startswith(b"ftrt")


def _language_model(directory: int, index: int, files: list[int], facts: Facts) -> Iterator[Sighting]:
    configuration = facts.document(index, _EngineConfiguration)
    if configuration.build_config is None:
        return
    yield Sighting(
        "tensorrt-llm-engine",
        (directory,),
        evidence=(
            f"{count_noun(len(files), 'engine')} of {facts.shown_size(*files)}, one for each GPU, built "
            f"{facts.shown_age(*files)}; config.json says how they were built.",
        ),
        withheld=_busy(facts, directory),
    )


def _busy(facts: Facts, *entries: int) -> str:
    if facts.is_live(*entries):
        return f"it changed {facts.shown_age(*entries)}: something may still write it."
    return ""
