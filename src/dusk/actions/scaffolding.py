"""The act of laying out new directories: what is missing is made; undo removes what is still empty."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from dusk.actions.act import Act, Admission, Demands, End, Objection, Returned, Situation, Tools, Work
from dusk.actions.directory_times import DirectoryTimes
from dusk.actions.gate import Gate
from dusk.actions.journal import Journal, JournalError
from dusk.actions.moments import Moments
from dusk.actions.outcome import ItemState, completed_later
from dusk.actions.record import Product, Record, State
from dusk.actions.relocation import status_of, sync
from dusk.actions.settling import Settling
from dusk.fs.cancellation import Cancelling
from dusk.fs.descent import open_directory, open_parent
from dusk.fs.identity import EntryKind, Identity
from dusk.fs.names import display_path
from dusk.fs.survey import Survey
from dusk.fs.units import count_noun
from dusk.plan.step import Forecast, Step
from dusk.rules.finding import Action

_MOST = 10_000
_LONGEST_NAME = 255


class BadName(ValueError):  # noqa: N818 - a finding, not an error
    """A name is not one of a directory to make; the text says why."""


def wanted_directories(names: Sequence[str]) -> tuple[bytes, ...]:
    """Return relative paths with the directories above them, each before what is in it, each once.

    Raises BadName.
    """
    wanted: dict[bytes, None] = {}
    for text in names:
        name = text.encode("utf-8", "surrogateescape")
        parts = [part for part in name.split(b"/") if part not in (b"", b".")]
        shown = display_path(name)
        if name.startswith((b"/", b"~")):
            raise BadName(f"{shown} is not below the directory that is laid out")
        if not parts or b".." in parts:
            raise BadName(f"{shown} is not the name of a directory below")
        if b"\0" in name or any(len(part) > _LONGEST_NAME for part in parts):
            raise BadName(f"{shown} cannot be the name of a directory")
        for depth in range(1, len(parts) + 1):
            wanted[b"/".join(parts[:depth])] = None
    if len(wanted) > _MOST:
        raise BadName(f"{len(wanted):,} directories are too many at once; the most is {_MOST:,}")
    return tuple(wanted)


class Scaffolding(Act):
    """Scaffold: directories below a target that is there already."""

    action = Action.SCAFFOLD

    @property
    def demands(self) -> Demands:
        """The target itself stays where it is, and others may work in it."""
        return Demands(outside_protected=False, moves=False, trash=False, steady=False, unheld=False)

    def objections(self, situation: Situation, survey: Survey, gate: Gate) -> Iterator[Objection]:
        """Yield which of the directories cannot be made."""
        if not stat.S_ISDIR(situation.status.st_mode):
            yield Objection(f"{situation.shown} is not a directory.")
            return
        try:
            wanted = wanted_directories(situation.step.options.names)
        except BadName as problem:
            yield Objection(f"{problem}.")
            return
        if not wanted:
            yield Objection("No directories to make were named.")
        for name in wanted:
            path = os.path.join(situation.path, name)
            reason = gate.protection.reason(path)
            if reason is not None:
                yield Objection(f"{display_path(path)} {reason}, so nothing is made there.")
                return
            try:
                kind = EntryKind.from_mode(os.lstat(path).st_mode)
            except OSError:
                continue
            if kind is not EntryKind.DIRECTORY:
                yield Objection(f"{display_path(path)} is there already, as a {kind.label}.")
                return

    def preview(
        self, step: Step, surveys: Mapping[bytes, Survey], cancelled: Cancelling
    ) -> dict[bytes, Forecast]:
        """Return how many of the directories are missing."""
        forecasts = {}
        for path in surveys:
            wanted = wanted_directories(step.options.names)
            missing = sum(not os.path.lexists(os.path.join(path, name)) for name in wanted)
            there = len(wanted) - missing
            rest = f"; {count_noun(there, 'directory', 'directories')} are there already" if there else ""
            sentence = f"{count_noun(missing, 'directory', 'directories')} will be made{rest}."
            forecasts[path] = Forecast(sentence=sentence)
        return forecasts

    def run(self, items: Sequence[Admission], work: Work) -> Sequence[End]:
        """Make what is missing; when one fails, those made before are removed again."""
        (item,) = items
        base = item.record.source
        wanted = wanted_directories(item.step.options.names)
        missing = [name for name in wanted if not os.path.lexists(os.path.join(base, name))]
        if not missing:
            return [End(ItemState.SKIPPED, f"{item.situation.shown} has all of these directories already.")]
        work.progress.at("making directories", base)
        times = DirectoryTimes.before(base, missing)
        record = replace(
            item.record,
            batch=work.begin(),
            detail=_encode(missing, times),
            entries=len(missing),
            frees_after_purge=0,
            disk_size=0,
            apparent_size=0,
        )
        (record,) = work.journal.write([record])
        made: list[Product] = []
        try:
            for name in missing:
                made.append(_make(base, name, times))
            done = replace(record, state=State.DONE, detail=_encode(missing, times))
            work.journal.write_products(done, made)
        except (OSError, JournalError) as problem:
            why = problem.strerror if isinstance(problem, OSError) else str(problem).rstrip(".")
            sentence = f"{display_path(os.path.join(base, name))} cannot be made: {why}."
            left, further = _remove(made, times, work.journal.moments)
            is_half_made = not isinstance(problem, FileExistsError) and os.path.lexists(
                os.path.join(base, name)
            )
            if left or further is not None or is_half_made:
                # The record stays open: recovery removes what is still empty.
                sentence += " The next start of dusk removes what was made before it."
                return [End(ItemState.FAILED, sentence)]
            sentence += " Nothing was made."
            with contextlib.suppress(JournalError):
                work.journal.write([replace(record, state=State.FAILED, error=sentence)], closing=True)
            return [End(ItemState.FAILED, sentence)]
        sentence = f"Made {count_noun(len(made), 'directory', 'directories')} in {item.situation.shown}."
        return [End(ItemState.DONE, sentence, base, 0, 0)]

    def take_back(self, original: Record, record: Record, tools: Tools) -> Returned:
        """Remove what was made, as far as nobody put anything into it."""
        (record,) = tools.journal.write([record])
        try:
            note = _retire(original, tools.journal)
        except OSError as problem:
            sentence = f"{display_path(problem.filename)} cannot be removed: {problem.strerror}. Undo again."
            with contextlib.suppress(JournalError):
                tools.journal.write([replace(record, state=State.FAILED, error=sentence)], closing=True)
            return Returned(ItemState.FAILED, sentence)
        ended = [replace(record, state=State.DONE), replace(original, state=State.UNDONE)]
        try:
            tools.journal.write(ended, closing=True)
        except JournalError as problem:
            gone = completed_later(f"What was made in {display_path(original.source)} is gone", problem)
            note = f"{note} {gone}".lstrip()
        return Returned(ItemState.DONE, note)

    def settle(self, record: Record, settling: Settling) -> None:
        """Remove again what an interrupted run had made: only what is empty can go."""
        names, times = _decode(record)
        made = [Product(os.path.join(record.source, name), record.identity) for name in names]
        times.explain(made)
        left, problem = _remove(made, times, settling.journal.moments, record)
        if problem is not None:
            raise problem  # the next recovery tries again
        stays = f" {_about_left(left)}" if left else ""
        settling.end(record, State.FAILED, f"Interrupted before all directories were made.{stays}")
        shown = display_path(record.source)
        settling.sentences.append(
            f"{shown}: dusk was interrupted while it made directories; they are gone.{stays}"
        )

    def settle_return(self, original: Record, record: Record, settling: Settling) -> str:
        """Remove what an interrupted undo did not come to."""
        return _retire(original, settling.journal)


def _encode(names: Sequence[bytes], times: DirectoryTimes) -> str:
    known = {os.fsdecode(path): times.known[path] for path in times.known}
    return json.dumps({"names": [os.fsdecode(name) for name in names], "times": known})


def _decode(record: Record) -> tuple[list[bytes], DirectoryTimes]:
    """Return the names and times of a record; an older dusk wrote names only."""
    detail = json.loads(record.detail or "[]")
    names = detail["names"] if isinstance(detail, dict) else detail
    times = detail["times"] if isinstance(detail, dict) else {}
    known = {os.fsencode(path): (before, after) for path, (before, after) in times.items()}
    return [os.fsencode(name) for name in names], DirectoryTimes(known)


def _make(base: bytes, name: bytes, times: DirectoryTimes) -> Product:
    path = os.path.join(base, name)
    above, last = os.path.split(path)
    directory = open_directory(above)
    try:
        with times.changing(above, directory):
            os.mkdir(last, dir_fd=directory)
        try:
            sync(directory)
            status = os.stat(last, dir_fd=directory, follow_symlinks=False)
        except OSError:
            with contextlib.suppress(OSError):
                os.rmdir(last, dir_fd=directory)
            raise
    finally:
        os.close(directory)
    return Product(path, Identity.from_stat(status), mode=status.st_mode)


def _retire(original: Record, journal: Journal) -> str:
    """Remove what is still empty; return a sentence about the rest. Raises OSError when the disk refuses."""
    left, problem = _remove(journal.products(original.id), _decode(original)[1], journal.moments)
    if problem is not None:
        raise problem
    return _about_left(left) if left else ""


def _about_left(left: Sequence[bytes]) -> str:
    more = f" and {len(left) - 1:,} more" if len(left) > 1 else ""
    return f"{display_path(left[0])}{more} is not empty any more, so it stays."


def _remove(
    products: Sequence[Product], times: DirectoryTimes, moments: Moments, made_by: Record | None = None
) -> tuple[list[bytes], OSError | None]:
    """Remove directories that are still empty, from below; return those in use, and what else went wrong.

    With ``made_by`` their inodes are not known: then what this user owns and what is not older than that
    record is meant.
    """
    left: list[bytes] = []
    problem: OSError | None = None
    for product in reversed(products):
        try:
            directory, name = open_parent(product.path)
        except OSError as error:
            if error.errno not in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP):
                problem = OSError(error.errno, error.strerror, product.path)
            continue
        try:
            status = status_of(directory, name)
            if status is None:
                continue
            if made_by is None:
                same = status.st_ino == product.identity.inode
            else:
                same = status.st_uid == os.geteuid() and status.st_ctime_ns >= made_by.intent_ns - 10**9
            if same and stat.S_ISDIR(status.st_mode):
                with times.given_back(product.path, directory, moments):
                    os.rmdir(name, dir_fd=directory)
                sync(directory)
        except OSError as error:
            if error.errno in (errno.ENOTEMPTY, errno.EEXIST):
                left.append(product.path)
            else:
                problem = OSError(error.errno, error.strerror, product.path)
        finally:
            os.close(directory)
    return left[::-1], problem
