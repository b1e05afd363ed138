"""What rules may ask about a tree: names, sizes, ages, and the heads of a few small files."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import msgspec

from dusk.fs.identity import EntryKind
from dusk.fs.mounts import MountTable
from dusk.fs.names import display_path
from dusk.fs.units import format_age, format_size
from dusk.rules.ages import Ages
from dusk.rules.families import Families
from dusk.rules.ground import Ground
from dusk.rules.places import Places
from dusk.rules.probe import HEAD, CannotTellError, Prober
from dusk.rules.retention import Policies
from dusk.scan.entry import EntryFlag, Measure, Sort
from dusk.scan.tree import ROOT, SizeTree

T = TypeVar("T")
DOCUMENT = 4 * 1024 * 1024
"""Biggest JSON document that is read whole: a trainer's state after 100,000 log lines has 2 MB."""
WIDE = 5000
"""A directory with more children than this is not listed by a rule."""
_CLOSED = EntryFlag.UNREADABLE | EntryFlag.MOUNT_POINT | EntryFlag.OTHER_FILESYSTEM | EntryFlag.PSEUDO


class Facts:
    """One tree with its prober. Only the judge's thread uses it."""

    def __init__(
        self,
        tree: SizeTree,
        ages: Ages,
        prober: Prober,
        measure: Measure,
        *,
        places: Places | None = None,
        retention: Policies | None = None,
    ) -> None:
        """Answer from this tree."""
        self.tree = tree
        self.ages = ages
        self.prober = prober
        self.measure = measure
        self.ground = Ground(tree)
        self.families = Families()
        """Models that belong together; inspectors note what they read."""
        self.places = places or Places()
        """Where tools keep their things: ``facts.places.is_at("hf-hub", tree, index)``."""
        self.retention = retention or Policies()
        """What stays of series: ``facts.retention.for_rule("trainer-old-checkpoint").apply(members)``."""

        self._remembered: dict[tuple[object, int], tuple[int, Any]] = {}

    def remembered(self, question: Callable[[int, Facts], T], directory: int) -> T:
        """Return the answer to a question about a directory, asked once as long as nothing in it changes.

        For what every child of a wide directory asks of it.
        """
        revision = self.tree.revision(directory)
        known = self._remembered.get((question, directory))
        if known is not None and known[0] == revision:
            answer: T = known[1]
            return answer
        answer = question(directory, self)
        self._remembered[question, directory] = (revision, answer)
        return answer

    # Names and places

    def child(self, index: int, *names: bytes) -> int | None:
        """Return the entry that a chain of names leads to, None when there is none."""
        found: int | None = index
        for name in names:
            if found is None or self.tree.kind(found) is not EntryKind.DIRECTORY:
                return None
            found = self.tree.child(found, name)
        return found

    def children(self, index: int) -> dict[bytes, int]:
        """Return the children by name; raises CannotTellError when there are too many or they are hidden."""
        if self.tree.child_count(index) > WIDE:
            raise CannotTellError(f"it holds more than {WIDE:,} entries")
        if self.is_closed(index):
            raise CannotTellError("it cannot be listed")
        tree = self.tree
        return {tree.name(child): child for child in tree.children(index, Sort.NAME)}

    def directories(self, index: int) -> dict[bytes, int]:
        """Return the children that are directories, by name; raises CannotTellError."""
        found = self.children(index)
        return {name: child for name, child in found.items() if self.is_directory(child)}

    def files_below(self, index: int, limit: int = 20000) -> list[int]:
        """Return everything at or below that is no directory; raises CannotTellError beyond the limit."""
        found = []
        for entry in self.tree.subtree(index):
            kind = self.tree.kind(entry)
            if kind is EntryKind.DIRECTORY:
                if self.is_closed(entry):
                    raise CannotTellError(f"{display_path(self.tree.name(entry))} cannot be listed")
            else:
                found.append(entry)
                if len(found) > limit:
                    raise CannotTellError(f"it holds more than {limit:,} files")
        return found

    @functools.cached_property
    def is_overlay(self) -> bool:
        """Whether what is scanned lies on a container's overlay, where deleting may free nothing."""
        mount = MountTable.read().containing(self.tree.path(ROOT))
        return mount is not None and mount.type == "overlay"

    def is_directory(self, index: int) -> bool:
        """Return whether an entry is a directory."""
        return self.tree.kind(index) is EntryKind.DIRECTORY

    def is_file(self, index: int) -> bool:
        """Return whether an entry is a regular file."""
        return self.tree.kind(index) is EntryKind.FILE

    def is_closed(self, index: int) -> bool:
        """Return whether a directory was not listed: unreadable, or another filesystem."""
        return bool(self.tree.entry(index).flags & _CLOSED)

    def has_closed(self, index: int) -> bool:
        """Return whether something at or below was not listed."""
        return bool(self.tree.entry(index).flags & (_CLOSED | EntryFlag.PARTIAL))

    def path(self, index: int) -> bytes:
        """Return the absolute path."""
        return self.tree.path(index)

    def relative(self, index: int, base: int = ROOT) -> bytes:
        """Return the path below another entry, without a leading slash."""
        start = self.tree.path(base).rstrip(b"/")
        return self.tree.path(index)[len(start) :].lstrip(b"/")

    # Sizes and ages

    def size(self, *entries: int) -> int:
        """Return the total size in the measure that this tree is shown in."""
        sizes = self.tree.apparent_size if self.measure is Measure.APPARENT else self.tree.disk_size
        return sum(sizes(entry) for entry in entries)

    def shown_size(self, *entries: int) -> str:
        """Return the total size as text."""
        return format_size(self.size(*entries))

    def age(self, *entries: int) -> float:
        """Return the seconds since the newest change at or below the entries."""
        newest = max(self.tree.newest_mtime_ns(entry) for entry in entries)
        return time.time() - newest / 1e9

    def shown_age(self, *entries: int) -> str:
        """Return the age of the newest change as text: ``3 d ago``."""
        age = self.age(*entries)
        return f"{format_age(age)} ago" if age >= 0 else "in the future"

    def is_live(self, *entries: int) -> bool:
        """Return whether the newest change is so recent that something may be at work."""
        # A time in the future says nothing about when it was written: that is no proof of rest.
        return self.age(*entries) < self.ages.live_within

    # Contents

    def head(self, index: int, limit: int = HEAD) -> bytes:
        """Return the first bytes of a regular file; raises CannotTellError."""
        if not self.is_file(index):
            raise CannotTellError("it is no regular file")
        return self.prober.head(self.tree.path(index), self._device(index), limit)

    def heads(self, entries: Sequence[int], limit: int = HEAD) -> list[bytes | None]:
        """Return the first bytes of several regular files; raises CannotTellError."""
        if not entries:
            return []
        paths = [self.tree.path(entry) for entry in entries]
        return self.prober.heads(paths, self._device(entries[0]), limit)

    def document(self, index: int, kind: type[T]) -> T:
        """Return a JSON file as a struct, unknown keys skipped; raises CannotTellError."""
        if self.tree.entry(index).identity.size > DOCUMENT:
            raise CannotTellError(f"it is bigger than {format_size(DOCUMENT)}")
        try:
            return msgspec.json.decode(self.head(index, DOCUMENT), type=kind)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise CannotTellError("it is not the JSON that it should be") from error

    def links(self, entries: Sequence[int]) -> list[bytes]:
        """Return the targets of symbolic links; raises CannotTellError."""
        if not entries:
            return []
        return self.prober.links([self.tree.path(entry) for entry in entries], self._device(entries[0]))

    def is_locked(self, index: int) -> bool:
        """Return whether a process holds a lock on a file; raises CannotTellError."""
        return self.prober.locked(self.tree.path(index), self._device(index))

    def _device(self, index: int) -> int:
        return self.tree.entry(index).identity.device
