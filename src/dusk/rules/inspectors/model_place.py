"""Where model files lie: whether a bigger unit, that another rule judges, holds them."""

from __future__ import annotations

import re

from dusk.fs.identity import EntryKind
from dusk.rules.facts import Facts
from dusk.rules.inspectors.checkpoint_layout import TRAINER, is_checkpoint, layout
from dusk.rules.inspectors.checkpoint_run import is_chosen
from dusk.rules.inspectors.step_directories import is_beside_checkpoints, is_step_of_a_series

# A training run leaves these beside the weights; a download never has them.
TRAINED = (b"training_args.bin", b"trainer_state.json", b"optimizer.pt")
_CHECKPOINT = re.compile(rb"checkpoint-\d+\Z")
_REPOSITORY = re.compile(rb"(models|datasets|spaces|kernels)--")
_STORES = ("ollama", "lm-studio", "llama-cpp", "kagglehub", "modelscope", "torch-hub", "nemo", "tfds")
_PIPELINES = (b"model_index.json", b"modules.json")
_NOTES = (b".cache", b"huggingface", b"download")


def belongs_to_store(directory: int, facts: Facts) -> bool:
    """Return whether a cache of some tool, a package or a noted download holds a directory."""
    tree = facts.tree
    names = (tree.name(directory), *facts.ground.names_above(directory))
    if facts.ground.is_managed(directory) or any(_REPOSITORY.match(name) for name in names):
        return True
    for above in (directory, *facts.ground.ancestors(directory)):
        inside = [part for part in facts.relative(directory, above).split(b"/") if part]
        if facts.child(above, *_NOTES, *inside) is not None:  # notes of a download for files just here
            return True
        if facts.child(above, b".msc") is not None:  # ModelScope's list of what it downloaded
            return True
    return any(facts.places.is_within(store, tree, directory) for store in _STORES)


def note_links(directory: int, hits: list[int], facts: Facts) -> None:
    """Remember into which repositories of the hub cache a directory's links lead; raises CannotTellError."""
    links = [hit for hit in hits if facts.tree.kind(hit) is EntryKind.SYMLINK]
    if not links or any(_REPOSITORY.match(name) for name in facts.ground.names_above(directory)):
        return
    for target in facts.links(links):
        for part in target.split(b"/"):
            if _REPOSITORY.match(part):
                facts.families.note_link(part, directory)


def is_part_of_something(directory: int, facts: Facts) -> bool:
    """Return whether a bigger unit holds this directory: a hub cache, a checkpoint, a pipeline."""
    name = facts.tree.name(directory)
    if _CHECKPOINT.match(name) and facts.child(directory, b"trainer_state.json") is not None:
        return True
    if belongs_to_store(directory, facts) or is_step_of_a_series(directory, facts):
        return True
    # The Trainer's checkpoints are whole models: one that was copied out of its run stands for itself.
    if layout(facts.children(directory)) not in ("", TRAINER):
        return True
    if any(is_checkpoint(above, facts) for above in facts.ground.ancestors(directory)[:2]):
        return True
    return any(
        facts.child(above, marker) is not None
        for above in facts.ground.ancestors(directory)[:2]
        for marker in _PIPELINES
    )


def belongs_to_run(directory: int, facts: Facts) -> bool:
    """Return whether checkpoints of the same run lie beside a model, as beside ``final``."""
    parent = facts.tree.parent(directory)
    is_trained = any(facts.child(directory, marker) is not None for marker in TRAINED)
    if parent < 0 or not (is_trained or is_chosen(facts.tree.name(directory))):
        return False
    return holds_checkpoints(facts.directories(parent), facts) or is_beside_checkpoints(directory, facts)


def holds_checkpoints(children: dict[bytes, int], facts: Facts) -> bool:
    """Return whether some of a directory's children are checkpoints of the Trainer."""
    return any(
        _CHECKPOINT.match(name) and facts.child(child, b"trainer_state.json") is not None
        for name, child in children.items()
    )
