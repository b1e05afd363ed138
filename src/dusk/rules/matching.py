"""Whether an entry is what a rule describes: everything that the rule names must hold."""

from __future__ import annotations

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
            match.place or match.within or match.below or match.not_below
            or match.beside or match.beside_any or match.not_beside
            or match.markers or match.any_marker or match.without or match.older_than or match.content
        )  # fmt: skip
        """Whether name, kind and size are all that is asked."""

    def asks_siblings(self) -> bool:
        """Return whether the answer needs the holding directory complete."""
        match = self.match
        return bool(match.subject == "parent" or match.beside or match.beside_any or match.not_beside)

    def subject(self, index: int, facts: Facts) -> int | None:
        """Return the entry that was recognised, None when something does not hold.

        Cheap questions come first; a file is read last. Whether an installer put it there is asked of the
        directory, by the caller. Raises CannotTellError when a question has no answer.
        """
        tree = facts.tree
        if self.kind is not None and tree.kind(index) is not self.kind:
            return None
        if self.minimum or self.maximum is not None:
            size = tree.apparent_size(index)
            if size < self.minimum or (self.maximum is not None and size > self.maximum):
                return None
        if not self.is_plain and not self._holds(index, facts):
            return None
        return index if self.match.subject == "self" else max(tree.parent(index), 0)

    def _holds(self, index: int, facts: Facts) -> bool:
        match = self.match
        return (
            is_placed(match, index, facts)
            and _place_fits(match, index, facts)
            and _children_fit(match, index, facts)
            and (not match.older_than or facts.age(index) >= facts.ages.named(match.older_than))
            and (match.content is None or _content_fits(match.content, index, facts))
        )


def has_child(facts: Facts, index: int, pattern: str) -> bool:
    """Return whether a directory has a child whose name matches; raises CannotTellError."""
    if not facts.is_directory(index):
        return False
    if is_literal(pattern):
        return facts.tree.child(index, pattern.encode("utf-8")) is not None
    return any(matches_any(name, (pattern,)) for name in facts.children(index))


def is_placed(match: Match, index: int, facts: Facts) -> bool:
    """Return whether an entry is at the place, and within the place, that a match names."""
    tree = facts.tree
    if match.place and not facts.places.is_at(match.place, tree, index):
        return False
    parent = tree.parent(index)
    if match.within and not facts.places.is_within(match.within, tree, parent):
        return False
    return not any(facts.places.is_within(place, tree, parent) for place in match.not_within)


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
