"""Stores of package managers, told by how they are built: variables put them anywhere, under any name.

Sources: Go 1.24, modfetch/cache.go (``cache/download/HOST/PATH/@v``); pnpm 9 and 10, store/cafs
(``vN/files/ab/<126 hex>``); Maven Resolver 1.9 (``_remote.repositories`` beside each artefact,
``maven-metadata-local.xml`` above what ``mvn install`` put there).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from dusk.fs.names import display_name
from dusk.fs.units import count_noun
from dusk.rules.facts import Facts
from dusk.rules.probe import CannotTellError
from dusk.rules.sighting import Part, Sighting
from dusk.scan.tree import ROOT

_AT_ONCE = 500  # notes that are read together
_LOOKED_AT = 300  # directories or artefacts until it is clear that this is no such store
_VERSION = re.compile(rb"v\d.*\.(?:info|mod|zip|ziphash|lock)\Z|list\Z", re.DOTALL)
_FROM_NO_SERVER = re.compile(rb">=\s*$", re.MULTILINE)
_PNPM_VERSION = re.compile(rb"v\d{1,2}\Z")
_TWO_DIGITS = re.compile(rb"[0-9a-f]{2}\Z")
_PNPM_FILE = re.compile(rb"[0-9a-f]{126}(?:-exec|-index\.json)?\Z")
_PARENT = re.compile(rb"<parent>.*?</parent>", re.DOTALL)
_GROUP = re.compile(rb"<groupId>\s*([\w.-]+)\s*</groupId>")
_INSTALLED = b"maven-metadata-local.xml"


def inspect_go_modules(_directory: int, hits: list[int], facts: Facts) -> Iterator[Sighting]:
    """Yield each module cache of Go that has one of some directories called ``download``."""
    for hit in hits:
        cache = facts.tree.parent(hit)
        store = facts.tree.parent(cache)
        if store < ROOT or facts.tree.name(cache) != b"cache" or not _has_versions(hit, facts):
            continue
        if any(facts.is_file(child) for child in facts.tree.children(store)):
            continue  # Go writes no files there
        yield Sighting(
            "go-modules",
            (store,),
            evidence=(
                f"Its cache/download has {facts.shown_size(hit)} of modules as they were downloaded, in "
                "directories called @v.",
            ),
        )


def inspect_pnpm_store(_directory: int, hits: list[int], facts: Facts) -> Iterator[Sighting]:
    """Yield each version of pnpm's store that has one of some directories called ``files``."""
    for hit in hits:
        store = facts.tree.parent(hit)
        try:
            parts = facts.directories(hit)
        except CannotTellError:
            continue
        hashed = [entry for name, entry in parts.items() if _TWO_DIGITS.match(name)]
        if store <= ROOT or not hashed or not _PNPM_VERSION.match(facts.tree.name(store)):
            continue
        named = any(_PNPM_FILE.match(name) for entry in hashed[:8] for name in facts.children(entry))
        if named or facts.places.is_within("pnpm-store", facts.tree, store):
            yield Sighting(
                "pnpm-store",
                (store,),
                evidence=(f"Its files lie by hash, in {count_noun(len(hashed), 'directory')}.",),
            )


def inspect_maven(_root: int, hits: list[int], facts: Facts) -> Iterator[Sighting]:
    """Yield each repository of Maven, without what was installed into it by hand."""
    noted = [hit for hit in hits if facts.tree.name(hit) != _INSTALLED]
    found: set[int] = set()
    for hit in noted[:_LOOKED_AT]:
        if not any(facts.ground.is_within(hit, store) for store in found):
            store = _repository(facts.tree.parent(hit), facts)
            if store is not None:
                found.add(store)
    installed = [facts.tree.parent(hit) for hit in hits if facts.tree.name(hit) == _INSTALLED]
    for start in range(0, len(noted) if found else 0, _AT_ONCE):
        some = noted[start : start + _AT_ONCE]
        for note, head in zip(some, facts.heads(some, 4096), strict=True):
            # A note that cannot be read says nothing of where its artefact came from.
            if head is None or _FROM_NO_SERVER.search(head):
                installed.append(facts.tree.parent(note))
    for store in found:
        own = {place for place in installed if facts.ground.is_within(place, store)}
        evidence = [
            f"_remote.repositories beside {count_noun(len(noted), 'artefact')} says where they came from."
        ]
        if own:
            shown = display_name(facts.tree.name(min(own)))
            evidence.append(f"{count_noun(len(own), 'artefact')} of your own stay: {shown}.")
        parts = tuple(Part(entry, (store,)) for entry in _without(store, own, facts))
        if parts:
            yield Sighting("java-repository", (store,), parts=parts if own else (), evidence=tuple(evidence))


def _has_versions(download: int, facts: Facts) -> bool:
    """Return whether some directory below is ``@v``, where Go keeps the versions of one module."""
    waiting = [download]
    for _ in range(_LOOKED_AT):
        if not waiting:
            break
        try:
            inside = facts.directories(waiting.pop())
        except CannotTellError:
            continue
        if b"@v" in inside:
            return any(_VERSION.match(name) for name in facts.children(inside[b"@v"]))
        waiting += inside.values()
    return False


def _repository(version: int, facts: Facts) -> int | None:
    """Return the top of the repository: the directories above an artefact are its group, name and version."""
    name = facts.tree.parent(version)
    if name <= ROOT:
        return None
    known = facts.places.place_above("maven", facts.tree, version)
    if known is not None:
        return known
    pom = facts.child(version, facts.tree.name(name) + b"-" + facts.tree.name(version) + b".pom")
    if pom is None:
        return None
    try:
        text = facts.head(pom)
    except CannotTellError:
        return None
    group = _GROUP.search(_PARENT.sub(b"", text)) or _GROUP.search(text)
    top = name
    for part in reversed(group[1].split(b".")) if group is not None else ():
        top = facts.tree.parent(top)
        if top <= ROOT or facts.tree.name(top) != part:
            return None
    return facts.tree.parent(top) if top != name else None


def _without(directory: int, own: set[int], facts: Facts) -> Iterator[int]:
    """Yield what is in a directory, in as few entries as leave something of one's own untouched."""
    if directory in own:
        return
    if not any(facts.ground.is_within(one, directory) for one in own):
        yield directory
        return
    for child in facts.children(directory).values():
        yield from _without(child, own, facts)
