"""Zstandard as independent frames: written and checked by several threads, read by any zstd tool.

Source: RFC 8878, section 3: frames that follow each other decompress to their contents joined.
"""

from __future__ import annotations

import errno
import os
import sys
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import TYPE_CHECKING, Any

from dusk.actions.content import drop_cache
from dusk.fs.cancellation import Cancelling, never, stop_if
from dusk.fs.syscalls import begin_writing_back

if TYPE_CHECKING:
    from blake3 import blake3

SUFFIX = b".zst"
FRAME = 8 << 20
"""Bytes of content in a frame: enough for the ratio of one frame, and for every thread to get some."""
_LEVEL = 3
_PIECE = 1 << 20
_MOST_THREADS = 16


class FrameWriter:
    """A sink that writes what it is given to an open file as frames; all system calls are the caller's."""

    def __init__(self, file: int, *, cancelled: Cancelling = never) -> None:
        """Write to the descriptor ``file`` from where it stands."""
        from blake3 import blake3

        self._file = file
        self._cancelled = cancelled
        self._buffer: list[bytes] = []
        self._buffered = 0
        self._written = 0
        self._frames: deque[Future[bytes]] = deque()
        self._threads = _Threads()
        self._digest: blake3 = blake3()
        self.sizes: list[int] = []
        """Bytes of each frame as written."""

    def __enter__(self) -> FrameWriter:
        """Return the sink itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let the threads go."""
        self._threads.close()

    @property
    def digest(self) -> str:
        """BLAKE3 of what was written so far, in hexadecimal."""
        return self._digest.hexdigest()

    def write(self, data: bytes) -> int:
        """Take content in and return its length. Raises OSError and Cancelled."""
        self._buffer.append(data)
        self._buffered += len(data)
        while self._buffered >= FRAME:
            self._send(FRAME)
        return len(data)

    def finish(self) -> None:
        """Write what is left; content of no bytes becomes one empty frame. Raises OSError and Cancelled."""
        if self._buffered or not (self._frames or self.sizes):
            self._send(self._buffered)
        while self._frames:
            self._write_oldest()

    def _send(self, length: int) -> None:
        stop_if(self._cancelled)
        content = self._buffer[0] if len(self._buffer) == 1 else b"".join(self._buffer)
        self._buffer = [content[length:]] if len(content) > length else []
        self._buffered = len(content) - min(length, len(content))
        self._frames.append(self._threads.submit(_compress, content[:length]))
        if len(self._frames) > self._threads.count:
            self._write_oldest()

    def _write_oldest(self) -> None:
        frame = self._frames.popleft().result()
        view = memoryview(frame)
        while view:
            view = view[os.write(self._file, view) :]
        # The disk works while the processor does; what is read back later comes from there.
        begin_writing_back(self._file, self._written, len(frame))
        self._written += len(frame)
        self._digest.update(frame)
        self.sizes.append(len(frame))


def read_back(file: int, sizes: list[int], *, cancelled: Cancelling = never) -> Iterator[bytes]:
    """Yield the content of frames of known sizes, read from the disk and not from memory.

    Raises OSError (EIO where they are not what zstd wrote), Cancelled.
    """
    drop_cache(file)
    threads = _Threads()
    waiting: deque[Future[bytes]] = deque()
    try:
        offset = 0
        for size in sizes:
            stop_if(cancelled)
            frame = _pread_whole(file, offset, size)
            offset += size
            waiting.append(threads.submit(_decompress, frame))
            if len(waiting) > threads.count:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
        if os.pread(file, 1, offset):
            raise OSError(errno.EIO, "it holds more than what was written")
    finally:
        threads.close()


def contents_of(file: int, *, cancelled: Cancelling = never) -> Iterator[bytes]:
    """Yield the content of any zstd file piece by piece. Raises OSError (EIO where it is none), Cancelled."""
    zstd = _zstd()
    decompressor = zstd.ZstdDecompressor()
    is_begun = False
    while piece := os.read(file, _PIECE):
        stop_if(cancelled)
        while piece:
            try:
                content = decompressor.decompress(piece)
            except zstd.ZstdError as error:
                raise OSError(errno.EIO, "it is not intact zstd data") from error
            if content:
                yield content
            is_begun = not decompressor.eof
            piece = b""
            if decompressor.eof:
                piece = decompressor.unused_data
                decompressor = zstd.ZstdDecompressor()
    if is_begun:
        raise OSError(errno.EIO, "it ends in the middle of a frame")


def compressed_size(sample: bytes) -> int:
    """Return how many bytes a sample comes to."""
    return len(_compress(sample))


class _Threads:
    """A pool that is made when the second frame comes: a small file needs no thread."""

    def __init__(self) -> None:
        self.count = max(1, min(_MOST_THREADS, len(os.sched_getaffinity(0)))) if _HAS_AFFINITY else 2
        self._pool: ThreadPoolExecutor | None = None
        self._begun = False

    def submit(self, work: Callable[[bytes], bytes], data: bytes) -> Future[bytes]:
        if not self._begun and len(data) < FRAME:
            done: Future[bytes] = Future()
            done.set_result(work(data))
            return done
        self._begun = True
        if self._pool is None:
            self._pool = ThreadPoolExecutor(self.count, thread_name_prefix="dusk-zstd")
        return self._pool.submit(work, data)

    def close(self) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)


_HAS_AFFINITY = hasattr(os, "sched_getaffinity")


def _compress(content: bytes) -> bytes:
    zstd = _zstd()
    parameter = zstd.CompressionParameter
    options = {parameter.compression_level: _LEVEL, parameter.checksum_flag: 1}
    return bytes(zstd.compress(content, options=options))


def _decompress(frame: bytes) -> bytes:
    zstd = _zstd()
    try:
        return bytes(zstd.decompress(frame))
    except zstd.ZstdError as error:
        raise OSError(errno.EIO, "it does not read back as what was written") from error


def _pread_whole(file: int, offset: int, length: int) -> bytes:
    pieces: list[bytes] = []
    while length:
        piece = os.pread(file, length, offset)
        if not piece:
            raise OSError(errno.EIO, "it holds less than what was written")
        pieces.append(piece)
        offset, length = offset + len(piece), length - len(piece)
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def _zstd() -> Any:
    if sys.version_info >= (3, 14):
        from compression import zstd
    else:
        from backports import zstd
    return zstd
