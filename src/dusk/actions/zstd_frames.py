"""Zstandard as independent frames: written and checked by several threads, read by any zstd tool.

Source: RFC 8878, section 3: frames that follow each other decompress to their contents joined.
"""

from __future__ import annotations

import errno
import os
import sys
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, wait
from dataclasses import dataclass
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Any

from dusk.actions.frame_room import PIECE, FrameRoom
from dusk.actions.frame_threads import FrameThreads
from dusk.actions.read_back import ReadBack
from dusk.fs.cancellation import Cancelling, never, stop_if

if TYPE_CHECKING:
    from blake3 import blake3

SUFFIX = b".zst"
FRAME = 8 << 20
"""Most bytes of content in a frame: four times as far as level 3 looks back, as the zstd program takes."""
_LEVEL = 3
# A sixteenth of what level 3 takes: it changes the size by less than 1 %, and stays nearest to the processor.
_CHAIN_LOG = 12
_READ = 1 << 20
_LEAST_FRAME = 4 << 20
_SECONDS_BETWEEN_QUESTIONS = 0.05


class FrameWriter:
    """A sink that writes what it is given to an open file as frames, and proves every frame.

    A frame is decompressed and compared with its content before it is written, and what the disk has of it
    is compared with what was written, while the next frames are made.
    """

    def __init__(
        self,
        file: int,
        *,
        expected: int = 0,
        check: Callable[[Iterator[bytes]], None] | None = None,
        on_proven: Callable[[int], None] = lambda _: None,
        cancelled: Cancelling = never,
    ) -> None:
        """Write to the descriptor ``file``, which is empty.

        ``expected`` is about how many bytes will come; 0 when nobody knows. ``check`` is given the content
        as it comes back from the disk; it replaces the first comparison. ``on_proven`` is told how many
        bytes of content are proven. Both are called in a thread.
        """
        self._file = file
        self._check = check
        self._on_proven = on_proven
        self._cancelled = cancelled
        self._threads = FrameThreads[_Frame]()
        self._frame_size = _frame_size(expected, self._threads.count)
        self._room = FrameRoom(FRAME)
        self._spare: list[FrameRoom] = []
        self._making: deque[tuple[Future[_Frame], FrameRoom]] = deque()
        self._is_begun = False
        self._unread: deque[_Frame] = deque()
        self._end = 0
        self._is_closed = False
        self._back = ReadBack(file, self._read_back, cancelled=cancelled)

    def __enter__(self) -> FrameWriter:
        """Return the sink itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let the threads go, whatever they are at."""
        self._is_closed = True
        self._back.close()
        self._threads.close()

    def room(self) -> memoryview:
        """Return memory for the next content; `take` what was put there."""
        return self._room.free(self._frame_size)

    def take(self, length: int) -> None:
        """Take in what `room` was filled with. Raises OSError and Cancelled."""
        self._room.filled += length
        if self._room.filled == self._frame_size:
            self._send()

    def write(self, data: bytes) -> int:
        """Take content in and return its length. Raises OSError and Cancelled."""
        view = memoryview(data)
        while view:
            room = self.room()
            length = min(len(view), len(room))
            room[:length] = view[:length]
            self.take(length)
            view = view[length:]
        return len(data)

    def finish(self) -> None:
        """Write what is left; content of no bytes becomes one empty frame. Raises OSError and Cancelled."""
        if self._room.filled or not self._is_begun:
            self._send()
        while self._making:
            self._write_oldest()

    def prove(self) -> str:
        """Make the finished file durable, read it back to its end, and return its BLAKE3 in hexadecimal.

        Raises OSError (EIO where the disk holds something else) and Cancelled.
        """
        self._back.complete()
        return self._back.result()

    def _send(self) -> None:
        stop_if(self._cancelled)
        room = self._room
        is_only = room.filled < self._frame_size and not self._is_begun
        self._is_begun = True
        work = partial(_make_frame, room, is_compared=self._check is None, is_stopped=lambda: self._is_closed)
        self._making.append((self._threads.submit(work, at_once=is_only), room))
        self._room = self._spare.pop() if self._spare else FrameRoom(FRAME)
        if len(self._making) > self._threads.count:
            self._write_oldest()

    def _write_oldest(self) -> None:
        future, room = self._making.popleft()
        while not wait((future,), _SECONDS_BETWEEN_QUESTIONS).done:
            stop_if(self._cancelled)
        frame = future.result()
        room.filled = 0
        self._spare.append(room)
        view = memoryview(frame.data)
        while view:
            view = view[os.write(self._file, view) :]
        self._end += len(frame.data)
        self._unread.append(frame)
        if len(self._unread) > 1:
            self._back.begin()
        self._back.grew(self._end)

    def _read_back(self, back: ReadBack[str]) -> str:
        from blake3 import blake3

        whole: blake3 = blake3()
        frames = self._frames_of(back, whole)
        if self._check is None:
            for _ in frames:
                pass
        else:
            self._check(piece for frame in frames for piece in _contents_of_frame(frame))
        return whole.hexdigest()

    def _frames_of(self, back: ReadBack[str], whole: blake3) -> Iterator[bytes]:
        offset = on_disk = 0
        while (following := back.beyond(on_disk)) > on_disk:
            on_disk = following
            while self._unread and offset + len(self._unread[0].data) <= on_disk:
                stop_if(back.is_stopped)
                frame = self._unread.popleft()
                data = _pread_whole(self._file, offset, len(frame.data))
                if data != frame.data:
                    raise OSError(errno.EIO, "it reads back differently from what was written")
                whole.update(data)
                yield data
                self._on_proven(frame.content_size)
                offset += len(data)
        if os.pread(self._file, 1, offset):
            raise OSError(errno.EIO, "it holds more than what was written")


def contents_of(file: int, *, cancelled: Cancelling = never) -> Iterator[bytes]:
    """Yield the content of any zstd file piece by piece. Raises OSError (EIO where it is none), Cancelled."""
    zstd = _zstd()
    decompressor = zstd.ZstdDecompressor()
    is_begun = False
    while piece := os.read(file, _READ):
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
    zstd = _zstd()
    return len(zstd.compress(sample, _LEVEL))


@dataclass(frozen=True, slots=True)
class _Frame:
    data: bytes
    content_size: int


def _frame_size(expected: int, threads: int) -> int:
    """Return the size of frames of which every thread gets as many."""
    rounds = max(1, -(-expected // (FRAME * threads)))
    even = -(-expected // (rounds * threads))
    return min(FRAME, max(even, _LEAST_FRAME)) if expected else FRAME


def _make_frame(room: FrameRoom, *, is_compared: bool, is_stopped: Cancelling) -> _Frame:
    zstd = _zstd()
    of = zstd.CompressionParameter
    compressor = zstd.ZstdCompressor(
        options={of.compression_level: _LEVEL, of.chain_log: _CHAIN_LOG, of.checksum_flag: 1}
    )
    stop_if(is_stopped)
    data = compressor.compress(room.content(), compressor.FLUSH_FRAME)
    position = 0
    for content in _contents_of_frame(data) if is_compared else ():
        stop_if(is_stopped)
        if not room.holds(position, content):
            raise _not_intact()
        position += len(content)
    if is_compared and position != room.filled:
        raise _not_intact()
    return _Frame(data, room.filled)


def _contents_of_frame(frame: bytes) -> Iterator[bytes]:
    zstd = _zstd()
    decompressor = zstd.ZstdDecompressor()
    given = frame
    while not decompressor.eof:
        try:
            piece = decompressor.decompress(given, PIECE)
        except zstd.ZstdError as error:
            raise _not_intact() from error
        if not piece and not decompressor.eof:
            raise _not_intact()
        yield piece
        given = b""


def _not_intact() -> OSError:
    return OSError(errno.EIO, "it does not decompress to what was compressed")


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
