"""The reference scan: pure Python, one daemon thread that alone writes the tree."""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from collections.abc import Sequence

from dusk.fs.mounts import MountTable
from dusk.scan.boundary import places_below
from dusk.scan.columns import ColumnTree
from dusk.scan.listing import reason
from dusk.scan.refresh import Refresher
from dusk.scan.root import open_root
from dusk.scan.scanner import Progress, ScanOptions, Triggers
from dusk.scan.storage import Storage
from dusk.scan.tree import ROOT
from dusk.scan.walk import Walk
from dusk.scan.writer import TreeWriter

_CLOSED = -1


class ReferenceScan:
    """A scan in its own daemon thread, which ends when idle and comes back for a refresh."""

    def __init__(self, path: bytes, options: ScanOptions) -> None:
        """Prepare to scan a resolved absolute path; touches no disk."""
        storage = Storage()
        self._storage = storage
        self._writer = TreeWriter(storage, options.cross, awaits_report=options.awaits_report)
        self._writer.add_root(path)
        if options.triggers is not None:
            self.report(options.triggers)
        self._tree = ColumnTree(storage)
        self._walk: Walk | None = None
        self._lock = threading.Lock()
        self._requests: deque[bytes] = deque()
        self._running = False
        self._started = 0.0
        self._ended = 0.0
        self._stop = False
        self._cancelled = False
        self._finished = threading.Event()
        self._failure = ""

    @property
    def tree(self) -> ColumnTree:
        """The tree; readable at once, grows while the scan runs."""
        return self._tree

    @property
    def hits(self) -> Sequence[int]:
        """Entries whose name a trigger matched, in the order found; only ever grows."""
        return self._writer.hits

    @property
    def completed(self) -> Sequence[int]:
        """Directories whose subtree is complete, deepest first; only ever grows."""
        return self._writer.completed if self._writer.shows_completed else ()

    @property
    def refreshes_pending(self) -> int:
        """How many directories asked for are not up to date yet."""
        return len(self._requests)

    def start(self) -> None:
        """Begin walking; returns at once."""
        with self._lock:
            if self._started:
                return
            self._started = time.monotonic()
            self._launch()

    def report(self, triggers: Triggers) -> None:
        """Report what triggers match, also of what was found already; only the first time counts."""
        self._writer.report(triggers)

    def progress(self) -> Progress:
        """Return how far it is; never blocks."""
        storage, walk = self._storage, self._walk
        ended = self._ended or time.monotonic()
        finished = self._finished.is_set()
        return Progress(
            entries=storage.items[storage.slots[ROOT]] + 1,
            directories=storage.directories,
            errors=len(storage.errors),
            apparent_bytes=self._tree.apparent_size(ROOT),
            disk_bytes=self._tree.disk_size(ROOT),
            seconds=ended - self._started if self._started else 0.0,
            current=b"" if walk is None else self._tree.path(walk.current),
            finished=finished or self._cancelled,
            cancelled=self._cancelled,
            scanner="reference",
            failure=self._failure,
        )

    def cancel(self) -> None:
        """Ask it to stop; returns at once, even while a mount hangs."""
        self._stop = True
        if not self._finished.is_set():
            self._cancelled = True
            self._ended = time.monotonic()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until it has finished; return whether it has."""
        return self._finished.wait(timeout)

    def refresh(self, path: bytes) -> None:
        """Bring one directory up to date in the scanning thread; returns at once."""
        with self._lock:
            if self._failure:
                return
            self._requests.append(path)
            if self._started and not self._running:
                self._launch()

    def _launch(self) -> None:
        self._running = True
        try:
            threading.Thread(target=self._run, name="dusk-scan", daemon=True).start()
        except RuntimeError as error:
            self._give_up(f"no thread could be started: {error}")

    def _run(self) -> None:
        try:
            if not self._finished.is_set():
                self._scan()
            self._serve()
        except MemoryError:
            self._fail("not enough memory for the whole tree")
        except Exception as error:
            self._fail(f"the scan stopped unexpectedly: {type(error).__name__}: {error}")

    def _fail(self, why: str) -> None:
        with self._lock:
            self._give_up(why)

    def _give_up(self, why: str) -> None:
        self._failure = why
        self._requests.clear()
        self._running = False
        self._end()

    def _end(self) -> None:
        self._walk = None
        self._ended = self._ended or time.monotonic()
        self._finished.set()

    def _scan(self) -> None:
        path = self._storage.name(ROOT)
        try:
            root = open_root(path)
        except OSError as error:
            self._writer.mark_unreadable(ROOT, reason(error))
            self._writer.complete(ROOT)
            self._end()
            return
        walk = Walk(self._writer, root, self._is_stopped)
        self._walk = walk
        try:
            status = os.fstat(root)
            self._writer.note_directory(ROOT, status)
            self._writer.obstacle(ROOT, status)
            walk.read(ROOT, os.dup(root), places_below(path, MountTable.read()))
            while not self._stop and walk.step():
                while self._requests and not self._stop:
                    self._refresh(root, walk)
        finally:
            walk.abandon()
            os.close(root)
        self._end()

    def _serve(self) -> None:
        while True:
            with self._lock:
                if not self._requests:
                    self._running = False
                    return
            self._stop = False
            try:
                root = open_root(self._storage.name(ROOT))
            except OSError as error:
                self._refresher(_CLOSED, None).close_off(ROOT, reason(error))
                self._requests.popleft()
                continue
            try:
                self._refresh(root, None)
            finally:
                os.close(root)

    def _refresh(self, root: int, walk: Walk | None) -> None:
        if walk is not None:
            walk.share()
        self._refresher(root, walk).refresh(self._requests[0])
        self._requests.popleft()
        if walk is not None:
            walk.drop_removed()

    def _refresher(self, root: int, walk: Walk | None) -> Refresher:
        places = places_below(self._storage.name(ROOT), MountTable.read())
        return Refresher(self._writer, self._tree, root, places, self._is_stopped, walking=walk is not None)

    def _is_stopped(self) -> bool:
        return self._stop
