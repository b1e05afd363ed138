"""Flat caches of downloads: files named by a hash of their address, each with a note that says the address.

Source: transformers up to 4.21, ``file_utils.py``, and datasets 5.2, ``utils/file_utils.py``: a file is
called sha256(url), often with sha256(etag) behind a dot, and ``<name>.json`` holds url and etag.
"""

from __future__ import annotations

import contextlib
import enum
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass

import msgspec

from dusk.fs.names import display_name
from dusk.fs.units import count_noun
from dusk.rules.facts import Facts
from dusk.rules.inspectors.archive_listing import archive_listing
from dusk.rules.probe import CannotTellError
from dusk.rules.sighting import Part, Sighting

_NAME = re.compile(rb"[0-9a-f]{64}(\.[0-9a-f]{64})?(\.(h5|py|tar\.gz))?\Z")
_LOCK = re.compile(rb"[0-9a-f]{64}(?:\.[0-9a-f]{64})?(?:\.h5)?\.lock\Z")
# Found by the name of the directory itself, or another library's.
_ELSEWHERE = frozenset(
    {b"transformers", b"pytorch_transformers", b"pytorch_pretrained_bert", b"hub", b"downloads"}
)
_LEFT = re.compile(rb"(tmp[0-9a-z_]{8}|[0-9a-f]{64}.*\.incomplete)\Z", re.DOTALL)
_HASH = re.compile(rb"[0-9a-f]{64}\Z")
_MOST = 200_000  # entries of one directory that are looked at
_NOTES = 400  # notes that are read; the rest is told by their names
_ARROWS = 200
_ARROW_HEAD = 256 * 1024
_MEDIA = (b'"_type": "Audio"', b'"_type": "Image"', b'"_type": "Video"', b'"_type": "Pdf"')


class _Origin(enum.Enum):
    """Where what was unpacked is from, as it is said."""

    ARCHIVE = (
        "Each is named by the hash of the path of an archive in downloads, which lists all that is in it."
    )
    ADDED_TO = (
        "Each is named by the hash of the path of an archive in downloads, which does not list all of it."
    )
    UNREAD = (
        "Each is named by the hash of the path of an archive in downloads, which was not read to its end."
    )
    UNKNOWN = "The archive that each came from is not beside it any more, or lies elsewhere."


class _Note(msgspec.Struct):
    url: str = ""
    etag: str | None = None


@dataclass(frozen=True, slots=True)
class Download:
    """One file of a flat cache."""

    index: int
    """The file."""
    beside: tuple[int, ...]
    """Its note and its lock."""
    note: int
    """Its note."""


def inspect_legacy_cache(parent: int, hits: list[int], facts: Facts) -> Iterator[Sighting]:
    """Yield the files of caches that transformers before 4.22 filled, wherever a variable put them."""
    places = {hit for hit in hits if facts.is_directory(hit)}
    if any(_LOCK.match(facts.tree.name(hit)) for hit in hits) and facts.tree.name(parent) not in _ELSEWHERE:
        places.add(parent)
    for place in places:
        with contextlib.suppress(CannotTellError):
            yield from _legacy(place, facts)


def _legacy(directory: int, facts: Facts) -> Iterator[Sighting]:
    downloads = read_downloads(directory, facts)
    if not downloads:
        return
    addresses = _addresses(downloads, facts)
    if not addresses:
        return
    yield _sighting("hf-legacy-cache", downloads, addresses, facts)
    left = [
        child
        for child in facts.tree.children(directory)
        if _LEFT.match(facts.tree.name(child)) and facts.is_file(child)
    ]
    left = [child for child in left if facts.age(child) >= facts.ages.incomplete_after]
    if left:
        yield Sighting(
            "hf-incomplete-download",
            tuple(left),
            evidence=(
                f"{count_noun(len(left), 'partial file')} of {facts.shown_size(*left)}, last written "
                f"{facts.shown_age(*left)}, in the cache of an old version of transformers.",
            ),
            words={"repository": "some model"},
            title="Broken downloads of old versions",
        )


def inspect_downloads(parent: int, hits: list[int], facts: Facts) -> Iterator[Sighting]:
    """Yield what datasets downloaded, and what it unpacked from that."""
    for hit in hits:
        if not facts.is_directory(hit):
            continue
        downloads = read_downloads(hit, facts)
        extracted = facts.child(hit, b"extracted")
        unpacked = [] if extracted is None else _unpacked(extracted, facts)
        addresses = _addresses(downloads, facts)
        if downloads and addresses:
            sighting = _sighting("hf-datasets-downloads", downloads, addresses, facts)
            yield sighting
        if unpacked and (addresses or _is_datasets(parent, facts)):
            yield from _extracted(parent, downloads, unpacked, facts)


def read_downloads(directory: int, facts: Facts) -> list[Download]:
    """Return the files of a directory that have a name of hashes and a note beside them."""
    tree = facts.tree
    if facts.is_closed(directory) or tree.child_count(directory) > _MOST:
        raise CannotTellError("it cannot be listed")
    files = {tree.name(child): child for child in tree.children(directory) if facts.is_file(child)}
    found = []
    for name, index in files.items():
        note = files.get(name + b".json") if _NAME.match(name) else None
        if note is not None:
            lock = files.get(name + b".lock")
            found.append(Download(index, (note,) if lock is None else (note, lock), note))
    return found


def _addresses(downloads: list[Download], facts: Facts) -> list[str]:
    """Return the addresses that the notes say, each once; empty when they are no such notes."""
    notes = [download.note for download in downloads[:_NOTES]]
    found: dict[str, None] = {}
    for head in facts.heads(notes, 4096):
        try:
            note = msgspec.json.decode(head or b"{}", type=_Note)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            continue
        if note.url:
            found[note.url] = None
    return list(found)


def _sighting(rule: str, downloads: list[Download], addresses: list[str], facts: Facts) -> Sighting:
    entries = [download.index for download in downloads]
    shown = "; ".join(display_name(address) for address in addresses[:3])
    more = f"; and {len(addresses) - 3:,} more" if len(addresses) > 3 else ""
    withheld = ""
    if facts.is_live(*entries):
        withheld = f"it changed {facts.shown_age(*entries)}: a download may be running."
    return Sighting(
        rule,
        tuple(entries),
        parts=tuple(
            Part(entry, (download.index,))
            for download in downloads
            for entry in (download.index, *download.beside)
        ),
        evidence=(
            f"{count_noun(len(downloads), 'file')} of {facts.shown_size(*entries)}, each named by the hash "
            "of its address, with a note that says the address.",
            f"From {shown}{more}.",
            f"Newest change {facts.shown_age(*entries)}.",
        ),
        withheld=withheld,
    )


def _unpacked(extracted: int, facts: Facts) -> list[int]:
    tree = facts.tree
    if facts.is_closed(extracted) or tree.child_count(extracted) > _MOST:
        raise CannotTellError("it cannot be listed")
    return [child for child in tree.children(extracted) if _HASH.match(tree.name(child))]


def _extracted(
    parent: int, downloads: list[Download], unpacked: list[int], facts: Facts
) -> Iterator[Sighting]:
    """Yield what was unpacked: with its archive still there it is made again at once."""
    # The name is the hash of the archive's path, so archives that are still there can be told.
    archives = {
        hashlib.sha256(facts.path(download.index)).hexdigest().encode(): download.index
        for download in downloads
    }
    groups: dict[_Origin, list[int]] = {}
    for one in unpacked:
        origin = _origin(one, archives.get(facts.tree.name(one)), facts)
        groups.setdefault(origin, []).append(one)
    pointing = _points_into(parent, facts)
    all_known = not pointing and _is_datasets(parent, facts)
    for origin, group in groups.items():
        evidence = [
            f"{count_noun(len(group), 'unpacked archive')} of {facts.shown_size(*group)}.",
            origin.value,
        ]
        withheld = ""
        if pointing:
            withheld = f"{pointing}, and its rows may point at the unpacked files."
        elif facts.is_live(*group):
            withheld = f"it changed {facts.shown_age(*group)}: a dataset may be in the making."
        elif origin is _Origin.ADDED_TO:
            withheld = "what is not in the archive may be somebody's work."
        elif all_known:
            evidence.append("No prepared dataset beside it holds sounds, images or paths that lead into it.")
        is_safe = origin is _Origin.ARCHIVE and all_known
        yield Sighting(
            "hf-datasets-extracted",
            tuple(group),
            evidence=tuple(evidence),
            safety="safe" if is_safe else "review" if origin is _Origin.ADDED_TO else "",
            withheld=withheld,
        )


def _origin(unpacked: int, archive: int | None, facts: Facts) -> _Origin:
    """Return where all that lies in an unpacked archive is from."""
    if archive is None:
        return _Origin.UNKNOWN
    if not facts.is_directory(unpacked):
        return _Origin.ARCHIVE  # a compressed file, which lists no names
    try:
        listing = archive_listing(archive, facts)
        there = [file for file in facts.files_below(unpacked) if facts.is_file(file)]
    except CannotTellError:
        return _Origin.UNREAD
    size, relative = facts.tree.apparent_size, facts.relative
    if all(listing.files.get(relative(file, unpacked)) == size(file) for file in there):
        return _Origin.ARCHIVE
    return _Origin.ADDED_TO if listing.complete else _Origin.UNREAD


def _is_datasets(parent: int, facts: Facts) -> bool:
    """Return whether prepared datasets lie in a directory, so that all who may point into it are known."""
    return facts.tree.name(parent) == b"datasets" or any(
        name.endswith(b".lock") and b"_cache_huggingface_datasets_" in name for name in facts.children(parent)
    )


def _points_into(parent: int, facts: Facts) -> str:
    """Return which prepared dataset may hold paths into what was unpacked; empty when none does."""
    files = []
    for name, child in facts.directories(parent).items():
        if name != b"downloads":
            files += facts.files_below(child)
    tree = facts.tree
    infos = [file for file in files if tree.name(file) == b"dataset_info.json"]
    for file, head in zip(infos, facts.heads(infos), strict=True):
        if head is None or any(media in head for media in _MEDIA):
            return f"{display_name(facts.relative(file, parent))} describes sounds or images"
    arrows = [file for file in files if tree.name(file).endswith(b".arrow")]
    if len(arrows) > _ARROWS:
        raise CannotTellError("there are too many prepared datasets to look into")
    for file, head in zip(arrows, facts.heads(arrows, _ARROW_HEAD), strict=True):
        if head is None or b"downloads/extracted/" in head:
            return f"{display_name(facts.relative(file, parent))} names downloads/extracted"
    return ""
