"""What a person may queue by hand for any entry, beside the trash: one table for every face."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass

from dusk.fs.identity import EntryKind
from dusk.fs.units import count_noun
from dusk.plan.action_words import HARD_LINK, PACKED
from dusk.rules.finding import NO_OPTIONS, Action, ActionOptions

_FILES = frozenset({EntryKind.FILE})
_DIRECTORIES = frozenset({EntryKind.DIRECTORY})
_BOTH = _FILES | _DIRECTORIES
_LINKED = ActionOptions(form=HARD_LINK)
_AS_ONE_FILE = ActionOptions(form=PACKED)
_NAMES = {_FILES: "files only", _DIRECTORIES: "directories only", _BOTH: "files and directories only"}


class Asking(enum.Enum):
    """What must be said before an action can be queued."""

    NOTHING = "nothing"
    """It can be queued at once."""
    PLACE = "place"
    """Where it goes."""
    LINES = "lines"
    """How many lines a shard has."""


@dataclass(frozen=True, slots=True)
class ByHand:
    """One action that may be chosen for entries that no rule offers it for."""

    key: str
    """The letter that chooses it."""
    action: Action
    """What is done."""
    words: str
    """What a menu says."""
    kinds: frozenset[EntryKind]
    """Kinds of entries that it is for."""
    options: ActionOptions = NO_OPTIONS
    """How it is done."""
    asks: Asking = Asking.NOTHING
    """What must be said first."""
    least: int = 1
    """How many entries it takes."""

    def refusal(self, kinds: Sequence[EntryKind]) -> str:
        """Return in a few words why it is not for entries of these kinds; empty when it is."""
        if not kinds or not self.kinds.issuperset(kinds):
            return _NAMES[self.kinds]
        if len(kinds) < self.least:
            return f"mark {count_noun(self.least, 'entry', 'entries')} or more"
        return ""


BY_HAND: tuple[ByHand, ...] = (
    ByHand("c", Action.COMPRESS, "compress to .zst, verified", _FILES),
    ByHand("r", Action.ROTATE, "keep the newest days, pack the rest by day", _BOTH),
    ByHand("s", Action.SPLIT, "split into shards of so many lines", _FILES, asks=Asking.LINES),
    ByHand("q", Action.REQUEUE, "put back in line for its worker", _BOTH),
    ByHand("b", Action.DEDUPE, "let equal files share their blocks", _FILES, least=2),
    ByHand("h", Action.DEDUPE, "make equal files one by hard links", _FILES, _LINKED, least=2),
    ByHand("e", Action.EMPTY_DIRECTORIES, "remove, if no file is at any depth", _DIRECTORIES),
    ByHand("z", Action.ARCHIVE, "archive as one verified .tar.zst", _BOTH, _AS_ONE_FILE, Asking.PLACE),
)
"""All of them, in the order of a menu."""
