"""Runs of the Hugging Face Trainer: which checkpoints are last and best, which are only older.

Source: transformers 5.23, ``trainer_utils.py``: checkpoints are ordered by step, the best one's path is
stored relative to the directory that training was started in; ``trainer.py``: the state is written last.
Axolotl, Unsloth, LLaMA-Factory, ms-swift and TRL write the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from dusk.fs.names import display_name
from dusk.rules.facts import Facts
from dusk.rules.headers.configuration import TrainerState
from dusk.rules.inspectors.checkpoint_layout import INDIVISIBLE, layout
from dusk.rules.inspectors.checkpoint_run import Checkpoint, Run, readable
from dusk.rules.inspectors.checkpoint_sightings import interrupted, sight
from dusk.rules.inspectors.soundness import fault_in
from dusk.rules.sighting import Sighting

_CHECKPOINT = re.compile(rb"checkpoint-(\d+)\Z")
_UNFINISHED = re.compile(rb"tmp-checkpoint-\d+\Z")
_WEIGHTS = re.compile(
    rb"(model.*\.safetensors|pytorch_model.*\.bin|adapter_model\.(safetensors|bin)|tf_model\.h5)\Z", re.DOTALL
)
_OPTIMIZER = re.compile(rb"(optimizer\.(pt|bin)|scheduler\.(pt|bin)|rng_state.*\.pth|scaler\.pt)\Z")
_OPTIMIZER_FILES = (b"optimizer.pt", b"optimizer.bin")
_STATE = b"trainer_state.json"
# What a run leaves in its own directory when it ends, where no config.json makes a model of it.
_RESULT = re.compile(
    rb"(training_args\.bin|(all|train|eval|predict)_results\.json|trainer_state\.json|model.*\.safetensors|"
    rb"pytorch_model.*\.bin)\Z"
)


def inspect_trainer_run(run: int, hits: list[int], facts: Facts) -> Iterator[Sighting]:
    """Yield what a directory of checkpoints says; raises CannotTellError when a state cannot be read."""
    checkpoints, without_state = _checkpoints(hits, facts)
    unfinished = [hit for hit in hits if _UNFINISHED.match(facts.tree.name(hit)) and facts.is_directory(hit)]
    if not checkpoints:
        return
    spoilt = {entry: fault for entry in without_state if (fault := _interruption(entry, facts))}
    whole = [entry for entry in without_state if entry not in spoilt]
    yield from sight(
        Run(
            rule="trainer-old-checkpoint",
            kept_rule="trainer-kept-checkpoint",
            directory=run,
            checkpoints=checkpoints,
            best=_best(run, checkpoints, facts),
            also_kept={
                **dict.fromkeys(whole, "it has no trainer_state.json, so nothing says what it is"),
                **_results(run, facts),
            },
        ),
        facts,
    )
    spoilt.update(dict.fromkeys(unfinished, "its name says that saving it did not end"))
    if spoilt:
        said = [f"{display_name(facts.tree.name(entry))}: {fault}." for entry, fault in spoilt.items()]
        yield interrupted(list(spoilt), {}, said[:6], "", facts)


def _checkpoints(hits: list[int], facts: Facts) -> tuple[list[Checkpoint], list[int]]:
    """Return the run's checkpoints, and directories of that name which have no state.

    Raises CannotTellError when one cannot be read.
    """
    found, without_state = [], []
    for hit in dict.fromkeys(hits):
        match = _CHECKPOINT.match(facts.tree.name(hit))
        if match is None or not facts.is_directory(hit):
            continue
        children = readable(hit, facts)
        if _STATE in children:
            found.append(Checkpoint(hit, int(match[1]), optimizer=_optimizer(children)))
        elif not layout(children):
            without_state.append(hit)
    return found, without_state


def _optimizer(children: dict[bytes, int]) -> tuple[int, ...]:
    """Return the files that only resuming needs; empty where they cannot be told apart."""
    has_weights = any(_WEIGHTS.match(name) for name in children)
    if not has_weights or any(INDIVISIBLE.match(name) for name in children):
        return ()
    if not any(name in children for name in _OPTIMIZER_FILES):
        return ()
    return tuple(entry for name, entry in sorted(children.items()) if _OPTIMIZER.match(name))


def _interruption(entry: int, facts: Facts) -> str:
    """Return why a checkpoint without a state is an interrupted save; empty when nobody knows."""
    children = facts.children(entry)
    fault = fault_in(entry, facts)
    if fault:
        return f"{fault}, and trainer_state.json, which is written last, is missing"
    has_weights = any(_WEIGHTS.match(name) for name in children)
    if not has_weights and any(_OPTIMIZER.match(name) for name in children):
        return "it has no weights and no trainer_state.json, which is written last"
    return ""


def _best(run: int, checkpoints: list[Checkpoint], facts: Facts) -> dict[int, str]:
    """Return the checkpoint that the newest state calls the best, with the sentence's end."""
    newest_checkpoint = max(checkpoints, key=lambda one: one.order)
    states = [facts.child(newest_checkpoint.entry, _STATE), facts.child(run, _STATE)]
    read = [facts.document(state, TrainerState) for state in states if state is not None]
    newest = max(read, key=lambda state: state.global_step)
    if not newest.best_model_checkpoint:
        return {}
    name = newest.best_model_checkpoint.rstrip("/").rsplit("/", 1)[-1].encode("utf-8", "surrogateescape")
    score = f" (score {newest.best_metric:.4g})" if newest.best_metric is not None else ""
    return {
        one.entry: f"it is the best one{score}" for one in checkpoints if facts.tree.name(one.entry) == name
    }


def _results(run: int, facts: Facts) -> dict[int, str]:
    """Return what the run left in its own directory, where the inspector of models does not say it."""
    children = facts.children(run)
    if b"config.json" in children or b"adapter_config.json" in children:
        return {}
    return {
        child: "it is a result of the run"
        for name, child in children.items()
        if _RESULT.match(name) and facts.is_file(child)
    }
