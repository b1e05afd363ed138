"""The scan of the native core: threads that never touch Python, and the interpreter's lock never held."""

from __future__ import annotations

import threading
import time
from array import array
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, overload

from dusk.scan import _native
from dusk.scan.components import components
from dusk.scan.native_tree import NativeTree
from dusk.scan.scanner import Progress, ScanOptions, Triggers
from dusk.scan.tree import ROOT

if TYPE_CHECKING:
    from dusk.scan.boundary import Places

_SLICE = 100
"""Milliseconds between two looks at whether a signal came while someone waits."""
_CHUNK = 4096


class Indexes(Sequence[int]):
    """Indexes that the core appends to; slices come as arrays, thousands at a time."""

    def __init__(self, count: Callable[[], int], take: Callable[[int, int], bytes]) -> None:
        """Read through these two functions of the core."""
        self._count = count
        self._take = take

    def __len__(self) -> int:
        """Return how many there are by now."""
        return self._count()

    @overload
    def __getitem__(self, position: int) -> int: ...
    @overload
    def __getitem__(self, position: slice) -> Sequence[int]: ...
    def __getitem__(self, position: int | slice) -> int | Sequence[int]:
        """Return one index, or some as an array."""
        length = self._count()
        if isinstance(position, slice):
            begin, end, step = position.indices(length)
            if step == 1:
                return self._some(begin, max(begin, end))
            return self._some(0, length)[position]
        if position < 0:
            position += length
        if not 0 <= position < length:
            raise IndexError(position)
        return self._some(position, position + 1)[0]

    def __iter__(self) -> Iterator[int]:
        """Yield all, those included that come meanwhile."""
        position = 0
        while some := self._some(position, position + _CHUNK):
            yield from some
            position += len(some)

    def _some(self, begin: int, end: int) -> array[int]:
        return array("I", self._take(begin, end))


class NativeScan:
    """A scan on several threads, which end when idle and come back for a refresh."""

    def __init__(self, path: bytes, options: ScanOptions) -> None:
        """Prepare to scan a resolved absolute path; touches no disk."""
        self._path = path
        self._options = options
        self._core = _native.Scan(path, options.cross, options.awaits_report)
        self._tree = NativeTree(self._core)
        self._hits = Indexes(self._core.hit_count, self._core.hits)
        self._completed = Indexes(self._core.completed_count, self._core.completed)
        self._lock = threading.Lock()
        self._started = False

    @property
    def tree(self) -> NativeTree:
        """The tree; readable at once, grows while the scan runs."""
        return self._tree

    @property
    def hits(self) -> Sequence[int]:
        """Entries whose name a trigger matched, in the order found; only ever grows."""
        return self._hits

    @property
    def completed(self) -> Sequence[int]:
        """Directories whose subtree is complete, deepest first; only ever grows."""
        return self._completed

    @property
    def refreshes_pending(self) -> int:
        """How many directories asked for are not up to date yet."""
        return self._core.refreshes_pending()

    def start(self) -> None:
        """Begin walking; returns at once."""
        with self._lock:
            if self._started:
                return
            self._started = True
        try:
            if self._options.triggers is not None:
                self.report(self._options.triggers)
            from dusk.scan.pace import pace_of

            pace = pace_of(self._path, self._options.threads).within_limits()
            self._core.start(self._places(), pace.threads, pace.held, pace.inode_order, self._options.watched)
        except MemoryError:
            self._core.fail("not enough memory for the whole tree")
        except Exception as error:
            self._core.fail(f"the scan stopped unexpectedly: {type(error).__name__}: {error}")

    def report(self, triggers: Triggers) -> None:
        """Report what triggers match, also of what was found already; only the first time counts."""
        outside, inside = (
            (some.names, some.prefixes, some.suffixes) for some in (triggers, triggers.inside or triggers)
        )
        self._core.report(outside, inside, triggers.enclosures, triggers.openings)

    def progress(self) -> Progress:
        """Return how far it is; never blocks."""
        (entries, directories, errors, apparent, blocks, seconds, current, finished, cancelled, failure) = (
            self._core.progress()
        )
        return Progress(
            entries=entries,
            directories=directories,
            errors=errors,
            apparent_bytes=apparent,
            disk_bytes=blocks * 512,
            seconds=seconds,
            current=b"" if current < 0 else self._tree.path(current),
            finished=finished,
            cancelled=cancelled,
            scanner="native",
            failure=failure,
        )

    def cancel(self) -> None:
        """Ask it to stop; returns at once, even while a mount hangs."""
        self._core.cancel()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until it has finished; return whether it has."""
        end = None if timeout is None else time.monotonic() + timeout
        while True:
            # In slices, so that Ctrl-C is heard.
            left = _SLICE if end is None else min(_SLICE, max(0, round((end - time.monotonic()) * 1000)))
            if self._core.wait(left):
                return True
            if end is not None and time.monotonic() >= end:
                return False

    def refresh(self, path: bytes) -> None:
        """Bring one directory up to date in the scanning thread; returns at once."""
        below = components(self._path, path)
        if below is not None:
            self._core.refresh(b"/".join(below), self._places())

    def _places(self) -> list[tuple[bytes, bool, bool, bool, int, int]]:
        # Mounts are not looked for before the first frame is drawn, and reading their table touches none.
        from dusk.fs.mounts import MountTable
        from dusk.scan.boundary import places_below

        places = places_below(self._tree.name(ROOT), MountTable.read())
        return list(_flattened(places, b"", self._options.cross))


def _flattened(
    places: Places, path: bytes, cross: bool
) -> Iterator[tuple[bytes, bool, bool, bool, int, int]]:
    for name, place in places.below.items():
        below = path + b"/" + name
        mount = place.mount
        yield (
            below,
            place.is_closed(cross),
            mount is not None,
            mount is not None and (mount.is_network or mount.type == "autofs"),
            place.flags.value,
            0 if mount is None else mount.device,
        )
        yield from _flattened(place, below, cross)
