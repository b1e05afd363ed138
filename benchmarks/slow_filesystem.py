"""A filesystem on which every operation takes 1 ms, as on a network: directories of files with no content.

It speaks the kernel's FUSE protocol itself, so no library is needed; mounting needs root.
Source: fuse(4), linux/fuse.h of protocol 7.31.
"""

from __future__ import annotations

import ctypes
import os
import stat
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

DELAY = 0.001
_SERVERS = 64
_MNT_DETACH = 2
_ROOT = 1
_VALID = 3600

_LOOKUP, _FORGET, _GETATTR, _STATFS, _INIT, _OPENDIR, _READDIR, _RELEASEDIR = 1, 2, 3, 17, 26, 27, 28, 29
_INTERRUPT, _DESTROY, _BATCH_FORGET = 36, 38, 42
_SILENT = frozenset({_FORGET, _BATCH_FORGET, _INTERRUPT, _DESTROY})
_ENOENT, _ENOSYS = 2, 38
_PARALLEL_DIROPS = 1 << 18

_libc = ctypes.CDLL(None, use_errno=True)


@contextmanager
def slow_filesystem(place: Path, *, directories: int, files: int, delay: float = DELAY) -> Iterator[Path]:
    """Mount it on an empty directory; every request waits so many seconds, any number of them at once."""
    device = os.open("/dev/fuse", os.O_RDWR | os.O_CLOEXEC)
    options = b"fd=%d,rootmode=40000,user_id=0,group_id=0,allow_other" % device
    if _libc.mount(b"slow", os.fsencode(place), b"fuse.slow", 0, options):
        raise OSError(ctypes.get_errno(), "cannot mount FUSE")
    server = _Server(device, directories, files, delay)
    for _ in range(_SERVERS):
        threading.Thread(target=server.serve, daemon=True).start()
    try:
        yield place
    finally:
        _libc.umount2(os.fsencode(place), _MNT_DETACH)
        os.close(device)


class _Server:
    def __init__(self, device: int, directories: int, files: int, delay: float) -> None:
        self.device = device
        self.directories = directories
        self.files = files
        self.delay = delay

    def serve(self) -> None:
        while True:
            try:
                request = os.read(self.device, 1 << 17)
            except OSError:
                return
            _, opcode, unique, node = struct.unpack_from("<IIQQ", request)
            if opcode in _SILENT:
                continue
            if opcode != _INIT:
                time.sleep(self.delay)
            error, body = self.answer(opcode, node, request[40:])
            try:
                os.write(self.device, struct.pack("<IiQ", 16 + len(body), -error, unique) + body)
            except OSError:
                continue

    def answer(self, opcode: int, node: int, body: bytes) -> tuple[int, bytes]:
        if opcode == _INIT:
            return 0, struct.pack("<IIIIHHIIHHI28x", 7, 31, 0, _PARALLEL_DIROPS, 64, 48, 4096, 1, 32, 0, 0)
        if opcode == _LOOKUP:
            child = self.child(node, body.rstrip(b"\0"))
            if not child:
                return _ENOENT, b""
            return 0, struct.pack("<QQQQII", child, 0, _VALID, _VALID, 0, 0) + self.attributes(child)
        if opcode == _GETATTR:
            return 0, struct.pack("<QII", _VALID, 0, 0) + self.attributes(node)
        if opcode == _STATFS:
            return 0, struct.pack("<QQQQQIIII24x", 0, 0, 0, 0, 0, 4096, 255, 4096, 0)
        if opcode == _OPENDIR:
            return 0, struct.pack("<QII", 0, 0, 0)
        if opcode == _READDIR:
            _, offset, size = struct.unpack_from("<QQI", body)
            return 0, self.listing(node, offset, size)
        return (0, b"") if opcode == _RELEASEDIR else (_ENOSYS, b"")

    def child(self, node: int, name: bytes) -> int:
        number = int(name[1:]) if name[1:].isdigit() else -1
        if node == _ROOT and name[:1] == b"d" and 0 <= number < self.directories:
            return 2 + number
        if self.is_directory(node) and name[:1] == b"f" and 0 <= number < self.files:
            return 2 + self.directories + (node - 2) * self.files + number
        return 0

    def is_directory(self, node: int) -> bool:
        return node < 2 + self.directories

    def attributes(self, node: int) -> bytes:
        mode = stat.S_IFDIR | 0o755 if self.is_directory(node) else stat.S_IFREG | 0o644
        size = 4096
        return struct.pack("<QQQQQQIIIIIIIIII", node, size, 8, 0, 0, 0, 0, 0, 0, mode, 1, 0, 0, 0, 4096, 0)

    def listing(self, node: int, offset: int, size: int) -> bytes:
        count = self.directories if node == _ROOT else self.files
        letter, kind = (b"d", stat.S_IFDIR >> 12) if node == _ROOT else (b"f", stat.S_IFREG >> 12)
        written = b""
        for number in range(offset, count):
            name = letter + b"%d" % number
            one = struct.pack("<QQII", self.child(node, name), number + 1, len(name), kind) + name
            one += b"\0" * (-len(one) % 8)
            if len(written) + len(one) > size:
                break
            written += one
        return written
