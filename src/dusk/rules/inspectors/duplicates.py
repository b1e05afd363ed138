"""The same bytes more than once, known from checksums that tools wrote down: nothing is read for it.

Source: huggingface_hub 2.4.0 names a blob by the SHA-256 of its content, and notes the same beside a download
into a directory.
"""

from __future__ import annotations

from collections.abc import Iterator

from dusk.fs.names import display_path
from dusk.fs.units import count_noun, format_size
from dusk.rules.facts import Facts
from dusk.rules.finding import Action
from dusk.rules.sighting import Part, Proposal, Sighting

_LEAST = 4096  # bytes of a block: sharing less frees nothing
_SHOWN = 4


def inspect_duplicates(_root: int, _hits: list[int], facts: Facts) -> Iterator[Sighting]:
    """Yield the files that have a checksum in common with another one."""
    copies: list[int] = []
    parts: list[Part] = []
    sentences: list[str] = []
    for digest, noted in facts.families.contents.items():
        files = _distinct(list(noted), facts)
        if len(files) < 2:
            continue
        copies += files[1:]
        # The first one stays what it is: the others go with it or not at all.
        parts += [Part(file, (files[1] if number == 0 else file,)) for number, file in enumerate(files)]
        places = ", ".join(display_path(facts.relative(file)) for file in files[:_SHOWN])
        sentences.append(
            f"{format_size(facts.tree.apparent_size(files[0]))} each, SHA-256 {digest[:12]}: {places}."
        )
    if copies:
        yield Sighting(
            "model-duplicate",
            tuple(copies),
            evidence=(
                f"{count_noun(len(copies), 'more copy', 'more copies')} of {facts.shown_size(*copies)}.",
                *sentences[:_SHOWN],
                "The tools noted these checksums; the bytes are compared before anything is shared.",
            ),
            proposals=(Proposal(Action.DEDUPE, "Let {subjects} share their blocks", tuple(parts)),),
        )


def _distinct(entries: list[int], facts: Facts) -> list[int]:
    """Return the files that are still there and no names of one inode, those in caches first."""
    found: dict[tuple[int, int], int] = {}
    size = None
    for entry in sorted(entries, key=facts.path):
        if facts.tree.is_removed(entry) or not facts.is_file(entry):
            continue
        identity = facts.tree.entry(entry).identity
        size = identity.size if size is None else size
        if identity.size == size >= _LEAST:
            found.setdefault((identity.device, identity.inode), entry)
    return list(found.values())
