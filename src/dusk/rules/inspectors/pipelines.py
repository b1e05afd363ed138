"""Models of several parts: diffusers pipelines and sentence-transformers models, each one unit.

Source: diffusers 0.40, ``model_index.json`` lists the parts; sentence-transformers 5, ``modules.json``.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from dusk.fs.names import display_name
from dusk.fs.units import count_noun
from dusk.rules.facts import Facts
from dusk.rules.inspectors.model_place import belongs_to_run, belongs_to_store, holds_checkpoints
from dusk.rules.inspectors.twins import Twin, find_twins
from dusk.rules.probe import CannotTellError
from dusk.rules.sighting import Part, Sighting

_INDEX, _MODULES = b"model_index.json", b"modules.json"


class _Module(msgspec.Struct):
    type: str = ""
    path: str = ""


def inspect_pipeline(directory: int, hits: list[int], facts: Facts) -> Iterator[Sighting]:
    """Yield the model of several parts that a directory holds."""
    if belongs_to_store(directory, facts) or not facts.is_file(hits[0]):
        return
    children = facts.children(directory)
    if b"trainer_state.json" in children:
        return
    if holds_checkpoints(children, facts):
        return  # the result of a run, with its checkpoints beside it
    if _INDEX in children:
        kind, parts = _diffusers(children[_INDEX], facts)
        rule = "diffusers-pipeline"
    else:
        kind, parts = _sentences(children[_MODULES], facts)
        rule = "sentence-transformers-model"
    if not kind or not _has_weights(directory, facts):
        return
    if belongs_to_run(directory, facts):
        yield Sighting("trainer-final-weights", (directory,), evidence=(f"It is {kind}.",))
        return
    missing = [part for part in parts if facts.child(directory, part.encode()) is None]
    evidence = [
        f"{display_name(facts.tree.name(hits[0]))} says {kind} of {count_noun(len(parts), 'part')}: "
        f"{', '.join(map(display_name, parts[:8]))}.",
        f"{facts.shown_size(directory)}, newest change {facts.shown_age(directory)}.",
    ]
    if missing:
        evidence.append(f"Missing: {', '.join(map(display_name, missing[:4]))}. It does not load as it is.")
    is_cached = facts.places.is_within("sentence-transformers", facts.tree, directory)
    yield Sighting(
        rule,
        (directory,),
        evidence=tuple(evidence),
        withheld=_busy(directory, facts),
        safety="costly" if is_cached else "",
    )
    twins = [
        (twin, child)
        for child in (directory, *facts.directories(directory).values())
        for twin in _twins(child, facts)
    ]
    if twins:
        yield twin_sighting(twins, facts)


def twin_sighting(twins: list[tuple[Twin, int]], facts: Facts) -> Sighting:
    """Return the sighting of formats that a model's directories hold once more."""
    parts = tuple(Part(file, (twin.files[0],)) for twin, _ in twins for file in twin.files)
    labels = list(dict.fromkeys(twin.label for twin, _ in twins))
    return Sighting(
        "model-framework-twin",
        tuple(twin.files[0] for twin, _ in twins),
        parts=parts,
        evidence=(
            *(twin.sentence for twin, _ in twins),
            "Equal sizes are no proof of equal weights: dusk did not read the files for a checksum.",
        ),
        withheld=_busy(parts[0].entry, facts),
        words={
            "formats": " and ".join(labels),
            "readers": "; ".join(dict.fromkeys(twin.reader for twin, _ in twins)),
        },
    )


def _twins(directory: int, facts: Facts) -> list[Twin]:
    try:
        return find_twins(facts.children(directory), facts)
    except CannotTellError:
        return []


def _diffusers(index: int, facts: Facts) -> tuple[str, list[str]]:
    """Return the pipeline's class and its parts; an empty class when it is no such index."""
    document = facts.document(index, dict[str, msgspec.Raw])
    try:
        kind = msgspec.json.decode(document.get("_class_name", b'""'), type=str)
    except (msgspec.DecodeError, RecursionError):
        return "", []
    parts = []
    for name, value in document.items():
        try:
            loaded = msgspec.json.decode(value, type=list[str | None])
        except (msgspec.DecodeError, RecursionError):
            continue
        if not name.startswith("_") and len(loaded) == 2 and all(loaded):
            parts.append(name)
    return kind, parts


def _sentences(index: int, facts: Facts) -> tuple[str, list[str]]:
    modules = facts.document(index, list[_Module])
    if not modules or not any("sentence_transformers" in module.type for module in modules):
        return "", []
    return "a sentence-transformers model", [module.path for module in modules if module.path]


def _has_weights(directory: int, facts: Facts) -> bool:
    return any(
        facts.tree.name(file).endswith((b".safetensors", b".bin", b".onnx", b".msgpack", b".ckpt"))
        and facts.is_file(file)
        for file in facts.files_below(directory)
    )


def _busy(entry: int, facts: Facts) -> str:
    if facts.is_live(entry):
        return f"it changed {facts.shown_age(entry)}: something may still write it."
    return ""
