"""Whether an entry is what a rule describes: everything that the rule names must hold."""

from __future__ import annotations

from dusk.fs.identity import EntryKind
from dusk.fs.units import parse_size
from dusk.rules.facts import Facts
from dusk.rules.pattern import is_literal, matches_any
from dusk.rules.probe import HEAD, CannotTellError
from dusk.rules.rule import Content, Match

_KINDS = {"file": EntryKind.FILE, "directory": EntryKind.DIRECTORY, "symlink": EntryKind.SYMLINK}


def match_entry(match: Match, index: int, facts: Facts) -> int | None:
    """Return the entry that was recognised, None when something does not hold.

    Cheap questions come first; the file is read last. Raises CannotTellError when a question has no answer.
    """
    tree = facts.tree
    if tree.is_removed(index) or (match.kind != "any" and tree.kind(index) is not _KINDS[match.kind]):
        return None
    parent = tree.parent(index)
    if not match.managed and parent >= 0 and facts.ground.is_managed(parent):
        return None
    fits = (
        _size_fits(match, index, facts)
        and _place_fits(match, index, facts)
        and _children_fit(match, index, facts)
        and (not match.older_than or facts.age(index) >= facts.ages.named(match.older_than))
        and (match.content is None or _content_fits(match.content, index, facts))
    )
    if not fits:
        return None
    return index if match.subject == "self" else max(parent, 0)


def has_child(facts: Facts, index: int, pattern: str) -> bool:
    """Return whether a directory has a child whose name matches; raises CannotTellError."""
    if not facts.is_directory(index):
        return False
    if is_literal(pattern):
        return facts.tree.child(index, pattern.encode("utf-8")) is not None
    return any(matches_any(name, (pattern,)) for name in facts.children(index))


def _size_fits(match: Match, index: int, facts: Facts) -> bool:
    if match.minimum_size == "0" and not match.maximum_size:
        return True
    size = facts.tree.apparent_size(index)
    return size >= parse_size(match.minimum_size) and (
        not match.maximum_size or size <= parse_size(match.maximum_size)
    )


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
