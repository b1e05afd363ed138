"""uv's cache: each package unpacked once, and linked into environments.

Source: uv 0.13.8: ``archive-v0/<id>`` holds a package; environments have hard links to it, or with
``--link-mode=symlink`` symbolic ones, and then they stop working without it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from dusk.fs.identity import EntryKind
from dusk.fs.names import display_name
from dusk.fs.units import count_noun
from dusk.rules.facts import Facts
from dusk.rules.finding import Action, ActionOptions
from dusk.rules.inspectors.environments import site_packages
from dusk.rules.probe import CannotTellError
from dusk.rules.sighting import Part, Proposal, Sighting
from dusk.scan.tree import ROOT

_BUCKET = b"archive-v"
_BUCKETS = re.compile(rb"[a-z-]+-v\d+|\..*", re.DOTALL)  # of whatever kind, and what begins with a dot
_LINKS = 20000  # links that are read to find out which packages environments are made of


def inspect_uv_cache(_root: int, hits: list[int], facts: Facts) -> Iterator[Sighting]:
    """Yield each cache, without the packages that environments anywhere in the tree link to."""
    buckets = [hit for hit in hits if facts.tree.name(hit).startswith(_BUCKET) and facts.is_directory(hit)]
    caches = {facts.tree.parent(bucket): bucket for bucket in buckets}
    caches = {cache: bucket for cache, bucket in caches.items() if _is_cache(cache, facts)}
    if not caches:
        return
    environments = [facts.tree.parent(hit) for hit in hits if facts.tree.name(hit) == b"pyvenv.cfg"]
    try:
        linked = _linked(environments, facts)
    except CannotTellError:
        linked = None
    for cache, bucket in caches.items():
        yield from _cache(cache, bucket, linked, facts)


def _is_cache(cache: int, facts: Facts) -> bool:
    return cache > ROOT and facts.tree.child(cache, b"CACHEDIR.TAG") is not None


def _cache(cache: int, bucket: int, linked: set[int] | None, facts: Facts) -> Iterator[Sighting]:
    packages = list(facts.directories(bucket).values())
    evidence = [f"CACHEDIR.TAG and {count_noun(len(packages), 'unpacked package')} lie in it."]
    withheld = f"it changed {facts.shown_age(cache)}; uv may be at work." if facts.is_live(cache) else ""
    if linked is None:
        withheld = "which environments link to it cannot be told."
    needed = [package for package in packages if package in (linked or ())]
    strange = sorted(name for name, one in facts.children(cache).items() if _is_strange(name, one, facts))
    if strange:
        shown = ", ".join(display_name(name) for name in strange[:3])
        evidence.append(f"{shown} at its top came by no uv, and {'stays' if len(strange) == 1 else 'stay'}.")
    if not needed and not strange:
        yield Sighting(
            "uv-cache", (cache,), evidence=tuple(evidence), withheld=withheld, proposals=_whole(cache, facts)
        )
        return
    rest = [one for name, one in facts.directories(cache).items() if name not in strange]
    if needed:
        said = (
            f"{count_noun(len(needed), 'package')} of uv's cache: environments were made with links to them."
        )
        yield Sighting("linked-package", tuple(needed), evidence=(said,))
        rest.remove(bucket)
        rest += [package for package in packages if package not in needed]
        evidence.append(f"{count_noun(len(needed), 'package')} stay: environments link to them.")
    if rest:
        yield Sighting("uv-cache", tuple(rest), evidence=tuple(evidence), withheld=withheld)


def _is_strange(name: bytes, entry: int, facts: Facts) -> bool:
    """Return whether an entry at the top of a cache is nothing that uv writes."""
    if facts.is_directory(entry):
        return _BUCKETS.fullmatch(name) is None
    return name != b"CACHEDIR.TAG" and not name.startswith(b".")


def _whole(cache: int, facts: Facts) -> tuple[Proposal, ...]:
    """Return what may be done about a cache that nothing links to: uv itself removes only what is stale."""
    part = (Part(cache, (cache,)),)
    trash = Proposal(Action.TRASH, "Trash uv's cache", part)
    try:
        options = ActionOptions(command=("uv", "cache", "prune", "--cache-dir", facts.path(cache).decode()))
    except UnicodeDecodeError:
        return (trash,)
    note = "Only what no version of uv in use needs any more."
    return (trash, Proposal(Action.NATIVE, "Let uv prune its cache", part, note=note, options=options))


def _linked(environments: list[int], facts: Facts) -> set[int]:
    """Return the packages of the cache that environments are made of; raises CannotTellError."""
    links: list[int] = []
    for environment in environments:
        for packages in site_packages(environment, facts):
            links += _links_in(packages, facts)
        if len(links) > _LINKS:
            raise CannotTellError("there are too many links")
    found = set()
    for target in facts.links(links):
        entry = facts.tree.find(target) if target.startswith(b"/") else None
        while entry is not None and entry > ROOT:
            if facts.tree.name(facts.tree.parent(entry)).startswith(_BUCKET):
                found.add(entry)
                break
            entry = facts.tree.parent(entry)
    return found


def _links_in(packages: int, facts: Facts) -> list[int]:
    """Return links among an environment's packages, at least one of each; raises CannotTellError."""
    tree = facts.tree
    links: list[int] = []
    waiting = [packages]
    while waiting:
        directory = waiting.pop()
        children = facts.children(directory).values()
        found = [child for child in children if tree.kind(child) is EntryKind.SYMLINK]
        links += found if directory == packages else found[:1]
        # A package's own directory holds files; one without any is a part of several packages.
        if directory == packages or not (found or any(facts.is_file(child) for child in children)):
            waiting += [child for child in children if facts.is_directory(child)]
    return links
