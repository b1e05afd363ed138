"""Job directories of Hydra: those that hold nothing but their configuration.

Source: hydra 1.3, ``core/utils.py``: each job gets a directory with ``.hydra/{config,hydra,overrides}.yaml``
and a log named after the program.
"""

from __future__ import annotations

from collections.abc import Iterator

from dusk.rules.facts import Facts
from dusk.rules.sighting import Sighting

_FILES = (b"config.yaml", b"hydra.yaml", b"overrides.yaml")
_SMALL = 1024 * 1024  # a bigger log is worth a word of its own


def inspect_hydra(job: int, _hits: list[int], facts: Facts) -> Iterator[Sighting]:
    """Yield a job directory; raises CannotTellError."""
    state = facts.child(job, b".hydra")
    if state is None or any(facts.child(state, name) is None for name in _FILES):
        return
    results = 0
    records = [state]
    for name, child in facts.children(job).items():
        if child == state:
            continue
        is_log = facts.is_file(child) and name.endswith(b".log")
        if not is_log or facts.tree.apparent_size(child):
            results += 1
        if is_log and facts.tree.apparent_size(child) < _SMALL:
            records.append(child)
    if results:
        yield Sighting("hydra-job", tuple(records), evidence=("The directory holds what the job wrote.",))
        return
    yield Sighting(
        "hydra-empty-job",
        (job,),
        evidence=(
            "It holds .hydra with the job's settings and an empty log, and nothing that the job made.",
        ),
        withheld=f"it changed {facts.shown_age(job)}; the job may be running." if facts.is_live(job) else "",
    )
