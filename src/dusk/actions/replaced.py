"""Taking back what was replaced: the source out of the trash, or made again, and the products retired."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from dusk.actions.act import Returned, Tools
from dusk.actions.archive import remove_working
from dusk.actions.interrupted_times import with_known_times
from dusk.actions.journal import JournalError
from dusk.actions.outcome import ItemState
from dusk.actions.record import Product, Record, State
from dusk.actions.relocation import (
    Stranded,
    entry_status,
    modified_ns,
    publish,
    same_inode,
    status_of,
    sync,
    time_kept,
)
from dusk.actions.reservation import TrashMove
from dusk.actions.restoration import (
    TrashReturn,
    is_copied_back,
    make_directories,
    moved_at_this_moment,
    restore_group,
)
from dusk.actions.trash import trash_group
from dusk.actions.withdrawal import is_unchanged
from dusk.fs.cancellation import Cancelled
from dusk.fs.descent import open_directory, open_parent
from dusk.fs.identity import Identity
from dusk.fs.names import display_path

_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class Rebuilding:
    """An empty working directory in which a source is to be made again from its products."""

    original: Record
    """The act that replaced it; ``digest`` is what the source must have."""
    products: tuple[Product, ...]
    """What the act made."""
    holder: int
    """The open working directory."""
    tools: Tools
    """The run."""


Rebuild = Callable[[Rebuilding], str]
"""Makes the source again, verified and durable, under the basename of ``original.source`` in ``holder``.

Returns what else to know, as a sentence. Raises OSError and Cancelled; then the directory is removed.
"""


def return_replaced(
    original: Record,
    record: Record,
    tools: Tools,
    rebuild: Rebuild | None = None,
    *,
    finish: Callable[[Identity], str] = lambda _: "",
) -> Returned:
    """Put the source back, and then move the products to the trash, as far as nobody changed them.

    The source comes out of the trash, or where that was emptied, is made again with ``rebuild``. In between
    ``finish`` is told which inode is back and returns a sentence or nothing; its OSError means that the
    next recovery has to do it. Raises JournalError and Cancelled, both before anything was put back.
    """
    parent = os.path.dirname(original.source)
    before = entry_status(parent)
    returned, written = _return_source(original, record, tools, rebuild)
    if returned.state is not ItemState.DONE:
        return returned
    try:
        left = finish(original.identity if written is None else written.identity)
    except OSError as error:
        # The return stays open, so that the next recovery finishes it.
        shown = display_path(original.source)
        return Returned(ItemState.FAILED, f"{shown} is back, but {error.strerror}. Start dusk again.")
    retired = retire_products(original, record.batch, tools)
    if before is not None and before.st_mtime_ns == original.parent_after_ns:
        with contextlib.suppress(OSError):
            os.utime(parent, ns=(before.st_atime_ns, original.parent_before_ns), follow_symlinks=False)
    ends = [replace(original, state=State.UNDONE)]
    ends += [replace(written, state=State.DONE)] if written is not None else []
    with contextlib.suppress(JournalError):
        tools.journal.write(ends, closing=True)
    return Returned(ItemState.DONE, " ".join(one for one in (returned.sentence, left, retired) if one))


def _return_source(
    original: Record, record: Record, tools: Tools, rebuild: Rebuild | None
) -> tuple[Returned, Record | None]:
    """Put the source back; return also the record of that, which stays open until all is done."""
    shown = display_path(original.source)
    gone = f"{shown} is gone: the trash was emptied since."
    if original.state is State.DONE and original.trash_name:
        item = TrashReturn(record, original, closes_original=False)
        restore_group(tools.journal, [item], tools.trashes)
        if item.record.state is State.DONE:
            return Returned(ItemState.DONE, item.note), item.record
        if not item.is_gone:
            return Returned(ItemState.REFUSED if item.is_refusal else ItemState.FAILED, item.error), None
        if is_back(original):
            return Returned(ItemState.DONE, f"{shown} was back already."), None
        gone = item.error
        if rebuild is None:
            tools.journal.write([replace(original, state=State.PURGED)], closing=True)
    if rebuild is None:
        return Returned(ItemState.FAILED, gone), None
    return _make_again(original, record, tools, rebuild)


def retire_products(original: Record, batch: int, tools: Tools) -> str:
    """Move what an act made to the trash, as far as nobody changed it; return a sentence about the rest."""
    made = [product for product in tools.journal.products(original.id) if product.role == "made"]
    changed: list[bytes] = []
    moves: list[TrashMove] = []
    opened: dict[bytes, int] = {}
    try:
        for product in made:
            move = _move_of(product, original, batch, opened)
            if isinstance(move, TrashMove):
                moves.append(move)
            elif move:
                changed.append(product.path)
        if moves:
            trash_group(tools.journal, moves, tools.trashes)
    except (JournalError, OSError) as problem:
        why = problem.strerror if isinstance(problem, OSError) else str(problem)
        return f"What was made of it stays at {display_path(made[0].path)}: {why}."
    finally:
        for descriptor in opened.values():
            os.close(descriptor)
    left = [move.record.source for move in moves if move.record.state is not State.DONE]
    return _about_products(changed, left)


def is_back(original: Record) -> bool:
    """Return whether the source lies in its place, because somebody else put it back."""
    status = entry_status(original.source)
    identity = original.identity
    return status is not None and (status.st_dev, status.st_ino) == (identity.device, identity.inode)


def _move_of(product: Product, original: Record, batch: int, opened: dict[bytes, int]) -> TrashMove | bool:
    """Return how a product goes to the trash; True when it was changed, False when it is gone."""
    directory, name = os.path.split(product.path)
    try:
        if directory not in opened:
            opened[directory] = open_directory(directory)
        status = status_of(opened[directory], name)
    except OSError:
        return False
    if status is None:
        return False
    if not is_unchanged(product, status, opened[directory]):
        return True
    record = Record(
        source=product.path,
        identity=Identity.from_stat(status),
        action="trash",
        batch=batch,
        mode=status.st_mode,
        owner=status.st_uid,
        group=status.st_gid,
        apparent_size=status.st_size,
        disk_size=status.st_blocks * 512,
        frees_after_purge=status.st_blocks * 512,
        title=f"Made of {display_path(original.source)}",
        safety=original.safety,
    )
    # Beside its source, which is back: its leaving gives the directory the time that it had before the act.
    is_beside = directory == os.path.dirname(original.source)
    return TrashMove(record, opened[directory], kept_ns=original.parent_before_ns if is_beside else 0)


def _about_products(changed: Sequence[bytes], left: Sequence[bytes]) -> str:
    sentences = []
    if changed:
        more = f" and {len(changed) - 1:,} more" if len(changed) > 1 else ""
        sentences.append(f"{display_path(changed[0])}{more} was changed since, so it stays.")
    if left:
        more = f" and {len(left) - 1:,} more" if len(left) > 1 else ""
        sentences.append(f"{display_path(left[0])}{more} could not be moved to the trash and stays.")
    return " ".join(sentences)


def _make_again(
    original: Record, record: Record, tools: Tools, rebuild: Rebuild
) -> tuple[Returned, Record | None]:
    shown = display_path(original.source)
    path = os.path.dirname(original.source)
    try:
        try:
            parent = open_directory(path)
        except FileNotFoundError:
            parent = make_directories(path)
    except OSError as error:
        sentence = f"{shown} cannot be put back: {display_path(path)}: {error.strerror}."
        return Returned(ItemState.FAILED, sentence), None
    try:
        if status_of(parent, os.path.basename(original.source)) is not None:
            sentence = f"{shown} cannot be put back: something else has its name now."
            return Returned(ItemState.REFUSED, sentence), None
        return _make_in(parent, original, record, tools, rebuild)
    finally:
        os.close(parent)


def _make_in(
    parent: int, original: Record, record: Record, tools: Tools, rebuild: Rebuild
) -> tuple[Returned, Record | None]:
    shown = display_path(original.source)
    working = b".dusk-" + secrets.token_hex(8).encode() + b".part"
    path = os.path.join(os.path.dirname(original.source), working)
    intent = with_known_times(record, original, modified_ns(parent))
    (record,) = tools.journal.write([replace(intent, working=path, trash=b"", trash_name=b"")])
    keeping = partial(tools.journal.moments.time_kept_without, path, parent)
    try:
        with time_kept(parent, original.parent_after_ns):
            os.mkdir(working, 0o700, dir_fd=parent)
        holder = os.open(working, _FLAGS, dir_fd=parent)
        try:
            products = tools.journal.products(original.id)
            note = rebuild(Rebuilding(original, products, holder, tools))
            name = os.path.basename(original.source)
            identity = Identity.from_stat(os.stat(name, dir_fd=holder, follow_symlinks=False))
            (record,) = tools.journal.write([replace(record, state=State.COPIED, identity=identity)])
            with time_kept(parent, original.parent_after_ns, original.parent_before_ns):
                publish(holder, name, parent, name, same_inode(identity))
            sync(parent)
            (record,) = tools.journal.write([replace(record, state=State.VERIFIED)])
        finally:
            os.close(holder)
    except Stranded:
        return Returned(ItemState.FAILED, moved_at_this_moment(original)), None
    except (OSError, Cancelled, JournalError) as problem:
        why = getattr(problem, "strerror", None) or str(problem) or "stopped"
        if is_copied_back(record):
            # Only what comes after the rename failed: the next recovery finishes what stays open.
            return Returned(ItemState.FAILED, f"{shown} is back, but {why}. Start dusk again."), None
        remove_working(parent, working, keeping(original.parent_after_ns))
        sentence = f"{shown} was not made again: {why}."
        tools.journal.write([replace(record, state=State.FAILED, error=sentence)], closing=True)
        if isinstance(problem, OSError):
            return Returned(ItemState.FAILED, sentence), None
        raise
    remove_working(parent, working, keeping(original.parent_before_ns))
    said = f"{shown} was made again from what replaced it: the trash was emptied since."
    return Returned(ItemState.DONE, f"{said} {note}".rstrip()), record


def verified_open(product: Product) -> int:
    """Open a product for reading. Raises OSError (ESTALE) when it is not the file that was made."""
    missing = OSError(errno.ESTALE, f"{display_path(product.path)} is missing or was changed since")
    try:
        directory, name = open_parent(product.path)
    except (OSError, ValueError):
        raise missing from None
    try:
        status = status_of(directory, name)
        if status is None or not is_unchanged(product, status, directory):
            raise missing
        file = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=directory)
        if not is_unchanged(product, os.fstat(file), directory):
            os.close(file)
            raise missing
        return file
    finally:
        os.close(directory)
