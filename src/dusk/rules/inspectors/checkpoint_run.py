"""The checkpoints of one training run, as its tool's inspector found them, and what points at them."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field

from dusk.fs.identity import EntryKind
from dusk.fs.names import display_name
from dusk.rules.facts import WIDE, Facts
from dusk.rules.probe import CannotTellError

KEPT = "training-kept-checkpoint"
"""Rule of what stays of every tool's checkpoints."""
_POINTER = re.compile(
    rb"(last|latest|best|current|checkpoint|newest|resume)[\w.-]{0,60}\Z", re.DOTALL | re.IGNORECASE
)
_CHOSEN = re.compile(
    rb"(?:^|[^a-z])(best|final|last|latest|release|keep|kept|good|gold|prod|production|baseline|important|"
    rb"milestone|submitted|published|paper|ema_best|selected|chosen|average|averaged|swa|soup)(?:$|[^a-z])",
    re.IGNORECASE,
)
_POINTER_SIZE = 4096
_CACHED = (b"models--", b"datasets--", b"spaces--")
_TRACKERS = (b"mlruns", b"mlartifacts", b"wandb", b".wandb")
_HEIGHT = 3
_LINKS = 1000
_LOG = re.compile(rb"(nohup|train|training|output|log|run)\.(log|out|txt)\Z")
_NESTS = (
    b"checkpoints",
    b"checkpoint",
    b"ckpt",
    b"ckpts",
    b"weights",
    b"models",
    b"saves",
    b"saved_models",
    b"snapshots",
)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """One checkpoint of a run."""

    entry: int
    """Its directory or its file."""
    order: float
    """Its step: the biggest is the last."""
    companions: tuple[int, ...] = ()
    """Files that are useless without it."""
    optimizer: tuple[int, ...] = ()
    """Files that only resuming needs; empty where they cannot be told apart or hold weights."""
    fault: str = ""
    """Why it cannot be loaded; empty when nothing shows that."""
    unresumable: str = ""
    """Why training cannot resume from it although its weights are whole; empty when nothing shows that."""

    @property
    def entries(self) -> tuple[int, ...]:
        """All that goes with it."""
        return (self.entry, *self.companions)


@dataclass(slots=True)
class Run:
    """A series of checkpoints as one tool's inspector found it."""

    rule: str
    """Rule of the older ones."""
    directory: int
    """What holds them."""
    checkpoints: list[Checkpoint]
    """All of them, in any order."""
    best: dict[int, str] = field(default_factory=dict)
    """Entries that are the best one, each with the sentence's end: "it is the best one (loss 0.2)"."""
    reasons: dict[int, str] = field(default_factory=dict)
    """Entries that stay for another reason, each with it."""
    also_kept: dict[int, str] = field(default_factory=dict)
    """Entries that are no checkpoints of the series but stay with it, each with the reason."""
    last_reason: str = "it is the last one: training resumes from it"
    """Why the last one stays, where nothing else is said."""
    unsure: str = ""
    """Why nobody can tell which one is the best; then nothing is offered."""
    evidence: tuple[str, ...] = ()
    """Further sentences about the older ones."""
    optimizer_note: str = (
        "Weights stay usable; resuming from them starts with a fresh optimizer and says nothing."
    )
    """What is lost when only optimizer state goes."""
    words: dict[str, str] = field(default_factory=dict)
    """Further words for the rule's texts."""
    kept_rule: str = KEPT
    """Rule of what stays."""
    noun: tuple[str, str] = ("checkpoint", "checkpoints")
    """What one and several are called."""


def run_name(directory: int, facts: Facts) -> str:
    """Return what people call a run: its directory's name, or the one above ``checkpoints``."""
    root = run_root(directory, facts)
    return display_name(facts.tree.name(root)) if root else "this run"


def run_root(directory: int, facts: Facts) -> int:
    """Return the directory in which a run writes logs as well: the one above ``checkpoints``."""
    parent = facts.tree.parent(directory)
    return parent if parent > 0 and facts.tree.name(directory).lower() in _NESTS else directory


def is_live(directory: int, facts: Facts) -> bool:
    """Return whether a run changed so recently that it may be training, or its log beside it did."""
    root = run_root(directory, facts)
    if facts.is_live(root):
        return True
    parent = facts.tree.parent(root)
    if parent < 0 or facts.tree.child_count(parent) > WIDE:
        return False
    own = facts.tree.name(root) + b"."
    return any(
        facts.is_file(child)
        and (facts.tree.name(child).startswith(own) or _LOG.match(facts.tree.name(child)))
        and facts.is_live(child)
        for child in facts.tree.children(parent)
    )


def is_held_elsewhere(directory: int, facts: Facts) -> bool:
    """Return whether a download, a tracker's record or an installed package holds a directory.

    What lies in these goes with the whole or with their own tool, never step by step.
    """
    above = [facts.tree.name(directory), *facts.ground.names_above(directory)]
    if facts.ground.is_managed(directory) or any(name.startswith(_CACHED) for name in above):
        return True
    if b"artifacts" in above and any(name in _TRACKERS for name in above):
        return True
    places = (directory, *facts.ground.ancestors(directory)[:_HEIGHT])
    return any(facts.child(place, b".cache", b"huggingface", b"download") is not None for place in places)


def is_chosen(name: bytes) -> bool:
    """Return whether a name says that somebody or some tool chose it: best, final, release and so on."""
    return _CHOSEN.search(name) is not None


def last_number(name: bytes) -> int | None:
    """Return the last number in a name, None when there is none or it is too long to be a step."""
    numbers = re.findall(rb"\d+", name)
    return int(numbers[-1]) if numbers and len(numbers[-1]) <= 12 else None


def pointed_at(directory: int, names: dict[bytes, int], facts: Facts) -> dict[int, str]:
    """Return the entries that links or small files such as ``latest`` name, each with the reason."""
    found: dict[int, str] = {}
    for link, target in _links_around(directory, facts):
        entry = _led_to(link, target, directory, names, facts)
        if entry is not None:
            found.setdefault(entry, f"the link {display_name(facts.tree.name(link))} points at it")
    texts = [
        child
        for name, child in facts.children(directory).items()
        if _POINTER.match(name)
        and facts.is_file(child)
        and 0 < facts.tree.apparent_size(child) <= _POINTER_SIZE
    ]
    for text, head in zip(texts, facts.heads(texts, _POINTER_SIZE), strict=True):
        for name in re.findall(rb"[^\s\"'/:,\\{}\[\]]+", head or b""):
            if name in names:
                found.setdefault(names[name], f"{display_name(facts.tree.name(text))} names it")
    return found


def _links_around(directory: int, facts: Facts) -> list[tuple[int, bytes]]:
    """Return the symbolic links of a run and of the two directories above it, with their targets."""
    links = [
        child
        for place in (directory, *facts.ground.ancestors(directory)[:2])
        if facts.tree.child_count(place) <= WIDE and not facts.is_closed(place)
        for child in facts.tree.children(place)
        if facts.tree.kind(child) is EntryKind.SYMLINK
    ]
    return list(zip(links, facts.links(links[:_LINKS]), strict=False))


def _led_to(link: int, target: bytes, directory: int, names: dict[bytes, int], facts: Facts) -> int | None:
    """Return which of the names a link leads to or into, None when it leads elsewhere."""
    place = facts.tree.parent(link)
    if place == directory and b"/" not in target.rstrip(b"/"):
        return names.get(target.rstrip(b"/"))
    path = os.path.normpath(os.path.join(facts.path(place), target))
    top = facts.path(directory).rstrip(b"/") + b"/"
    if path.startswith(top):
        return names.get(path[len(top) :].split(b"/")[0])
    # A run that was moved: the link still says where it was.
    return names.get(path.rsplit(b"/", 1)[-1]) if place == directory else None


def readable(entry: int, facts: Facts) -> dict[bytes, int]:
    """Return a checkpoint's children; raises CannotTellError when part of it cannot be looked at."""
    if facts.has_closed(entry):
        raise CannotTellError("a checkpoint cannot be read")
    return facts.children(entry)
