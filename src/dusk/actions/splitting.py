"""The act of splitting: a file of lines into shards, cut between lines and proven equal when joined."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from dusk.actions.act import Objection, Situation
from dusk.actions.content import drop_cache
from dusk.actions.copying import open_unnoticed
from dusk.actions.gate import Gate, Refused
from dusk.actions.line_count import WINDOW, count_lines, end_of_line, estimate_lines
from dusk.actions.metadata import Metadata, read_metadata, write_metadata
from dusk.actions.replaced import Rebuilding, verified_open
from dusk.actions.replacement import Made, Part, Workshop, short_of_space
from dusk.actions.replacing import ReplacingAct
from dusk.actions.sole_file import reason_against
from dusk.fs.cancellation import Cancelling, stop_if
from dusk.fs.descent import open_parent
from dusk.fs.names import display_path
from dusk.fs.survey import Survey
from dusk.fs.units import count_noun
from dusk.plan.step import Forecast, Step
from dusk.rules.finding import Action

if TYPE_CHECKING:
    from blake3 import blake3

DEFAULT_LINES = 100_000
"""Lines in a shard where nobody says how many."""
_MOST_SHARDS = 99_999
_NEW = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_LONGEST_NAME = 255


class Splitting(ReplacingAct):
    """Split: every shard but the last has as many lines as asked for."""

    action = Action.SPLIT

    def objections(self, situation: Situation, survey: Survey, gate: Gate) -> Iterator[Objection]:
        """Yield why the target cannot be split, or need not be."""
        reason = reason_against(situation, "split")
        if reason is None:
            try:
                reason = _reason(situation)
            except OSError as error:
                reason = f"cannot be read: {error.strerror}"
        if reason is None:
            short = short_of_space(situation.parent, survey.disk_size)
            reason = f"cannot be split: {short}" if short is not None else None
        if reason is not None:
            yield Objection(f"{situation.shown} {reason}.")

    def preview(
        self, step: Step, surveys: Mapping[bytes, Survey], cancelled: Cancelling
    ) -> dict[bytes, Forecast]:
        """Return that shards need as much as they replace, and how many there will be."""
        forecasts: dict[bytes, Forecast] = {}
        for path, survey in surveys.items():
            stop_if(cancelled)
            parent, name = open_parent(path)
            try:
                lines, is_exact = _estimate(parent, name)
            finally:
                os.close(parent)
            shards = -(-lines // lines_of(step))
            about = "" if is_exact else "about "
            forecasts[path] = Forecast(
                needs=survey.disk_size,
                sentence=(
                    f"{display_path(path)} would become {about}{count_noun(shards, 'shard')} of "
                    f"{lines_of(step):,} lines; splitting frees nothing."
                ),
            )
        return forecasts

    def make(self, shop: Workshop) -> Made:
        """Make the products of one file."""
        return _split(shop)

    def make_again(self, rebuilding: Rebuilding) -> str:
        """Make the file again out of its products."""
        return _join(rebuilding)


def lines_of(step: Step) -> int:
    """Return how many lines a shard of a step has."""
    return step.options.lines or DEFAULT_LINES


def shard_name(name: bytes, number: int, shards: int) -> bytes:
    """Return the name of a shard: ``train-00001-of-00012.jsonl``; numbers begin at 1."""
    stem, suffix = os.path.splitext(name)
    return stem + b"-%05d-of-%05d" % (number, shards) + suffix


def _estimate(parent: int, name: bytes) -> tuple[int, bool]:
    file = open_unnoticed(name, parent)
    try:
        return estimate_lines(file, os.fstat(file).st_size)
    except ValueError:
        return 0, True
    finally:
        os.close(file)


def _reason(situation: Situation) -> str | None:
    if situation.step.options.lines < 0:
        return "cannot be split into shards of less than one line"
    wanted = lines_of(situation.step)
    if len(shard_name(situation.name, 1, 1)) > _LONGEST_NAME:
        return "has a name that is too long to number shards"
    file = open_unnoticed(situation.name, situation.parent)
    try:
        lines, is_exact = estimate_lines(file, os.fstat(file).st_size)
    except ValueError as problem:
        return str(problem)
    finally:
        os.close(file)
    if is_exact and lines <= wanted:
        return f"has {count_noun(lines, 'line')}: that is one shard of {wanted:,}"
    if lines // wanted > _MOST_SHARDS:
        return f"would become more than {_MOST_SHARDS:,} shards"
    return None


def _split(shop: Workshop) -> Made:
    situation, work = shop.item.situation, shop.work
    source = open_unnoticed(situation.name, situation.parent)
    try:
        work.progress.at("counting lines", situation.path)
        lines, wanted = count_lines(source, cancelled=work.cancelled), lines_of(situation.step)
        shards = -(-lines // wanted)
        if shards < 2 or shards > _MOST_SHARDS:
            raise Refused(
                f"{situation.shown} has {count_noun(lines, 'line')}, which is {count_noun(shards, 'shard')} "
                f"of {wanted:,}: it was not touched."
            )
        _refuse_taken(situation, shards)
        work.progress.at("splitting", situation.path)
        cutting = _Cutting(shop, source, wanted, shards)
        parts, digest = cutting.run()
    finally:
        os.close(source)
    work.progress.at("verifying", situation.path)
    _prove(shop, parts, digest)
    lost = ", ".join(sorted(cutting.not_kept))
    note = f"The shards of {situation.shown} could not keep: {lost}." if lost else ""
    return Made(tuple(parts), digest, note)


def _refuse_taken(situation: Situation, shards: int) -> None:
    for number in range(1, shards + 1):
        name = shard_name(situation.name, number, shards)
        try:
            os.stat(name, dir_fd=situation.parent, follow_symlinks=False)
        except FileNotFoundError:
            continue
        raise Refused(f"{situation.shown} cannot be split: {display_path(name)} is there already.")


class _Cutting:
    """One file being written into shards."""

    def __init__(self, shop: Workshop, source: int, lines: int, shards: int) -> None:
        from blake3 import blake3

        self._shop = shop
        self._source = source
        self._lines = lines
        self._shards = shards
        self._metadata: Metadata = read_metadata(source)
        self._whole: blake3 = blake3()
        self._digest: blake3 = blake3()
        self._parts: list[Part] = []
        self._file = -1
        self._missing = 0
        self.not_kept: frozenset[str] = frozenset()

    def run(self) -> tuple[list[Part], str]:
        """Write all shards; return them, and the digest of what they hold together."""
        work, offset = self._shop.work, 0
        try:
            while window := os.pread(self._source, WINDOW, offset):
                stop_if(work.cancelled)
                self._whole.update(window)
                self._cut(window)
                work.progress.add_half(len(window))
                offset += len(window)
            if self._file >= 0:
                self._close()
        finally:
            if self._file >= 0:
                os.close(self._file)
        return self._parts, self._whole.hexdigest()

    def _cut(self, window: bytes) -> None:
        while window:
            if self._file < 0:
                self._open()
            found = window.count(b"\n")
            if found < self._missing:
                self._write(window)
                self._missing -= found
                return
            end = end_of_line(window, self._missing)
            self._write(window[:end])
            self._close()
            window = window[end:]

    def _open(self) -> None:
        from blake3 import blake3

        name = shard_name(self._shop.item.situation.name, len(self._parts) + 1, self._shards)
        self._file = os.open(name, _NEW, 0o600, dir_fd=self._shop.holder)
        self._missing = self._lines
        self._digest = blake3()

    def _write(self, piece: bytes) -> None:
        self._digest.update(piece)
        view = memoryview(piece)
        while view:
            view = view[os.write(self._file, view) :]

    def _close(self) -> None:
        self.not_kept |= write_metadata(self._file, self._metadata)
        os.fsync(self._file)
        drop_cache(self._file)
        os.close(self._file)
        self._file = -1
        name = shard_name(self._shop.item.situation.name, len(self._parts) + 1, self._shards)
        self._parts.append(Part(name, name, self._digest.hexdigest()))


def _prove(shop: Workshop, parts: list[Part], digest: str) -> None:
    """Read the shards back one after the other and compare them with what was read of the source."""
    from blake3 import blake3

    whole = blake3()
    for part in parts:
        file = os.open(part.name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=shop.holder)
        try:
            own = blake3()
            for piece in _pieces(file, shop.work.cancelled):
                own.update(piece)
                whole.update(piece)
                shop.work.progress.add_half(len(piece))
        finally:
            os.close(file)
        if own.hexdigest() != part.digest:
            raise OSError(
                errno.EIO, f"{display_path(part.name)} reads back differently from what was written"
            )
    if whole.hexdigest() != digest:
        raise OSError(errno.EIO, "the shards together are not the file")


def _join(rebuilding: Rebuilding) -> str:
    """Make the file again by joining its shards."""
    from blake3 import blake3

    tools, whole = rebuilding.tools, blake3()
    target = os.open(os.path.basename(rebuilding.original.source), _NEW, 0o600, dir_fd=rebuilding.holder)
    try:
        metadata: Metadata | None = None
        for product in rebuilding.products:
            tools.progress.at("joining", product.path)
            source = verified_open(product)
            try:
                metadata = metadata or read_metadata(source)
                for piece in _pieces(source, tools.cancelled):
                    whole.update(piece)
                    view = memoryview(piece)
                    while view:
                        view = view[os.write(target, view) :]
                    tools.progress.add_bytes(len(piece))
            finally:
                os.close(source)
        if whole.hexdigest() != rebuilding.original.digest or metadata is None:
            raise OSError(errno.EIO, "the shards together are not what was split")
        lost = write_metadata(target, metadata)
        os.fsync(target)
    finally:
        os.close(target)
    return f"It could not keep: {', '.join(sorted(lost))}." if lost else ""


def _pieces(file: int, cancelled: Cancelling) -> Iterator[bytes]:
    while piece := os.read(file, WINDOW):
        stop_if(cancelled)
        yield piece
