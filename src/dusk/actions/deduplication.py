"""The act of keeping equal bytes once: by shared blocks where the filesystem has them, or by hard links.

Shared blocks change nothing that anyone can see: the kernel compares the bytes itself, and files stay
files. Hard links make several names of one file and are made on request only: whoever writes to one of
them in place then writes to all. The separate files go to the trash, so that undo can bring them back.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from dusk.actions import checks, linking
from dusk.actions.act import (
    Act,
    Admission,
    Demands,
    End,
    Gathering,
    Objection,
    Returned,
    Situation,
    Tools,
    Work,
)
from dusk.actions.gate import Gate, Refused
from dusk.actions.journal import JournalError
from dusk.actions.outcome import ItemState
from dusk.actions.record import Record, State
from dusk.actions.settling import Settling
from dusk.fs.cancellation import Cancelled, Cancelling, stop_if
from dusk.fs.descent import open_parent
from dusk.fs.mounts import MountTable
from dusk.fs.names import display_path
from dusk.fs.shared_blocks import SHARING_TYPES, Blocks, Differs, blocks_of, share_blocks
from dusk.fs.survey import Survey
from dusk.plan.action_words import HARD_LINK
from dusk.plan.step import Forecast, Step
from dusk.rules.finding import Action

_READING = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_NO_BLOCKS = Blocks(0, 0)


class Deduplication(Act):
    """Dedupe: the first file of each kind stays as it is, its equals follow."""

    action = Action.DEDUPE
    gathering = Gathering.STEP

    @property
    def demands(self) -> Demands:
        """Files stay where they are; what hard links ask beyond that, the objections say."""
        return Demands(moves=False, trash=False)

    def objections(self, situation: Situation, survey: Survey, gate: Gate) -> Iterator[Objection]:
        """Yield why a file cannot share its bytes in the way that was asked for."""
        if not stat.S_ISREG(situation.status.st_mode):
            yield Objection(f"{situation.shown} is not a file: name files, or find them with 'dusk dedupe'.")
            return
        if not situation.status.st_size:
            yield Objection(f"{situation.shown} is empty, so there is nothing to share.")
            return
        if situation.step.options.form == HARD_LINK:
            yield from checks.mounted(situation)
            yield from checks.not_permitted(situation)
            yield from gate.without_trash(situation)
            return
        mount = MountTable.read().containing(situation.path)
        if mount is None or mount.type not in SHARING_TYPES:
            kind = mount.type if mount is not None else "this filesystem"
            yield Objection(
                f"{situation.shown} is on {kind}, where files cannot share blocks. Hard links are possible, "
                "and are made only when asked for."
            )
        elif os.geteuid() not in (0, situation.status.st_uid):
            yield Objection(
                f"{situation.shown} belongs to user {situation.status.st_uid}; only they may do that."
            )

    def preview(
        self, step: Step, surveys: Mapping[bytes, Survey], cancelled: Cancelling
    ) -> dict[bytes, Forecast]:
        """Return what comes free if all files of one size are equal, of which the first stays."""
        forecasts: dict[bytes, Forecast] = {}
        seen: set[tuple[int, int]] = set()
        inodes: set[tuple[int, int]] = set()
        for path, survey in surveys.items():
            stop_if(cancelled)
            identity = survey.identity
            kind, inode = (identity.device, identity.size), (identity.device, identity.inode)
            if kind not in seen or inode in inodes:
                seen.add(kind)
                forecasts[path] = Forecast()
            elif step.options.form == HARD_LINK:
                after = survey.disk_size if identity.links == 1 else 0
                forecasts[path] = Forecast(frees_after_purge=after, is_at_most=True)
            else:
                forecasts[path] = Forecast(frees_now=_own_blocks(path, survey), is_at_most=True)
            inodes.add(inode)
        return forecasts

    def run(self, items: Sequence[Admission], work: Work) -> Sequence[End]:
        """Compare every file with those before it, and let it share with the first equal one."""
        work.progress.at("comparing", items[0].record.source)
        return _Comparison(work).run(items)

    def take_back(self, original: Record, record: Record, tools: Tools) -> Returned:
        """Bring the separate file back from the trash, in place of the hard link."""
        return linking.take_back(original, record, tools)

    def settle(self, record: Record, settling: Settling) -> None:
        """Shared blocks need no settling; a hard link is there or not."""
        if record.trash_name:
            linking.settle(record, settling)
            return
        settling.end(record, State.FAILED, "Interrupted while its blocks were compared; it is what it was.")


class _Comparison:
    """One step: which files stay, and how every one ended."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._kept: dict[tuple[int, int], list[int]] = {}
        self._followed: set[int] = set()
        self._items: Sequence[Admission] = ()
        self._stop: End | None = None

    def run(self, items: Sequence[Admission]) -> list[End]:
        self._items = items
        ends = [self._next(position) for position in range(len(items))]
        for positions in self._kept.values():
            for position in positions:
                shown = items[position].situation.shown
                if position in self._followed:
                    ends[position] = End(ItemState.DONE, "", items[position].record.source, 0, 0)
                else:
                    ends[position] = End(ItemState.SKIPPED, f"{shown} has no equal among these, so it stays.")
        return ends

    def _next(self, position: int) -> End:
        if self._stop is None and self._work.cancelled():
            self._stop = End(ItemState.SKIPPED)
        if self._stop is not None:
            return self._stop
        item = self._items[position]
        self._work.progress.at("comparing", item.record.source)
        try:
            return self._deduplicate(position, item)
        except Cancelled:
            self._stop = End(ItemState.SKIPPED)
        except JournalError as problem:
            if not self._followed:
                raise
            self._stop = End(ItemState.FAILED, str(problem))
        return self._stop

    def _deduplicate(self, position: int, item: Admission) -> End:
        """Let one file share with the first equal one of those that stay, or let it stay itself."""
        identity = item.record.identity
        alike = self._kept.setdefault((identity.device, identity.size), [])
        for other in alike:
            keeper = self._items[other]
            if keeper.record.identity.inode == identity.inode:
                shown = display_path(keeper.record.source)
                return End(ItemState.SKIPPED, f"{item.situation.shown} and {shown} are one file already.")
            act = linking.link if item.step.options.form == HARD_LINK else _share
            try:
                end = act(item, keeper, self._work)
            except Differs:
                continue
            except Refused as refusal:
                return End(ItemState.REFUSED, str(refusal))
            except linking.Unsettled as problem:
                return End(ItemState.FAILED, str(problem))
            except OSError as error:
                sentence = f"{item.situation.shown} shares nothing: {error.strerror}. It is what it was."
                return End(ItemState.FAILED, sentence)
            self._followed.add(other)
            return end
        alike.append(position)
        return End(ItemState.SKIPPED)


def _share(item: Admission, keeper: Admission, work: Work) -> End:
    """Let one file share the blocks of another. Raises Differs, OSError and JournalError."""
    source = _open(keeper)
    try:
        target = _open(item)
        try:
            before = blocks_of(target, flushed=True) or _NO_BLOCKS
            record = replace(item.record, batch=work.begin(), is_final=True, frees_after_purge=0)
            record = replace(record, destination=keeper.record.source)
            (record,) = work.journal.write([record])
            try:
                share_blocks(source, target, item.record.identity.size)
            except (Differs, OSError) as problem:
                _not_shared(record, problem, work)
                raise
            freed = _freed_since(before, target)
            with contextlib.suppress(JournalError):
                work.journal.write([replace(record, state=State.DONE)], closing=True)
            return End(ItemState.DONE, "", keeper.record.source, freed, 0)
        finally:
            os.close(target)
    finally:
        os.close(source)


def _freed_since(before: Blocks, target: int) -> int:
    """Return the bytes that sharing freed; 0 where the disk does not answer any more."""
    try:
        after = blocks_of(target, flushed=True) or before
    except OSError:
        return 0
    return max(0, before.own - after.own)


def _not_shared(record: Record, problem: Differs | OSError, work: Work) -> None:
    why = "its bytes differ" if isinstance(problem, Differs) else str(problem.strerror)
    error = f"{display_path(record.source)} shares nothing: {why}."
    with contextlib.suppress(JournalError):
        work.journal.write([replace(record, state=State.FAILED, error=error)], closing=True)


def _open(item: Admission) -> int:
    file = os.open(item.situation.name, _READING, dir_fd=item.situation.parent)
    status, identity = os.fstat(file), item.record.identity
    if (status.st_dev, status.st_ino, status.st_size) != (identity.device, identity.inode, identity.size):
        os.close(file)
        raise Refused(f"{item.situation.shown} was replaced at this moment. It was not touched.")
    return file


def _own_blocks(path: bytes, survey: Survey) -> int:
    """Return the bytes of a file that no other one shares yet."""
    try:
        parent, name = open_parent(path)
        try:
            file = os.open(name, _READING, dir_fd=parent)
        finally:
            os.close(parent)
        try:
            found = blocks_of(file)
        finally:
            os.close(file)
    except (OSError, ValueError):
        found = None
    return survey.disk_size if found is None else found.own
