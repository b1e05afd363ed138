"""The protocol of a scan: started, watched, cancelled; never waited for by a screen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from dusk.scan.tree import SizeTree


@dataclass(frozen=True, slots=True)
class ScanOptions:
    """What a scan may do."""

    cross: bool = False
    """Enter other filesystems; kernel filesystems stay out."""
    triggers: Triggers | None = None
    """What to report to the judge; None reports nothing."""
    awaits_report: bool = False
    """What to report is said by ``report``, while the scan runs or after it: rules may be read meanwhile."""
    threads: int | None = None
    """Threads that read directories; None chooses what suits the filesystem. The reference walker has one."""
    watched: bool = False
    """A screen is drawn meanwhile: the threads of the walk stand back behind the one that draws."""


@dataclass(frozen=True, slots=True)
class Triggers:
    """Names that rules want to hear of: the walker matches them as it goes."""

    names: frozenset[bytes] = frozenset()
    """Whole names."""
    prefixes: tuple[bytes, ...] = ()
    """Beginnings of names."""
    suffixes: tuple[bytes, ...] = ()
    """Ends of names."""
    enclosures: frozenset[bytes] = frozenset()
    """Directories by path, by name, or by the name above and theirs with a slash between."""
    openings: frozenset[bytes] = frozenset()
    """Directories by path where an enclosure ends."""
    inside: Triggers | None = None
    """What alone counts in an enclosure and below it; None: the same as everywhere."""

    def match(self, name: bytes) -> bool:
        """Return whether any rule wants to hear of this name."""
        return name in self.names or name.endswith(self.suffixes) or name.startswith(self.prefixes)

    def encloses(self, above: bool, path: bytes) -> bool:
        """Return whether a directory is enclosed, given whether the one above it is.

        Of a path with more than `most_parts` parts the last two are enough.
        """
        if path in self.openings:
            return False
        before, _, name = path.rpartition(b"/")
        pair = before.rpartition(b"/")[2] + b"/" + name
        return above or not self.enclosures.isdisjoint((path, name, pair))

    @property
    def most_parts(self) -> int:
        """How many parts the longest of the absolute paths has."""
        paths = (path for path in (*self.enclosures, *self.openings) if path.startswith(b"/"))
        return max((path.count(b"/") for path in paths), default=0)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a scan is, at one moment."""

    entries: int
    """Entries examined, the root included."""
    directories: int
    """Directories among them."""
    errors: int
    """Directories and entries that could not be read."""
    apparent_bytes: int
    """Apparent total so far."""
    disk_bytes: int
    """Disk total so far."""
    seconds: float
    """Time spent scanning."""
    current: bytes
    """Directory being read; empty when idle."""
    finished: bool
    """Whether the whole tree was walked, or the scan was cancelled."""
    cancelled: bool
    """Whether it was stopped before the end."""
    scanner: str
    """``native`` or ``reference``."""
    failure: str = ""
    """Why the scan ended early, when it did so by itself."""

    @property
    def rate(self) -> float:
        """Entries per second so far."""
        return self.entries / self.seconds if self.seconds > 0 else 0.0


class Scan(Protocol):
    """A scan in its own daemon thread, which is the only writer of its tree."""

    @property
    def tree(self) -> SizeTree:
        """The tree; readable at once, grows while the scan runs."""
        ...

    @property
    def hits(self) -> Sequence[int]:
        """Entries whose name a trigger matched, in the order found; only ever grows."""
        ...

    @property
    def completed(self) -> Sequence[int]:
        """Directories whose subtree is complete, deepest first; only ever grows.

        The hits below them are in ``hits`` by then: a scan that awaits a report shows none before it.
        """
        ...

    def start(self) -> None:
        """Begin walking; returns at once."""
        ...

    def report(self, triggers: Triggers) -> None:
        """Report what triggers match, also of what was found already; only the first time counts.

        Returns when all that was found is matched. Any thread may call it, at any time.
        """
        ...

    def progress(self) -> Progress:
        """Return how far it is; never blocks."""
        ...

    def cancel(self) -> None:
        """Ask it to stop; returns at once, even while a mount hangs."""
        ...

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until it has finished; return whether it has."""
        ...

    def refresh(self, path: bytes) -> None:
        """Bring one directory up to date in the scanning thread; returns at once.

        Entries that are gone are removed, new ones are added and walked, totals above follow; entries that
        stay keep their index. Called after an action and after undo, with the directory that holds
        what changed.
        """
        ...

    @property
    def refreshes_pending(self) -> int:
        """How many directories asked for are not up to date yet."""
        ...
