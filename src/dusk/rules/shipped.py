"""The catalogue that dusk ships, with a copy in the user's cache that is read twenty times as fast.

Reading a quarter of a megabyte of TOML takes 40 ms, which every command would wait for before it scans.
"""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile

import msgspec

from dusk import __version__
from dusk.fs import locations
from dusk.rules import catalogue, checking, place, rule
from dusk.rules.checking import check_place, check_rule
from dusk.rules.rule import Rule, RuleFile

_COPY = b"catalogue.msgpack"
_KEY = 32  # bytes of the digest before the copy


def shipped_rules() -> tuple[Rule, ...]:
    """Return the rules that dusk ships; an error in one is an error of dusk and is raised."""
    return tuple(rule for file in shipped_files() for rule in file.rule)


def shipped_files() -> tuple[RuleFile, ...]:
    """Return the catalogue that dusk ships, read and checked; an error in it is raised."""
    texts = _texts()
    key = _key(texts)
    known = _read_copy(key)
    if known is not None:
        return known
    read = tuple(msgspec.toml.decode(text, type=RuleFile) for text in texts)
    places = {place.id for file in read for place in file.place}
    ids = [each.id for file in read for each in file.rule]
    if len(set(ids)) < len(ids):
        raise ValueError(f"id: used twice: {sorted({one for one in ids if ids.count(one) > 1})}")
    for file in read:
        for one in file.place:
            check_place(one)
        for each in file.rule:
            check_rule(each, places)
    _write_copy(key, read)
    return read


def _texts() -> list[bytes]:
    (directory,) = catalogue.__path__
    texts = []
    for name in sorted(os.listdir(directory)):
        if name.endswith(".toml"):
            with open(os.path.join(directory, name), "rb") as file:
                texts.append(file.read())
    return texts


def _key(texts: list[bytes]) -> bytes:
    """Return a digest of everything that the copy depends on: the texts, and how they are read."""
    from blake3 import blake3

    digest = blake3(__version__.encode())
    for module in (rule, place, checking):
        with open(str(module.__file__), "rb") as file:
            digest.update(file.read())
    for text in texts:
        digest.update(b"%d\n" % len(text))
        digest.update(text)
    return digest.digest()


def _read_copy(key: bytes) -> tuple[RuleFile, ...] | None:
    """Return what the copy holds; None where there is none for this catalogue, or where it is not ours."""
    try:
        descriptor = os.open(_place(), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode) or status.st_uid != os.geteuid() or status.st_mode & 0o022:
                return None
            if file.read(_KEY) != key:
                return None
            return msgspec.msgpack.decode(file.read(), type=tuple[RuleFile, ...])
    except (OSError, msgspec.DecodeError):
        return None


def _write_copy(key: bytes, files: tuple[RuleFile, ...]) -> None:
    """Write the copy beside its place and move it there; where that fails there is none."""
    place = _place()
    with contextlib.suppress(OSError):
        os.makedirs(os.path.dirname(place), mode=0o700, exist_ok=True)
        descriptor, written = tempfile.mkstemp(prefix=b".catalogue-", dir=os.path.dirname(place))
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(key + msgspec.msgpack.encode(files))
            os.replace(written, place)
        except OSError:
            os.unlink(written)


def _place() -> bytes:
    return os.path.join(locations.cache_directory(), _COPY)
