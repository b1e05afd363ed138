"""Copies that people and editors made before a change: somebody's safety net, until there are too many."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from dusk.fs.names import display_name
from dusk.fs.units import count_noun
from dusk.rules.facts import Facts
from dusk.rules.inspectors.git_index import is_tracked
from dusk.rules.probe import CannotTellError
from dusk.rules.retention import Member
from dusk.rules.sighting import Sighting
from dusk.scan.tree import ROOT

# x.bak, x.bak.2, x.orig, x~, x.old: the stem is the file that they were copied from.
_COPY = re.compile(
    rb"(?P<stem>.+?)(?:(?:\.(?:bak|old|orig|backup|save|prev)|~)(?:[._-]?(?P<number>\d+))?|[_.-](?:bak|backup|old|orig)(?P<tail>\.\w+)?)\Z",
    re.DOTALL,
)
_TIME = rb"(?:[-_.T ]?\d{2}[-_.:h]?\d{2}(?:[-_.:m]?\d{2})?Z?)?"
_DATE = rb"(?:19|20)\d{2}[-_.]?(?:0[1-9]|1[0-2])[-_.]?(?:[0-2]\d|3[01])" + _TIME
_DATED = re.compile(rb"(?P<before>.*?)[-_. ]?(?P<date>" + _DATE + rb")(?P<after>.*)\Z", re.DOTALL)
_WORD = re.compile(rb"(?:^|[-_. ])(?:bak|bkp|backups?|dump|snapshot|copy|archive)(?:$|[-_. ])", re.IGNORECASE)
_PLACE = re.compile(rb"(?:.*[-_.])?(?:backups?|bak|dumps)(?:[-_.].*)?\Z", re.IGNORECASE | re.DOTALL)
# Directories that the rule asks for by name.
_HEARD_OF = re.compile(rb"backup.*|bak\Z|dumps\Z|.*[-_.]backup\Z", re.DOTALL)
_SECRET = re.compile(
    rb"\.env|id_(?:rsa|dsa|ecdsa|ed25519)|.*\.(?:pem|key|kdbx|p12|pfx)|.*credentials.*|.*passw.*|\.netrc|.*token.*",
    re.I | re.S,
)
# An original with so many times fewer bytes than its copy was emptied, by a full disk or a wrong command.
_SHRUNK = 4


@dataclass(frozen=True, slots=True)
class _Copy:
    """A backup with what it was made of."""

    entry: int
    stem: bytes
    order: float


def inspect_backups(directory: int, hits: list[int], facts: Facts) -> Iterator[Sighting]:
    """Yield copies beside their originals, and all but the newest of each dated series, in one directory."""
    if not facts.ground.is_anybodys(directory):
        return
    if directory == ROOT or not _HEARD_OF.match(facts.tree.name(directory)):
        yield from _inspect(directory, hits, facts)
    # What is in a directory of backups need not be a hit itself: its own name was one of the directory above.
    for place in hits:
        if (
            facts.tree.parent(place) == directory
            and facts.is_directory(place)
            and _HEARD_OF.match(facts.tree.name(place))
        ):
            yield from _inspect(place, [], facts)


def inspect_dated(directory: int, copies: list[int], facts: Facts) -> Iterator[Sighting]:
    """Yield the older ones of some directories with dates in their names, but for what a rule heard of."""
    tree = facts.tree
    if _PLACE.match(_own_name(directory, facts)) or not facts.ground.is_anybodys(directory):
        return
    series: dict[bytes, list[_Copy]] = {}
    for copy in copies:
        name = tree.name(copy)
        dated = None if _HEARD_OF.match(name) or _SECRET.match(name) else _dated(name, in_place=False)
        if dated is not None:
            series.setdefault(dated[0], []).append(_Copy(copy, *dated))
    for stem, members in series.items():
        yield from _series(stem, members, facts)


def _own_name(directory: int, facts: Facts) -> bytes:
    return facts.tree.name(directory).rsplit(b"/", 1)[-1]


def _inspect(directory: int, hits: list[int], facts: Facts) -> Iterator[Sighting]:
    in_place = _PLACE.match(_own_name(directory, facts)) is not None
    children = facts.children(directory)
    series: dict[bytes, list[_Copy]] = {}
    beside = []
    candidates = list(children.values()) if in_place else hits
    for entry in dict.fromkeys(candidates):
        name = facts.tree.name(entry)
        if facts.tree.parent(entry) != directory or _SECRET.match(name) or name.startswith(b".#"):
            continue
        if not (facts.is_file(entry) or facts.is_directory(entry)):
            continue
        dated = _dated(name, in_place)
        if dated is not None:
            series.setdefault(dated[0], []).append(_Copy(entry, *dated))
        if facts.is_file(entry) and facts.tree.apparent_size(entry):
            copy = _of_original(entry, name, children, facts)
            if copy is not None:
                beside.append(copy)
    for stem, copies in series.items():
        yield from _series(stem, copies, facts)
    dated_already = {copy.entry for copies in series.values() if len(copies) > 1 for copy in copies}
    if beside := [entry for entry in beside if entry not in dated_already]:
        yield from _beside(beside, facts)


def _dated(name: bytes, in_place: bool) -> tuple[bytes, float] | None:
    """Return stem and place of a name with a date, None where it says nothing of a backup."""
    match = _DATED.match(name)
    if match is None or not (in_place or _WORD.search(match["before"]) or _WORD.search(match["after"])):
        return None
    digits = re.sub(rb"\D", b"", match["date"])[:14].ljust(14, b"0")
    return match["before"] + b"*" + match["after"], float(digits)


def _of_original(entry: int, name: bytes, children: dict[bytes, int], facts: Facts) -> int | None:
    """Return a copy whose original lies beside it, is not older and still holds what was copied."""
    original = _original(name, children)
    if original is None or not facts.is_file(original):
        return None
    left = facts.tree.apparent_size(original)
    if left * _SHRUNK < facts.tree.apparent_size(entry):
        return None
    # Most disks hold no model beside a copy of it, and what reads models takes time to import.
    from dusk.rules.inspectors.soundness import fault_in

    if fault_in(original, facts):
        return None
    if facts.tree.newest_mtime_ns(original) < facts.tree.newest_mtime_ns(entry) or facts.is_live(entry):
        return None
    try:
        return None if is_tracked(entry, facts) else entry
    except CannotTellError:
        return None


def _original(name: bytes, children: dict[bytes, int]) -> int | None:
    """Return the file beside a copy that has its name without what makes it a copy."""
    match = _COPY.match(name)
    if match is not None:
        return children.get(match["stem"] + (match["tail"] or b""))
    match = _DATED.match(name)
    if match is None or not _WORD.search(match["before"]):
        return None
    return children.get(_WORD.sub(b"", match["before"]).rstrip(b"-_. ") + match["after"])


def _series(stem: bytes, copies: list[_Copy], facts: Facts) -> Iterator[Sighting]:
    if len(copies) < 2:
        return
    kept = facts.retention.for_rule("backup-series").apply(
        Member(copy.entry, copy.order, facts.age(copy.entry)) for copy in copies
    )
    going = tuple(entry for entry in kept.going if not facts.is_live(entry))
    if not going:
        return
    stays = [
        f"{display_name(facts.tree.name(entry))} stays: {why}."
        for entry, why in list(kept.reasons.items())[:4]
    ]
    yield Sighting(
        "backup-series",
        going,
        evidence=(
            f"{count_noun(len(copies), 'dated copy', 'dated copies')} called {display_name(stem)}; "
            f"{count_noun(len(going), 'older one')} of {facts.shown_size(*going)}.",
            *stays,
        ),
        members=tuple(facts.path(entry) for entry in kept.reasons),
    )


def _beside(copies: list[int], facts: Facts) -> Iterator[Sighting]:
    names = ", ".join(display_name(facts.tree.name(entry)) for entry in copies[:3])
    more = f" and {len(copies) - 3:,} more" if len(copies) > 3 else ""
    yield Sighting(
        "backup-copy",
        tuple(copies),
        evidence=(f"{names}{more}: what each was copied from lies beside it and is not older.",),
    )
