"""Removing what an act made and nobody was told of, because its source is in its place untouched."""

from __future__ import annotations

import contextlib
import os

from dusk.actions.record import Product
from dusk.actions.relocation import Stranded, Swapped, relocate, status_of, sync
from dusk.fs.identity import EntryKind, Identity

_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def withdraw_product(directory: int, working: bytes, product: Product) -> bool:
    """Move a product from its final name into a working directory of dusk's own, which is removed next.

    Only when it is exactly what was made. Returns whether its final name is free of it, or always was.
    """
    name = os.path.basename(product.path)
    status = status_of(directory, name)
    if status is None:
        return True
    if not is_unchanged(product, status, directory):
        # Before it was published, something else may have had the name.
        return not is_inode(product.identity, status, directory)
    try:
        with contextlib.suppress(FileExistsError):
            os.mkdir(working, 0o700, dir_fd=directory)
        holder = os.open(working, _FLAGS, dir_fd=directory)
        try:
            relocate(directory, name, holder, name, lambda now: is_unchanged(product, now, directory))
        finally:
            os.close(holder)
        sync(directory)
        return True
    except (Swapped, Stranded):
        return False
    except OSError:
        return _unlink(directory, name, product)


def is_inode(identity: Identity, status: os.stat_result, directory: int) -> bool:
    """Return whether an entry of an open directory is an inode, also after a restart renumbered devices."""
    same = (identity.inode, identity.kind) == (status.st_ino, EntryKind.from_mode(status.st_mode))
    return same and status.st_dev in (identity.device, os.fstat(directory).st_dev)


def is_unchanged(product: Product, status: os.stat_result, directory: int) -> bool:
    """Return whether an entry of an open directory is still what an act made: inode, size and time."""
    return is_inode(product.identity, status, directory) and is_as_known(product.identity, status)


def is_as_known(identity: Identity, status: os.stat_result) -> bool:
    """Return whether size and time are those of an identity; a directory's size does not count."""
    if status.st_mtime_ns != identity.mtime_ns:
        return False
    return identity.kind is EntryKind.DIRECTORY or status.st_size == identity.size


def _unlink(directory: int, name: bytes, product: Product) -> bool:
    """Remove a product where not even a working directory can be made; return whether it is gone."""
    with contextlib.suppress(OSError):
        status = status_of(directory, name)
        if status is None:
            return True
        if is_unchanged(product, status, directory):
            os.unlink(name, dir_fd=directory)
            return True
    return False
