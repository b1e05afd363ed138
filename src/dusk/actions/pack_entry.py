"""One entry of a pack, as a line of its manifest and as a header of its tar; both say everything.

Source: pax(1), "pax Extended Header"; GNU tar manual, "Storing Sparse Files" (format 1.0); the names
``SCHILY.xattr.*`` are those of star and GNU tar.
"""

from __future__ import annotations

import functools
import json
import os
import stat
import tarfile
from dataclasses import dataclass
from typing import cast

from dusk.actions.plain_header import plain_header
from dusk.fs.names import json_text

_XATTR = "SCHILY.xattr."
_MANIFEST = "dusk manifest"  # as a pax comment, which every tar passes over in silence
_BLOCK = 512
_JSON = json.JSONEncoder(separators=(",", ":"))  # json.dumps makes one for each call
_TYPES = {
    "file": tarfile.REGTYPE,
    "directory": tarfile.DIRTYPE,
    "symlink": tarfile.SYMTYPE,
    "hardlink": tarfile.LNKTYPE,
    "fifo": tarfile.FIFOTYPE,
}
_KINDS = {stat.S_IFREG: "file", stat.S_IFDIR: "directory", stat.S_IFLNK: "symlink", stat.S_IFIFO: "fifo"}


@dataclass(frozen=True, slots=True)
class PackEntry:
    """What a pack says of one entry."""

    path: bytes
    """Its path in the pack."""
    kind: str
    """``file``, ``directory``, ``symlink``, ``hardlink`` or ``fifo``."""
    mode: int
    """Permission bits."""
    owner: int
    """User id."""
    group: int
    """Group id."""
    mtime_ns: int
    """Modification time, in nanoseconds since 1970."""
    size: int = 0
    """Bytes of a file, its holes included."""
    target: bytes = b""
    """What a symbolic link says, or the path in the pack that a hard link is another name of."""
    segments: tuple[tuple[int, int], ...] = ()
    """Offset and length of what a sparse file holds between its holes; empty for any other file."""
    attributes: tuple[tuple[bytes, bytes], ...] = ()
    """Extended attributes, access lists among them, sorted."""
    is_sparse: bool = False
    """Whether only the segments are stored."""
    is_manifest: bool = False
    """Whether it is the manifest of the pack and nothing that was packed."""

    def line(self, digest: str) -> bytes:
        """Return the line of the manifest; ``digest`` is the BLAKE3 of what a file holds, holes left out."""
        facts: dict[str, object] = {
            "path": json_text(self.path),
            "type": self.kind,
            "mode": f"{self.mode:04o}",
            "uid": self.owner,
            "gid": self.group,
            "mtime": _decimal(self.mtime_ns),
        }
        if self.kind == "file":
            facts["size"] = self.size
            facts["blake3"] = digest
        if self.target:
            facts["target"] = json_text(self.target)
        if self.is_sparse:
            facts["data"] = self.segments
        if self.attributes:
            facts["xattrs"] = {json_text(name): value.hex() for name, value in self.attributes}
        return _JSON.encode(facts).encode("ascii") + b"\n"

    @property
    def stored(self) -> tuple[tuple[int, int], ...]:
        """Offset and length of every piece of content that the pack stores."""
        if self.kind != "file":
            return ()
        return self.segments if self.is_sparse else ((0, self.size),)

    def header(self) -> tuple[bytes, int]:
        """Return what stands before the content in the tar, and the bytes of padding after the content."""
        plain = None if self.attributes or self.is_sparse or self.is_manifest else self._plain_header()
        if plain is not None:
            return plain, -self.size % _BLOCK
        return self._full_header()

    def _plain_header(self) -> bytes | None:
        is_open = self.kind == "directory" and not self.path.endswith(b"/")
        return plain_header(
            self.path + b"/" if is_open else self.path,
            _TYPES[self.kind],
            mode=self.mode,
            owner=self.owner,
            group=self.group,
            size=self.size,
            mtime=max(0, self.mtime_ns // 10**9),
            exact_mtime=_decimal(self.mtime_ns),
            target=self.target,
            user_name=_user_name(self.owner),
            group_name=_group_name(self.group),
        )

    def _full_header(self) -> tuple[bytes, int]:
        info = tarfile.TarInfo(_text(self.path))
        info.type = _TYPES[self.kind]
        info.mode, info.uid, info.gid = self.mode, self.owner, self.group
        info.uname, info.gname = _user_name(self.owner), _group_name(self.group)
        info.mtime = max(0, self.mtime_ns // 10**9)
        info.linkname = _text(self.target)
        info.pax_headers = {"mtime": _decimal(self.mtime_ns)}
        if self.is_manifest:
            info.pax_headers["comment"] = _MANIFEST
        for name, value in self.attributes:
            info.pax_headers[_XATTR + _text(name)] = _text(value)
        content = sum(length for _, length in self.stored)
        sparse_map = b""
        if self.is_sparse:
            sparse_map = _sparse_map((*self.segments, (self.size, 0)))  # GNU tar wants the end said
            info.pax_headers |= {
                "GNU.sparse.major": "1",
                "GNU.sparse.minor": "0",
                "GNU.sparse.name": info.name,
                "GNU.sparse.realsize": str(self.size),
            }
            info.name = os.path.join(
                os.path.dirname(info.name), "GNUSparseFile.0", os.path.basename(info.name)
            )
        info.size = content + len(sparse_map)
        header = info.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape")
        return header + sparse_map, -info.size % _BLOCK

    @classmethod
    def of(cls, info: tarfile.TarInfo) -> PackEntry:
        """Return the entry that a header tells, as the standard reader understood it."""
        kind = next((kind for kind, type_ in _TYPES.items() if type_ == info.type), "unknown")
        stored = cast("list[tuple[int, int]] | None", info.sparse)
        segments = tuple((offset, length) for offset, length in stored or () if length)
        headers = info.pax_headers
        attributes = sorted(
            (_bytes(key[len(_XATTR) :]), _bytes(value))
            for key, value in headers.items()
            if key.startswith(_XATTR)
        )
        return cls(
            path=_bytes(info.name),
            kind=kind,
            mode=info.mode,
            owner=info.uid,
            group=info.gid,
            mtime_ns=_nanoseconds(headers.get("mtime", str(int(info.mtime)))),
            size=info.size if kind == "file" else 0,
            target=_bytes(info.linkname) if kind in ("symlink", "hardlink") else b"",
            segments=segments,
            attributes=tuple(attributes),
            is_sparse=stored is not None,
            is_manifest=headers.get("comment") == _MANIFEST,
        )


def kind_of(status: os.stat_result) -> str | None:
    """Return the kind of an entry that a pack can hold; None for a socket or a device."""
    return _KINDS.get(stat.S_IFMT(status.st_mode))


def _sparse_map(segments: tuple[tuple[int, int], ...]) -> bytes:
    numbers = [len(segments), *(number for segment in segments for number in segment)]
    text = b"".join(b"%d\n" % number for number in numbers)
    return text + bytes(-len(text) % _BLOCK)


def _decimal(nanoseconds: int) -> str:
    seconds, fraction = divmod(abs(nanoseconds), 10**9)
    return f"{'-' if nanoseconds < 0 else ''}{seconds}.{fraction:09d}"


def _nanoseconds(text: str) -> int:
    whole, _, fraction = text.lstrip("-").partition(".")
    value = int(whole) * 10**9 + int((fraction + "0" * 9)[:9])
    return -value if text.startswith("-") else value


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


@functools.cache
def _user_name(user: int) -> str:
    import pwd

    try:
        return pwd.getpwuid(user).pw_name
    except (KeyError, OverflowError):
        return ""


@functools.cache
def _group_name(group: int) -> str:
    import grp

    try:
        return grp.getgrgid(group).gr_name
    except (KeyError, OverflowError):
        return ""
