"""Training runs of Ultralytics (YOLO): ``weights`` with best, last and perhaps one file for each epoch.

Source: ultralytics 8.4, ``engine/trainer.py`` (save_model): ``last.pt`` and ``best.pt`` are written after
each epoch, ``epochN.pt`` only with ``save_period``. YOLOv5 and v7 write the same names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from dusk.fs.names import display_name
from dusk.fs.units import count_noun
from dusk.rules.facts import Facts
from dusk.rules.finding import Action
from dusk.rules.inspectors.checkpoint_run import KEPT
from dusk.rules.inspectors.soundness import fault_in
from dusk.rules.sighting import Part, Proposal, Sighting

_EPOCH = re.compile(rb"epoch_?(\d+)\.pt\Z")
_SETTINGS = (b"args.yaml", b"opt.yaml", b"hyp.yaml")
_ENDS = (b"last.pt", b"best.pt")


def is_ultralytics(weights: int, facts: Facts) -> bool:
    """Return whether a directory is the ``weights`` of such a run."""
    run = facts.tree.parent(weights)
    if run < 0 or facts.tree.name(weights) != b"weights":
        return False
    return any(facts.child(run, name) is not None for name in _SETTINGS)


def inspect_ultralytics(weights: int, _hits: list[int], facts: Facts) -> Iterator[Sighting]:
    """Yield what the weights of one run say; raises CannotTellError."""
    if not is_ultralytics(weights, facts) or facts.ground.is_managed(weights):
        return
    children = facts.children(weights)
    run = facts.tree.parent(weights)
    name = display_name(facts.tree.name(run)) if run else "this run"
    ends = {end: children[end] for end in _ENDS if end in children and facts.is_file(children[end])}
    whys = {b"last.pt": "training resumes from it", b"best.pt": "it is the best one"}
    kept = {child: f"{name}/{display_name(end)}: {whys[end]}." for end, child in ends.items()}
    epochs = sorted(
        (int(match[1]), child) for each, child in children.items() if (match := _EPOCH.match(each))
    )
    sound = {end for end, child in ends.items() if not fault_in(child, facts)}
    if len(sound) < len(_ENDS) and epochs:
        # Without a whole last.pt and best.pt the newest epoch may be all there is.
        newest = epochs[-1][1]
        shown = display_name(facts.tree.name(newest))
        kept[newest] = f"{name}/{shown}: last.pt or best.pt is missing or cut off."
        epochs = epochs[:-1]
    if kept:
        yield Sighting(KEPT, tuple(kept), reasons=kept)
    if not epochs:
        return
    entries = tuple(child for _, child in epochs)
    whole = tuple(Part(entry, (entry,)) for entry in entries)
    yield Sighting(
        "ultralytics-epoch-weights",
        entries,
        evidence=(
            f"{count_noun(len(entries), 'file')} of single epochs; "
            f"{' and '.join(map(display_name, ends)) or 'nothing else'} beside them.",
            f"The run's newest change was {facts.shown_age(run)}.",
        ),
        proposals=(
            Proposal(Action.TRASH, "Trash {subjects}", whole),
            Proposal(Action.ARCHIVE, "Archive {subjects}", whole),
        ),
        members=tuple(facts.path(entry) for entry in kept),
        withheld=f"the run changed {facts.shown_age(run)} and may still be training."
        if facts.is_live(run)
        else "",
        words={"run": name},
    )
