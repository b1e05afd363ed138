"""What the checkpoints of one run say: what stays and why, what may be offered of the rest, what was cut off.

The same for all tools: their inspectors find the checkpoints and what points at them.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Container, Iterator, Sequence

from dusk.fs.names import display_name
from dusk.fs.units import count_noun, format_size
from dusk.rules.facts import Facts
from dusk.rules.finding import Action
from dusk.rules.inspectors.checkpoint_run import (
    Checkpoint,
    Run,
    is_chosen,
    is_held_elsewhere,
    is_live,
    pointed_at,
    run_name,
    run_root,
)
from dusk.rules.inspectors.soundness import fault_in
from dusk.rules.retention import Member
from dusk.rules.sighting import Part, Proposal, Sighting

INTERRUPTED = "checkpoint-interrupted-save"
"""Rule of checkpoints whose saving did not end."""
OPTIMIZER = "trainer-optimizer-state"
"""Rule of optimizer state beside weights that stay."""
_LATER = 60.0  # seconds that a lower step must be newer, before it counts as a run that began anew
_LOOKED_AT = 4  # newest checkpoints whose files are looked at for an interrupted save
_NAMED = 6
# Tables, documents, pictures and recordings: what people keep beside the weights that they looked at.
_PEOPLES = (
    b".csv", b".tsv", b".xls", b".xlsx", b".ods", b".pdf", b".doc", b".docx", b".odt", b".png", b".jpg",
    b".jpeg", b".gif", b".webp", b".svg", b".mp4", b".mov", b".wav", b".mp3", b".flac",
)  # fmt: skip
_INNER = 200  # directories inside a checkpoint whose configurations count as its own


def sight(run: Run, facts: Facts) -> Iterator[Sighting]:
    """Yield what a run says: what stays, older ones, optimizer state beside weights, interrupted saves."""
    if is_held_elsewhere(run.directory, facts):
        return
    ordered = _with_faults(sorted(run.checkpoints, key=lambda one: one.order), facts)
    sound = [one for one in ordered if not one.fault]
    if not sound:
        return
    usual = _usual(ordered, facts)
    broken = [one for one in ordered if one.fault and not _somebodys(one.entry, usual, facts)]
    kept = _kept(run, sound, usual, facts)
    yield _kept_sighting(run, sound, kept, facts)
    withheld = _withheld(run, facts)
    if any(one.entry not in kept for one in sound):
        yield _older(run, sound, kept, withheld or run.unsure, facts)
    resumed = _resumed(run, sound, facts)
    spare = [
        one for one in sound[:-1] if one.entry in run.best and one.optimizer and one.entry not in resumed
    ]
    if spare:
        yield optimizer_sighting(
            [(one.entry, one.optimizer) for one in spare], run_name(run.directory, facts), withheld, facts
        )
    if broken:
        yield interrupted(
            [one.entry for one in broken],
            {one.entry: one.companions for one in broken},
            [f"{display_name(facts.tree.name(one.entry))}: {one.fault}." for one in broken[:_NAMED]],
            withheld,
            facts,
        )


def optimizer_sighting(
    spare: Sequence[tuple[int, tuple[int, ...]]], name: str, withheld: str, facts: Facts
) -> Sighting:
    """Return the sighting of optimizer state in checkpoints that are kept for their weights."""
    parts = tuple(Part(entry, (owner,)) for owner, entries in spare for entry in entries)
    size = facts.size(*(part.entry for part in parts))
    whole = facts.size(*(owner for owner, _ in spare)) or 1
    names = ", ".join(display_name(facts.tree.name(owner)) for owner, _ in spare[:_NAMED])
    return Sighting(
        OPTIMIZER,
        tuple(owner for owner, _ in spare),
        parts=parts,
        evidence=(
            f"{names} is kept for its weights; {size / whole:.0%} of it is optimizer state.",
            "It is not the last checkpoint, so a run that goes on does not resume from it.",
        ),
        title=f"Optimizer state of {names} of {name}",
        withheld=withheld,
    )


def interrupted(
    entries: Sequence[int],
    companions: dict[int, tuple[int, ...]],
    evidence: Sequence[str],
    withheld: str,
    facts: Facts,
) -> Sighting:
    """Return the sighting of saves that did not end."""
    parts = tuple(Part(each, (entry,)) for entry in entries for each in (entry, *companions.get(entry, ())))
    if not withheld and facts.is_live(*(part.entry for part in parts)):
        withheld = "it changed a moment ago: a program may still write it."
    return Sighting(INTERRUPTED, tuple(entries), parts=parts, evidence=tuple(evidence), withheld=withheld)


def _with_faults(ordered: list[Checkpoint], facts: Facts) -> list[Checkpoint]:
    """Look at the newest checkpoints until one is whole: a crash while saving spoils the last one."""
    result = list(ordered)
    for position in range(len(result) - 1, max(-1, len(result) - 1 - _LOOKED_AT), -1):
        one = result[position]
        fault = one.fault or next(filter(None, (fault_in(entry, facts) for entry in one.entries)), "")
        if not fault:
            break
        if one.optimizer and not one.fault and not fault_in(one.entry, facts, without=one.optimizer):
            result[position] = dataclasses.replace(one, unresumable=fault)
        else:
            result[position] = dataclasses.replace(one, fault=fault)
    return result


def _kept(run: Run, sound: list[Checkpoint], usual: Container[bytes], facts: Facts) -> dict[int, str]:
    """Return which checkpoints stay, each with the reason."""
    last = sound[-1]
    kept = {last.entry: run.reasons.get(last.entry, run.last_reason)}
    if last.unresumable:
        kept[last.entry] = f"it has the last weights, but nothing resumes from it: {last.unresumable}"
        whole = [one for one in sound if not one.unresumable]
        if whole:
            kept[whole[-1].entry] = run.last_reason
    members = [Member(one.entry, one.order, facts.age(*one.entries)) for one in sound]
    for entry, reason in facts.retention.for_rule(run.rule).apply(members).reasons.items():
        kept.setdefault(entry, reason)
    for entry, reason in run.best.items():
        kept[entry] = f"{kept[entry]}, and {reason}" if entry in kept else reason
    for entry, reason in (*run.reasons.items(), *_resumed(run, sound, facts).items()):
        kept.setdefault(entry, reason)
    for one in sound:
        if is_chosen(facts.tree.name(one.entry)):
            kept.setdefault(one.entry, "its name says that it was chosen")
        elif one.entry not in kept and (name := _somebodys(one.entry, usual, facts)):
            kept[one.entry] = f"it holds {display_name(name)}, which no other checkpoint of the run does"
    return kept


def _somebodys(entry: int, usual: Container[bytes], facts: Facts) -> bytes:
    """Return the name of a file in a checkpoint that a person put there, empty when there is none."""
    return next((name for name in _peoples(entry, facts) if name not in usual), b"")


def _usual(checkpoints: Sequence[Checkpoint], facts: Facts) -> frozenset[bytes]:
    """Return what training itself writes into its checkpoints: samples, measurements, in several of them."""
    seen: Counter[bytes] = Counter()
    for one in checkpoints:
        seen.update(set(_peoples(one.entry, facts)))
    return frozenset(name for name, count in seen.items() if count > 1)


def _peoples(entry: int, facts: Facts) -> tuple[bytes, ...]:
    """Return the names of files at or below that end as people's work does."""
    return facts.remembered(_peoples_below, entry) if facts.is_directory(entry) else ()


def _peoples_below(directory: int, facts: Facts) -> tuple[bytes, ...]:
    names = ((facts.tree.name(one), one) for one in facts.tree.subtree(directory))
    return tuple(name for name, one in names if name.lower().endswith(_PEOPLES) and facts.is_file(one))


def _resumed(run: Run, sound: list[Checkpoint], facts: Facts) -> dict[int, str]:
    """Return checkpoints that training may go on from although they are not the last by number."""
    names = {facts.tree.name(one.entry): one.entry for one in sound}
    found = pointed_at(run.directory, names, facts)
    newest = min(sound, key=lambda one: facts.age(*one.entries))
    if facts.age(*newest.entries) + _LATER < facts.age(*sound[-1].entries):
        found.setdefault(newest.entry, "it was written last: a run may have begun anew")
    return found


def _withheld(run: Run, facts: Facts) -> str:
    if not is_live(run.directory, facts):
        return ""
    root = run_root(run.directory, facts)
    if facts.is_live(root):
        return f"the run changed {facts.shown_age(root)} and may still be training."
    return "a log beside the run changed a moment ago: it may still be training."


def _kept_sighting(run: Run, sound: list[Checkpoint], kept: dict[int, str], facts: Facts) -> Sighting:
    name = run_name(run.directory, facts)
    stays = {one.entry: kept[one.entry] for one in sound if one.entry in kept}
    reasons = {
        entry: f"{name}/{display_name(facts.tree.name(entry))}: {reason}."
        for entry, reason in (*stays.items(), *run.also_kept.items())
    }
    entries = [entry for one in sound if one.entry in kept for entry in one.entries]
    return Sighting(run.kept_rule, (*entries, *run.also_kept), reasons=reasons)


def _older(run: Run, sound: list[Checkpoint], kept: dict[int, str], withheld: str, facts: Facts) -> Sighting:
    """Return the sighting of checkpoints that nothing speaks for."""
    older = [one for one in sound if one.entry not in kept]
    whole = tuple(
        Part(entry, (one.entry,)) for one in older for entry in (*one.entries, *_inner(one.entry, facts))
    )
    state = tuple(Part(entry, (one.entry,)) for one in older for entry in one.optimizer)
    names = ", ".join(display_name(facts.tree.name(one.entry)) for one in older[:_NAMED])
    evidence = [
        f"{len(older)} of {count_noun(len(sound), *run.noun)}: {names}"
        f"{' and more' if len(older) > _NAMED else ''}.",
        *(f"{display_name(facts.tree.name(entry))} stays: {reason}." for entry, reason in kept.items()),
        *run.evidence,
        f"The run's newest change was {facts.shown_age(run.directory)}.",
    ]
    proposals = [
        Proposal(Action.TRASH, "Trash {subjects}", whole),
        Proposal(Action.ARCHIVE, "Archive {subjects}", whole),
    ]
    if state:
        size = format_size(facts.size(*(part.entry for part in state)))
        evidence.append(f"{size} of it is optimizer state, which can go alone.")
        proposals.append(
            Proposal(Action.TRASH, "Trash only the optimizer state of {subjects}", state, run.optimizer_note)
        )
    return Sighting(
        run.rule,
        tuple(one.entry for one in older),
        parts=whole,
        evidence=tuple(evidence),
        proposals=tuple(proposals),
        members=tuple(facts.path(entry) for entry in kept),
        withheld=withheld,
        words={"run": run_name(run.directory, facts), **run.words},
    )


def _inner(entry: int, facts: Facts) -> tuple[int, ...]:
    """Return the directories inside a checkpoint: what lies in them belongs to it as well."""
    found: list[int] = []
    waiting = [entry] if facts.is_directory(entry) else []
    while waiting and len(found) < _INNER:
        for child in facts.tree.children(waiting.pop()):
            if facts.is_directory(child):
                found.append(child)
                waiting.append(child)
    return tuple(found)
