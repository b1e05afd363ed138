"""Downloads that were never finished, by the names that the programs give them.

Sources: Chromium ``.crdownload``, Firefox and youtube-dl ``.part``, aria2 1.36: ``<file>.aria2`` beside a
``<file>`` that already has its final name, axel 2.17: ``<file>.st`` in the same way, lftp 4.9
``<file>.lftp-pget-status``, qBittorrent ``.!qB``,
Transmission ``.part``, curl and rsync ``.partial``.
"""

from __future__ import annotations

import itertools
import re
import struct
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
# Beside a file that has its final name already, these say that it is not complete.
_CONTROLS = {b".aria2": "aria2", b".st": "axel", b".lftp-pget-status": "lftp"}
_AXEL_HEAD = 10  # two bytes for the number of connections, eight for what was downloaded
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
        control = next((one for one in _CONTROLS if name.endswith(one)), b"")
        payload = facts.tree.child(directory, name[: -len(control)]) if control else None
        if control and _is_control(hit, control, payload, facts):
            yield from _controlled(hit, control, payload, facts)
        elif control:
            continue
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


def _is_control(control: int, suffix: bytes, payload: int | None, facts: Facts) -> bool:
    """Return whether a file says what a download still lacks.

    Smalltalk and structural engineers have ``.st`` files too. Axel's is the number of connections, what they
    downloaded, and for each of them where it is and where its part ends. No two parts overlap; one that is
    done gets the rest of another's, so they need not be in order. Source: axel 2.17,
    ``reactivate_connection``.
    """
    if suffix == b".lftp-pget-status":
        return facts.head(control).startswith(b"size=")
    if suffix != b".st":
        return True
    size = facts.tree.apparent_size(control)
    count, rest = divmod(size - _AXEL_HEAD, 16)
    if payload is None or not facts.is_file(payload) or rest or not 0 < count <= 1000:
        return False
    head = facts.head(control)
    if len(head) < size or int.from_bytes(head[:2], "little") != count:
        return False
    numbers = struct.unpack_from(f"<{2 * count}q", head, _AXEL_HEAD)
    parts = sorted(zip(numbers[::2], numbers[1::2], strict=True))
    return all(0 <= at <= end for at, end in parts) and all(
        end <= at for (_, end), (at, _) in itertools.pairwise(parts)
    )


def _controlled(control: int, suffix: bytes, payload: int | None, facts: Facts) -> Iterator[Sighting]:
    both = [control] if payload is None else [control, payload]
    if facts.age(*both) < facts.ages.incomplete_after:
        yield _running(both, facts)
    elif payload is None:
        yield Sighting("partial-download", (control,), evidence=("The file that it controlled is gone.",))
    elif facts.is_file(payload):
        name = display_name(facts.tree.name(payload))
        tool = _CONTROLS[suffix]
        yield Sighting(
            "partial-aria2",
            (control,),
            parts=(Part(payload, (control,)), Part(control, (control,))),
            evidence=(
                f"{tool} keeps its control file until {name} is complete: it is not, whatever its size says.",
            ),
            words={"payload": name, "tool": tool, "suffix": suffix.decode()},
        )
