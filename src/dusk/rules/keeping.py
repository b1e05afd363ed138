"""What must be kept, and which directories therefore may not go whole."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Container, Iterable
from dataclasses import dataclass, field

from dusk.fs.identity import EntryKind
from dusk.rules.pattern import matches_any
from dusk.rules.rule import Rule
from dusk.scan.tree import SizeTree

_LISTED = 20
"""Most paths that are named for one directory."""


@dataclass(frozen=True, slots=True)
class Kept:
    """Things in one directory that one rule keeps."""

    rule: str
    """Rule id."""
    directory: int
    """The directory that holds them."""
    entries: tuple[int, ...]
    """What is kept: files, or directories with all below them."""
    names: tuple[bytes, ...]
    """The name by which each entry was recognised; a unit may call it a part of its own."""
    absolute: bool = False
    """Whether no unit may call them its own: secrets."""
    seals: bool = False
    """Whether nothing inside may be suggested either."""
    reasons: tuple[str, ...] = ()
    """Sentences about why."""
    apparent_size: int = 0
    """Apparent bytes of the entries."""
    disk_size: int = 0
    """Disk bytes of the entries."""
    newest_mtime_ns: int = 0
    """Newest change in them."""

    @classmethod
    def of(cls, rule: Rule, directory: int, named: dict[int, bytes], tree: SizeTree) -> Kept:
        """Return what a rule keeps of one directory: entries with the names they were recognised by."""
        return cls(
            rule=rule.id,
            directory=directory,
            entries=tuple(named),
            names=tuple(named.values()),
            absolute=rule.seals,
            seals=rule.seals,
            apparent_size=sum(tree.apparent_size(entry) for entry in named),
            disk_size=sum(tree.disk_size(entry) for entry in named),
            newest_mtime_ns=max(tree.newest_mtime_ns(entry) for entry in named),
        )

    def without(self, parts: tuple[str, ...]) -> Kept | None:
        """Return what no unit with these parts calls its own, None when nothing is left."""
        return self.only(lambda _, name: not matches_any(name, parts)) if parts else self

    def only(self, stays: Callable[[int, bytes], bool]) -> Kept | None:
        """Return the entries that stay, asked with their names; None when none does, and all where no unit
        may call them its own.
        """
        if self.absolute:
            return self
        pairs = [pair for pair in zip(self.entries, self.names, strict=True) if stays(*pair)]
        if not pairs:
            return None
        if len(pairs) == len(self.entries):
            return self
        entries, names = zip(*pairs, strict=True)
        return dataclasses.replace(self, entries=entries, names=names)


@dataclass(slots=True)
class KeepIndex:
    """Everything kept, by the directories above it."""

    tree: SizeTree
    """Where the entries are."""
    above: dict[int, list[Kept]] = field(default_factory=dict)
    """Directories, each with what is kept at or below; only the first few, for showing."""
    beside: dict[int, list[Kept]] = field(default_factory=dict)
    """Directories, each with all that is kept directly in it."""
    in_units: dict[int, list[Kept]] = field(default_factory=dict)
    """Candidates for removal, each with all that is kept at or below."""
    kept: list[Kept] = field(default_factory=list)
    """Everything that is kept, without what is part of a unit that a rule knows."""
    whole: set[int] = field(default_factory=set)
    """Directories that are kept with all below them."""
    units: dict[int, tuple[str, ...]] = field(default_factory=dict)
    """Candidates, each with the names of its own parts."""
    indivisible: frozenset[int] = frozenset()
    """Candidates whose parts go only together with them."""
    sealed: set[int] = field(default_factory=set)
    """Entries in which nothing may be suggested."""

    @classmethod
    def build(
        cls,
        tree: SizeTree,
        kept: Iterable[Kept],
        units: dict[int, tuple[str, ...]],
        indivisible: frozenset[int] = frozenset(),
    ) -> KeepIndex:
        """Index what is kept, with the candidates that a rule wants to offer."""
        index = cls(tree, units=units, indivisible=indivisible)
        groups = list(kept)
        for group in groups:
            if not index._is_files(group):
                index.whole.update(entry for entry in group.entries if index._is_directory(entry))
        for group in groups:
            left = index._without_parts_of_units(group)
            if left is not None and not index._is_redundant(left):
                index.kept.append(left)
                index._add(left)
        return index

    def add_units(self, entries: Iterable[tuple[int, Rule]]) -> None:
        """Add candidates that turned out to stay."""
        for entry, rule in entries:
            name = self.tree.name(entry)
            if self._is_directory(entry):
                self.whole.add(entry)
            self._add(Kept(rule.id, max(self.tree.parent(entry), 0), (entry,), (name,)), above=True)

    def blockers(self, candidate: int) -> list[Kept]:
        """Return what must be kept below a candidate, or is the candidate itself."""
        found = self.in_units.get(candidate, [])
        beside = self.beside.get(self.tree.parent(candidate), ())
        return [*found, *(kept for kept in beside if candidate in kept.entries and kept not in found)]

    def seal_above(self, entry: int) -> int | None:
        """Return the sealed entry at or above, None when there is none."""
        return self._nearest(entry, self.sealed)

    def paths_below(self, index: int) -> tuple[bytes, ...]:
        """Return at most 20 paths at or below an entry that a rule keeps."""
        paths: dict[bytes, None] = {}
        groups = self.above.get(index)
        if groups is None:
            groups = [kept for kept in self.beside.get(self.tree.parent(index), ()) if index in kept.entries]
        for kept in groups:
            whole = len(kept.entries) > 1 and kept.directory != index and index not in kept.entries
            named = (kept.directory,) if whole else kept.entries
            for entry in named:
                if self.tree.is_removed(entry):
                    continue
                if whole or index == kept.directory or self._nearest(entry, (index,)) is not None:
                    paths[self.tree.path(entry)] = None
                if len(paths) >= _LISTED:
                    return tuple(paths)
        if not paths and self._is_kept_with_directory(index):
            return (self.tree.path(index),)
        return tuple(paths)

    def _is_kept_with_directory(self, index: int) -> bool:
        """Return whether it may only go with a unit above, or with a directory that is kept whole."""
        unit = self._nearest(index, self.units)
        if unit is not None and unit != index and unit in self.indivisible:
            return True
        above = self._nearest(self.tree.parent(index), self.whole)
        return above is not None and self._nearest(index, self.units.keys() - self.whole) is None

    def _without_parts_of_units(self, kept: Kept) -> Kept | None:
        """Return what is left when every unit around took what it calls its own."""
        left = kept.only(self._is_known_by_name) if self._is_files(kept) else kept
        index, depth = kept.directory, 0
        while index >= 0 and left is not None:
            parts = self.units.get(index, ())
            if depth < 2 or "*" in parts:
                left = left.without(parts)
            index, depth = self.tree.parent(index), depth + 1
        return left and left.only(self._is_no_owned_file)

    def _is_known_by_name(self, entry: int, name: bytes) -> bool:
        """Return whether no rule knows a file better than by its name.

        Such a rule names the file in its own parts: an export of a profiler is called like a database.
        """
        return not matches_any(name, tuple(part for part in self.units.get(entry, ()) if part != "*"))

    def _is_no_owned_file(self, entry: int, name: bytes) -> bool:
        """Return whether it is no candidate whose rule says that its own name means nothing."""
        return self._is_directory(entry) or not matches_any(name, self.units.get(entry, ()))

    def _is_redundant(self, kept: Kept) -> bool:
        """Return whether it is files in a directory that is kept as a whole anyway."""
        if kept.absolute or not self.whole or not self._is_files(kept):
            return False
        return self._nearest(self.tree.parent(kept.entries[0]), self.whole) is not None

    def _is_files(self, kept: Kept) -> bool:
        # One rule keeps either files or directories.
        return not self._is_directory(kept.entries[0])

    def _is_directory(self, entry: int) -> bool:
        return self.tree.kind(entry) is EntryKind.DIRECTORY

    def _nearest(self, index: int, wanted: Container[int]) -> int | None:
        while index >= 0:
            if index in wanted:
                return index
            index = self.tree.parent(index)
        return None

    def _add(self, kept: Kept, above: bool = False) -> None:
        if kept.seals:
            self.sealed.update(kept.entries)
        self.beside.setdefault(kept.directory, []).append(kept)
        for entry in () if self._is_files(kept) else kept.entries:
            self._note(entry, kept, blocks=not above)
        index = kept.directory
        while index >= 0:
            if index not in kept.entries:
                self._note(index, kept)
            index = self.tree.parent(index)

    def _note(self, index: int, kept: Kept, blocks: bool = True) -> None:
        listed = self.above.setdefault(index, [])
        if len(listed) < _LISTED:
            listed.append(kept)
        if blocks and index in self.units:
            self.in_units.setdefault(index, []).append(kept)
