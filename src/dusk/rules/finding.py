"""A finding: a rule recognised something, and says why and what may be done."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field

from dusk.rules.safety import Safety
from dusk.rules.severity import Severity


class Action(enum.Enum):
    """What may be done with a path. Names are those of the documents and the command line."""

    TRASH = "trash"
    """Rename into the trash of the same filesystem; undoable; frees nothing until emptied."""
    ARCHIVE = "archive"
    """Copy elsewhere, verify, then trash the source; undoable."""
    COMPRESS = "compress"
    """Write a verified compressed file beside it, then trash the original; undoable."""
    ROTATE = "rotate"
    """Keep the newest days of a pile or log, pack the rest by day, then trash what was packed; undoable."""
    SPLIT = "split"
    """Cut a file of lines into shards, prove them equal, then trash the original; undoable."""
    REQUEUE = "requeue"
    """Move the items of a stuck queue back to where its worker picks them up; undoable."""
    DEDUPE = "dedupe"
    """Let equal files share their blocks; contents, names and times stay; undoable where names are linked."""
    EMPTY_DIRECTORIES = "empty-dirs"
    """Remove directories that hold nothing, bottom up; undo makes them again."""
    NATIVE = "native"
    """Run the command of the tool that owns it; dusk cannot take it back."""
    SCAFFOLD = "scaffold"
    """Make the directories of a new layout; undo removes those that are still empty."""
    NONE = "none"
    """Nothing is offered."""


@dataclass(frozen=True, slots=True)
class ActionOptions:
    """How an action is to be done, where there is a choice; what an action does not ask for stays empty."""

    form: str = ""
    """Archive: ``copy`` or ``tar.zst``. Dedupe: ``reflink`` or ``hard-link``. Empty for the default."""
    keep_days: int = 0
    """Rotate: how many of the newest days stay as they are; 0 for the setting."""
    lines: int = 0
    """Split: lines in a shard; 0 for the setting."""
    command: tuple[str, ...] = ()
    """Native: the owner's command, word by word."""
    preview: tuple[str, ...] = ()
    """Native: the command that only says what would be done; empty where the tool has none."""
    names: tuple[str, ...] = ()
    """Scaffold: relative paths of the directories to make."""


NO_OPTIONS = ActionOptions()


@dataclass(frozen=True, slots=True)
class Offer:
    """One thing that may be done about a finding, with its three figures."""

    action: Action
    """What would be done."""
    label: str
    """What a menu shows: "Trash the optimizer state of 3 checkpoints"."""
    paths: tuple[bytes, ...]
    """Exactly what would be acted on, absolute."""
    apparent_size: int
    """Apparent bytes of these paths."""
    disk_size: int
    """Disk bytes of these paths, each inode once."""
    frees_now: int
    """Bytes free on this filesystem right after acting."""
    frees_after_purge: int
    """Bytes free once the trash is emptied; less than the disk size where other links stay."""
    note: str = ""
    """What is lost with this choice, when it is not all of the finding."""
    options: ActionOptions = NO_OPTIONS
    """How it would be done."""
    is_at_most: bool = False
    """Whether the freed figures are upper bounds: what is made in its place is known at the review."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something a rule recognised."""

    rule: str
    """Rule id, such as ``hf-detached-revision``."""
    title: str
    """What it is, in a few words: "Old revisions of a cached model"."""
    family: str
    """Group in lists: ``model cache``, ``checkpoint``, ``stuck queue``, ``python cache``, ``keep``."""
    tag: str
    """At most 14 cells, for the row of the tree: ``old ckpt``, ``hf cache``."""
    paths: tuple[bytes, ...]
    """What it is about, absolute, most telling first."""
    entries: tuple[int, ...]
    """The same as indexes of the tree; -1 where the tree does not hold it."""
    safety: Safety
    """How much losing it would hurt."""
    what: str
    """What this is and why it is here, for someone who never saw one."""
    evidence: tuple[str, ...]
    """Why dusk thinks so: sentences with the numbers found."""
    cost: str
    """What deleting it costs."""
    recover: str
    """How it comes back, with an estimate."""
    command: str
    """The command by hand, printable and quoted."""
    apparent_size: int
    """Apparent bytes of all paths, each inode once."""
    disk_size: int
    """Disk bytes of all paths, each inode once."""
    shared_size: int
    """Disk bytes among them that something outside still needs or still links to."""
    newest_mtime_ns: int
    """Newest change in it."""
    offers: tuple[Offer, ...] = ()
    """What may be done, the default first; empty means nothing is offered."""
    source: str = ""
    """Where the facts come from."""
    members: tuple[bytes, ...] = field(default=())
    """Paths kept for reference: last and best checkpoint, the revision in use."""
    severity: Severity = Severity.TIDY_UP
    """How much it matters on this disk."""

    @property
    def default_offer(self) -> Offer | None:
        """The first offer, None where nothing is offered."""
        return self.offers[0] if self.offers else None

    @property
    def is_keep(self) -> bool:
        """Whether it must not be suggested."""
        return self.safety is Safety.KEEP
