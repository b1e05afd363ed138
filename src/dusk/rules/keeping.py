"""What must be kept, and which directories therefore may not go whole."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from dusk.rules.pattern import matches_any
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
    """The names by which they were recognised; a unit may call them its own parts."""
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

    def belongs_to(self, parts: tuple[str, ...]) -> bool:
        """Return whether all of it is part of a unit with these names."""
        return not self.absolute and bool(parts) and all(matches_any(name, parts) for name in self.names)


@dataclass(slots=True)
class KeepIndex:
    """Everything kept, by the directories above it."""

    tree: SizeTree
    """Where the entries are."""
    above: dict[int, list[Kept]] = field(default_factory=dict)
    """Directories, each with what is kept at or below; only the first few, for showing."""
    in_units: dict[int, list[Kept]] = field(default_factory=dict)
    """Candidates for removal, each with all that is kept at or below."""
    sealed: set[int] = field(default_factory=set)
    """Entries in which nothing may be suggested."""

    @classmethod
    def build(cls, tree: SizeTree, kept: Iterable[Kept], candidates: frozenset[int]) -> KeepIndex:
        """Index what is kept, with the candidates that a rule wants to offer."""
        index = cls(tree)
        for group in kept:
            index._add(group, candidates)
        return index

    def blockers(self, candidate: int, parts: tuple[str, ...]) -> list[Kept]:
        """Return what must be kept at or below a candidate and is no part of its unit."""
        return [kept for kept in self.in_units.get(candidate, ()) if not kept.belongs_to(parts)]

    def seal_above(self, entry: int) -> int | None:
        """Return the sealed entry at or above, None when there is none."""
        index = entry
        while index >= 0:
            if index in self.sealed:
                return index
            index = self.tree.parent(index)
        return None

    def paths_below(self, index: int) -> tuple[bytes, ...]:
        """Return at most 20 paths at or below an entry that a rule keeps."""
        paths: dict[bytes, None] = {}
        for kept in self.above.get(index, ()):
            whole = len(kept.entries) > 1 and kept.directory != index and index not in kept.entries
            named = (kept.directory,) if whole else kept.entries
            for entry in named:
                if not self.tree.is_removed(entry) and (
                    index == kept.directory or whole or _covers(self, index, entry)
                ):
                    paths[self.tree.path(entry)] = None
                if len(paths) >= _LISTED:
                    return tuple(paths)
        return tuple(paths)

    def _add(self, kept: Kept, candidates: frozenset[int]) -> None:
        if kept.seals:
            self.sealed.update(kept.entries)
        for entry in kept.entries:
            self._note(entry, kept, candidates)
        index = kept.directory
        while index >= 0:
            if index not in kept.entries:
                self._note(index, kept, candidates)
            index = self.tree.parent(index)

    def _note(self, index: int, kept: Kept, candidates: frozenset[int]) -> None:
        listed = self.above.setdefault(index, [])
        if len(listed) < _LISTED:
            listed.append(kept)
        if index in candidates:
            self.in_units.setdefault(index, []).append(kept)


def _covers(index: KeepIndex, above: int, entry: int) -> bool:
    while entry >= 0:
        if entry == above:
            return True
        entry = index.tree.parent(entry)
    return False
