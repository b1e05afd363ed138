"""The act of compressing: logs and text as ``.zst`` beside them, proven before the original is trashed."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator, Mapping

from dusk.actions.act import Objection, Situation, Work
from dusk.actions.copying import open_unnoticed
from dusk.actions.gate import Gate, Refused
from dusk.actions.metadata import read_metadata, write_metadata
from dusk.actions.replaced import Rebuilding, verified_open
from dusk.actions.replacement import Made, Part, Workshop, short_of_space
from dusk.actions.replacing import ReplacingAct
from dusk.actions.shrinking import LEAST_GAIN, Shrinkage, shrinkage
from dusk.actions.sole_file import reason_against
from dusk.actions.zstd_frames import SUFFIX, FrameWriter, contents_of
from dusk.fs.cancellation import Cancelling, stop_if
from dusk.fs.descent import open_parent
from dusk.fs.names import display_path
from dusk.fs.survey import Survey
from dusk.plan.step import Forecast, Step
from dusk.rules.finding import Action

_NEW = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_LONGEST_NAME = 255


class Compressing(ReplacingAct):
    """Compress: mode, owner, times and attributes stay; what does not shrink is refused."""

    action = Action.COMPRESS

    def objections(self, situation: Situation, survey: Survey, gate: Gate) -> Iterator[Objection]:
        """Yield why the target cannot be compressed, or is not worth it."""
        reason = _reason(situation)
        if reason is not None:
            yield Objection(f"{situation.shown} {reason}.")
            return
        try:
            found = _foreseen(situation, survey)
        except OSError as error:
            yield Objection(f"{situation.shown} cannot be read: {error.strerror}.")
            return
        if found.gain < LEAST_GAIN:
            yield Objection(
                f"{situation.shown} hardly shrinks: {found.shown}. Under {LEAST_GAIN:.0%} it is left alone."
            )
        short = short_of_space(situation.parent, found.estimate)
        if short is not None:
            yield Objection(f"{situation.shown} cannot be compressed: {short}.")

    def preview(
        self, step: Step, surveys: Mapping[bytes, Survey], cancelled: Cancelling
    ) -> dict[bytes, Forecast]:
        """Return what samples say that compressing will free."""
        forecasts: dict[bytes, Forecast] = {}
        for path, survey in surveys.items():
            stop_if(cancelled)
            parent, name = open_parent(path)
            try:
                found = shrinkage(parent, name, survey.disk_size)
            finally:
                os.close(parent)
            forecasts[path] = Forecast(
                frees_after_purge=max(0, survey.disk_size - found.estimate),
                needs=found.estimate,
                is_estimate=True,
                sentence=f"{display_path(path)} would shrink: {found.shown}.",
            )
        return forecasts

    def make(self, shop: Workshop) -> Made:
        """Make the products of one file."""
        return _compress(shop)

    def make_again(self, rebuilding: Rebuilding) -> str:
        """Make the file again out of its products."""
        return _decompress(rebuilding)


def _foreseen(situation: Situation, survey: Survey) -> Shrinkage:
    """Return what compressing comes to: as the review found it, while the file is what was reviewed.

    Raises OSError.
    """
    reviewed, forecast = situation.target.survey, situation.target.forecast
    if reviewed is None or forecast is None or reviewed.fingerprint != survey.fingerprint:
        return shrinkage(situation.parent, situation.name, survey.disk_size)
    return Shrinkage(survey.disk_size, forecast.needs)


def _reason(situation: Situation) -> str | None:
    """Return why an entry cannot be compressed, whatever it holds; None when it can."""
    product = situation.name + SUFFIX
    reason = reason_against(situation, "compress")
    if reason is not None:
        return reason
    if len(product) > _LONGEST_NAME:
        return "has a name that is too long for .zst at its end"
    try:
        os.stat(product, dir_fd=situation.parent, follow_symlinks=False)
    except OSError as error:
        return None if error.errno == errno.ENOENT else f"cannot be compressed: {error.strerror}"
    return f"cannot be compressed: {display_path(product)} is there already"


def _compress(shop: Workshop) -> Made:
    situation, work = shop.item.situation, shop.work
    source = open_unnoticed(situation.name, situation.parent)
    try:
        work.progress.at("compressing", situation.path)
        product = os.open(situation.name + SUFFIX, _NEW, 0o600, dir_fd=shop.holder)
        try:
            with FrameWriter(
                product,
                expected=os.fstat(source).st_size,
                on_proven=work.progress.add_half,
                cancelled=work.cancelled,
            ) as writer:
                digest = _pour(source, writer, work)
                writer.finish()
                _refuse_growth(shop, os.fstat(product).st_size)
                not_kept = write_metadata(product, read_metadata(source))
                work.progress.at("verifying", situation.path)
                product_digest = writer.prove()
        finally:
            os.close(product)
    finally:
        os.close(source)
    name = situation.name + SUFFIX
    lost = ", ".join(sorted(not_kept))
    note = f"{display_path(name)} could not keep: {lost}." if lost else ""
    return Made((Part(name, name, product_digest),), digest, note)


def _pour(source: int, writer: FrameWriter, work: Work) -> str:
    from blake3 import blake3

    digest = blake3()
    while length := os.readv(source, [room := writer.room()]):
        digest.update(room[:length])
        writer.take(length)
        work.progress.add_half(length)
    return digest.hexdigest()


def _refuse_growth(shop: Workshop, size: int) -> None:
    """Refuse what the samples promised and the whole did not keep."""
    before = min(shop.item.survey.disk_size, shop.item.survey.apparent_size)
    if size > before * (1 - LEAST_GAIN):
        found = Shrinkage(before, size, is_whole=True)
        raise Refused(f"{shop.item.situation.shown} hardly shrinks: {found.shown}. It was not touched.")


def _decompress(rebuilding: Rebuilding) -> str:
    """Make the original again out of its ``.zst``."""
    from blake3 import blake3

    (product,) = rebuilding.products
    tools, name = rebuilding.tools, os.path.basename(rebuilding.original.source)
    source = verified_open(product)
    try:
        tools.progress.at("decompressing", product.path)
        target = os.open(name, _NEW, 0o600, dir_fd=rebuilding.holder)
        try:
            digest = blake3()
            for content in contents_of(source, cancelled=tools.cancelled):
                digest.update(content)
                view = memoryview(content)
                while view:
                    view = view[os.write(target, view) :]
                tools.progress.add_bytes(len(content))
            if digest.hexdigest() != rebuilding.original.digest:
                raise OSError(errno.EIO, f"{display_path(product.path)} does not hold what was compressed")
            lost = write_metadata(target, read_metadata(source))
            os.fsync(target)
        finally:
            os.close(target)
    finally:
        os.close(source)
    return f"It could not keep: {', '.join(sorted(lost))}." if lost else ""
