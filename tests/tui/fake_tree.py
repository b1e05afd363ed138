"""A tree from nested dictionaries, with a scan and a judge around it: no disk, no threads, no clock."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from types import SimpleNamespace

from dusk.fs.identity import EntryKind, Identity
from dusk.fs.survey import LinkedInode
from dusk.rules.finding import Finding
from dusk.scan.entry import Entry, EntryFlag, Measure, Sort
from dusk.scan.scanner import Progress

NOW = 1_760_000_000
"""The time of every fake session, in seconds."""
DAY = 86_400

Spec = dict[str, "Spec | int"]
"""Names to sizes, or to further dictionaries for directories."""


class FakeTree:
    """A SizeTree of which everything can be set by hand."""

    def __init__(self, spec: Spec, root: bytes = b"/data") -> None:
        self.entries: list[Entry] = []
        self.child_ids: list[list[int]] = []
        self.revisions: list[int] = []
        self.asked: list[tuple[int, int | None]] = []
        self.add(-1, root, spec)

    # -- writing

    def add(self, parent: int, name: bytes | str, spec: Spec | int) -> int:
        name = name.encode("utf-8", "surrogateescape") if isinstance(name, str) else name
        index = len(self.entries)
        kind = EntryKind.FILE if isinstance(spec, int) else EntryKind.DIRECTORY
        own = spec if isinstance(spec, int) else 0
        self.entries.append(
            Entry(
                id=index,
                parent=parent,
                name=name,
                kind=kind,
                apparent_size=0,
                disk_size=0,
                items=0,
                newest_mtime_ns=(NOW - DAY * (index % 200)) * 10**9,
                owner=1000,
                identity=Identity(1, index + 1, kind, own, 0, 1),
                flags=EntryFlag.NONE,
                error="",
            )
        )
        self.child_ids.append([])
        self.revisions.append(0)
        if parent >= 0:
            self.child_ids[parent].append(index)
        self.grow(index, own, 0)
        if parent >= 0:
            self._climb(parent, items=1)
        if isinstance(spec, dict):
            for child, below in spec.items():
                self.add(index, child, below)
        return index

    def grow(self, index: int, size: int, items: int = 0) -> None:
        """Add bytes to an entry and to all above it."""
        self._climb(index, size=size, items=items)

    def flag(self, index: int, flags: EntryFlag, error: str = "") -> None:
        self.entries[index] = replace(self.entries[index], flags=flags, error=error)
        self._climb(index)

    def remove(self, index: int) -> None:
        entry = self.entries[index]
        self.child_ids[entry.parent].remove(index)
        self._climb(entry.parent, size=-entry.disk_size, items=-entry.items - 1)
        self.entries[index] = replace(entry, flags=entry.flags | EntryFlag.REMOVED)

    def _climb(self, index: int, size: int = 0, items: int = 0) -> None:
        while index >= 0:
            entry = self.entries[index]
            self.entries[index] = replace(
                entry,
                apparent_size=entry.apparent_size + size,
                disk_size=entry.disk_size + size,
                items=entry.items + items,
            )
            self.revisions[index] += 1
            index = entry.parent

    # -- the protocol

    def __len__(self) -> int:
        return len(self.entries)

    def entry(self, index: int) -> Entry:
        return self.entries[index]

    def name(self, index: int) -> bytes:
        return self.entries[index].name

    def parent(self, index: int) -> int:
        return self.entries[index].parent

    def kind(self, index: int) -> EntryKind:
        return self.entries[index].kind

    def disk_size(self, index: int) -> int:
        return self.entries[index].disk_size

    def apparent_size(self, index: int) -> int:
        return self.entries[index].apparent_size

    def newest_mtime_ns(self, index: int) -> int:
        return self.entries[index].newest_mtime_ns

    def path(self, index: int) -> bytes:
        entry = self.entries[index]
        return entry.name if entry.parent < 0 else self.path(entry.parent) + b"/" + entry.name

    def find(self, path: bytes) -> int | None:
        return next((index for index in range(len(self)) if self.path(index) == path), None)

    def child(self, index: int, name: bytes) -> int | None:
        return next((child for child in self.child_ids[index] if self.name(child) == name), None)

    def child_count(self, index: int) -> int:
        return len(self.child_ids[index])

    def children(
        self,
        index: int,
        sort: Sort = Sort.SIZE,
        measure: Measure = Measure.DISK,
        offset: int = 0,
        limit: int | None = None,
    ) -> Sequence[int]:
        self.asked.append((index, limit))
        keys = {
            Sort.SIZE: lambda child: (-self.entries[child].size(measure), self.name(child)),
            Sort.NAME: self.name,
            Sort.ITEMS: lambda child: (-self.entries[child].items, self.name(child)),
            Sort.NEWEST: lambda child: (-self.newest_mtime_ns(child), self.name(child)),
        }
        ordered = sorted(self.child_ids[index], key=keys[sort])
        return ordered[offset : None if limit is None else offset + limit]

    def subtree(self, index: int) -> Iterator[int]:
        yield index
        for child in self.child_ids[index]:
            yield from self.subtree(child)

    def is_complete(self, index: int) -> bool:
        return not self.entries[index].flags & EntryFlag.SCANNING

    def is_removed(self, index: int) -> bool:
        while index >= 0:
            if self.entries[index].flags & EntryFlag.REMOVED:
                return True
            index = self.entries[index].parent
        return False

    def revision(self, index: int) -> int:
        return self.revisions[index]

    def linked_inodes(self, index: int) -> tuple[LinkedInode, ...]:
        return ()

    # -- for tests

    def at(self, path: str) -> int:
        index = self.find(b"/data/" + path.encode("utf-8", "surrogateescape"))
        assert index is not None, path
        return index


class FakeScan:
    """A scan that is where the test says it is."""

    def __init__(self, tree: FakeTree, *, seconds: float = 1.2, running: bool = False) -> None:
        self.tree = tree
        self.hits: list[int] = []
        self.completed: list[int] = []
        self.refreshed: list[bytes] = []
        self.refreshes_pending = 0
        self.cancelled = False
        self.started = False
        self.seconds = seconds
        self.running = running
        self.errors = 0
        self.current = b""

    def start(self) -> None:
        self.started = True

    def cancel(self) -> None:
        self.cancelled = True

    def wait(self, timeout: float | None = None) -> bool:
        return not self.running

    def refresh(self, path: bytes) -> None:
        self.refreshed.append(path)

    def progress(self) -> Progress:
        root = self.tree.entry(0)
        return Progress(
            entries=len(self.tree),
            directories=sum(entry.is_directory for entry in self.tree.entries),
            errors=self.errors,
            apparent_bytes=root.apparent_size,
            disk_bytes=root.disk_size,
            seconds=self.seconds,
            current=self.current,
            finished=not self.running,
            cancelled=False,
            scanner="reference",
        )


class FakeJudge:
    """A judge that knows what the test told it."""

    def __init__(
        self, findings: Sequence[Finding] = (), keeps: dict[int, tuple[bytes, ...]] | None = None
    ) -> None:
        self.known = tuple(findings)
        self.keeps = keeps or {}
        self.revision = 1
        self.finished = True
        self.failure = ""
        self.scan: FakeScan | None = None
        self.facts = SimpleNamespace(measure=Measure.DISK)

    def start(self) -> None:
        pass

    def stop(self) -> None:
        pass

    def findings(self) -> tuple[Finding, ...]:
        return self.known

    def finding_for(self, index: int) -> Finding | None:
        return next((finding for finding in self.known if index in finding.entries), None)

    def keeps_below(self, index: int) -> tuple[bytes, ...]:
        return self.keeps.get(index, ())

    def wait(self, timeout: float | None = None) -> bool:
        return True
