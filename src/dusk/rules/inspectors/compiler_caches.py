"""Stores of what compilers and build steps gave, wherever a variable or an option put them.

Sources: ccache 3.7 to 4.7, ``src/storage/local``: a directory for each first digit of the hashes, each with
``stats`` (counters, one number a line) and ``CACHEDIR.TAG``; ``ccache.conf`` in the store is the user's.
Bazel 7, remote caching, ``--disk_cache``: ``ac`` and ``cas``, each with files named by a SHA-256 in
directories named by its first two digits.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from dusk.fs.units import count_noun
from dusk.rules.facts import Facts
from dusk.rules.finding import Action, ActionOptions
from dusk.rules.probe import CannotTellError
from dusk.rules.sighting import Part, Proposal, Sighting
from dusk.scan.tree import ROOT

_DIGITS = frozenset(b"0123456789abcdef")
_HASH = re.compile(rb"[0-9a-f]{64}\Z")
_LOOKED_AT = 8  # directories of one store
_OWN = frozenset({b"tmp", b"lock", b"CACHEDIR.TAG", b"ccache.conf"})


def inspect_ccache(store: int, _hits: list[int], facts: Facts) -> Iterator[Sighting]:
    """Yield the store that holds directories with counters; its settings stay."""
    children = facts.children(store)
    filled = [child for name, child in children.items() if _is_filled(name, child, facts)]
    strange = [name for name in children if len(name) > 1 and name not in _OWN]
    if store == ROOT or not filled or strange:
        return
    evidence = (f"{count_noun(len(filled), 'directory', 'directories')} named by a digit hold its counters.",)
    whole = b"ccache.conf" not in children
    parts = (Part(store, (store,)),) if whole else tuple(Part(one, (store,)) for one in filled)
    proposals = [Proposal(Action.TRASH, "Trash {subjects}", parts)]
    try:
        path = facts.path(store).decode()
    except UnicodeDecodeError:
        pass
    else:
        options = ActionOptions(command=("ccache", "-d", path, "-C"), preview=("ccache", "-d", path, "-s"))
        proposals.insert(0, Proposal(Action.NATIVE, "Let ccache empty its cache", parts, options=options))
    yield Sighting("compiler-cache", (store,), parts=parts, evidence=evidence, proposals=tuple(proposals))


def inspect_bazel_disk_cache(store: int, _hits: list[int], facts: Facts) -> Iterator[Sighting]:
    """Yield the store that holds results of steps and contents, all by their hash."""
    children = facts.directories(store)
    if store == ROOT or not {b"ac", b"cas"} <= children.keys() <= {b"ac", b"cas", b"gc", b"tmp"}:
        return
    if all(_is_by_hash(children[name], facts) for name in (b"ac", b"cas")):
        held = facts.shown_size(children[b"cas"])
        yield Sighting("bazel-disk-cache", (store,), evidence=(f"cas holds {held} of contents by hash.",))


def _is_by_hash(directory: int, facts: Facts) -> bool:
    """Return whether files lie by hash, in directories named by its beginning; raises CannotTellError."""
    inside = facts.children(directory)
    if not inside:
        return False
    for name in sorted(inside)[:_LOOKED_AT]:
        files = facts.children(inside[name]) if facts.is_directory(inside[name]) else {}
        if not files or not all(_HASH.match(one) and one.startswith(name) for one in files):
            return False
    return True


def _is_filled(name: bytes, entry: int, facts: Facts) -> bool:
    """Return whether a directory is one of the sixteen that hold results; raises CannotTellError."""
    if len(name) != 1 or name[0] not in _DIGITS or not facts.is_directory(entry):
        return False
    counters = facts.tree.child(entry, b"stats")
    if counters is None or facts.tree.child(entry, b"CACHEDIR.TAG") is None:
        return False
    try:
        lines = facts.head(counters, 4096).split()
    except CannotTellError:
        return False
    return bool(lines) and all(line.isdigit() for line in lines)
