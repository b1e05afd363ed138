"""Whole models in a directory: base models, old checkpoints that stand alone, final weights of a run."""

from __future__ import annotations

import re
from collections.abc import Iterator

from dusk.fs.names import display_name
from dusk.rules.facts import Facts
from dusk.rules.families import Model
from dusk.rules.headers.configuration import ModelConfiguration
from dusk.rules.headers.model_summary import ModelSummary, summarise
from dusk.rules.inspectors.model_place import (
    TRAINED,
    belongs_to_run,
    holds_checkpoints,
    is_part_of_something,
    note_links,
)
from dusk.rules.inspectors.pipelines import twin_sighting
from dusk.rules.inspectors.twins import find_twins
from dusk.rules.probe import CannotTellError
from dusk.rules.sighting import Sighting

_WEIGHTS = re.compile(
    rb"(.*\.safetensors|(pytorch_)?model.*\.bin|consolidated.*\.pth|openvino_model\.bin|tf_model.*\.h5|flax_model.*\.msgpack)\Z",
    re.DOTALL,
)
_CHECKPOINT = re.compile(rb"checkpoint-\d+\Z")
_SUPERSEDED = re.compile(
    r"(?:^|[_\-. ])(old|prev|previous|backup|bak|tmp|temp|copy|deprecated|stale|archived?|unused)"
    r"(?:$|[_\-. \d])"
)
_CURRENT = re.compile(r"(?:^|[_\-.])current[_\-.]")
_HUB_NAME = re.compile(r"([A-Za-z0-9][A-Za-z0-9.-]*)(?:--|_)([A-Za-z0-9][\w.-]*)\Z")
# Words for what was done to a model: no organisation is called so, and no model by nothing else.
_DONE = (
    r"best|final|last|latest|merged?|lora|qlora|sft|dpo|ppo|grpo|orpo|rlhf|tuned|finetuned?|ft|trained|pretrained|"
    r"exported?|converted|quanti[sz]ed|outputs?|results?|models?|saved|weights|checkpoints?|ckpt|src|source"
)
_MADE_HERE = re.compile(
    rf"(?:{_DONE}|base|my|our|new|test)(?:--|_)|.*(?:--|_)(?:{_DONE})\d*\Z", re.IGNORECASE
)


def inspect_model(directory: int, hits: list[int], facts: Facts) -> Iterator[Sighting]:
    """Yield the model in a directory that holds a ``config.json``; raises CannotTellError."""
    note_links(directory, hits, facts)
    if not hits or is_part_of_something(directory, facts):
        return
    children = facts.children(directory)
    weights = {
        name: child for name, child in children.items() if _WEIGHTS.match(name) and facts.is_file(child)
    }
    weights.pop(b"adapter_model.safetensors", None)
    chosen = children.get(b"config.json", hits[0])
    if not weights or not facts.is_file(chosen) or b"modules.json" in children:
        return
    configuration = facts.document(chosen, ModelConfiguration)
    is_original = b"config.json" not in children and any(name.startswith(b"consolidated") for name in weights)
    if not configuration.is_model and not is_original:
        return
    summary = _summary(directory, facts)
    facts.families.note_model(
        Model(
            entry=directory,
            form="directory",
            kind=summary.kind or summary.name,
            layers=summary.layers,
            width=summary.width,
            parameters=summary.parameters,
            precision=summary.packed or summary.precision,
            layout=summary.layout,
        )
    )
    if holds_checkpoints(children, facts):
        own = tuple(
            child for name, child in children.items() if not _CHECKPOINT.match(name) and facts.is_file(child)
        )
        yield Sighting("trainer-final-weights", own, evidence=(_described(summary),))
        return
    if belongs_to_run(directory, facts):
        yield Sighting("trainer-final-weights", (directory,), evidence=(_described(summary),))
        return
    yield _standalone(directory, children, summary, facts)
    twins = find_twins(children, facts)
    if twins:
        yield twin_sighting([(twin, directory) for twin in twins], facts)


def _standalone(directory: int, children: dict[bytes, int], summary: ModelSummary, facts: Facts) -> Sighting:
    """Return the sighting of a model that no run beside it explains."""
    name = display_name(facts.tree.name(directory)) if directory else "this directory"
    trained = [marker for marker in TRAINED if marker in children]
    superseded = _SUPERSEDED.search(name.lower()) or _CURRENT.search(name.lower())
    is_old = facts.age(directory) >= facts.ages.old_after
    hub_name = _HUB_NAME.match(name)
    evidence = [_described(summary)]
    rule = "model-directory"
    if superseded or (is_old and trained):
        rule = "model-old-checkpoint"
        if superseded:
            evidence.append(f"The name {name} reads like a model that another one replaced.")
        if trained:
            evidence.append(f"{display_name(trained[0])} says that it was trained, not downloaded.")
    elif hub_name is not None and not trained and not _MADE_HERE.match(name):
        rule = "model-download-copy"
        evidence.append(
            f"The name reads like {hub_name[1]}/{hub_name[2]} on the Hub, but nothing in it proves where it "
            "came from or that it was not changed."
        )
    evidence.append(f"Newest change {facts.shown_age(directory)}.")
    evidence += summary.broken
    withheld = ""
    if facts.is_live(directory):
        withheld = f"it changed {facts.shown_age(directory)}: something may still write it."
    elif facts.has_closed(directory):
        withheld = "part of it cannot be read."
    hub_id = f"{hub_name[1]}/{hub_name[2]}" if hub_name is not None else "the model's page"
    return Sighting(rule, (directory,), evidence=tuple(evidence), withheld=withheld, words={"hub_id": hub_id})


def _summary(directory: int, facts: Facts) -> ModelSummary:
    try:
        return summarise(facts, directory)
    except CannotTellError:
        return ModelSummary()


def _described(summary: ModelSummary) -> str:
    return f"It is {summary.line}." if summary.line else "It has a model's config.json and weights."
