"""An archive beside what was unpacked from it: the same content twice, once packed.

Sources: APPNOTE 6.3 of PKWARE for the list at the end of a zip; tar(5). Only names and sizes are compared,
which are read from the list of a zip, and from the first 64 MiB of a tar.
"""

from __future__ import annotations

import io
import re
import tarfile
import time
import weakref
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass

from dusk.fs.names import display_name
from dusk.fs.units import count_noun
from dusk.rules.facts import Facts
from dusk.rules.finding import Action
from dusk.rules.headers.bounded_file import BoundedFile
from dusk.rules.probe import CannotTellError
from dusk.rules.sighting import Part, Proposal, Sighting

_ARCHIVE = re.compile(
    rb"(?P<stem>.+?)\.(?:zip|tar|tar\.gz|tgz|tar\.bz2|tbz2|tar\.xz|txz)\Z", re.IGNORECASE | re.DOTALL
)
_MEMBERS = 20000
_COMPRESSED = 64 * 1024 * 1024
_SECONDS = 4.0
_BUDGET = 20.0  # seconds for all archives of one scan
_SLACK_NS = 2_000_000_000

_spent: weakref.WeakKeyDictionary[Facts, float] = weakref.WeakKeyDictionary()


@dataclass(frozen=True, slots=True)
class _Listing:
    """What an archive holds, as far as it was read."""

    files: dict[bytes, int]
    """Size by path."""
    complete: bool
    """Whether all of it was read."""


def inspect_archives(directory: int, hits: list[int], facts: Facts) -> Iterator[Sighting]:
    """Yield the archives of one directory whose content lies unpacked beside them."""
    if not facts.ground.is_anybodys(directory):
        return
    for hit in hits:
        match = _ARCHIVE.match(facts.tree.name(hit))
        if match is None or not facts.is_file(hit) or not facts.tree.apparent_size(hit):
            continue
        beside = facts.directories(directory)
        if match["stem"] not in beside and not beside:
            continue
        try:
            yield from _compare(hit, match["stem"], directory, _listing(hit, facts), facts)
        except CannotTellError:
            continue


def _compare(
    archive: int, stem: bytes, directory: int, listing: _Listing, facts: Facts
) -> Iterator[Sighting]:
    if not listing.files:
        return
    tops = {path.split(b"/", 1)[0] for path in listing.files if b"/" in path}
    single = next(iter(tops)) if len(tops) == 1 and all(b"/" in path for path in listing.files) else None
    places = []
    if single is not None:
        places.append((directory, facts.child(directory, single)))
    own = facts.child(directory, stem)
    if own is not None and facts.is_directory(own):
        places.append((own, own))
    for base, unpacked in places:
        if unpacked is None or not facts.is_directory(unpacked):
            continue
        found = [facts.child(base, *path.split(b"/")) for path in listing.files]
        sizes = zip(found, listing.files.values(), strict=True)
        if all(
            entry is not None and facts.is_file(entry) and facts.tree.apparent_size(entry) == size
            for entry, size in sizes
        ):
            yield _sighting(
                archive, unpacked, [entry for entry in found if entry is not None], listing, facts
            )
            return


def _sighting(archive: int, unpacked: int, found: list[int], listing: _Listing, facts: Facts) -> Sighting:
    there = facts.files_below(unpacked)
    extra = len(set(there) - set(found))
    newer = facts.tree.newest_mtime_ns(archive) + _SLACK_NS
    changed = sum(facts.tree.newest_mtime_ns(entry) > newer for entry in there)
    name = display_name(facts.tree.name(unpacked))
    read = "all" if listing.complete else "the first"
    evidence = [
        f"{read[:1].upper()}{read[1:]} {count_noun(len(found), 'file')} in it lie in {name} too, each with "
        "the same size."
    ]
    proposals = [
        Proposal(Action.TRASH, "Trash the archive", (Part(archive, (archive,)),), note=f"{name} stays."),
        Proposal(Action.ARCHIVE, "Move the archive elsewhere", (Part(archive, (archive,)),)),
    ]
    if extra or changed or not listing.complete:
        if extra or changed:
            evidence.append(
                f"{name} holds {count_noun(extra, 'more file')} and {count_noun(changed, 'newer one')}: it "
                "is more than "
                "what was unpacked and stays in any case."
            )
    else:
        note = "The archive stays; unpack it when the files are needed."
        proposals.append(
            Proposal(Action.TRASH, f"Trash {name} instead", (Part(unpacked, (archive,)),), note=note)
        )
    return Sighting(
        "archive-unpacked",
        (archive,),
        evidence=tuple(evidence),
        proposals=tuple(proposals),
        words={"unpacked": name},
        withheld=f"it changed {facts.shown_age(archive)}." if facts.is_live(archive, unpacked) else "",
    )


def _listing(entry: int, facts: Facts) -> _Listing:
    """Return what an archive says that it holds; raises CannotTellError where it cannot be read."""
    is_zip = facts.tree.name(entry).lower().endswith(b".zip")

    def read(descriptor: int) -> _Listing | None:
        with BoundedFile(descriptor, _SECONDS / 2) as file:
            try:
                return _zip(file) if is_zip else _tar(file)
            except (OSError, EOFError, ValueError, zipfile.BadZipFile, tarfile.TarError, RuntimeError):
                return None
            except Exception:  # a damaged stream makes the decompressors raise errors of their own
                return None

    spent = _spent.get(facts, 0.0)
    if spent > _BUDGET:
        raise CannotTellError("reading archives took too long")
    started = time.monotonic()
    try:
        listing = facts.prober.read(facts.path(entry), 0, read, _SECONDS)
    finally:
        _spent[facts] = spent + time.monotonic() - started
    if listing is None:
        raise CannotTellError("it is no archive that can be read")
    return listing


def _zip(file: io.BufferedReader) -> _Listing:
    with zipfile.ZipFile(file) as archive:
        members = archive.infolist()
        files = {
            member.filename.encode("utf-8", "surrogateescape").lstrip(b"/"): member.file_size
            for member in members[:_MEMBERS]
            if not member.is_dir()
        }
        return _Listing(files, len(members) <= _MEMBERS)


def _tar(file: io.BufferedReader) -> _Listing:
    files: dict[bytes, int] = {}
    complete = True
    with tarfile.open(fileobj=file, mode="r:*") as archive:
        for member in archive:
            if member.isfile():
                name = member.name.encode("utf-8", "surrogateescape")
                files[name.removeprefix(b"./").lstrip(b"/")] = member.size
            elif not member.isdir():
                continue
            if len(files) >= _MEMBERS or file.tell() > _COMPRESSED:
                complete = False
                break
    return _Listing(files, complete)
