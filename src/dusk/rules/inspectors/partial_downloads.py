"""Downloads that were never finished, by the names that the programs give them.

Sources: Chromium ``.crdownload``, Firefox and youtube-dl ``.part``, aria2 1.36: ``<file>.aria2`` beside a
``<file>`` that already has its final name, qBittorrent ``.!qB``, Transmission ``.part``, curl and rsync
``.partial``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from dusk.fs.names import display_name
from dusk.rules.facts import Facts
from dusk.rules.inspectors.git_index import is_tracked
from dusk.rules.probe import CannotTellError
from dusk.rules.sighting import Part, Sighting

_BROWSER = re.compile(
    rb"(?P<final>.+)\.(?:crdownload|opdownload|!qB|!ut|download|partial|filepart|dlpart)\Z", re.DOTALL
)
# x.part1.rar and x.tar.part03 are volumes of one archive; x.zip.part is a download.
_PART = re.compile(rb"(?P<final>.+\.\w{1,12})\.part\Z", re.DOTALL)
_UNSURE = re.compile(rb".+\.(?:tmp|temp|incomplete)\Z|.+[-_]partial\Z|.+\.part\Z", re.DOTALL)
_VOLUME = re.compile(rb".+\.part-?\d+\Z|.+\.part\d+\.rar\Z", re.DOTALL)
# What is written in text is small and somebody's; downloads that matter are packed, or models, or media.
_TEXT = (b".txt", b".md", b".csv", b".py", b".json", b".yaml", b".yml", b".tex", b".log", b".sh")


def inspect_partial_downloads(directory: int, hits: list[int], facts: Facts) -> Iterator[Sighting]:
    """Yield what was left of downloads in one directory."""
    if facts.ground.is_managed(directory) or facts.ground.is_system(directory):
        return
    sure, unsure, controlled = [], [], {}
    for hit in hits:
        name = facts.tree.name(hit)
        if not facts.is_file(hit) or facts.age(hit) < facts.ages.incomplete_after or _VOLUME.match(name):
            continue
        try:
            if is_tracked(hit, facts):
                continue
        except CannotTellError:
            continue
        if name.endswith(b".aria2"):
            controlled[hit] = facts.tree.child(directory, name[: -len(b".aria2")])
            continue
        match = _BROWSER.match(name) or _PART.match(name)
        if (
            match is not None
            and not match["final"].lower().endswith(_TEXT)
            and facts.tree.child(directory, match["final"]) is None
        ):
            sure.append(hit)
        elif match is not None or _UNSURE.match(name):
            unsure.append(hit)
    if sure:
        yield _sighting("partial-download", sure, facts)
    old = [entry for entry in unsure if facts.age(entry) >= facts.ages.old_after]
    if old:
        yield _sighting("temporary-file", old, facts)
    for control, payload in controlled.items():
        yield from _aria2(control, payload, facts)


def _sighting(rule: str, entries: list[int], facts: Facts) -> Sighting:
    names = ", ".join(display_name(facts.tree.name(entry)) for entry in entries[:3])
    more = f" and {len(entries) - 3:,} more" if len(entries) > 3 else ""
    sentence = f"{names}{more}, {facts.shown_size(*entries)}, not written since {facts.shown_age(*entries)}."
    return Sighting(rule, tuple(entries), evidence=(sentence,))


def _aria2(control: int, payload: int | None, facts: Facts) -> Iterator[Sighting]:
    if payload is None:
        yield Sighting("partial-download", (control,), evidence=("The file that it controlled is gone.",))
        return
    if not facts.is_file(payload) or facts.age(payload) < facts.ages.incomplete_after:
        return
    name = display_name(facts.tree.name(payload))
    yield Sighting(
        "partial-aria2",
        (control,),
        parts=(Part(payload, (control,)), Part(control, (control,))),
        evidence=(
            f"aria2 keeps its control file until {name} is complete: it is not, whatever its size says.",
        ),
        words={"payload": name},
    )
