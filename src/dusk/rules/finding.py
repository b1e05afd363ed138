"""A finding: a rule recognised something, and says why and what may be done."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field

from dusk.rules.safety import Safety


class Action(enum.Enum):
    """What may be done with a path. Names are those of the documents and the command line."""

    TRASH = "trash"
    """Rename into the trash of the same filesystem; undoable; frees nothing until emptied."""
    ARCHIVE = "archive"
    """Copy elsewhere, verify, then trash the source; undoable."""
    NONE = "none"
    """Nothing is offered."""


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

    @property
    def default_offer(self) -> Offer | None:
        """The first offer, None where nothing is offered."""
        return self.offers[0] if self.offers else None

    @property
    def is_keep(self) -> bool:
        """Whether it must not be suggested."""
        return self.safety is Safety.KEEP
