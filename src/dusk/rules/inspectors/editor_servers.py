"""Servers that editors leave on the machines people connect to: one per version, each some 200 to 700 MB.

Source: VS Code 1.9x, ``~/.vscode-server``: ``bin/<commit>`` or ``cli/servers/Stable-<commit>``; its
extensions are ``<publisher>.<name>-<version>``. Cursor and Windsurf use the same layout.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from dusk.fs.names import display_name
from dusk.fs.units import count_noun
from dusk.rules.facts import Facts
from dusk.rules.probe import CannotTellError
from dusk.rules.sighting import Sighting

_SERVER = re.compile(rb"(?:Stable-|Insiders-)?[0-9a-f]{40}\Z")
_EXTENSION = re.compile(rb"(?P<name>[\w-]+\.[\w.-]+?)-(?P<version>\d+(?:\.\d+)+)(?P<platform>-[\w-]+)?\Z")
_PLACES = ((b"bin",), (b"cli", b"servers"))


def inspect_editor_servers(_top: int, hits: list[int], facts: Facts) -> Iterator[Sighting]:
    """Yield all but the newest server, and all but the newest version of each extension."""
    for hit in hits:
        if not facts.is_directory(hit):
            continue
        for place in _PLACES:
            yield from _servers(facts.child(hit, *place), facts)
        yield from _extensions(facts.child(hit, b"extensions"), facts)


def _servers(place: int | None, facts: Facts) -> Iterator[Sighting]:
    if place is None or not facts.is_directory(place):
        return
    servers = [child for name, child in facts.directories(place).items() if _SERVER.match(name)]
    order = _used(place, facts)
    # What was used last stays even where its files are older than those of a version tried since.
    servers.sort(key=lambda one: (order.get(facts.tree.name(one), -1), facts.tree.newest_mtime_ns(one)))
    old = servers[:-1]
    if old:
        newest = display_name(facts.tree.name(servers[-1]))
        yield Sighting(
            "editor-server",
            tuple(old),
            evidence=(f"{count_noun(len(servers), 'version')}; the one used last, {newest}, stays.",),
            members=(facts.path(servers[-1]),),
        )


def _used(place: int, facts: Facts) -> dict[bytes, int]:
    """Return how recently each server was used, as the launcher noted it: the last used comes first."""
    noted = facts.tree.child(place, b"lru.json")
    if noted is None:
        return {}
    try:
        names = facts.document(noted, list[str])
    except CannotTellError:
        return {}
    return {name.encode(): len(names) - number for number, name in enumerate(names)}


def _extensions(place: int | None, facts: Facts) -> Iterator[Sighting]:
    if place is None or not facts.is_directory(place):
        return
    versions: dict[tuple[bytes, bytes], list[tuple[tuple[int, ...], int]]] = {}
    for name, child in facts.directories(place).items():
        match = _EXTENSION.match(name)
        if match is not None:
            number = tuple(int(part) for part in match["version"].split(b"."))
            versions.setdefault((match["name"], match["platform"] or b""), []).append((number, child))
    old = [child for found in versions.values() for _, child in sorted(found)[:-1]]
    if old:
        yield Sighting(
            "editor-extension",
            tuple(old),
            evidence=(
                f"{count_noun(len(old), 'directory', 'directories')} of extensions that have a newer version "
                "beside them.",
            ),
        )
