"""Checkpoints of DeepSpeed: a directory for each tag, and ``latest``, which names the one to go on from.

Source: deepspeed 0.19, ``runtime/engine.py`` (save_checkpoint) and ``utils/zero_to_fp32.py``: the files
``*_optim_states.pt`` hold the full-precision weights, so optimizer state is never offered alone.
"""

from __future__ import annotations

from collections.abc import Iterator

from dusk.rules.facts import Facts
from dusk.rules.inspectors.checkpoint_layout import MODEL_STATES, is_checkpoint
from dusk.rules.inspectors.checkpoint_run import Checkpoint, Run, last_number, readable
from dusk.rules.inspectors.checkpoint_sightings import sight
from dusk.rules.inspectors.step_names import series
from dusk.rules.probe import CannotTellError
from dusk.rules.sighting import Sighting

_LATEST = (b"latest", b"latest_universal")


def inspect_deepspeed(directory: int, hits: list[int], facts: Facts) -> Iterator[Sighting]:
    """Yield what a directory of tags says; raises CannotTellError when it cannot be read."""
    if facts.ground.is_managed(directory) or is_checkpoint(directory, facts):
        return  # part of a checkpoint of the Trainer, of Accelerate or of Lightning
    tags = [
        entry
        for entry in dict.fromkeys(facts.tree.parent(hit) for hit in hits)
        if entry != directory and any(MODEL_STATES.match(name) for name in readable(entry, facts))
    ]
    if not tags:
        return
    names = {facts.tree.name(tag): tag for tag in tags}
    named = _named(directory, facts)
    reasons = {
        names[tag]: f"{pointer} names it: training resumes from it"
        for pointer, tag in named.items()
        if tag in names
    }
    numbered = [entry for one in series(names.items(), bare=True) for _, entry in one.members]
    checkpoints = [Checkpoint(entry, float(last_number(facts.tree.name(entry)) or 0)) for entry in numbered]
    others = {entry: "its tag is no step" for entry in tags if entry not in numbered}
    pointers = {
        child: "it says which tag is the newest"
        for name in _LATEST
        if (child := facts.child(directory, name)) is not None
    }
    lost = [
        f"{pointer} names {tag.decode('utf-8', 'replace')}"
        for pointer, tag in named.items()
        if tag not in names
    ]
    if not checkpoints:
        # Nothing here counts steps: all of it stays, and the newest says so.
        checkpoints = [Checkpoint(entry, -facts.age(entry)) for entry in tags]
        reasons = {**dict.fromkeys(tags, "its tag is no step"), **reasons}
        others = {}
    yield from sight(
        Run(
            rule="deepspeed-old-checkpoint",
            directory=directory,
            checkpoints=checkpoints,
            reasons=reasons,
            also_kept={**others, **pointers},
            unsure=f"{lost[0]}, which is not here." if lost else "",
            evidence=("Its *_optim_states.pt files hold the full-precision weights: they never go alone.",),
        ),
        facts,
    )


def _named(directory: int, facts: Facts) -> dict[str, bytes]:
    """Return the tags that ``latest`` and the like name; raises CannotTellError."""
    found = {}
    for name in _LATEST:
        child = facts.child(directory, name)
        if child is not None and facts.is_file(child):
            text = facts.head(child, 4096).strip()
            if not text:
                raise CannotTellError("the file that names the newest tag is empty")
            found[name.decode()] = text.splitlines()[0].strip()
    return found
