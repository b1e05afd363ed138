"""The act of removing directories that hold nothing: bottom up, and undone by making them again.

A target is a directory with nothing but directories below it. All of them go, or none: what holds even
one file when its turn comes puts everything back.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from dusk.actions import directory_facts
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
from dusk.actions.directory_facts import DirectoryFacts
from dusk.actions.gate import Gate, Refused
from dusk.actions.journal import JournalError
from dusk.actions.moments import Moments
from dusk.actions.outcome import ItemState, completed_later
from dusk.actions.record import Record, State
from dusk.actions.relocation import modified_ns, status_of, sync
from dusk.actions.replaced import Rebuilding, return_replaced
from dusk.actions.settling import Settling, is_in_place
from dusk.fs.cancellation import Cancelling
from dusk.fs.descent import open_directory, open_parent, open_subdirectory
from dusk.fs.identity import EntryKind
from dusk.fs.names import display_path
from dusk.fs.survey import Survey
from dusk.fs.traversal import traverse
from dusk.fs.versioned import VERSION_CONTROL
from dusk.plan.step import Forecast, Step
from dusk.rules.finding import Action

_LARGEST = 100_000  # directories in one target: what undo needs of each is written before anything goes


class EmptyDirectories(Act):
    """Remove: by ``rmdir`` only, which no kernel lets take anything but an empty directory."""

    action = Action.EMPTY_DIRECTORIES
    gathering = Gathering.GROUP

    @property
    def demands(self) -> Demands:
        """No trash is needed."""
        return Demands(trash=False)

    def objections(self, situation: Situation, survey: Survey, gate: Gate) -> Iterator[Objection]:
        """Yield what is in the target beside directories."""
        if survey.identity.kind is not EntryKind.DIRECTORY:
            yield Objection(f"{situation.shown} is not a directory.")
            return
        try:
            found = _look(situation.parent, situation.name, situation.path)
        except Refused as refusal:
            yield Objection(str(refusal))
        except OSError as error:
            yield Objection(f"{situation.shown} cannot be looked through: {error.strerror}.")
        else:
            if len(found) > _LARGEST:
                yield Objection(
                    f"{situation.shown} holds more than {_LARGEST:,} directories; name parts of it."
                )

    def preview(
        self, step: Step, surveys: Mapping[bytes, Survey], cancelled: Cancelling
    ) -> dict[bytes, Forecast]:
        """Return what the directories themselves take."""
        return {path: Forecast(frees_now=survey.disk_size) for path, survey in surveys.items()}

    def run(self, items: Sequence[Admission], work: Work) -> Sequence[End]:
        """Remove a group of empty trees; the journal holds all that is needed to make them again."""
        work.progress.at("removing empty directories", items[0].record.source)
        batch = work.begin()
        facts = [_look(item.situation.parent, item.situation.name, item.situation.path) for item in items]
        records = [
            replace(
                item.record,
                batch=batch,
                detail=directory_facts.encode(found),
                parent_before_ns=modified_ns(item.situation.parent),
                frees_after_purge=0,
            )
            for item, found in zip(items, facts, strict=True)
        ]
        records = list(work.journal.write(records))
        ends: list[End] = []
        ended: list[Record] = []
        for item, found, record in zip(items, facts, records, strict=True):
            written, end = _remove_tree(item, found, record, work.journal.moments)
            ended.append(written)
            ends.append(end)
        for descriptor in {item.situation.parent for item in items}:
            with contextlib.suppress(OSError):
                sync(descriptor)
        try:
            work.journal.write(ended, closing=True)
        except JournalError as problem:
            ends = [
                replace(end, sentence=completed_later(f"{item.situation.shown} was dealt with", problem))
                if end.state is ItemState.DONE
                else end
                for item, end in zip(items, ends, strict=True)
            ]
        return ends

    def take_back(self, original: Record, record: Record, tools: Tools) -> Returned:
        """Make the directories again, whole, and then give them their name."""
        returned = return_replaced(original, record, tools, _rebuild)
        # Nothing was in a trash that could have been emptied, which is what the sentence speaks of.
        sentence = "" if returned.state is ItemState.DONE else returned.sentence
        return replace(returned, sentence=sentence)

    def settle(self, record: Record, settling: Settling) -> None:
        """Make again what an interrupted run had removed below a directory that is still there."""
        shown = display_path(record.source)
        if is_in_place(record):
            parent, name = open_parent(record.source)
            try:
                _make(parent, name, directory_facts.decode(record.detail))
            finally:
                os.close(parent)
            settling.end(record, State.FAILED, "Interrupted before it was removed.")
            settling.sentences.append(f"{shown} is as it was: dusk was interrupted before it was removed.")
        elif _is_missing(record.source):
            settling.removed(record)
            settling.sentences.append(
                f"{shown} was empty and was removed before dusk was interrupted. 'dusk undo' makes it again."
            )
        else:
            settling.unclear(record, "something else has its name now")


def _look(parent: int, name: bytes, path: bytes) -> list[DirectoryFacts]:
    """Return the directories of an empty tree, each before the ones in it. Raises Refused and OSError."""
    top = open_subdirectory(parent, name)
    try:
        found = []
        for listing in traverse(top):
            place = os.path.join(path, listing.path) if listing.path else path
            if os.path.basename(place) in VERSION_CONTROL:
                raise Refused(
                    f"{display_path(path)} holds {display_path(place)}, whose empty directories count."
                )
            if listing.problem:
                raise OSError(listing.problem, os.strerror(listing.problem), place)
            for entry, status in listing.entries:
                if not stat.S_ISDIR(status.st_mode):
                    inside = display_path(os.path.join(place, entry))
                    raise Refused(f"{display_path(path)} is not empty: it holds {inside}.")
            found.append(directory_facts.read(listing.descriptor, listing.path))
        return found
    finally:
        os.close(top)


def _remove_tree(
    item: Admission, found: list[DirectoryFacts], record: Record, moments: Moments
) -> tuple[Record, End]:
    """Remove one empty tree whose intent is in the journal; return its record and its end."""
    situation = item.situation
    try:
        error, before = _remove(situation.parent, record.source, found, moments)
    except OSError as problem:
        # The record stays open: recovery makes again what is missing.
        sentence = (
            f"{situation.shown} was removed in part, and the disk reports: {problem.strerror}. "
            "The next start of dusk puts that right."
        )
        return record, End(ItemState.FAILED, sentence)
    if error:
        sentence = f"{situation.shown}: {error}. Nothing was removed."
        return replace(record, state=State.FAILED, error=sentence), End(ItemState.FAILED, sentence)
    after = modified_ns(situation.parent)
    done = replace(record, state=State.DONE, parent_before_ns=before, parent_after_ns=after)
    return done, End(ItemState.DONE, frees_now=item.survey.disk_size, frees_after_purge=0)


def _remove(parent: int, path: bytes, found: list[DirectoryFacts], moments: Moments) -> tuple[str, int]:
    """Remove the empty tree at a path bottom up; return why not, and then it is as it was.

    Also returns the time that the directory around it had right before. Raises OSError when what had been
    removed could not be made again.
    """
    name, removed, before = os.path.basename(path), [], 0
    try:
        top = open_subdirectory(parent, name)
        try:
            for facts in sorted(found[1:], key=lambda one: one.path.count(b"/"), reverse=True):
                above, base = os.path.split(facts.path)
                directory = open_directory(above, within=top, one_mount=True) if above else os.dup(top)
                try:
                    _remove_one(directory, base, facts)
                finally:
                    os.close(directory)
                removed.append(facts)
        finally:
            os.close(top)
        before = modified_ns(parent)
        moments.note(path)
        _remove_one(parent, name, found[0])
    except OSError as error:
        if removed:
            _make(parent, name, found)
        if error.errno in (errno.ENOTEMPTY, errno.EEXIST):
            return "something was put into it at this moment", before
        in_use = "a part of it is in use as a mount point"
        return in_use if error.errno == errno.EBUSY else str(error.strerror), before
    return "", before


def _remove_one(directory: int, name: bytes, facts: DirectoryFacts) -> None:
    status = os.stat(name, dir_fd=directory, follow_symlinks=False)
    if (status.st_ino, stat.S_ISDIR(status.st_mode)) != (facts.inode, True):
        raise OSError(errno.ESTALE, "it was replaced by another directory at this moment")
    os.rmdir(name, dir_fd=directory)


def _rebuild(rebuilding: Rebuilding) -> str:
    facts = directory_facts.decode(rebuilding.original.detail)
    _make(rebuilding.holder, os.path.basename(rebuilding.original.source), facts)
    return ""


def _make(holder: int, name: bytes, found: Sequence[DirectoryFacts]) -> None:
    """Make what is missing of a tree of directories; what is there stays as it is. Raises OSError."""
    made: list[DirectoryFacts] = []
    if status_of(holder, name) is None:
        os.mkdir(name, 0o700, dir_fd=holder)
        made.append(found[0])
    top = open_subdirectory(holder, name)
    try:
        touched: dict[bytes, DirectoryFacts] = {facts.path: facts for facts in found}
        for facts in found[1:]:
            above, base = os.path.split(facts.path)
            directory = open_directory(above, within=top, one_mount=True) if above else os.dup(top)
            try:
                if status_of(directory, base) is None:
                    os.mkdir(base, 0o700, dir_fd=directory)
                    made.append(facts)
            finally:
                os.close(directory)
        # From below: whatever is written into a directory stamps it.
        parents = {os.path.dirname(facts.path) for facts in made if facts.path}
        changed = [touched[path] for path in {facts.path for facts in made} | parents]
        for facts in sorted(changed, key=lambda one: one.path.count(b"/") if one.path else -1, reverse=True):
            directory = open_directory(facts.path, within=top, one_mount=True) if facts.path else os.dup(top)
            try:
                directory_facts.write(directory, facts)
                sync(directory)
            finally:
                os.close(directory)
    finally:
        os.close(top)
    sync(holder)


def _is_missing(path: bytes) -> bool:
    """Return whether a path names nothing. Raises OSError when that cannot be told."""
    try:
        parent, name = open_parent(path)
    except FileNotFoundError:
        return True
    except ValueError:
        return False
    try:
        return status_of(parent, name) is None
    finally:
        os.close(parent)
