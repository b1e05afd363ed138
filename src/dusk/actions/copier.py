"""Copying a tree whole and proving it: what has a final name was read back and is equal."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass

from dusk.actions.copying import CopyError, TreeCopy
from dusk.actions.relocation import Stranded, publish, same_inode, status_of
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
    """Fingerprint of the source before it was copied."""
    not_kept: tuple[str, ...] = ()
    """What the destination or this user could not keep, such as ``owners``; empty for a faithful copy."""


def copy_verified(
    source: bytes,
    destination: bytes,
    *,
    seen: Survey | None = None,
    on_bytes: Callable[[int], None] = lambda _: None,
    on_proven: Callable[[int], None] = lambda _: None,
    cancelled: Cancelling = never,
) -> CopyReport:
    """Copy an absolute, resolved path into a directory, read the copy back from the disk and compare.

    With ``seen``, the source as the caller just saw it, the caller also looks at it again afterwards; else
    a source that changed meanwhile is a CopyError. ``on_bytes`` is told bytes as they are copied,
    ``on_proven`` as they are read back, from any thread. The copy
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
        return work.run(seen, on_bytes, on_proven)


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

    def run(
        self,
        seen: Survey | None,
        on_bytes: Callable[[int], None],
        on_proven: Callable[[int], None],
    ) -> CopyReport:
        before = self._proper(seen or self._survey())
        part = self.name[:200] + PART_MARK + secrets.token_hex(6).encode()
        copy = TreeCopy(
            self.parent,
            self.name,
            self.source,
            to_local_disk=self._is_to_local_disk(),
            on_bytes=on_bytes,
            on_proven=on_proven,
            cancelled=self.cancelled,
        )
        try:
            copy.refuse_what_cannot_be_copied()
            copy.write(self.target, part)
            digest = self._compare(part, copy, on_proven)
            if seen is None:
                self._refuse_change(before)
            path = self._publish(part)
        except BaseException as problem:
            self._remove(part)
            if isinstance(problem, Stranded):
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
            return survey_at(self.parent, self.name, self.source, cancelled=self.cancelled)
        except OSError as error:
            raise CopyError.from_error(error, f"{shown} cannot be examined") from error

    def _refuse_change(self, before: Survey) -> None:
        after = self._proper(self._survey())
        if after.fingerprint != before.fingerprint or after.identity.drift(before.identity):
            raise CopyError(f"{display_path(self.source)} changed while it was copied")

    def _proper(self, found: Survey) -> Survey:
        shown = display_path(self.source)
        if found.mounts:
            raise CopyError(f"{shown} contains the mounted filesystem {display_path(found.mounts[0])}")
        if found.unreadable:
            raise CopyError(f"parts of {shown} cannot be read")
        return found

    def _compare(self, part: bytes, copy: TreeCopy, on_proven: Callable[[int], None]) -> str:
        """Read the copy back and return its digest; raise CopyError at the first entry that differs."""
        substances, position = copy.substances, 0

        def compare(path: bytes, found: bytes) -> None:
            nonlocal position
            if substances[position : position + len(found)] != found:
                shown = display_path(os.path.join(self.source, path) if path else self.source)
                raise CopyError(f"the copy of {shown} reads back differently from what was written")
            position += len(found)

        digest = tree_digest(
            self.target,
            part,
            on_entry=compare,
            on_bytes=on_proven,
            proven=copy.proven,
            cancelled=self.cancelled,
        )
        if position != len(substances):
            raise CopyError(f"the copy of {display_path(self.source)} holds less than what was written")
        return digest

    def _publish(self, part: bytes) -> bytes:
        status = os.stat(part, dir_fd=self.target, follow_symlinks=False)
        for name in self._final_names():
            if status_of(self.target, name) is not None:
                continue
            try:
                publish(self.target, part, self.target, name, same_inode(Identity.from_stat(status)))
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
