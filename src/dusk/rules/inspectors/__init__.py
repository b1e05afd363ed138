"""Inspectors: structure that TOML cannot express, read in Python.

An inspector is given a complete directory and the entries whose names its rules asked for, and yields
what it recognised. It raises CannotTellError when it cannot know; then nothing is said.
"""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable, Iterable

from dusk.rules.facts import Facts
from dusk.rules.inspectors.backup_directories import BackupDirectories
from dusk.rules.inspectors.empty_directories import EmptyDirectories
from dusk.rules.inspectors.housekeeping import HOUSEKEEPING
from dusk.rules.inspectors.modelling import MODELLING
from dusk.rules.inspectors.training import TRAINING
from dusk.rules.sighting import Sighting

Inspector = Callable[[int, list[int], Facts], Iterable[Sighting]]

INSPECTORS: dict[str, str] = {
    "bytecode": "bytecode:inspect_bytecode",
    "chroma": "chroma:inspect_chroma",
    "docker": "docker:inspect_docker",
    "empty-directories": "",  # reported by its observer
    "hydra": "hydra:inspect_hydra",
    "image-interface": "image_interface:inspect_image_interface",
    "inductor": "compile_cache:inspect_inductor",
    "inductor-old": "compile_cache:inspect_old_inductor",
    "jax": "compile_cache:inspect_jax",
    "kernel-caches": "kernel_caches:inspect_kernel_caches",
    "llama-cpp": "llama_cpp:inspect_llama_cpp",
    "lm-studio": "lm_studio:inspect_lm_studio",
    "mlflow-run": "mlflow:inspect_mlflow_run",
    "mlflow-store": "mlflow:inspect_mlflow_store",
    "nsys": "profiles:inspect_nsys",
    "numba": "compile_cache:inspect_numba",
    "ollama": "ollama:inspect_ollama",
    "open-webui": "open_webui:inspect_open_webui",
    "queue": "queue:inspect_queue",
    "ray-session": "ray_session:inspect_ray",
    "strangers": "",  # reported of every unit that would go without a question
    "status-pile": "status_pile:inspect_status_pile",
    "tensorboard": "tensorboard:inspect_tensorboard",
    "triton": "compile_cache:inspect_triton",
    "wandb": "wandb:inspect_wandb",
    **HOUSEKEEPING,
    **TRAINING,
    **MODELLING,
}
"""Inspectors by the names that rules call them: module of this package and function.

They are imported when something is to be inspected: most disks hold few of all these kinds. Empty where
what the rule says is reported by another inspector.
"""
OUTSIDE_INSTALLED = frozenset(
    {
        "archives", "backups", "build-outputs", "bytecode", "logs", "notebook-checkpoints",
        "partial-downloads", "status-pile", "step-directories",
    }
)  # fmt: skip
"""Inspectors that say nothing of what an installer put somewhere: walks pass over names for them there.

Those whose names are everywhere in installed programs; others look for themselves.
"""
EVERY_DIRECTORY = (EmptyDirectories, BackupDirectories)
"""Observers that complete directories are shown to, thousands at once; they must be cheap."""


@functools.cache
def inspector(name: str) -> Inspector:
    """Return an inspector by its name, imported at its first use; raises KeyError for one there is not."""
    place = INSPECTORS[name]
    if not place:
        return _nothing
    module, _, function = place.partition(":")
    found: Inspector = getattr(importlib.import_module(f"{__name__}.{module}"), function)
    return found


def _nothing(*_: object) -> Iterable[Sighting]:
    return ()
