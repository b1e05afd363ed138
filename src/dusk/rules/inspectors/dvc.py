"""DVC's cache: every version of every tracked file, named by its md5.

Source: DVC 3.67: ``.dvc/cache/files/md5/ab/<30 hex>[.dir]`` (before 3.0 ``.dvc/cache/ab/<30 hex>``);
``*.dvc`` and ``dvc.lock`` name what the workspace uses; a remote holds the same names.
"""

from __future__ import annotations

import configparser
import os
import re
from collections.abc import Iterator

from dusk.fs.units import count_noun
from dusk.rules.facts import Facts
from dusk.rules.finding import Action, ActionOptions
from dusk.rules.inspectors.moved_place import moved_place
from dusk.rules.probe import CannotTellError
from dusk.rules.sighting import Part, Proposal, Sighting

_REST = re.compile(rb"([0-9a-f]{30})(?:\.dir)?\Z")
_MD5 = re.compile(rb"\b([0-9a-f]{32})(?:\.dir)?\b")
_LISTED = 4 * 1024 * 1024  # a directory of 30,000 files


def inspect_dvc(_root: int, hits: list[int], facts: Facts) -> Iterator[Sighting]:
    """Yield the versions in each cache that nothing in its workspace names any more."""
    for hit in hits:
        if not facts.is_directory(hit) or facts.child(hit, b"config") is None:
            continue
        directory = facts.tree.parent(hit)
        cache = facts.child(hit, b"cache")
        if cache is None:
            continue
        objects = _objects(cache, facts)
        try:
            used = _used(directory, objects, facts)
        except CannotTellError:
            continue
        unused = {md5: entry for md5, entry in objects.items() if md5 not in used}
        if not unused:
            continue
        pushed = _in_remote(hit, facts)
        safe = tuple(entry for md5, entry in unused.items() if md5 in pushed)
        only = tuple(entry for md5, entry in unused.items() if md5 not in pushed)
        named = len(used & objects.keys())
        total = f"{len(objects):,} versions in the cache, {named:,} of them named by the workspace"
        if safe:
            yield Sighting(
                "dvc-unused-pushed",
                safe,
                proposals=_by_dvc(safe),
                evidence=(
                    f"{total}; {count_noun(len(safe), 'other')} of {facts.shown_size(*safe)} lie in the "
                    "remote too.",
                ),
            )
        if only:
            yield Sighting(
                "dvc-unused",
                only,
                proposals=_by_dvc(only),
                evidence=(
                    f"{total}; for {count_noun(len(only), 'other')} of {facts.shown_size(*only)} dusk finds "
                    "no copy in a "
                    "remote. Other branches may name them.",
                ),
            )


def _by_dvc(entries: tuple[int, ...]) -> tuple[Proposal, ...]:
    """Return the offer to let DVC do it: it finds its project from wherever in it it is started."""
    start = ("dvc", "gc", "--workspace", "--force")
    options = ActionOptions(command=start, preview=(*start, "--dry"))
    parts = tuple(Part(entry, (entry,)) for entry in entries)
    return (Proposal(Action.NATIVE, "Let DVC remove {subjects}", parts, options=options),)


def _objects(cache: int, facts: Facts) -> dict[bytes, int]:
    top = facts.child(cache, b"files", b"md5")
    found = {}
    for place in (cache, top):
        for two, directory in (facts.directories(place) if place is not None else {}).items():
            if len(two) != 2:
                continue
            for name, entry in facts.children(directory).items():
                match = _REST.match(name)
                if match is not None and facts.is_file(entry):
                    found[two + match[1]] = entry
    return found


def _used(project: int, objects: dict[bytes, int], facts: Facts) -> set[bytes]:
    """Return the md5 sums that ``*.dvc`` and ``dvc.lock`` name, with what their directories list."""
    tree = facts.tree
    notes = [
        entry
        for entry in facts.files_below(project, 200000)
        if (name := tree.name(entry)).endswith(b".dvc") or name == b"dvc.lock"
    ]
    if not notes:
        raise CannotTellError("no file says what the workspace uses")
    used: set[bytes] = set()
    for entry in notes:
        used.update(_MD5.findall(facts.head(entry, _LISTED)))
    for md5 in list(used):
        entry = objects.get(md5, -1)
        if entry >= 0 and tree.name(entry).endswith(b".dir"):
            used.update(_MD5.findall(facts.head(entry, _LISTED)))
    return used


def _in_remote(hit: int, facts: Facts) -> set[bytes]:
    """Return what the remotes hold that are directories inside of what was scanned."""
    found: set[bytes] = set()
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    for name in (b"config", b"config.local"):
        entry = facts.child(hit, name)
        if entry is None:
            continue
        try:
            parser.read_string(facts.head(entry).decode("utf-8", "replace"))
        except configparser.Error:
            continue
    for section in parser.sections():
        if not section.strip("'\"").startswith("remote"):
            continue
        url = parser.get(section, "url", fallback="")
        place = moved_place(os.path.normpath(os.path.join(facts.path(hit), os.fsencode(url))), facts)
        if url and "://" not in url and place is not None and facts.is_directory(place):
            found.update(_objects(place, facts))
    return found
