"""What an archive says that it holds, by name and size.

Sources: APPNOTE 6.3 of PKWARE for the list at the end of a zip; tar(5), of which the first 64 MiB are read.
"""

from __future__ import annotations

import io
import tarfile
import time
import weakref
import zipfile
from dataclasses import dataclass

from dusk.rules.facts import Facts
from dusk.rules.headers.bounded_file import BoundedFile
from dusk.rules.probe import CannotTellError

_MEMBERS = 20000
_COMPRESSED = 64 * 1024 * 1024
_SECONDS = 4.0
_BUDGET = 20.0  # seconds for all archives of one scan
_ZIP = b"PK"

_spent: weakref.WeakKeyDictionary[Facts, float] = weakref.WeakKeyDictionary()


@dataclass(frozen=True, slots=True)
class ArchiveListing:
    """What an archive holds, as far as it was read."""

    files: dict[bytes, int]
    """Size by path."""
    complete: bool
    """Whether all of it was read."""


def archive_listing(entry: int, facts: Facts) -> ArchiveListing:
    """Return what an archive says that it holds; raises CannotTellError where it cannot be read."""
    is_zip = facts.head(entry, len(_ZIP)) == _ZIP  # caches name archives by hashes

    def read(descriptor: int) -> ArchiveListing | None:
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


def _zip(file: io.BufferedReader) -> ArchiveListing:
    with zipfile.ZipFile(file) as archive:
        members = archive.infolist()
        files = {
            member.filename.encode("utf-8", "surrogateescape").lstrip(b"/"): member.file_size
            for member in members[:_MEMBERS]
            if not member.is_dir()
        }
        return ArchiveListing(files, len(members) <= _MEMBERS)


def _relative(name: str) -> bytes:
    return name.encode("utf-8", "surrogateescape").removeprefix(b"./").lstrip(b"/")


def _tar(file: io.BufferedReader) -> ArchiveListing:
    files: dict[bytes, int] = {}
    complete = True
    with tarfile.open(fileobj=file, mode="r:*") as archive:
        for member in archive:
            if member.isfile():
                files[_relative(member.name)] = member.size
            elif member.islnk():
                files[_relative(member.name)] = files.get(_relative(member.linkname), 0)
            elif not member.isdir():
                continue
            if len(files) >= _MEMBERS or file.tell() > _COMPRESSED:
                complete = False
                break
    return ArchiveListing(files, complete)
