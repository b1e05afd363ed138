"""Inspectors of models and datasets, by the names that rules call them."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from dusk.rules.facts import Facts
from dusk.rules.inspectors.adapters import inspect_adapter
from dusk.rules.inspectors.dataset_cache import inspect_dataset, inspect_local_datasets
from dusk.rules.inspectors.exported import inspect_engine, inspect_onnx
from dusk.rules.inspectors.gguf_files import inspect_gguf
from dusk.rules.inspectors.hub import inspect_hub
from dusk.rules.inspectors.local_directory import inspect_local_directory
from dusk.rules.inspectors.models import inspect_model
from dusk.rules.inspectors.pipelines import inspect_pipeline
from dusk.rules.inspectors.torch_hub import inspect_torch_hub
from dusk.rules.inspectors.url_cache import inspect_downloads, inspect_legacy_cache
from dusk.rules.sighting import Sighting

MODELLING: dict[str, Callable[[int, list[int], Facts], Iterable[Sighting]]] = {
    "adapter": inspect_adapter,
    "dataset": inspect_dataset,
    "dataset-downloads": inspect_downloads,
    "engine": inspect_engine,
    "family": lambda *_: (),  # told by `family_findings`, once all members are known
    "gguf": inspect_gguf,
    "hub": inspect_hub,
    "legacy-cache": inspect_legacy_cache,
    "local-datasets": inspect_local_datasets,
    "local-directory": inspect_local_directory,
    "model": inspect_model,
    "onnx": inspect_onnx,
    "pipeline": inspect_pipeline,
    "torch-hub": inspect_torch_hub,
}
"""Each is given a complete directory and the entries that its rules asked for."""
