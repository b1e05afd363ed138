"""Replacing a source by products that were proven: what compressing, splitting, packing and rotating share.

The products grow in a working directory of dusk's own, beside their final place, that the journal knows
before it is made. They are read back, the source is looked at again, the journal notes every product by
inode, and then each takes its final name, replacing nothing. Only after all of that does the source go to
the trash. Whatever goes wrong before, the products are withdrawn and the source was never touched.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace

from dusk.actions.act import Admission, Demands, End, Work
from dusk.actions.archive import remove_working
from dusk.actions.gate import Refused, refuse
from dusk.actions.journal import JournalError
from dusk.actions.outcome import ItemState
from dusk.actions.record import Product, Record, State
from dusk.actions.relocation import Stranded, publish, same_inode, status_of, sync, time_kept
from dusk.actions.reservation import TrashMove
from dusk.actions.trash import trash_group
from dusk.actions.trash_choice import NoTrash
from dusk.actions.withdrawal import withdraw_product
from dusk.fs.cancellation import Cancelled
from dusk.fs.descent import open_directory
from dusk.fs.identity import Identity
from dusk.fs.names import display_path
from dusk.fs.surveyor import survey_at
from dusk.fs.units import format_size

RESERVE = 64 << 20
"""Bytes that must stay free on a disk that something is written to."""
_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_BLOCK = 512  # the unit of st_blocks
_MEANINGS = {
    errno.ENOSPC: "no space is left on the disk",
    errno.EDQUOT: "the quota is used up",
    errno.EROFS: "the filesystem is read-only",
    errno.EIO: "the disk reports an error",
}


@dataclass(frozen=True, slots=True)
class Part:
    """One product under its working name: durable, and read back from the disk."""

    name: bytes
    """Name in the working directory."""
    final: bytes
    """Name that it is to get."""
    digest: str
    """BLAKE3 of it, in hexadecimal."""


@dataclass(frozen=True, slots=True)
class Made:
    """Everything that replaces one source."""

    parts: tuple[Part, ...]
    """The products, in order."""
    digest: str
    """What the source can be proven by, should it ever be made again from them; empty when it cannot."""
    note: str = ""
    """What else to know, as a sentence."""
    detail: str = ""
    """What taking back needs to know, as JSON."""


@dataclass(frozen=True, slots=True)
class Workshop:
    """Where products are made."""

    holder: int
    """The open working directory."""
    item: Admission
    """The source."""
    work: Work
    """The run."""


Make = Callable[[Workshop], Made]
"""Makes the products. Raises Refused, Cancelled and OSError; then all that was made is removed."""


def replace_source(
    item: Admission, work: Work, make: Make, *, demands: Demands, destination: bytes = b""
) -> End:
    """Make products of a source, give them their names and trash the source; return how it ended.

    They go into ``destination``, or beside the source. Raises Refused, Cancelled and JournalError, all of
    them with the source untouched and nothing left of the products.
    """
    try:
        # Better known before hours of work than after.
        work.trashes.for_entry(item.situation.parent, os.path.dirname(item.record.source))
    except NoTrash as problem:
        raise Refused(f"{item.situation.shown}: {problem}.") from None
    path = os.path.realpath(destination) if destination else os.path.dirname(item.record.source)
    directory = open_directory(path) if destination else os.dup(item.situation.parent)
    try:
        return _Replacing(item, work, directory, path, demands).run(make)
    finally:
        os.close(directory)


def short_of_space(directory: int | bytes, needed: int) -> str | None:
    """Return what to say where a filesystem lacks room, as the end of a sentence; None when it has it."""
    space = os.statvfs(directory)
    free = space.f_bavail * space.f_frsize
    if needed + RESERVE <= free:
        return None
    return f"{format_size(free)} are free there, and {format_size(needed + RESERVE)} are needed for a while"


class _Replacing:
    def __init__(self, item: Admission, work: Work, directory: int, path: bytes, demands: Demands) -> None:
        self._item = item
        self._situation = item.situation
        self._work = work
        self._directory = directory
        self._path = path
        self._demands = demands
        self._working = b".dusk-" + secrets.token_hex(8).encode() + b".part"
        # Beside the source no step but the last leaves a trace in the directory's time: wherever a kill comes
        # between two of them, it is the one that the user knows.
        is_beside = path == os.path.dirname(item.record.source)
        self._before_ns = os.fstat(item.situation.parent).st_mtime_ns
        self._kept_ns = self._before_ns if is_beside else 0
        self._published: list[Product] = []

    def run(self, make: Make) -> End:
        intent = replace(
            self._item.record,
            batch=self._work.begin(),
            destination=self._path,
            working=os.path.join(self._path, self._working),
            parent_before_ns=self._before_ns,
        )
        (record,) = self._work.journal.write([intent])
        try:
            made = self._make(make)
            self._look_again()
            record = self._publish(record, made)
        except BaseException as problem:
            return self._failed(record, problem)
        self._remove_working()
        return self._trash_source(record, made)

    def _make(self, make: Make) -> Made:
        with time_kept(self._directory, self._kept_ns):
            os.mkdir(self._working, 0o700, dir_fd=self._directory)
        holder = os.open(self._working, _FLAGS, dir_fd=self._directory)
        try:
            made = make(Workshop(holder, self._item, self._work))
            sync(holder)
        finally:
            os.close(holder)
        return made

    def _look_again(self) -> None:
        """Refuse when the source changed, or somebody opened it, while the products were made."""
        situation, work = self._situation, self._work
        work.progress.at("checking", situation.path)
        now = survey_at(situation.parent, situation.name, situation.path, cancelled=work.cancelled)
        refuse(
            situation.step,
            work.gate.after_survey(situation, now, reviewed=True, demands=self._demands),
        )

    def _publish(self, record: Record, made: Made) -> Record:
        """Give the products their final names, which the journal knows before."""
        holder = os.open(self._working, _FLAGS, dir_fd=self._directory)
        try:
            products = [self._product(holder, part) for part in made.parts]
            noted = replace(
                record,
                state=State.COPIED,
                digest=made.digest,
                detail=made.detail,
                destination=products[0].path,
            )
            record = self._work.journal.write_products(noted, products)
            for part, product in zip(made.parts, products, strict=True):
                self._published.append(product)  # before: whatever is raised may come after the rename
                with time_kept(self._directory, self._kept_ns):
                    publish(holder, part.name, self._directory, part.final, same_inode(product.identity))
            sync(holder)
            sync(self._directory)
        finally:
            os.close(holder)
        (record,) = self._work.journal.write([replace(record, state=State.VERIFIED)])
        return record

    def _product(self, holder: int, part: Part) -> Product:
        status = os.stat(part.name, dir_fd=holder, follow_symlinks=False)
        return Product(
            path=os.path.join(self._path, part.final),
            identity=Identity.from_stat(status),
            digest=part.digest,
            mode=status.st_mode,
            owner=status.st_uid,
            group=status.st_gid,
        )

    def _trash_source(self, record: Record, made: Made) -> End:
        self._work.progress.at("moving to trash", record.source)
        move = TrashMove(record, self._situation.parent)
        try:
            trash_group(self._work.journal, [move], self._work.trashes)
        except JournalError as problem:
            return self._failed(record, problem)
        if move.record.state is State.DONE:
            return self._done(move, made)
        if self._is_source_in_place(move.record):
            return self._failed(move.record, OSError(errno.EIO, move.error))
        # It was moved, or lost from sight: the products may be all that there is, and stay.
        return End(ItemState.FAILED, move.error, record.destination)

    def _done(self, move: TrashMove, made: Made) -> End:
        record = move.record
        same_disk = os.fstat(self._directory).st_dev == record.identity.device
        needs = self._disk_size() if same_disk else 0
        sentence = " ".join(one for one in (move.note, made.note) if one)
        return End(
            ItemState.DONE,
            sentence,
            record.destination,
            frees_after_purge=record.frees_after_purge,
            needs=needs,
        )

    def _disk_size(self) -> int:
        statuses = (status_of(self._directory, os.path.basename(product.path)) for product in self._published)
        return sum(status.st_blocks * _BLOCK for status in statuses if status is not None)

    def _is_source_in_place(self, record: Record) -> bool:
        try:
            status = status_of(self._situation.parent, self._situation.name)
        except OSError:
            return False
        return status is not None and record.identity.drift(Identity.from_stat(status)) is None

    def _failed(self, record: Record, problem: BaseException) -> End:
        """Withdraw the products and write why; raise what has to be known further up."""
        left = self._withdraw()
        sentence = f"{_failure(self._situation.shown, problem)}{left}"
        with contextlib.suppress(JournalError):
            failed = replace(record, state=State.FAILED, error=sentence)
            self._work.journal.write([failed], closing=True)
        if isinstance(problem, Refused):
            raise Refused(sentence) from problem
        if isinstance(problem, OSError | Stranded):
            return End(ItemState.FAILED, sentence)
        raise problem

    def _remove_working(self) -> None:
        remove_working(self._directory, self._working, self._kept(os.path.join(self._path, self._working)))

    def _kept(self, leaving: bytes) -> contextlib.AbstractContextManager[None]:
        """Let the directory keep its time although something leaves it."""
        return self._work.journal.moments.time_kept_without(leaving, self._directory, self._kept_ns)

    def _withdraw(self) -> str:
        """Remove the products again; return a sentence about what is left, with a space before it."""
        left: list[Product] = []
        for product in self._published:
            with contextlib.suppress(OSError), self._kept(product.path):
                if withdraw_product(self._directory, self._working, product):
                    continue
            left.append(product)
        self._remove_working()
        if not left:
            return ""
        return f" What was made of it stays at {display_path(left[0].path)}."


def reason_of(problem: BaseException) -> str:
    """Return why something failed, as the end of a sentence: our own words rather than the system's."""
    if isinstance(problem, OSError):
        why = problem.strerror or str(problem)
        if why == os.strerror(problem.errno or 0):
            why = _MEANINGS.get(problem.errno or 0, why)
        return why
    return str(problem) or "stopped"


def _failure(shown: str, problem: BaseException) -> str:
    if isinstance(problem, Cancelled):
        return "Cancelled."
    if isinstance(problem, Stranded):
        return f"{shown} was not touched: what was made of it was replaced by somebody at this moment."
    if isinstance(problem, OSError):
        why = reason_of(problem)
        return why if shown in why else f"{shown} was not touched: {why.rstrip('.')}."
    return str(problem)
