"""Whether an entry is what a rule describes: everything that the rule names must hold."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from dusk.fs.identity import EntryKind
from dusk.fs.units import parse_size
from dusk.rules.facts import Facts
from dusk.rules.pattern import is_literal, matches_any
from dusk.rules.probe import HEAD, CannotTellError
from dusk.rules.rule import Content, Match

_KINDS = {"file": EntryKind.FILE, "directory": EntryKind.DIRECTORY, "symlink": EntryKind.SYMLINK}


class Question:
    """A match made ready to be asked of many entries."""

    def __init__(self, match: Match) -> None:
        """Read sizes and kind once."""
        self.match = match
        self.kind = _KINDS.get(match.kind)
        self.minimum = parse_size(match.minimum_size)
        self.maximum = parse_size(match.maximum_size) if match.maximum_size else None
        self.is_plain = not (
            match.place or match.within or match.not_within or match.below or match.not_below
            or match.beside or match.beside_any or match.not_beside
            or match.markers or match.any_marker or match.without or match.only
            or match.older_than or match.content
        )  # fmt: skip
        """Whether name, kind and size are all that is asked."""

    def asks_siblings(self) -> bool:
        """Return whether the answer needs the holding directory complete."""
        match = self.match
        return bool(match.subject == "parent" or match.beside or match.beside_any or match.not_beside)

    def subjects(self, hits: Iterable[int], facts: Facts) -> Iterator[tuple[int, int]]:
        """Yield what was recognised, each with the entry by whose name it was.

        Cheap questions come first, those about the directory around are asked once for it, and a file is
        read last. What nobody can tell is left out.
        """
        tree, kind = facts.tree, self.kind
        is_sized = bool(self.minimum) or self.maximum is not None
        is_self = self.match.subject == "self"
        last, is_around = -2, False
        for hit in hits:
            if kind is not None and tree.kind(hit) is not kind:
                continue
            if is_sized and not self._is_sized(tree.apparent_size(hit)):
                continue
            parent = tree.parent(hit)
            if parent != last or parent < 0:
                last, is_around = parent, self._is_around(hit, parent, facts)
            if is_around and (self.is_plain or self._holds(hit, facts)):
                yield (hit if is_self else max(parent, 0)), hit

    def _is_sized(self, size: int) -> bool:
        return size >= self.minimum and (self.maximum is None or size <= self.maximum)

    def _is_around(self, index: int, parent: int, facts: Facts) -> bool:
        """Return whether what is asked of the directories around holds, which is the same for siblings."""
        if not self.match.managed and parent >= 0 and facts.ground.is_managed(parent):
            return False
        try:
            return self.is_plain or (
                is_inside(self.match, parent, facts) and _place_fits(self.match, index, facts)
            )
        except CannotTellError:
            return False

    def _holds(self, index: int, facts: Facts) -> bool:
        match = self.match
        try:
            return (
                is_placed(match, index, facts)
                and _children_fit(match, index, facts)
                and _holds_only(match, index, facts)
                and (not match.older_than or facts.age(index) >= facts.ages.named(match.older_than))
                and (match.content is None or _content_fits(match.content, index, facts))
            )
        except CannotTellError:
            return False


def has_child(facts: Facts, index: int, pattern: str) -> bool:
    """Return whether a directory has a child whose name matches; raises CannotTellError."""
    if not facts.is_directory(index):
        return False
    if is_literal(pattern):
        return facts.tree.child(index, pattern.encode("utf-8")) is not None
    return any(matches_any(name, (pattern,)) for name in facts.children(index))


def is_placed(match: Match, index: int, facts: Facts) -> bool:
    """Return whether an entry is at the place that a match names."""
    return not match.place or facts.places.is_at(match.place, facts.tree, index)


def is_inside(match: Match, directory: int, facts: Facts) -> bool:
    """Return whether a directory lies within the place that a match names, and in none that it excludes."""
    if match.within and not facts.places.is_within(match.within, facts.tree, directory):
        return False
    return not any(facts.places.is_within(place, facts.tree, directory) for place in match.not_within)


def _place_fits(match: Match, index: int, facts: Facts) -> bool:
    if match.below or match.not_below:
        names = facts.ground.names_above(index)
        if match.below and not any(matches_any(name, match.below) for name in names):
            return False
        if match.not_below and any(matches_any(name, match.not_below) for name in names):
            return False
    parent = facts.tree.parent(index)
    if parent < 0:
        return not match.beside and not match.beside_any
    if not all(has_child(facts, parent, pattern) for pattern in match.beside):
        return False
    if match.beside_any and not any(has_child(facts, parent, pattern) for pattern in match.beside_any):
        return False
    return not any(has_child(facts, parent, pattern) for pattern in match.not_beside)


def _children_fit(match: Match, index: int, facts: Facts) -> bool:
    if not all(has_child(facts, index, pattern) for pattern in match.markers):
        return False
    if match.any_marker and not any(has_child(facts, index, pattern) for pattern in match.any_marker):
        return False
    return not any(has_child(facts, index, pattern) for pattern in match.without)


def _holds_only(match: Match, index: int, facts: Facts) -> bool:
    """Return whether all children of what was recognised have names that a match allows."""
    if not match.only:
        return True
    subject = index if match.subject == "self" else facts.tree.parent(index)
    if not facts.is_directory(subject):
        return False
    return all(matches_any(name, match.only) for name in facts.children(subject))


def _content_fits(content: Content, index: int, facts: Facts) -> bool:
    read = index
    if content.file:
        child = facts.tree.child(index, content.file.encode("utf-8"))
        if child is None:
            return False
        read = child
    try:
        head = facts.head(read, HEAD)
    except CannotTellError:
        return False
    if content.starts_with and not head.startswith(content.starts_with.encode("utf-8")):
        return False
    if content.starts_with_hex and not head.startswith(bytes.fromhex(content.starts_with_hex)):
        return False
    return all(text.encode("utf-8") in head for text in content.contains)
