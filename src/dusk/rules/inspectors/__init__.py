"""Inspectors: structure that TOML cannot express, read in Python.

An inspector is given a complete directory and the entries whose names its rules asked for, and yields
what it recognised. It raises CannotTellError when it cannot know; then nothing is said.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from dusk.rules.facts import Facts
from dusk.rules.inspectors.bytecode import inspect_bytecode
from dusk.rules.inspectors.chroma import inspect_chroma
from dusk.rules.inspectors.compile_cache import inspect_inductor, inspect_jax, inspect_numba, inspect_triton
from dusk.rules.inspectors.docker import inspect_docker
from dusk.rules.inspectors.empty_directories import EmptyDirectories
from dusk.rules.inspectors.hydra import inspect_hydra
from dusk.rules.inspectors.image_interface import inspect_image_interface
from dusk.rules.inspectors.kernel_caches import inspect_kernel_caches
from dusk.rules.inspectors.llama_cpp import inspect_llama_cpp
from dusk.rules.inspectors.lm_studio import inspect_lm_studio
from dusk.rules.inspectors.mlflow import inspect_mlflow_run, inspect_mlflow_store
from dusk.rules.inspectors.modelling import MODELLING
from dusk.rules.inspectors.ollama import inspect_ollama
from dusk.rules.inspectors.open_webui import inspect_open_webui
from dusk.rules.inspectors.profiles import inspect_nsys
from dusk.rules.inspectors.queue import inspect_queue
from dusk.rules.inspectors.ray_session import inspect_ray
from dusk.rules.inspectors.status_pile import inspect_status_pile
from dusk.rules.inspectors.tensorboard import inspect_tensorboard
from dusk.rules.inspectors.training import TRAINING
from dusk.rules.inspectors.wandb import inspect_wandb
from dusk.rules.sighting import Sighting

Inspector = Callable[[int, list[int], Facts], Iterable[Sighting]]

INSPECTORS: dict[str, Inspector] = {
    "bytecode": inspect_bytecode,
    "chroma": inspect_chroma,
    "docker": inspect_docker,
    "empty-directories": lambda *_: (),  # reported by its observer
    "hydra": inspect_hydra,
    "image-interface": inspect_image_interface,
    "inductor": inspect_inductor,
    "jax": inspect_jax,
    "kernel-caches": inspect_kernel_caches,
    "llama-cpp": inspect_llama_cpp,
    "lm-studio": inspect_lm_studio,
    "mlflow-run": inspect_mlflow_run,
    "mlflow-store": inspect_mlflow_store,
    "nsys": inspect_nsys,
    "numba": inspect_numba,
    "ollama": inspect_ollama,
    "open-webui": inspect_open_webui,
    "queue": inspect_queue,
    "ray-session": inspect_ray,
    "status-pile": inspect_status_pile,
    "tensorboard": inspect_tensorboard,
    "triton": inspect_triton,
    "wandb": inspect_wandb,
    **TRAINING,
    **MODELLING,
}
EVERY_DIRECTORY = (EmptyDirectories,)
"""Observers that complete directories are shown to, thousands at once; they must be cheap."""
