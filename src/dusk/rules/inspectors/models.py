"""Whole models in a directory: base models, old checkpoints that stand alone, final weights of a run."""

from __future__ import annotations

import re
from collections.abc import Iterator

from dusk.fs.names import display_name
from dusk.fs.units import count_noun
from dusk.rules.facts import Facts
from dusk.rules.headers.configuration import ModelConfiguration
from dusk.rules.headers.one_line import describe_model, read_header
from dusk.rules.probe import CannotTellError
from dusk.rules.sighting import Sighting

_WEIGHTS = re.compile(
    rb"(.*\.safetensors|(pytorch_)?model.*\.bin|consolidated.*\.pth|tf_model\.h5|flax_model\.msgpack)\Z"
)
_FORMATS = (
    (re.compile(rb".*\.safetensors\Z"), "safetensors"),
    (re.compile(rb"(pytorch_)?model.*\.bin\Z"), "PyTorch"),
    (re.compile(rb"tf_model\.h5\Z"), "TensorFlow"),
    (re.compile(rb"flax_model\.msgpack\Z"), "Flax"),
)
_CHECKPOINT = re.compile(rb"checkpoint-\d+\Z")
_REPOSITORY = re.compile(rb"(models|datasets|spaces|kernels)--")
# A training run leaves these beside the weights; a download never has them.
_TRAINED = (b"training_args.bin", b"trainer_state.json", b"optimizer.pt")
_SUPERSEDED = re.compile(
    r"(?:^|[_\-. ])(old|prev|previous|backup|bak|tmp|temp|copy|deprecated|stale|archived?|unused)"
    r"(?:$|[_\-. \d])"
)
_CURRENT = re.compile(r"(?:^|[_\-.])current[_\-.]")
_HUB_NAME = re.compile(r"([A-Za-z0-9][A-Za-z0-9.-]*)(?:--|_)([A-Za-z0-9][\w.-]*)\Z")


def inspect_model(directory: int, hits: list[int], facts: Facts) -> Iterator[Sighting]:
    """Yield the model in a directory that holds a ``config.json``; raises CannotTellError."""
    if not hits or _is_part_of_something(directory, facts):
        return
    children = facts.children(directory)
    weights = {
        name: child for name, child in children.items() if _WEIGHTS.match(name) and facts.is_file(child)
    }
    weights.pop(b"adapter_model.safetensors", None)
    if not weights or not facts.is_file(hits[0]):
        return
    configuration = facts.document(hits[0], ModelConfiguration)
    if not configuration.is_model:
        return
    if _is_run(children, facts):
        own = tuple(
            child for name, child in children.items() if not _CHECKPOINT.match(name) and facts.is_file(child)
        )
        yield Sighting("trainer-final-weights", own, evidence=(_described(directory, facts),))
        return
    if _belongs_to_run(directory, facts):
        yield Sighting("trainer-final-weights", (directory,), evidence=(_described(directory, facts),))
        return
    yield _standalone(directory, children, weights, facts)


def _standalone(
    directory: int, children: dict[bytes, int], weights: dict[bytes, int], facts: Facts
) -> Sighting:
    """Return the sighting of a model that no run beside it explains."""
    name = display_name(facts.tree.name(directory)) if directory else "this directory"
    trained = [marker for marker in _TRAINED if marker in children]
    superseded = _SUPERSEDED.search(name.lower()) or _CURRENT.search(name.lower())
    is_old = facts.age(directory) >= facts.ages.old_after
    hub_name = _HUB_NAME.match(name)
    evidence = [_described(directory, facts)]
    rule = "model-directory"
    if superseded or (is_old and trained):
        rule = "model-old-checkpoint"
        if superseded:
            evidence.append(f"The name {name} reads like a model that another one replaced.")
        if trained:
            evidence.append(f"{display_name(trained[0])} says that it was trained, not downloaded.")
    elif hub_name is not None and not trained:
        rule = "model-download-copy"
        evidence.append(
            f"The name reads like {hub_name[1]}/{hub_name[2]} on the Hub, but nothing in it proves where it "
            "came from or that it was not changed."
        )
    evidence.append(f"Newest change {facts.shown_age(directory)}.")
    evidence += _formats(weights, facts)
    evidence += _broken(weights, facts)
    withheld = ""
    if facts.is_live(directory):
        withheld = f"it changed {facts.shown_age(directory)}: something may still write it."
    elif facts.has_closed(directory):
        withheld = "part of it cannot be read."
    hub_id = f"{hub_name[1]}/{hub_name[2]}" if hub_name is not None else "the model's page"
    return Sighting(rule, (directory,), evidence=tuple(evidence), withheld=withheld, words={"hub_id": hub_id})


def _described(directory: int, facts: Facts) -> str:
    line = describe_model(facts, directory)
    return f"It is {line}." if line else "It has a model's config.json and weights."


def _formats(weights: dict[bytes, int], facts: Facts) -> list[str]:
    """Say when one directory holds weights in several formats: often the same ones again."""
    found = {}
    for pattern, label in _FORMATS:
        files = [child for name, child in weights.items() if pattern.match(name)]
        if files:
            found[label] = facts.shown_size(*files)
    if len(found) < 2:
        return []
    listed = ", ".join(f"{label} {size}" for label, size in found.items())
    return [f"It holds weights in {count_noun(len(found), 'format')}: {listed}."]


def _broken(weights: dict[bytes, int], facts: Facts) -> list[str]:
    """Name files whose header promises more bytes than there are."""
    for name, child in list(weights.items())[:16]:
        if not name.endswith(b".safetensors"):
            continue
        try:
            header = read_header(facts, child)
        except CannotTellError:
            continue
        size = facts.tree.entry(child).identity.size
        if header is not None and header.expected_size > size:
            return [f"{display_name(name)} is cut off: {size:,} of {header.expected_size:,} bytes."]
    return []


def _is_part_of_something(directory: int, facts: Facts) -> bool:
    """Return whether a bigger unit holds this directory: a hub cache, a checkpoint, a pipeline."""
    tree = facts.tree
    if _CHECKPOINT.match(tree.name(directory)) and facts.child(directory, b"trainer_state.json") is not None:
        return True
    if facts.child(directory, b".cache", b"huggingface", b"download") is not None:
        return True
    if facts.ground.is_managed(directory) or any(
        _REPOSITORY.match(name) for name in (tree.name(directory), *facts.ground.names_above(directory))
    ):
        return True
    return any(
        facts.child(above, marker) is not None
        for above in facts.ground.ancestors(directory)[:2]
        for marker in (b"model_index.json", b"modules.json")
    )


def _is_run(children: dict[bytes, int], facts: Facts) -> bool:
    return any(_CHECKPOINT.match(name) and _has_state(child, facts) for name, child in children.items())


def _belongs_to_run(directory: int, facts: Facts) -> bool:
    """Return whether checkpoints of the same run lie beside it, as beside ``final``."""
    parent = facts.tree.parent(directory)
    if parent < 0 or not any(facts.child(directory, marker) is not None for marker in _TRAINED):
        return False
    return _is_run(facts.directories(parent), facts)


def _has_state(checkpoint: int, facts: Facts) -> bool:
    return facts.child(checkpoint, b"trainer_state.json") is not None
