"""Checkpoints of PyTorch Lightning, and of NeMo, which is built on it: last, best and the rest.

Source: lightning 2.6, ``model_checkpoint.py`` (names; the callback's state holds ``best_model_path``) and
``checkpoint_connector.py`` (what a checkpoint holds). Nothing is unpickled: the state is found as bytes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from dusk.fs.identity import EntryKind
from dusk.fs.names import display_name
from dusk.rules.facts import Facts
from dusk.rules.headers.torch_checkpoint import LightningState, read_lightning
from dusk.rules.inspectors.checkpoint_run import Checkpoint, Run
from dusk.rules.inspectors.checkpoint_sightings import interrupted, sight
from dusk.rules.inspectors.metrics import best_by_scores, scores_in
from dusk.rules.probe import HEAD, CannotTellError
from dusk.rules.sighting import Sighting

_EPOCH = re.compile(rb"epoch[=_-]?(\d+)")
_STEP = re.compile(rb"step[=_-]?(\d+)")
_UNFINISHED = b"-unfinished"
_HEADS = (HEAD, 1024 * 1024, 8 * 1024 * 1024)
"""The callbacks' state stands behind the list of weights: a head for small, for big and for huge models."""
_SERIES = 500  # checkpoints in one directory
_SHARD_MARKS = (b".metadata", b"common.pt", b"metadata.json")
_DIRECTORY_MARKS = (b"meta.pt", b".metadata", b"checkpoint", b"weights", b"common.pt")
# One file for each rank of a model that is cut in parts: they only go together, so nothing is said of them.
_RANK = re.compile(rb"(mp|tp|pp)_rank_\d+")


@dataclass(frozen=True, slots=True)
class _Saved:
    """One checkpoint with what it says of itself."""

    entry: int
    name: bytes
    state: LightningState | None

    @property
    def order(self) -> float:
        """Epoch and step, from the file itself where it says them, else from its name."""
        epoch = self.state.epoch if self.state else None
        step = self.state.step if self.state else None
        named_epoch, named_step = _EPOCH.search(self.name), _STEP.search(self.name)
        if step is None and named_step:
            step = int(named_step[1])
        if epoch is None and named_epoch:
            epoch = int(named_epoch[1])
        return (step or 0) * 1e5 + (epoch or 0)


def inspect_lightning(directory: int, hits: list[int], facts: Facts) -> Iterator[Sighting]:
    """Yield what a directory of ``.ckpt`` files says; raises CannotTellError."""
    if facts.ground.is_managed(directory) or _RANK.match(facts.tree.name(directory)):
        return
    saved = _saved([hit for hit in dict.fromkeys(hits) if facts.tree.name(hit).endswith(b".ckpt")], facts)
    unfinished = [hit for hit in hits if facts.tree.name(hit).endswith(_UNFINISHED)]
    if not saved:
        return
    yield from _sights("lightning-old-checkpoint", directory, saved, unfinished, facts)


def _sights(
    rule: str, directory: int, saved: list[_Saved], unfinished: Sequence[int], facts: Facts
) -> Iterator[Sighting]:
    """Yield what stays, what may go and what was cut off of some checkpoints."""
    spoilt = {facts.tree.name(hit).removesuffix(_UNFINISHED): hit for hit in unfinished}
    whole = [one for one in saved if one.name not in spoilt]
    if not whole:
        return
    ordered = sorted(whole, key=lambda one: (one.order, -facts.age(one.entry)))
    best, unsure = _best(ordered, facts)
    run = Run(
        rule=rule,
        directory=directory,
        checkpoints=[Checkpoint(one.entry, position) for position, one in enumerate(ordered)],
        best=best,
        reasons=_resumed(ordered),
        also_kept=_links(directory, facts),
        unsure=unsure,
        evidence=_evidence(ordered),
    )
    yield from sight(run, facts)
    for one in saved:
        if one.name in spoilt:
            said = (
                f"{display_name(one.name)}: the marker {display_name(one.name + _UNFINISHED)} lies beside it."
            )
            yield interrupted([one.entry], {one.entry: (spoilt[one.name],)}, [said], "", facts)


def inspect_nemo(directory: int, hits: list[int], facts: Facts) -> Iterator[Sighting]:
    """Yield what a directory of NeMo 2 checkpoints says: each has ``weights`` and ``context``."""
    if facts.ground.is_managed(directory):
        return
    found = [
        entry
        for entry in dict.fromkeys(facts.tree.parent(hit) for hit in hits)
        if entry != directory
        and any(facts.child(entry, b"weights", mark) is not None for mark in _SHARD_MARKS)
    ]
    saved = [_Saved(entry, facts.tree.name(entry), None) for entry in found]
    if saved:
        yield from _sights("nemo-old-checkpoint", directory, saved, (), facts)


def _saved(entries: list[int], facts: Facts) -> list[_Saved]:
    """Return those of the entries that Lightning wrote: files by their head, directories by their parts."""
    if len(entries) > _SERIES:
        raise CannotTellError(f"it holds more than {_SERIES:,} checkpoints")
    files = [entry for entry in entries if facts.is_file(entry)]
    saved = []
    for entry, head in zip(files, facts.heads(files), strict=True):
        state = read_lightning(head or b"")
        if state is not None:
            saved.append(_Saved(entry, facts.tree.name(entry), state))
    for entry in entries:
        if facts.is_directory(entry) and any(
            facts.child(entry, mark) is not None for mark in _DIRECTORY_MARKS
        ):
            saved.append(_Saved(entry, facts.tree.name(entry), None))
    return saved


def _best(ordered: list[_Saved], facts: Facts) -> tuple[dict[int, str], str]:
    """Return the best ones, and why nobody can tell where nobody can."""
    best = best_by_scores({one.entry: scores_in(one.name) for one in ordered})
    paths = _best_paths(ordered, facts)
    called = {path.rstrip(b"/").rsplit(b"/", 1)[-1] for path in paths}
    for one in ordered:
        if one.name in called:
            best.setdefault(one.entry, "it is the best one, as the newest checkpoint's own state says")
    if not best and not paths and len(ordered) > 1:
        return best, "nothing in the names or in the files says which of them is the best."
    return best, ""


def _best_paths(ordered: list[_Saved], facts: Facts) -> tuple[bytes, ...]:
    """Return what the newest checkpoints call the best; several callbacks may have said one each."""
    last = ordered[-1].order
    found: dict[bytes, None] = {}
    for one in [each for each in ordered if each.order == last and each.state is not None]:
        state = one.state
        for limit in _HEADS:
            if state is None or state.best:
                break
            if facts.tree.entry(one.entry).identity.size <= limit // 16:
                break
            state = read_lightning(facts.head(one.entry, limit))
        found.update(dict.fromkeys(state.best if state else ()))
    return tuple(found)


def _resumed(ordered: list[_Saved]) -> dict[int, str]:
    """Return the checkpoints that training resumes from: those of the last step and those called last."""
    newest = {one.entry: "it is of the last step" for one in ordered if one.order == ordered[-1].order}
    named = {one.entry: "it is called so: training resumes from it" for one in ordered if _is_last(one.name)}
    return {**newest, **named}


def _is_last(name: bytes) -> bool:
    return re.match(rb"(last|hpc_ckpt)|.*-last", name) is not None


def _links(directory: int, facts: Facts) -> dict[int, str]:
    return {
        child: "it leads to the last or the best one"
        for name, child in facts.children(directory).items()
        if facts.tree.kind(child) is EntryKind.SYMLINK and name.endswith(b".ckpt")
    }


def _evidence(ordered: list[_Saved]) -> tuple[str, ...]:
    if ordered[-1].state is None:
        return ("Each is a directory with shards, as Lightning saves models that several GPUs share.",)
    return ("Each begins as Lightning's checkpoints do; about two thirds of one is optimizer state.",)
