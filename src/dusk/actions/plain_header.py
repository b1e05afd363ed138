"""The tar header of a plain entry, made by hand: byte for byte what the standard library makes, sooner.

A pack of small files is mostly headers, and `tarfile` takes longer for one than reading the file does.

Source: pax(1), "ustar Interchange Format" and "pax Extended Header".
"""

from __future__ import annotations

import functools

_FIELD = 100
_NAME = 32
_BLOCK = 512
_MOST_OWNER = 8**7
_MOST_NUMBER = 8**11
_MAGIC = b"ustar\x0000"
_END = bytes(8 + 8 + 155 + 12)  # device numbers, prefix, and what fills the block
_EXTENDED_NAME = b"././@PaxHeader"


def plain_header(
    name: bytes,
    type_: bytes,
    *,
    mode: int,
    owner: int,
    group: int,
    size: int,
    mtime: int,
    exact_mtime: str,
    target: bytes,
    user_name: str,
    group_name: str,
) -> bytes | None:
    """Return the extended header with the exact time, and the header itself; None where more is needed.

    ``name`` of a directory ends with a slash. More is needed for what is not ASCII, or does not fit.
    """
    if not (
        name.isascii() and target.isascii() and user_name.isascii() and group_name.isascii()
        and len(user_name) <= _NAME and len(group_name) <= _NAME
        and 0 <= owner < _MOST_OWNER and 0 <= group < _MOST_OWNER
        and 0 <= size < _MOST_NUMBER and 0 <= mtime < _MOST_NUMBER
    ):  # fmt: skip
        return None
    records = _record(b"mtime", exact_mtime.encode())
    if len(name) > _FIELD:
        records += _record(b"path", name)
    if len(target) > _FIELD:
        records += _record(b"linkpath", target)
    owners = _owners(user_name, group_name)
    block = _ustar(
        name, type_,
        mode=mode & 0o7777, owner=owner, group=group, size=size, mtime=mtime, target=target, owners=owners,
    )  # fmt: skip
    return _extended(len(records)) + records + bytes(-len(records) % _BLOCK) + block


def _record(key: bytes, value: bytes) -> bytes:
    """Return one line of an extended header: it begins with its own length."""
    rest = len(key) + len(value) + 3
    length = rest + len(str(rest))
    if len(str(length)) + rest != length:
        length += 1
    return b"%d %b=%b\n" % (length, key, value)


def _ustar(
    name: bytes,
    type_: bytes,
    *,
    mode: int = 0,
    owner: int = 0,
    group: int = 0,
    size: int,
    mtime: int = 0,
    target: bytes = b"",
    owners: bytes = bytes(2 * _NAME),
) -> bytes:
    head = b"%b%07o\0%07o\0%07o\0%011o\0%011o\0" % (
        name[:_FIELD].ljust(_FIELD, b"\0"), mode, owner, group, size, mtime,
    )  # fmt: skip
    tail = type_ + target[:_FIELD].ljust(_FIELD, b"\0") + _MAGIC + owners + _END
    # The sum counts its own eight bytes as spaces.
    return head + b"%06o\0 " % (sum(head) + sum(tail) + 8 * 0x20) + tail


@functools.cache
def _extended(length: int) -> bytes:
    return _ustar(_EXTENDED_NAME, b"x", size=length)


@functools.cache
def _owners(user: str, group: str) -> bytes:
    return user.encode().ljust(_NAME, b"\0") + group.encode().ljust(_NAME, b"\0")
