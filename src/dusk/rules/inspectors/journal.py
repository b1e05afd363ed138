"""systemd's journal: the files that are full and archived, beside the ones that are written now.

Source: systemd 252, ``system@<id>-<sequence>-<time>.journal`` is archived, ``*.journal~`` was not closed in
order; the magic is LPKSHHRH.
"""

from __future__ import annotations

from collections.abc import Iterator

from dusk.fs.units import count_noun
from dusk.rules.facts import Facts
from dusk.rules.probe import CannotTellError
from dusk.rules.sighting import Sighting

_MAGIC = b"LPKSHHRH"


def inspect_journal(directory: int, hits: list[int], facts: Facts) -> Iterator[Sighting]:
    """Yield the archived journals of one directory."""
    archived = [
        hit
        for hit in hits
        if facts.is_file(hit) and (b"@" in facts.tree.name(hit) or facts.tree.name(hit).endswith(b"~"))
    ]
    try:
        heads = facts.heads(archived, 16)
    except CannotTellError:
        return
    found = [hit for hit, head in zip(archived, heads, strict=True) if (head or b"").startswith(_MAGIC)]
    if found and facts.tree.parent(directory) >= 0:
        yield Sighting(
            "journal",
            tuple(found),
            evidence=(
                f"{count_noun(len(found), 'file')} of {facts.shown_size(*found)} are full and archived, the "
                "newest from "
                f"{facts.shown_age(*found)}.",
            ),
        )
