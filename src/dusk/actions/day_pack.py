"""Packing one day of a pile: a proven pack, then the packed files leave together, as one item of the trash.

The files move into a directory of their own first, which is what goes to the trash: one rename and one
record for thousands of files. Whatever stops that midway, they move back.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
from collections.abc import Callable
from dataclasses import dataclass, replace

from dusk.actions.act import Work
from dusk.actions.archive import remove_working
from dusk.actions.gate import Refused
from dusk.actions.journal import JournalError
from dusk.actions.moments import Moments
from dusk.actions.packed_archive import pack_name
from dusk.actions.packing import NAME, PACK_SUFFIX, Packer
from dusk.actions.record import Product, Record, State
from dusk.actions.relocation import (
    Stranded,
    Swapped,
    publish,
    relocate,
    same_inode,
    status_of,
    sync,
    time_kept,
)
from dusk.actions.replacement import reason_of
from dusk.actions.reservation import TrashMove
from dusk.actions.rotation import PiledFile
from dusk.actions.trash import trash_group
from dusk.actions.withdrawal import is_inode, withdraw_product
from dusk.fs.identity import Identity
from dusk.fs.leases import Lease, probe_lease
from dusk.fs.names import display_path
from dusk.fs.units import count_noun

_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_HELD = b"held"


@dataclass(frozen=True, slots=True)
class DayEnd:
    """How packing one day ended."""

    record: Record
    """Its record; DONE or not."""
    error: str = ""
    """Why it was not packed, as a sentence."""
    needs: int = 0
    """Disk bytes of the pack."""


class DayPack:
    """One day being packed, in an open pile."""

    def __init__(
        self, pile: int, path: bytes, *, record: Record, work: Work, files: list[PiledFile], day: str
    ) -> None:
        """Pack files of the pile at ``path``; ``record`` is unwritten and says what the pile is."""
        self._pile = pile
        self._path = path
        self._record = record
        self._work = work
        self._files = files
        self._working = b".dusk-" + secrets.token_hex(8).encode() + b".part"
        self._pack = pack_name(os.path.basename(path)[:200] + b"-" + day.encode(), pile)
        self._holding = self._pack.removesuffix(PACK_SUFFIX)
        self._before_ns = os.fstat(pile).st_mtime_ns

    def run(self) -> DayEnd:
        """Pack, prove, publish, gather and trash; raises Cancelled and JournalError with nothing changed."""
        if status_of(self._pile, self._holding) is not None:
            taken = display_path(os.path.join(self._path, self._holding))
            return DayEnd(self._record, f"{taken} is there already.")
        intent = replace(
            self._record,
            batch=self._work.begin(),
            source=os.path.join(self._path, self._holding),
            identity=Identity.from_stat(os.fstat(self._pile)),
            destination=self._path,
            working=os.path.join(self._path, self._working),
            parent_before_ns=self._before_ns,
            entries=len(self._files) + 1,
            apparent_size=sum(file.status.st_size for file in self._files),
            disk_size=sum(file.disk_size for file in self._files),
            frees_after_purge=sum(file.disk_size for file in self._files),
        )
        (record,) = self._work.journal.write([intent])
        try:
            product, digest = self._make()
            record = self._publish(record, product, digest)
            record = self._gather(record)
        except BaseException as problem:
            return self._failed(record, problem)
        self._remove_working()
        return self._trash(record)

    def _kept(self) -> contextlib.AbstractContextManager[None]:
        """Let the pile keep its time: only the directory with the day's files that goes at the end tells."""
        return time_kept(self._pile, self._before_ns)

    def _kept_without(self, leaving: bytes) -> contextlib.AbstractContextManager[None]:
        return self._work.journal.moments.time_kept_without(leaving, self._pile, self._before_ns)

    def _remove_working(self) -> None:
        keeping = self._kept_without(os.path.join(self._path, self._working))
        remove_working(self._pile, self._working, keeping)

    def _make(self) -> tuple[Product, str]:
        with self._kept():
            os.mkdir(self._working, 0o700, dir_fd=self._pile)
        holder = os.open(self._working, _FLAGS, dir_fd=self._pile)
        try:
            digest, manifest = self._write(holder)
            os.mkdir(_HELD, 0o700, dir_fd=holder)
            sync(holder)
            status = os.stat(NAME, dir_fd=holder, follow_symlinks=False)
        finally:
            os.close(holder)
        path = os.path.join(self._path, self._pack)
        return Product(path, Identity.from_stat(status), digest, mode=status.st_mode), manifest

    def _write(self, holder: int) -> tuple[str, str]:
        work = self._work
        work.progress.at("packing", os.path.join(self._path, self._pack))
        packer = Packer(holder, self._holding, on_bytes=work.progress.add_half, cancelled=work.cancelled)
        try:
            for file in self._files:
                packer.add(self._pile, file.name, file.status, os.path.join(self._holding, file.name))
            packer.finish()
            work.progress.at("verifying", os.path.join(self._path, self._pack))
            pack = packer.prove()
            mode = stat.S_IMODE(self._files[0].status.st_mode)
            if os.geteuid() == 0:
                first = self._files[0].status
                os.fchown(packer.file, first.st_uid, first.st_gid)
            os.fchmod(packer.file, mode)
            os.fsync(packer.file)
        finally:
            packer.close()
        return pack.digest, pack.manifest_digest

    def _publish(self, record: Record, product: Product, digest: str) -> Record:
        """Give the pack and the directory for the packed files their names, which the journal knows."""
        holder = os.open(self._working, _FLAGS, dir_fd=self._pile)
        try:
            held = Identity.from_stat(os.stat(_HELD, dir_fd=holder, follow_symlinks=False))
            noted = replace(
                record, state=State.COPIED, identity=held, digest=digest, destination=product.path
            )
            record = self._work.journal.write_products(noted, [product])
            with self._kept():
                publish(holder, NAME, self._pile, self._pack, same_inode(product.identity))
            with self._kept():
                publish(holder, _HELD, self._pile, self._holding, same_inode(held))
            sync(holder)
            sync(self._pile)
        finally:
            os.close(holder)
        (record,) = self._work.journal.write([replace(record, state=State.VERIFIED)])
        return record

    def _gather(self, record: Record) -> Record:
        """Move the packed files together, as long as each is what was packed."""
        holding = os.open(self._holding, _FLAGS, dir_fd=self._pile)
        try:
            for file in self._files:
                if probe_lease(self._pile, file.name) is Lease.HELD:
                    raise OSError(errno.EBUSY, f"{display_path(file.name)} was opened meanwhile")
                with self._kept():
                    relocate(self._pile, file.name, holding, file.name, _is_as(file.status))
            sync(holding)
            sync(self._pile)
            now = Identity.from_stat(os.fstat(holding))
        finally:
            os.close(holding)
        (record,) = self._work.journal.write([replace(record, identity=now)])
        return record

    def _trash(self, record: Record) -> DayEnd:
        self._work.progress.at("moving to trash", record.source)
        move = TrashMove(record, self._pile)
        try:
            trash_group(self._work.journal, [move], self._work.trashes)
        except JournalError as problem:
            return self._failed(record, problem)
        if move.record.state is State.DONE:
            status = status_of(self._pile, self._pack)
            return DayEnd(move.record, needs=status.st_blocks * 512 if status is not None else 0)
        status = status_of(self._pile, self._holding)
        if status is not None and record.identity.is_same_inode(Identity.from_stat(status)):
            return self._failed(move.record, OSError(0, move.error))
        return DayEnd(move.record, move.error)

    def _failed(self, record: Record, problem: BaseException) -> DayEnd:
        shown = display_path(os.path.join(self._path, self._pack))
        why = reason_of(problem)
        if isinstance(problem, Swapped | Stranded):
            why = "a file changed while its day was packed"
        sentence = f"{shown} was not made: {why.rstrip('.')}."
        with contextlib.suppress(JournalError):
            # The journal may know more than the caller: the directory is made where an error comes between.
            record = self._work.journal.record(record.id) or record
        try:
            path, moments = os.path.join(self._path, self._holding), self._work.journal.moments
            left = scatter(self._pile, path, record.identity, self._before_ns, moments)
            self._withdraw(record)
        except (OSError, JournalError) as further:
            # The record stays open: the next recovery moves the rest back.
            more = getattr(further, "strerror", None) or str(further)
            return DayEnd(record, f"{sentence} {more.rstrip('.')}. The next start of dusk puts that right.")
        sentence = f"{sentence} {left}".rstrip()
        failed = replace(record, state=State.FAILED, error=sentence)
        with contextlib.suppress(JournalError):
            self._work.journal.write([failed], closing=True)
        if isinstance(problem, OSError | Swapped | Stranded | Refused):
            return DayEnd(failed, sentence)
        raise problem

    def _withdraw(self, record: Record) -> None:
        for product in self._work.journal.products(record.id):
            with self._kept_without(product.path):
                is_gone = withdraw_product(self._pile, self._working, product)
            if not is_gone:
                raise OSError(errno.EIO, f"{display_path(product.path)} could not be removed")
        self._remove_working()


def scatter(pile: int, path: bytes, identity: Identity, kept_ns: int, moments: Moments) -> str:
    """Move what the holding directory at ``path`` holds back into the open pile, and remove it when empty.

    Only out of the directory that ``identity`` tells, and replacing nothing; a pile with the time ``kept_ns``
    keeps that. Returns what stays because its name is taken, as a sentence. Raises OSError when anything
    stays for another reason: try again later.
    """
    holding = os.path.basename(path)
    try:
        holder = os.open(holding, _FLAGS, dir_fd=pile)
    except FileNotFoundError:
        return ""
    taken, problem = 0, None
    try:
        if not is_inode(identity, os.fstat(holder), pile):
            return ""
        for entry in sorted(os.listdir(holder)):
            name = os.fsencode(entry)
            try:
                status = os.stat(name, dir_fd=holder, follow_symlinks=False)
                with time_kept(pile, kept_ns):
                    relocate(holder, name, pile, name, same_inode(Identity.from_stat(status)))
            except (FileExistsError, Swapped, Stranded):
                taken += 1
            except OSError as error:
                problem = error
        sync(holder)
        sync(pile)
    finally:
        os.close(holder)
    where = display_path(path)
    if problem is not None:
        raise OSError(problem.errno, f"files of it lie in {where}: {problem.strerror}")
    if not taken:
        with moments.time_kept_without(path, pile, kept_ns):
            os.rmdir(holding, dir_fd=pile)
        sync(pile)
        return ""
    stay = "stays" if taken == 1 else "stay"
    return f"{count_noun(taken, 'file')} {stay} in {where}: something else has their names now."


def _is_as(before: os.stat_result) -> Callable[[os.stat_result], bool]:
    """Return a test for the very file that was packed: inode, size and time."""
    return lambda now: Identity.from_stat(before).drift(Identity.from_stat(now)) is None
