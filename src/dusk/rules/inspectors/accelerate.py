"""Checkpoints of Accelerate's ``save_state``: also those of the training scripts of diffusers.

Source: accelerate 1.15, ``checkpointing.py``: ``random_states_RANK.pkl`` is in each of them, and
``optimizer.bin`` is the optimizer, not the model.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from dusk.rules.facts import Facts
from dusk.rules.inspectors.checkpoint_layout import ACCELERATE, INDIVISIBLE, is_checkpoint, layout
from dusk.rules.inspectors.checkpoint_run import Checkpoint, Run, readable
from dusk.rules.inspectors.checkpoint_sightings import sight
from dusk.rules.inspectors.step_names import series
from dusk.rules.sighting import Sighting

_WEIGHTS = re.compile(
    rb"((model|pytorch_model|diffusion_pytorch_model|adapter_model)[\w.-]*\.(safetensors|bin)|"
    rb"pytorch_lora_weights\.safetensors|[\w.-]+\.safetensors)\Z"
)
_PARTS = (b"unet", b"transformer", b"unet_ema", b"controlnet", b"text_encoder", b"unet_lora")
_OPTIMIZER = re.compile(
    rb"(optimizer(_\d+)?\.(bin|pt)|scheduler(_\d+)?\.(bin|pt)|scaler\.pt|random_states_\d+\.pkl|sampler(_\d+)?\.bin|"
    rb"dl_state_dict(_\d+)?\.bin)\Z"
)


def inspect_accelerate(directory: int, hits: list[int], facts: Facts) -> Iterator[Sighting]:
    """Yield what a directory of saved states says; raises CannotTellError."""
    if facts.ground.is_managed(directory) or is_checkpoint(directory, facts):
        return
    found: dict[int, dict[bytes, int]] = {}
    for entry in dict.fromkeys(facts.tree.parent(hit) for hit in hits):
        children = readable(entry, facts)
        if entry != directory and layout(children) == ACCELERATE:
            found[entry] = children
    if not found:
        return
    counted = series((facts.tree.name(entry), entry) for entry in found)
    numbered = {entry for one in counted for _, entry in one.members}
    others = {entry: "its name says no step" for entry in found if entry not in numbered}
    if not counted:
        checkpoints = [Checkpoint(entry, -facts.age(entry)) for entry in found]
        yield from sight(Run("accelerate-old-checkpoint", directory, checkpoints, reasons=others), facts)
        return
    is_diffusion = any(part in children for children in found.values() for part in _PARTS)
    for one in counted:
        yield from sight(
            Run(
                rule="accelerate-old-checkpoint",
                directory=directory,
                checkpoints=[
                    Checkpoint(entry, number, optimizer=_optimizer(found[entry], facts))
                    for number, entry in one.members
                ],
                also_kept=others,
                evidence=("The parts in them are those of a diffusion model.",) if is_diffusion else (),
            ),
            facts,
        )
        others = {}


def _optimizer(children: dict[bytes, int], facts: Facts) -> tuple[int, ...]:
    """Return the files that only resuming needs; none where weights may be among them."""
    if any(INDIVISIBLE.match(name) for name in children):
        return ()
    has_weights = any(
        (_WEIGHTS.match(name) and facts.is_file(child)) or (name in _PARTS and facts.is_directory(child))
        for name, child in children.items()
    )
    if not has_weights or not any(name.startswith(b"optimizer") for name in children):
        return ()
    return tuple(child for name, child in sorted(children.items()) if _OPTIMIZER.match(name))
