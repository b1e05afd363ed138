"""What the journal remembers: one record for each thing acted on, grouped in batches."""

from __future__ import annotations

import enum
import os
from dataclasses import dataclass

from dusk.fs.identity import EntryKind, Identity


class State(enum.Enum):
    """How far one act came. Only ``done`` and what follows it are ends that a user asked for."""

    INTENT = "intent"
    """Written before anything is touched."""
    COPIED = "copied"
    """What was made is whole under its working name."""
    VERIFIED = "verified"
    """What was made was read back, is equal and has its final name; the source is still there. Of a return:
    the source is back, and what had replaced it is still there."""
    DONE = "done"
    """Acted, and durable."""
    FAILED = "failed"
    """Nothing was changed; ``error`` says why."""
    UNDONE = "undone"
    """Was done and was taken back."""
    PURGED = "purged"
    """Was done, and then the trash was emptied."""
    AMBIGUOUS = "ambiguous"
    """Interrupted, and neither end can be proven; a person has to look."""


OPEN_STATES = (State.INTENT, State.COPIED, State.VERIFIED)
"""What only an interrupted act leaves behind."""


class BatchKind(enum.Enum):
    """What a batch of the journal did."""

    ACT = "act"
    """Carried out a plan."""
    UNDO = "undo"
    """Took another batch back."""
    RESTORE = "restore"
    """Put items back from the trash."""
    EMPTY = "empty"
    """Deleted items of the trash for good."""


@dataclass(frozen=True, slots=True)
class Record:
    """One thing acted on, with all that is needed to recover or to take it back."""

    source: bytes
    """Absolute path acted on; for a restore, the place that it returns to."""
    identity: Identity
    """Which inode it was."""
    action: str
    """The value of an ``Action``, or ``restore`` or ``empty``."""
    state: State = State.INTENT
    """How far it came."""
    id: int = 0
    """Number in the journal; 0 until it was written."""
    batch: int = 0
    """Batch that it belongs to."""
    mode: int = 0
    """``st_mode`` of the entry."""
    owner: int = 0
    """User id of its owner, which matters when root acts."""
    group: int = 0
    """Its group id."""
    entries: int = 1
    """Entries at and below it."""
    apparent_size: int = 0
    """Apparent bytes at and below it."""
    disk_size: int = 0
    """Disk bytes at and below it."""
    frees_after_purge: int = 0
    """Disk bytes that come back once the trash is emptied."""
    fingerprint: str = ""
    """Digest of the tree at and below it as reviewed."""
    title: str = ""
    """What it was, in a few words."""
    safety: str = ""
    """How much losing it would hurt, as judged then."""
    rule: str = ""
    """The rule that knew it."""
    insisted: bool = False
    """Whether a person said yes to an objection."""
    parent_before_ns: int = 0
    """Modification time of its directory before the act."""
    parent_after_ns: int = 0
    """Modification time of its directory after the act; unchanged means that nothing else happened there."""
    trash: bytes = b""
    """Trash directory that holds it."""
    trash_name: bytes = b""
    """Its name there."""
    destination: bytes = b""
    """Where what replaces it is: an archive's copy, the first product; before that, the directory for it."""
    working: bytes = b""
    """Directory that holds an unfinished copy; always dusk's own."""
    digest: str = ""
    """Digest of what replaces it, to bring it back by when the trash was emptied; empty when none can."""
    reverses: int = 0
    """Record that this one takes back or purges; 0 for none."""
    error: str = ""
    """Why it failed, as a sentence."""
    intent_ns: int = 0
    """When it was intended, in nanoseconds since 1970."""
    changed_ns: int = 0
    """When its state last changed."""
    detail: str = ""
    """What only the act itself understands, as JSON; empty where there is nothing more."""
    is_final: bool = False
    """Whether it can never be taken back, although it was done."""

    @property
    def trash_path(self) -> bytes:
        """Where the trash holds it; empty when it was never trashed."""
        return os.path.join(self.trash, b"files", self.trash_name) if self.trash_name else b""

    @property
    def is_undoable(self) -> bool:
        """Whether it can still be taken back: a replaced one also after the trash was emptied."""
        is_there = self.state is State.DONE or (self.state is State.PURGED and bool(self.digest))
        return is_there and not self.is_final


@dataclass(frozen=True, slots=True)
class Product:
    """One thing that an act made, moved or removed beside what its record says."""

    path: bytes
    """Absolute path of it."""
    identity: Identity
    """Which inode it is, or was."""
    digest: str = ""
    """BLAKE3 of its content; empty where there is none or it does not matter."""
    role: str = "made"
    """What the act did with it: ``made``, or a word of the act's own."""
    origin: bytes = b""
    """Where it came from, when it was moved."""
    mode: int = 0
    """``st_mode``, where it has to be made again."""
    owner: int = 0
    """User id, likewise."""
    group: int = 0
    """Group id, likewise."""


@dataclass(frozen=True, slots=True)
class BatchRecord:
    """One batch with its totals."""

    id: int
    """Number that ``dusk undo`` takes."""
    kind: BatchKind
    """What it did."""
    title: str
    """What it was about, in a few words; may be empty."""
    started_ns: int
    """When it began, in nanoseconds since 1970."""
    finished_ns: int
    """When it ended; 0 when it was interrupted."""
    reverses: int
    """Batch that it takes back; 0 for none."""
    items: int
    """Records in it."""
    states: dict[State, int]
    """Records by state."""
    undoable: int
    """Records that can still be taken back."""
    entries: int
    """Entries at and below all items that were acted on."""
    apparent_size: int
    """Apparent bytes of them."""
    disk_size: int
    """Disk bytes of them."""
    frees_after_purge: int
    """Disk bytes that come back once the trash is emptied."""

    @property
    def is_undoable(self) -> bool:
        """Whether ``dusk undo`` can take something of it back."""
        return self.kind is BatchKind.ACT and self.undoable > 0


def identity_columns(identity: Identity) -> tuple[int, int, int, int, int, int]:
    """Return an identity as SQLite can hold it: inodes above 2**63 exist and become negative."""
    inode = identity.inode - (1 << 64) if identity.inode >= 1 << 63 else identity.inode
    device = identity.device - (1 << 64) if identity.device >= 1 << 63 else identity.device
    return (device, inode, int(identity.kind), identity.size, identity.mtime_ns, identity.links)


def identity_of(columns: tuple[int, ...]) -> Identity:
    """Return the identity that the columns of a record hold."""
    device, inode, kind, size, mtime_ns, links = columns
    return Identity(device % (1 << 64), inode % (1 << 64), EntryKind(kind), size, mtime_ns, links)
