"""Runs of the Hugging Face Trainer: which checkpoints are last and best, which are only older.

Source: transformers 5.23, ``trainer_utils.py``: checkpoints are ordered by step, the best one's path is
stored relative to the directory that training was started in.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from dusk.fs.identity import EntryKind
from dusk.fs.names import display_name
from dusk.fs.units import count_noun
from dusk.rules.facts import Facts
from dusk.rules.finding import Action
from dusk.rules.headers.configuration import TrainerState
from dusk.rules.probe import CannotTellError
from dusk.rules.sighting import Part, Proposal, Sighting

_CHECKPOINT = re.compile(rb"checkpoint-(\d+)\Z")
_WEIGHTS = re.compile(
    rb"(model.*\.safetensors|pytorch_model.*\.bin|adapter_model\.(safetensors|bin)|tf_model\.h5)\Z", re.DOTALL
)
_OPTIMIZER = re.compile(rb"(optimizer\.(pt|bin)|scheduler\.(pt|bin)|rng_state.*\.pth|scaler\.pt)\Z")
_OPTIMIZER_FILES = (b"optimizer.pt", b"optimizer.bin")
# DeepSpeed keeps the full-precision weights in its optimizer files: nothing may be taken out of these.
_INDIVISIBLE = re.compile(
    rb"(global_step\d+|latest|zero_to_fp32\.py|pytorch_model_fsdp_\d+|optimizer_\d+|.*\.distcp)\Z"
)
_STATE = b"trainer_state.json"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """One checkpoint of a run."""

    index: int
    """Its directory."""
    step: int
    """The number in its name."""
    children: dict[bytes, int]
    """What it holds."""

    @property
    def has_weights(self) -> bool:
        """Whether weights are in it, as whole files."""
        return any(_WEIGHTS.match(name) for name in self.children)

    @property
    def optimizer(self) -> tuple[int, ...]:
        """The files that only resuming needs; empty where they cannot be told apart."""
        if not self.has_weights or any(_INDIVISIBLE.match(name) for name in self.children):
            return ()
        if not any(name in self.children for name in _OPTIMIZER_FILES):
            return ()
        return tuple(entry for name, entry in sorted(self.children.items()) if _OPTIMIZER.match(name))


def inspect_trainer_run(run: int, hits: list[int], facts: Facts) -> Iterator[Sighting]:
    """Yield what a directory of checkpoints says; raises CannotTellError when a state cannot be read."""
    checkpoints = _checkpoints(hits, facts)
    if not checkpoints:
        return
    last = checkpoints[-1]
    best, score = _best(run, checkpoints, facts)
    linked = _link_targets(run, checkpoints, facts)
    kept = {last.index: "it is the last one: training resumes from it"}
    if best is not None:
        reason = f"it is the best one ({score})" if score else "it is the best one"
        kept[best.index] = f"{kept[best.index]}, and {reason}" if best.index in kept else reason
    for target in linked:
        kept.setdefault(target.index, "a symbolic link in the run points at it")
    yield _kept(run, kept, checkpoints, facts)
    withheld = ""
    if facts.is_live(run):
        withheld = f"the run changed {facts.shown_age(run)} and may still be training."
    if len(kept) < len(checkpoints):
        yield _older(run, checkpoints, kept, withheld, facts)
    spare = [one for one in checkpoints if one.index in kept and one is not last and one.optimizer]
    if spare:
        yield _optimizer(run, spare, withheld, facts)


def _checkpoints(hits: list[int], facts: Facts) -> list[Checkpoint]:
    """Return the run's checkpoints by step; a directory of that name without a state is something else."""
    found = []
    for hit in hits:
        match = _CHECKPOINT.match(facts.tree.name(hit))
        if match is None or not facts.is_directory(hit):
            continue
        if facts.child(hit, _STATE) is None:
            continue
        if facts.has_closed(hit):
            raise CannotTellError("a checkpoint cannot be read")
        found.append(Checkpoint(hit, int(match[1]), facts.children(hit)))
    return sorted(found, key=lambda checkpoint: checkpoint.step)


def _best(run: int, checkpoints: list[Checkpoint], facts: Facts) -> tuple[Checkpoint | None, str]:
    """Return the checkpoint that the newest state calls the best, with its score as text."""
    states = [checkpoints[-1].children[_STATE]]
    root_state = facts.child(run, _STATE)
    if root_state is not None:
        states.append(root_state)
    read = [facts.document(state, TrainerState) for state in states]
    newest = max(read, key=lambda state: state.global_step)
    if not newest.best_model_checkpoint:
        return None, ""
    name = newest.best_model_checkpoint.rstrip("/").rsplit("/", 1)[-1].encode("utf-8", "surrogateescape")
    score = f"score {newest.best_metric:.4g}" if newest.best_metric is not None else ""
    for checkpoint in checkpoints:
        if facts.tree.name(checkpoint.index) == name:
            return checkpoint, score
    return None, ""


def _link_targets(run: int, checkpoints: list[Checkpoint], facts: Facts) -> list[Checkpoint]:
    """Return checkpoints that a link in the run points at, such as ``latest``."""
    links = [child for child in facts.children(run).values() if facts.tree.kind(child) is EntryKind.SYMLINK]
    names = {target.rstrip(b"/").rsplit(b"/", 1)[-1] for target in facts.links(links)}
    return [checkpoint for checkpoint in checkpoints if facts.tree.name(checkpoint.index) in names]


def _kept(run: int, kept: dict[int, str], checkpoints: list[Checkpoint], facts: Facts) -> Sighting:
    chosen = [checkpoint for checkpoint in checkpoints if checkpoint.index in kept]
    name = display_name(facts.tree.name(run)) if run else "this run"
    return Sighting(
        "trainer-kept-checkpoint",
        tuple(checkpoint.index for checkpoint in chosen),
        reasons={
            one.index: f"{name}/{display_name(facts.tree.name(one.index))}: {kept[one.index]}."
            for one in chosen
        },
    )


def _older(
    run: int,
    checkpoints: list[Checkpoint],
    kept: dict[int, str],
    withheld: str,
    facts: Facts,
) -> Sighting:
    """Return the sighting of checkpoints that are neither last nor best."""
    older = [checkpoint for checkpoint in checkpoints if checkpoint.index not in kept]
    whole = tuple(Part(one.index, (one.index,)) for one in older)
    state = tuple(Part(entry, (one.index,)) for one in older for entry in one.optimizer)
    names = ", ".join(display_name(facts.tree.name(one.index)) for one in older[:6])
    evidence = [
        f"{len(older)} of {count_noun(len(checkpoints), 'checkpoint')}: {names}"
        f"{' and more' if len(older) > 6 else ''}.",
        *(
            f"{display_name(facts.tree.name(one.index))} stays: {kept[one.index]}."
            for one in checkpoints
            if one.index in kept
        ),
        f"The run's newest change was {facts.shown_age(run)}.",
    ]
    proposals = [
        Proposal(Action.TRASH, "Trash {subjects}", whole),
        Proposal(Action.ARCHIVE, "Archive {subjects}", whole),
    ]
    if state:
        size = facts.shown_size(*(part.entry for part in state))
        evidence.append(f"{size} of it is optimizer state, which can go alone.")
        note = "Weights stay usable; resuming from them starts with a fresh optimizer and says nothing."
        proposals.append(Proposal(Action.TRASH, "Trash only the optimizer state of {subjects}", state, note))
    return Sighting(
        "trainer-old-checkpoint",
        tuple(one.index for one in older),
        evidence=tuple(evidence),
        proposals=tuple(proposals),
        members=tuple(facts.path(index) for index in kept),
        withheld=withheld,
        words={"run": display_name(facts.tree.name(run)) if run else "this run"},
    )


def _optimizer(run: int, spare: list[Checkpoint], withheld: str, facts: Facts) -> Sighting:
    """Return the sighting of optimizer state in checkpoints that are kept for their weights."""
    parts = tuple(Part(entry, (one.index,)) for one in spare for entry in one.optimizer)
    size = facts.size(*(part.entry for part in parts))
    whole = facts.size(*(one.index for one in spare)) or 1
    names = ", ".join(display_name(facts.tree.name(one.index)) for one in spare)
    return Sighting(
        "trainer-optimizer-state",
        tuple(one.index for one in spare),
        parts=parts,
        evidence=(
            f"{names} is kept for its weights; {size / whole:.0%} of it is optimizer state.",
            "It is not the last checkpoint, so a run that goes on does not resume from it.",
        ),
        title=f"Optimizer state of {names} of {display_name(facts.tree.name(run))}" if run else "",
        withheld=withheld,
    )
