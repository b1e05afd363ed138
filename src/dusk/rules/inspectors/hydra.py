"""Job directories of Hydra: those that hold nothing but their configuration.

Source: hydra 1.3, ``core/utils.py``: each job gets a directory with ``.hydra/{config,hydra,overrides}.yaml``
and a log named after the program.
"""

from __future__ import annotations

from collections.abc import Iterator

from dusk.rules.facts import Facts
from dusk.rules.sighting import Sighting

_FILES = (b"config.yaml", b"hydra.yaml", b"overrides.yaml")


def inspect_hydra(job: int, _hits: list[int], facts: Facts) -> Iterator[Sighting]:
    """Yield a job directory; raises CannotTellError."""
    state = facts.child(job, b".hydra")
    if state is None or any(facts.child(state, name) is None for name in _FILES):
        return
    results = 0
    for name, child in facts.children(job).items():
        if child == state:
            continue
        if not facts.is_file(child) or not name.endswith(b".log") or facts.tree.apparent_size(child):
            results += 1
    if results:
        yield Sighting(
            "hydra-job", (state,), reasons={state: "The directory above holds what the job wrote."}
        )
        return
    yield Sighting(
        "hydra-empty-job",
        (job,),
        evidence=(
            "It holds .hydra with the job's settings and an empty log, and nothing that the job made.",
        ),
        withheld=f"it changed {facts.shown_age(job)}; the job may be running." if facts.is_live(job) else "",
    )
