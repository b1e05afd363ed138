"""Names that count steps or epochs, and names that count something else: folds, seeds, shards, versions."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

_WORDS = (
    rb"step|steps|global_?step|epoch|epochs|ep|e|iter|iters|iteration|iterations|it|itr|update|updates|ckpt|"
    rb"checkpoint|cp|chkpt|chk|ba|kimg|snapshot"
)
# A number behind or before one of these words says how far a run had come.
_COUNTED = re.compile(
    rb"(?P<stem>(?:.*(?:[^A-Za-z]|\A))?(?:" + _WORDS + rb")[-_=.]?)(?P<number>\d{1,12})(?P<end>(?!\d).*)\Z",
    re.IGNORECASE | re.DOTALL,
)
_BEFORE = re.compile(
    rb"(?P<stem>(?:.*[-_.=])?)(?P<number>\d{1,12})[-_]?"
    rb"(?P<end>(?:steps?|epochs?|iters?|iterations?|it|updates?|adapters)(?![A-Za-z]).*)\Z",
    re.IGNORECASE | re.DOTALL,
)
_STEP_BEHIND_EPOCH = re.compile(
    rb"(?P<stem>.*epoch.*[^A-Za-z](?:global_?)?steps?[-_=.]?)(?P<number>\d{1,12})(?P<end>(?!\d).*)\Z",
    re.IGNORECASE | re.DOTALL,
)
# Keras writes {epoch:02d}-{val_loss:.2f}: a number with a score behind it is an epoch.
_SCORED = re.compile(rb"(?P<stem>.*[-_.])(?P<number>\d{1,6})(?P<end>-\d+\.\d+\D.*)\Z", re.DOTALL)
# fairseq writes checkpoint_EPOCH_UPDATES.pt; the updates count on from epoch to epoch. Shorter second numbers
# may be epochs of several folds.
_UPDATES = re.compile(rb"(?P<stem>checkpoint_)\d{1,5}_(?P<number>\d{4,12})(?P<end>\.pt)\Z")
_BARE = re.compile(rb"(?P<stem>)(?P<number>\d{1,12})(?P<end>)\Z")
# These count things of which each is a result of its own, or a part of one.
_NOT_STEPS = re.compile(
    rb"(?:^|[^A-Za-z])(fold|cv|seed|rank|shard|part|split|gpu|worker|node|layer|block|expert|member|ens|ensemble|"
    rb"trial|chunk|bucket|slice|replica|proc|process|device|stage|phase|task|subject|client|agent|run|exp|state)"
    rb"s?[-_=]?\d",
    re.IGNORECASE,
)
_SHARD = re.compile(rb"\d+-?of-?\d+")
_SCORE_BEHIND = re.compile(rb"-?\d+\.\d+(?:e[-+]?\d+)?|(?<==)-?\d+", re.IGNORECASE)
_SCORE_BEFORE = re.compile(
    rb"(?<==)-?\d+(?:\.\d+)?|(?<=epoch)[-_=]?\d+|(?:(?<=[^A-Za-z]ep)|(?<=\Aep))\d+", re.IGNORECASE
)
_STEP_OF_A_RECIPE = re.compile(rb"(^|[^A-Za-z])steps?[-_=.]?\0", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Counted:
    """A name that says how far a run had come."""

    stem: bytes
    """What the series has in common before and behind the number; the number itself is a NUL."""
    number: int
    """Step or epoch."""


@dataclass(frozen=True, slots=True)
class Series:
    """Names that differ in their number, and in scores, alone."""

    stem: bytes
    """What they have in common."""
    members: tuple[tuple[int, int], ...]
    """Number and entry, smallest number first."""

    @property
    def may_be_a_recipe(self) -> bool:
        """Whether the numbers may be those of a recipe: step1, step2, step3 are three different things."""
        numbers = [number for number, _ in self.members]
        return (
            _STEP_OF_A_RECIPE.search(self.stem) is not None
            and numbers[0] <= 1
            and numbers[-1] < 10
            and numbers[-1] - numbers[0] == len(numbers) - 1
        )


def counted(name: bytes, *, bare: bool = False) -> Counted | None:
    """Return the step that a name says, None when its number is none; ``bare`` takes mere digits as well."""
    if _NOT_STEPS.search(name) or _SHARD.search(name):
        return None
    patterns = (_UPDATES, _STEP_BEHIND_EPOCH, _COUNTED, _BEFORE, _SCORED, *((_BARE,) if bare else ()))
    match = next(filter(None, (pattern.match(name) for pattern in patterns)), None)
    if match is None:
        return None
    stem = _SCORE_BEFORE.sub(b"#", match["stem"]) + b"\0" + _SCORE_BEHIND.sub(b"#", match["end"])
    return Counted(stem, int(match["number"]))


def series(names: Iterable[tuple[bytes, int]], *, bare: bool = False) -> list[Series]:
    """Group names with their entries into series; names that say no step are left out."""
    found: dict[bytes, list[tuple[int, int]]] = {}
    for name, entry in names:
        one = counted(name, bare=bare)
        if one is not None:
            found.setdefault(one.stem, []).append((one.number, entry))
    return [Series(stem, tuple(sorted(members))) for stem, members in found.items()]
