"""The inspectors of what training leaves, by the names that rules call them."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from dusk.rules.facts import Facts
from dusk.rules.inspectors.accelerate import inspect_accelerate
from dusk.rules.inspectors.deepspeed import inspect_deepspeed
from dusk.rules.inspectors.distributed_checkpoint import inspect_distributed_checkpoint
from dusk.rules.inspectors.lightning import inspect_lightning
from dusk.rules.inspectors.megatron import inspect_megatron
from dusk.rules.inspectors.orbax import inspect_orbax
from dusk.rules.inspectors.ray_results import inspect_ray_results
from dusk.rules.inspectors.saved_models import inspect_saved_models
from dusk.rules.inspectors.step_directories import inspect_step_directories
from dusk.rules.inspectors.tensorflow_checkpoint import inspect_tensorflow
from dusk.rules.inspectors.trainer import inspect_trainer_run
from dusk.rules.inspectors.ultralytics import inspect_ultralytics
from dusk.rules.inspectors.weight_files import inspect_weight_files
from dusk.rules.sighting import Sighting

TRAINING: dict[str, Callable[[int, list[int], Facts], Iterable[Sighting]]] = {
    "accelerate": inspect_accelerate,
    "checkpoints": lambda *_: (),  # what stays and what was cut short is reported by the others
    "deepspeed": inspect_deepspeed,
    "distributed-checkpoint": inspect_distributed_checkpoint,
    "lightning": inspect_lightning,
    "megatron": inspect_megatron,
    "orbax": inspect_orbax,
    "ray-results": inspect_ray_results,
    "saved-models": inspect_saved_models,
    "step-directories": inspect_step_directories,
    "tensorflow": inspect_tensorflow,
    "trainer": inspect_trainer_run,
    "ultralytics": inspect_ultralytics,
    "weight-files": inspect_weight_files,
}
