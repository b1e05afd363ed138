"""Chroma's vector stores: which index directories its database still names.

Source: chromadb 1.5: ``chroma.sqlite3`` lists a segment of scope ``VECTOR`` for each collection, whose index
lies in a directory called by the segment's id with ``header.bin``, ``data_level0.bin``, ``length.bin`` and
``link_lists.bin``. Deleting a collection leaves that directory behind in some versions.
"""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Iterator
from urllib.parse import quote

from dusk.fs.units import count_noun
from dusk.rules.facts import Facts
from dusk.rules.probe import CannotTellError
from dusk.rules.sighting import Sighting

_DATABASE = b"chroma.sqlite3"
_SEGMENT = re.compile(rb"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\Z")
_INDEX = (b"header.bin", b"data_level0.bin")


def inspect_chroma(store: int, _hits: list[int], facts: Facts) -> Iterator[Sighting]:
    """Yield a vector store and what is left over in it; raises CannotTellError."""
    children = facts.children(store)
    database = children.get(_DATABASE)
    if database is None or not facts.is_file(database):
        return
    segments = {
        name: child
        for name, child in children.items()
        if _SEGMENT.match(name) and all(facts.child(child, one) is not None for one in _INDEX)
    }
    named = _named_segments(database, children, facts)
    orphans = () if not named else tuple(child for name, child in segments.items() if name not in named)
    logs = [child for name, child in children.items() if name.startswith(_DATABASE)]
    staying = [child for child in segments.values() if child not in orphans]
    yield Sighting(
        "vector-store",
        (*logs, *staying),
        evidence=(f"chroma.sqlite3 and {count_noun(len(staying), 'vector index', 'vector indexes')}.",),
    )
    if orphans:
        yield Sighting(
            "chroma-orphan-index",
            orphans,
            evidence=(
                f"chroma.sqlite3 names {count_noun(len(named), 'vector index', 'vector indexes')}, "
                f"and not {'this one' if len(orphans) == 1 else 'these'}.",
            ),
            withheld=f"the store changed {facts.shown_age(store)}; a server may be at work."
            if facts.is_live(store)
            else "",
        )


def _named_segments(database: int, children: dict[bytes, int], facts: Facts) -> frozenset[bytes]:
    """Return the indexes that the database names; none where it cannot be asked."""
    log = children.get(_DATABASE + b"-wal")
    journal = children.get(_DATABASE + b"-journal")
    if any(one is not None and facts.tree.entry(one).identity.size for one in (log, journal)):
        return frozenset()  # the newest rows are not in the database itself
    path = facts.path(database)
    try:
        return facts.prober.run(lambda: _ask(path))
    except (CannotTellError, sqlite3.Error):
        return frozenset()


def _ask(path: bytes) -> frozenset[bytes]:
    # Immutable: nothing is locked or written, not even a journal beside it.
    uri = f"file:{quote(os.fsencode(path))}?mode=ro&immutable=1"
    connection = sqlite3.connect(uri, uri=True)
    try:
        rows = connection.execute("SELECT id FROM segments WHERE scope = 'VECTOR'").fetchall()
    finally:
        connection.close()
    return frozenset(str(row[0]).encode() for row in rows)
