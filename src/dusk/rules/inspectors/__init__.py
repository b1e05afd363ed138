"""Inspectors: structure that TOML cannot express, read in Python.

An inspector is given a complete directory and the entries whose names its rules asked for, and yields
what it recognised. It raises CannotTellError when it cannot know; then nothing is said.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from dusk.rules.facts import Facts
from dusk.rules.inspectors.bytecode import inspect_bytecode
from dusk.rules.inspectors.dataset_cache import inspect_dataset, inspect_local_datasets
from dusk.rules.inspectors.empty_directories import EmptyDirectories
from dusk.rules.inspectors.hub import inspect_hub
from dusk.rules.inspectors.local_directory import inspect_local_directory
from dusk.rules.inspectors.models import inspect_model
from dusk.rules.inspectors.queue import inspect_queue
from dusk.rules.inspectors.status_pile import inspect_status_pile
from dusk.rules.inspectors.trainer import inspect_trainer_run
from dusk.rules.inspectors.url_cache import inspect_downloads, inspect_legacy_cache
from dusk.rules.sighting import Sighting

Inspector = Callable[[int, list[int], Facts], Iterable[Sighting]]

INSPECTORS: dict[str, Inspector] = {
    "bytecode": inspect_bytecode,
    "dataset": inspect_dataset,
    "dataset-downloads": inspect_downloads,
    "empty-directories": lambda *_: (),  # reported by its observer
    "hub": inspect_hub,
    "legacy-cache": inspect_legacy_cache,
    "local-datasets": inspect_local_datasets,
    "local-directory": inspect_local_directory,
    "model": inspect_model,
    "queue": inspect_queue,
    "status-pile": inspect_status_pile,
    "trainer": inspect_trainer_run,
}
EVERY_DIRECTORY = (EmptyDirectories,)
"""Observers that complete directories are shown to, thousands at once; they must be cheap."""
