"""What settling an interrupted act needs: the facts by inode, and the two ends that it can come to."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from dusk.actions import trashinfo
from dusk.actions.act import Tools
from dusk.actions.archive import remove_working
from dusk.actions.interrupted_times import give_interrupted_time_back, times_of_moves
from dusk.actions.journal import Journal
from dusk.actions.progress import ExecutionProgress
from dusk.actions.record import Product, Record, State
from dusk.actions.relocation import entry_status, modified_ns, status_of, sync
from dusk.actions.restoration import is_trashed_item
from dusk.actions.trash_choice import TrashDirectories
from dusk.actions.trash_directory import TrashDirectory, Unusable
from dusk.actions.withdrawal import is_as_known, is_inode, withdraw_product
from dusk.fs.cancellation import never
from dusk.fs.descent import open_directory, open_parent
from dusk.fs.names import display_path
from dusk.plan.action_words import words_of

NOT_THERE = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP)
"""What the kernel answers where a path is gone, or leads through a symbolic link now."""


_Noted = Callable[[Record, int, int], Record]


class Settling:
    """One recovery at work."""

    def __init__(self, journal: Journal, trashes: TrashDirectories) -> None:
        """Settle records of a journal."""
        self.journal = journal
        self.trashes = trashes
        self.sentences: list[str] = []
        """What a person should know."""
        self._moments = journal.moments.known()
        self._changes: dict[tuple[int, bytes, _Noted], list[tuple[Record, int, int]]] = {}

    def place_of(self, record: Record) -> TrashDirectory | None:
        """Return the open trash that a record names; None when it names none. Raises Unusable."""
        return self.trashes.existing(record.trash) if record.trash_name else None

    def settle_source(self, record: Record) -> None:
        """Settle an act that moves its source to the trash at the end: it is there, or in its place."""
        place = self.place_of(record)
        in_place = is_in_place(record)
        in_trash = is_in_trash(record, place)
        if in_trash and in_place:
            # A filesystem without RENAME_NOREPLACE: the second name was made, the first not yet removed.
            assert place is not None
            os.unlink(record.trash_name, dir_fd=place.files)
            in_trash = False
        if in_trash or in_place:
            self.settle_made(record, in_place=in_place)
        else:
            self.unclear(record, "it is neither in its place nor in the trash")

    def settle_made(self, record: Record, *, in_place: bool, left: str = "") -> None:
        """Bring an act to the end that is known: its source is in its place, or else in the trash.

        ``left`` is a sentence about what is left of it, with a space before it.
        """
        shown = display_path(record.source)
        place = self.place_of(record)
        if not in_place:
            assert place is not None
            self.remove_working(record)
            moved_ns = os.stat(record.trash_name, dir_fd=place.files, follow_symlinks=False).st_ctime_ns
            self.moved(record, moved_ns)
            did = words_of(record.action).diary.format(shown)
            self.sentences.append(
                f"{did[:1].upper()}{did[1:]} before dusk was interrupted. 'dusk undo' takes it back."
            )
        else:
            drop_document(record, place)
            left += self.withdraw(record)
            self.end(record, State.FAILED, f"Interrupted before it was moved.{left}")
            self.sentences.append(f"{shown} was not touched: dusk was interrupted before.{left}")

    def moved(self, record: Record, moment_ns: int) -> None:
        """End an act, in `settle_times`, whose source left its directory at a known moment."""
        directory = os.path.dirname(record.source)
        self.changed(record, directory, record.parent_before_ns, moment_ns, _with_parent_times)

    def removed(self, record: Record) -> None:
        """End an act, in `settle_times`, whose source was removed."""
        self.moved(record, self._moments.get(record.source, 0))

    def changed(
        self, record: Record, directory: bytes, before_ns: int, moment_ns: int, noted: _Noted
    ) -> None:
        """End an act, in `settle_times`, that changed a directory at a moment, or at none that is known (0).

        ``before_ns`` is the time before the whole run, ``noted`` returns the record with the times before
        and after the change.
        """
        changes = self._changes.setdefault((record.batch, directory, noted), [])
        changes.append((record, before_ns, moment_ns))

    def withdraw(self, record: Record) -> str:
        """Remove what an act made before it was interrupted, because its source is in its place untouched.

        Products that already have their final names go only when source and product are exactly what the
        journal says. Returns a sentence about what is left, with a space before it.
        """
        left = [
            product.path
            for product in self.journal.products(record.id)
            if product.role == "made" and not self._withdraw_product(record, product)
        ]
        self.remove_working(record)
        if os.path.lexists(record.working) and record.working:
            return f" An unfinished copy is left at {display_path(record.working)}; it can be deleted."
        if left:
            return f" What was made of it stays at {display_path(left[0])}."
        if record.digest and not self.journal.products(record.id) and os.path.lexists(record.destination):
            return f" A verified copy is at {display_path(record.destination)}."
        return ""

    def _withdraw_product(self, record: Record, product: Product) -> bool:
        """Return whether a product is gone from its final name, or never had it."""
        try:
            directory, name = open_parent(product.path)
        except (OSError, ValueError):
            return True
        try:
            source = entry_status(record.source)
            if source is None or not is_as_known(record.identity, source):
                return status_of(directory, name) is None
            with self.directory_time_kept(record, product.path):
                return withdraw_product(directory, os.path.basename(record.working), product)
        except OSError:
            return False
        finally:
            os.close(directory)

    def remove_working(self, record: Record) -> None:
        """Remove the working directory of a record, which is always dusk's own."""
        if not record.working:
            return
        with contextlib.suppress(OSError):
            directory = open_directory(os.path.dirname(record.working))
            try:
                keeping = self.directory_time_kept(record, record.working)
                remove_working(directory, os.path.basename(record.working), keeping)
            finally:
                os.close(directory)

    @contextlib.contextmanager
    def directory_time_kept(self, record: Record, leaving: bytes) -> Iterator[None]:
        """Let the directory of a source keep a time that the journal knows while something leaves it."""
        path = os.path.dirname(record.source)
        try:
            directory = open_directory(path) if os.path.dirname(leaving) == path else -1
        except OSError:
            directory = -1
        if directory < 0:
            yield
            return
        try:
            now = modified_ns(directory)
            known = now if now in (record.parent_before_ns, record.parent_after_ns) else 0
            with self.journal.moments.time_kept_without(leaving, directory, known):
                yield
        finally:
            os.close(directory)

    def end(self, record: Record, state: State, error: str = "") -> Record:
        """Write how a record ended, and return it."""
        (written,) = self.journal.write([replace(record, state=state, error=error)], closing=True)
        return written

    def end_original(self, record: Record, state: State) -> None:
        """Write how the record ended that this one takes back or purges."""
        original = self.journal.record(record.reverses) if record.reverses else None
        if original is not None and (
            original.state is State.DONE or (original.state is State.PURGED and state is State.UNDONE)
        ):
            self.journal.write([replace(original, state=state)], closing=True)

    def unclear(self, record: Record, why: str) -> None:
        """Leave a record to a person, with all that is known."""
        shown = display_path(record.source)
        self.end(record, State.AMBIGUOUS, f"Interrupted, and {why}.")
        self.sentences.append(
            f"{shown}: dusk was interrupted while it was being moved, and {why}. "
            f"Batch {record.batch} of 'dusk journal' says what is known."
        )

    def settle_times(self) -> None:
        """End acts that changed directories, with the times by which undo gives those theirs back."""
        written: dict[int, Record] = {}
        for (_, path, noted), changes in self._changes.items():
            times = times_of_moves(path, changes[0][1], [moment for _, _, moment in changes])
            for record, _, _ in changes:
                written.setdefault(record.id, replace(record, state=State.DONE))
            for (record, _, _), (before_ns, after_ns) in zip(changes, times, strict=False):
                written[record.id] = noted(written[record.id], before_ns, after_ns)
        if written:
            self.journal.write(written.values(), closing=True)

    def give_time_back(self, record: Record, interrupted: Sequence[Record]) -> None:
        """Give the directory of a source its time back, if a kill came right before that.

        ``interrupted`` are all records of the interrupted run. What cannot be looked at is let go: a time is
        not worth an error.
        """
        with contextlib.suppress(OSError, Unusable):
            if record.reverses:
                # What replaced it goes to the trash while it comes back, in records of their own.
                paths = [record.source, record.working]
                others = (one for one in interrupted if one.batch == record.batch and not one.reverses)
                paths += [one.trash_path for one in others]
            elif record.working and not is_in_trash(record, self.place_of(record)):
                paths = [record.working, record.source]
                paths += [product.path for product in self.journal.products(record.id)]
            else:
                return
            statuses = (entry_status(path) for path in paths)
            give_interrupted_time_back(record, [one.st_ctime_ns for one in statuses if one is not None])


def _with_parent_times(record: Record, before_ns: int, after_ns: int) -> Record:
    return replace(record, parent_before_ns=before_ns, parent_after_ns=after_ns)


def tools_of(settling: Settling) -> Tools:
    """Return what an act needs to move things while it is settled; nobody watches and nobody stops it."""
    return Tools(settling.journal, settling.trashes, ExecutionProgress(), never)


def is_in_place(record: Record) -> bool:
    """Return whether the source has the recorded inode, also after a restart gave devices new numbers.

    Raises OSError when that cannot be told: nobody may take it for gone then.
    """
    return is_at(record, record.source)


def is_at(record: Record, path: bytes) -> bool:
    """Return whether a path names the recorded inode. Raises OSError when that cannot be told."""
    try:
        parent, name = open_parent(path)
    except ValueError:
        return False
    except OSError as error:
        if error.errno in NOT_THERE:
            return False
        raise
    try:
        status = status_of(parent, name)
        return status is not None and is_inode(record.identity, status, parent)
    finally:
        os.close(parent)


def is_in_trash(record: Record, place: TrashDirectory | None) -> bool:
    """Return whether an open trash holds what a record put there."""
    if place is None:
        return False
    status = status_of(place.files, record.trash_name)
    return status is not None and is_trashed_item(record, status, place.files)


def drop_document(record: Record, place: TrashDirectory | None) -> None:
    """Remove a reservation, unless the trash holds something under its name."""
    if place is None or status_of(place.files, record.trash_name) is not None:
        return
    with contextlib.suppress(FileNotFoundError):
        os.unlink(record.trash_name + trashinfo.SUFFIX, dir_fd=place.info)
        sync(place.info)
