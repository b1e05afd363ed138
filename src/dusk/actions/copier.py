"""Copying a tree whole and proving it: what has a final name was read back and is equal."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass

from dusk.actions.copying import CopyError, TreeCopy
from dusk.actions.relocation import Stranded, Swapped, relocate, same_inode, status_of
from dusk.actions.removal import remove_tree
from dusk.actions.tree_digest import tree_digest
from dusk.fs.cancellation import Cancelling, never
from dusk.fs.descent import open_directory, open_parent
from dusk.fs.identity import Identity
from dusk.fs.mounts import MountTable
from dusk.fs.names import display_path
from dusk.fs.survey import Survey
from dusk.fs.surveyor import survey_at

__all__ = ["PART_MARK", "CopyError", "CopyReport", "copy_verified", "verify_copy"]

PART_MARK = b".dusk-part-"
_ATTEMPTS = 100
_LONGEST_NAME = 255


@dataclass(frozen=True, slots=True)
class CopyReport:
    """A finished copy."""

    path: bytes
    """Where it is."""
    entries: int
    """Entries at and below it."""
    apparent_size: int
    """Bytes that its files hold, hard links once."""
    digest: str
    """Digest of the copy as it was read back; `verify_copy` checks it later."""
    fingerprint: str
    """Fingerprint of the source, the same before and after copying."""
    not_kept: tuple[str, ...] = ()
    """What the destination or this user could not keep, such as ``owners``; empty for a faithful copy."""


def copy_verified(
    source: bytes,
    destination: bytes,
    *,
    on_bytes: Callable[[int], None] = lambda _: None,
    on_checked: Callable[[int], None] = lambda _: None,
    cancelled: Cancelling = never,
) -> CopyReport:
    """Copy an absolute, resolved path into a directory, read the copy back from the disk and compare.

    ``on_bytes`` is told bytes as they are copied, ``on_checked`` entries as they are compared. The copy
    grows under a name with PART_MARK and gets the source's name, or one with a number, when it is proven.
    Nothing is replaced and the source is only read. Raises CopyError and Cancelled; then nothing of the
    copy is left.
    """
    shown = display_path(source)
    if destination == source or destination.startswith(source.rstrip(b"/") + b"/"):
        raise CopyError(f"{display_path(destination)} is inside {shown}")
    with contextlib.ExitStack() as opened:
        try:
            parent, name = open_parent(source)
            opened.callback(os.close, parent)
            target = open_directory(destination)
            opened.callback(os.close, target)
        except (OSError, ValueError) as error:
            raise CopyError.from_error(
                error, f"{shown} cannot be copied to {display_path(destination)}"
            ) from error
        work = _Work(parent, name, source, target, destination, cancelled)
        return work.run(on_bytes, on_checked)


def verify_copy(path: bytes, digest: str, *, cancelled: Cancelling = never) -> bool:
    """Return whether a copy still has the digest that it was proven with; what cannot be read has not.

    Raises Cancelled.
    """
    try:
        parent, name = open_parent(path)
        try:
            return tree_digest(parent, name, cancelled=cancelled) == digest
        finally:
            os.close(parent)
    except (OSError, ValueError):
        return False


@dataclass(slots=True)
class _Work:
    parent: int
    name: bytes
    source: bytes
    target: int
    destination: bytes
    cancelled: Cancelling
    published: tuple[bytes, os.stat_result] | None = None
    """Final name and status, from the rename on."""

    def run(self, on_bytes: Callable[[int], None], on_checked: Callable[[int], None]) -> CopyReport:
        before = self._survey()
        part = self.name[:200] + PART_MARK + secrets.token_hex(6).encode()
        copy = TreeCopy(
            self.parent,
            self.name,
            self.source,
            to_local_disk=self._is_to_local_disk(),
            on_bytes=on_bytes,
            cancelled=self.cancelled,
        )
        try:
            copy.refuse_what_cannot_be_copied()
            copy.write(self.target, part)
            digest = self._compare(part, copy.substances, on_checked)
            after = self._survey()
            if after.fingerprint != before.fingerprint or after.identity.drift(before.identity):
                raise CopyError(f"{display_path(self.source)} changed while it was copied")
            path = self._publish(part)
        except BaseException as problem:
            self._remove(part)
            if isinstance(problem, Swapped | Stranded):
                raise CopyError(
                    f"the copy of {display_path(self.source)} was replaced meanwhile"
                ) from problem
            if isinstance(problem, OSError) and not isinstance(problem, CopyError):
                shown = display_path(self.source)
                raise CopyError.from_error(problem, f"{shown} cannot be copied") from problem
            raise
        return CopyReport(
            path,
            before.entries,
            before.apparent_size,
            digest,
            before.fingerprint,
            tuple(sorted(copy.not_kept)),
        )

    def _is_to_local_disk(self) -> bool:
        try:
            mount = MountTable.read().containing(self.destination)
        except OSError as error:
            shown = display_path(self.source)
            raise CopyError.from_error(error, f"{shown} cannot be copied") from error
        return mount is not None and mount.is_local

    def _survey(self) -> Survey:
        shown = display_path(self.source)
        try:
            found = survey_at(self.parent, self.name, self.source, cancelled=self.cancelled)
        except OSError as error:
            raise CopyError.from_error(error, f"{shown} cannot be examined") from error
        if found.mounts:
            raise CopyError(f"{shown} contains the mounted filesystem {display_path(found.mounts[0])}")
        if found.unreadable:
            raise CopyError(f"parts of {shown} cannot be read")
        return found

    def _compare(self, part: bytes, substances: bytes, on_checked: Callable[[int], None]) -> str:
        """Read the copy back and return its digest; raise CopyError at the first entry that differs."""
        position = 0

        def compare(path: bytes, found: bytes) -> None:
            nonlocal position
            if substances[position : position + len(found)] != found:
                shown = display_path(os.path.join(self.source, path) if path else self.source)
                raise CopyError(f"the copy of {shown} reads back differently from what was written")
            position += len(found)
            on_checked(1)

        digest = tree_digest(self.target, part, on_entry=compare, cancelled=self.cancelled)
        if position != len(substances):
            raise CopyError(f"the copy of {display_path(self.source)} holds less than what was written")
        return digest

    def _publish(self, part: bytes) -> bytes:
        status = os.stat(part, dir_fd=self.target, follow_symlinks=False)
        for name in self._final_names():
            if status_of(self.target, name) is not None:
                continue
            try:
                relocate(self.target, part, self.target, name, same_inode(Identity.from_stat(status)))
            except FileExistsError:
                continue
            self.published = name, status
            os.fsync(self.target)
            return os.path.join(self.destination, name)
        raise OSError(errno.EEXIST, "its name is taken at the destination")

    def _final_names(self) -> list[bytes]:
        numbers = range(2, _ATTEMPTS)
        return [self.name, *(self.name[: _LONGEST_NAME - 4] + b".%d" % number for number in numbers)]

    def _remove(self, part: bytes) -> None:
        # The part is dusk's own, named by chance; what resists stays under a name that says what it is.
        with contextlib.suppress(OSError):
            if self.published is None:
                remove_tree(self.target, part)
                return
            name, status = self.published
            now = status_of(self.target, name)
            if now is not None and (now.st_dev, now.st_ino) == (status.st_dev, status.st_ino):
                remove_tree(self.target, name)
