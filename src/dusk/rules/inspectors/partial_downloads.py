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
    if not facts.ground.is_anybodys(directory):
        return
    sure: list[int] = []
    unsure: list[int] = []
    running: list[int] = []
    for hit in hits:
        name = facts.tree.name(hit)
        if not facts.is_file(hit) or _VOLUME.match(name) or not _is_ours_to_judge(hit, facts):
            continue
        is_young = facts.age(hit) < facts.ages.incomplete_after
        if name.endswith(b".aria2"):
            yield from _aria2(hit, facts.tree.child(directory, name[: -len(b".aria2")]), facts)
        elif _is_download(name, directory, facts):
            (running if is_young else sure).append(hit)
        elif facts.age(hit) >= facts.ages.old_after and (_BROWSER.match(name) or _UNSURE.match(name)):
            unsure.append(hit)
    if running:
        yield _running(running, facts)
    if sure:
        yield _sighting("partial-download", sure, facts)
    if unsure:
        yield _sighting("temporary-file", unsure, facts)


def _is_ours_to_judge(file: int, facts: Facts) -> bool:
    """Return whether a file is surely not under version control."""
    try:
        return not is_tracked(file, facts)
    except CannotTellError:
        return False


def _is_download(name: bytes, directory: int, facts: Facts) -> bool:
    """Return whether a name means what a program downloads, and not a text or a part of what is there."""
    match = _BROWSER.match(name) or _PART.match(name)
    return (
        match is not None
        and not match["final"].lower().endswith(_TEXT)
        and facts.tree.child(directory, match["final"]) is None
    )


def _running(entries: list[int], facts: Facts) -> Sighting:
    said = f"Written {facts.shown_age(*entries)}: a program may be downloading."
    return Sighting("download-in-progress", tuple(entries), evidence=(said,))


def _sighting(rule: str, entries: list[int], facts: Facts) -> Sighting:
    names = ", ".join(display_name(facts.tree.name(entry)) for entry in entries[:3])
    more = f" and {len(entries) - 3:,} more" if len(entries) > 3 else ""
    sentence = f"{names}{more}, {facts.shown_size(*entries)}, not written since {facts.shown_age(*entries)}."
    return Sighting(rule, tuple(entries), evidence=(sentence,))


def _aria2(control: int, payload: int | None, facts: Facts) -> Iterator[Sighting]:
    both = [control] if payload is None else [control, payload]
    if facts.age(*both) < facts.ages.incomplete_after:
        yield _running(both, facts)
    elif payload is None:
        yield Sighting("partial-download", (control,), evidence=("The file that it controlled is gone.",))
    elif facts.is_file(payload):
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
