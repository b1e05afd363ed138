"""Piles of small status files: a program wrote one every few minutes and nobody ever takes them away."""

from __future__ import annotations

import re
from collections.abc import Iterator

from dusk.fs.names import display_name
from dusk.fs.units import count_noun
from dusk.rules.facts import Facts
from dusk.rules.finding import Action
from dusk.rules.probe import CannotTellError
from dusk.rules.sighting import Part, Proposal, Sighting

_LEAST = 10
_NUMBERED = re.compile(rb"(.*?)[_.-]?(\d[\dTZ_:.-]*)\.json\Z", re.DOTALL)
_TALKS_OF_STATUS = re.compile(rb"(status|progress|heartbeat|health|monitor|telemetry)", re.IGNORECASE)
_KEY = re.compile(rb'"([A-Za-z_][\w-]*)"\s*:')
_SAMPLES = 3
_KEYS = 4


def inspect_status_pile(directory: int, hits: list[int], facts: Facts) -> Iterator[Sighting]:
    """Yield the old ones of many numbered status files in one directory; the newest always stays."""
    if facts.ground.is_managed(directory):
        return
    piles: dict[bytes, list[int]] = {}
    for hit in hits:
        match = _NUMBERED.match(facts.tree.name(hit))
        if match is not None and facts.is_file(hit):
            piles.setdefault(match[1], []).append(hit)
    for stem, files in piles.items():
        above = facts.tree.name(max(facts.tree.parent(directory), 0)).rsplit(b"/", 1)[-1]
        place = facts.tree.name(directory).rsplit(b"/", 1)[-1]
        about = any(_TALKS_OF_STATUS.search(name) for name in (stem, place, above))
        if len(files) < _LEAST or not about or not _look_alike(files, facts):
            continue
        files.sort(key=facts.tree.newest_mtime_ns)
        old = [file for file in files[:-1] if facts.age(file) >= facts.ages.old_after]
        if old:
            yield _pile(stem, files, old, facts)


def _pile(stem: bytes, files: list[int], old: list[int], facts: Facts) -> Sighting:
    parts = tuple(Part(file, (file,)) for file in old)
    return Sighting(
        "status-log-pile",
        tuple(old),
        evidence=(
            f"{count_noun(len(files), 'file')} of {facts.shown_size(*files)} named "
            f"{display_name(stem)}_… with the same keys, from {facts.shown_age(files[0])} to "
            f"{facts.shown_age(files[-1])}.",
            f"{count_noun(len(old), 'file')} of {facts.shown_size(*old)} are older than the limit; "
            f"{count_noun(len(files) - len(old), 'file')} stay, the newest among them.",
        ),
        proposals=(
            Proposal(
                Action.ROTATE,
                "Pack {subjects} by day",
                parts,
                note="Each day becomes one packed file; nothing is lost.",
            ),
            Proposal(Action.ARCHIVE, "Archive {subjects}", parts),
            Proposal(Action.TRASH, "Trash {subjects}", parts),
        ),
    )


def _look_alike(files: list[int], facts: Facts) -> bool:
    """Return whether a few of the files begin with the same keys: one program wrote them."""
    step = max(len(files) // _SAMPLES, 1)
    try:
        heads = facts.heads(files[::step][:_SAMPLES], 4096)
    except CannotTellError:
        return False
    keys = {tuple(_KEY.findall(head or b"")[:_KEYS]) for head in heads}
    return len(keys) == 1 and bool(next(iter(keys)))
