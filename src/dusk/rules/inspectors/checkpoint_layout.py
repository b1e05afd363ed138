"""Which tool wrote a directory as a checkpoint, told from the names in it."""

from __future__ import annotations

import re
from collections.abc import Collection

from dusk.rules.facts import WIDE, Facts

TRAINER, ACCELERATE, DEEPSPEED, DISTRIBUTED, ORBAX, MEGATRON = (
    "trainer", "accelerate", "deepspeed", "distributed", "orbax", "megatron"
)  # fmt: skip
RANDOM_STATES = re.compile(rb"random_states_\d+\.pkl\Z")
MODEL_STATES = re.compile(
    rb".*mp_rank_\d+.*(_model_states|_optim_states)\.pt\Z|.*zero_pp_rank_\d+_.*\.pt\Z", re.DOTALL
)
SHARD_FILE = re.compile(rb"__\d+_\d+\.distcp\Z")
_MEGATRON = re.compile(rb"mp_rank_\d\d(_\d\d\d)?\Z|common\.pt\Z|actor\Z|critic\Z|model_optim_rng\.pt\Z")
_MARKS = (
    (TRAINER, re.compile(rb"trainer_state\.json\Z")),
    (ORBAX, re.compile(rb"_CHECKPOINT_METADATA\Z")),
    (ACCELERATE, RANDOM_STATES),
    (DEEPSPEED, MODEL_STATES),
    (MEGATRON, _MEGATRON),
)
# DeepSpeed and FSDP keep full-precision weights beside the optimizer's numbers: nothing may be taken out.
INDIVISIBLE = re.compile(
    rb"(global_step\d+|latest|zero_to_\w+\.py|pytorch_model|pytorch_model_fsdp(_\d+)?|optimizer_\d+|.*\.distcp|"
    rb".*_fsdp\.bin|.*_states\.pt)\Z",
    re.DOTALL,
)


def layout(names: Collection[bytes]) -> str:
    """Return which tool's checkpoint a directory with these children is; empty for none."""
    for tool, mark in _MARKS:
        if any(mark.match(name) for name in names):
            return tool
    if b".metadata" in names and any(SHARD_FILE.match(name) for name in names):
        return DISTRIBUTED
    return ""


def is_checkpoint(directory: int, facts: Facts) -> bool:
    """Return whether a directory is itself a checkpoint, so that what lies in it goes only with it."""
    return facts.remembered(_is_checkpoint, directory)


def _is_checkpoint(directory: int, facts: Facts) -> bool:
    if facts.tree.name(directory).endswith(b".ckpt"):
        return True
    if facts.tree.child_count(directory) > WIDE:
        return False
    children = facts.children(directory)
    found = layout(children)
    # A run's own directory gets the Trainer's state as well, when the run has ended.
    return bool(found) and not (
        found == TRAINER and any(name.startswith(b"checkpoint-") for name in children)
    )
