"""Caches of libraries that lie where no variable of this process points: told by what is around and in them.

A variable that moves a cache is set in the job that fills it, not in the shell that looks at the disk later.
Sources: hf_xet 1.8 (a directory for each server, named after its address), transformers 5.23
(dynamic_module_utils.py), kagglehub 0.4 (cache.py: ``N.complete`` beside version N), nltk 3.10
(downloader.py).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from dusk.fs.names import display_name
from dusk.rules.facts import Facts
from dusk.rules.probe import CannotTellError
from dusk.rules.sighting import Sighting
from dusk.scan.tree import ROOT

_NLTK = frozenset(
    {
        b"chunkers", b"corpora", b"grammars", b"help", b"misc", b"models", b"sentiment", b"stemmers",
        b"taggers", b"tokenizers",
    }
)  # fmt: skip
_KAGGLE = frozenset({b"competitions", b"datasets", b"models", b"notebooks"})
_COMPLETE = re.compile(rb"\d+\.complete\Z")


def inspect_xet(_root: int, hits: list[int], facts: Facts) -> Iterator[Sighting]:
    """Yield the stores of chunks and shards: at their place, or below xet and the name of a server."""
    tree = facts.tree
    for hit in hits:
        server = tree.parent(hit)
        is_moved = tree.name(server).startswith(b"http") and tree.name(tree.parent(server)) == b"xet"
        if facts.is_directory(hit) and (is_moved or facts.places.is_within("hf-xet", tree, hit)):
            yield Sighting("hf-xet-chunks", (hit,), evidence=_measured(hit, facts))


def inspect_remote_code(_root: int, hits: list[int], facts: Facts) -> Iterator[Sighting]:
    """Yield copies of remote code: at their place, or made a package in a directory called modules."""
    for hit in hits:
        in_modules = facts.tree.name(facts.tree.parent(hit)) == b"modules"
        is_moved = in_modules and facts.child(hit, b"__init__.py") is not None
        if facts.is_directory(hit) and (is_moved or facts.places.is_within("hf-home", facts.tree, hit)):
            yield Sighting("hf-modules", (hit,), evidence=_measured(hit, facts))


def inspect_kaggle(_root: int, hits: list[int], facts: Facts) -> Iterator[Sighting]:
    """Yield the cache of kagglehub; where its place is not known, each model and dataset of it."""
    said: set[int] = set()
    for hit in hits:
        found = _kaggle_place(hit, facts)
        if found is None and _COMPLETE.match(facts.tree.name(hit)):
            found = _kaggle_download(hit, facts)
        if found is not None and found not in said:
            said.add(found)
            yield Sighting("kaggle-downloads", (found,), evidence=_measured(found, facts))


def inspect_nltk(_root: int, hits: list[int], facts: Facts) -> Iterator[Sighting]:
    """Yield NLTK's data: at its place, or a directory called nltk_data in which all is NLTK's."""
    for above in dict.fromkeys(facts.tree.parent(hit) for hit in hits if facts.is_directory(hit)):
        try:
            inside = facts.children(above) if above >= ROOT else {}
        except CannotTellError:
            continue
        is_named = facts.tree.name(above) == b"nltk_data" and inside.keys() <= _NLTK
        is_moved = is_named and _is_downloaded(inside, facts)
        if inside and (is_moved or facts.places.is_at("nltk", facts.tree, above)):
            yield Sighting("nltk-data", (above,), evidence=_measured(above, facts))


def _kaggle_place(entry: int, facts: Facts) -> int | None:
    place = facts.places.place_above("kagglehub", facts.tree, entry)
    return place if place is not None and _KAGGLE.intersection(facts.children(place)) else None


def _kaggle_download(note: int, facts: Facts) -> int | None:
    """Return the directory in which an empty note says that a version is complete, when it is there.

    It is ``datasets/OWNER/NAME`` or ``models/OWNER/NAME/FRAMEWORK/VARIATION``.
    """
    above = facts.tree.parent(note)
    names = facts.ground.names_above(note)
    is_kaggle = names[2:3] in ([b"datasets"], [b"notebooks"]) or names[4:5] == [b"models"]
    if not is_kaggle or above <= ROOT or facts.tree.apparent_size(note):
        return None
    version = facts.tree.name(note).partition(b".")[0]
    there = facts.child(above, version) or facts.child(above, b"versions", version)
    return above if there is not None else None


def _is_downloaded(inside: dict[bytes, int], facts: Facts) -> bool:
    """Return whether all that is unpacked in NLTK's data lies beside the archive that it came in."""
    for category in inside.values():
        if not facts.is_directory(category):
            return False
        packages = facts.children(category)
        if any(name + b".zip" not in packages for name in facts.directories(category)):
            return False
    return True


def _measured(entry: int, facts: Facts) -> tuple[str, ...]:
    shown = display_name(facts.tree.name(entry))
    return (f"{shown} holds {facts.shown_size(entry)}; the newest change is from {facts.shown_age(entry)}.",)
