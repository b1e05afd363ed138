"""SavedModels of TensorFlow and Keras: single ones, and versions of one that TensorFlow Serving reads.

Source: tensorflow 2.21, ``saved_model/constants.py``; tensorflow-serving loads the highest number by default.
"""

from __future__ import annotations

from collections.abc import Iterator

from dusk.rules.facts import Facts
from dusk.rules.inspectors.checkpoint_run import Checkpoint, Run
from dusk.rules.inspectors.checkpoint_sightings import sight
from dusk.rules.sighting import Sighting

_VARIABLES = b"variables"


def inspect_saved_models(directory: int, hits: list[int], facts: Facts) -> Iterator[Sighting]:
    """Yield what a directory of SavedModels says; raises CannotTellError."""
    if facts.ground.is_managed(directory):
        return
    models = [
        entry
        for entry in dict.fromkeys(facts.tree.parent(hit) for hit in hits)
        if entry != directory and facts.child(entry, _VARIABLES) is not None
    ]
    versions = [entry for entry in models if facts.tree.name(entry).isdigit()]
    if len(versions) < 2:
        versions = []
    else:
        yield from sight(
            Run(
                rule="saved-model-old-version",
                directory=directory,
                checkpoints=[Checkpoint(entry, float(facts.tree.name(entry))) for entry in versions],
                last_reason="it is the highest version: a server loads it",
                noun=("version", "versions"),
            ),
            facts,
        )
    single = tuple(entry for entry in models if entry not in versions)
    if single:
        yield Sighting(
            "saved-model", single, withheld="nothing shows that the same model exists anywhere else."
        )
