"""A directory that archives could go to: looked at, made and completed beside the screen."""

from __future__ import annotations

import os
from dataclasses import dataclass

from dusk.fs.names import display_name, display_path
from dusk.tui.tasks import Task


@dataclass(frozen=True, slots=True)
class Place:
    """What is known of a directory that archives could go to."""

    path: bytes
    """Absolute and resolved; empty when nothing usable was typed."""
    problem: str = ""
    """Why it cannot be used, as a sentence."""
    is_new: bool = False
    """Whether it has to be made."""
    filesystem: str = ""
    """Type and mount point of its filesystem."""
    free: int = -1
    """Bytes free there; -1 where that cannot be told."""
    same_filesystem: bool = False
    """Whether it is on the filesystem that is to get space."""


class PlaceTask(Task[Place]):
    """Looks at a directory beside the screen: it may be on a mount that never answers."""

    doing = "Looking at the directory"
    failure = "The directory cannot be used"

    def __init__(self, text: str, device: int) -> None:
        """Prepare to look at what was typed; ``device`` is the filesystem that is to get space."""
        super().__init__()
        self.text = text
        self._device = device

    def perform(self) -> Place:
        """Look at it."""
        return look_at(self.text, self._device)


class MakeTask(Task[bytes]):
    """Makes the directory that a person asked for."""

    failure = "The directory cannot be made"

    def __init__(self, path: bytes) -> None:
        """Prepare to make a directory."""
        super().__init__()
        self._path = path

    def perform(self) -> bytes:
        """Make it."""
        from dusk.actions.archive import make_destination

        make_destination(self._path)
        return self._path


def look_at(text: str, device: int) -> Place:
    """Return what is known of the directory that a text names; only it and its parent are touched."""
    typed = os.fsencode(os.path.expanduser(text.strip()))
    if not typed:
        return Place(b"", "Type the directory that archives go to.")
    if b"\0" in typed or not typed.startswith(b"/"):
        return Place(b"", "Type a path that begins with / or ~.")
    path = os.path.realpath(typed)
    return _existing(path, device) if os.path.lexists(path) else _to_be_made(path, device)


def _to_be_made(path: bytes, device: int) -> Place:
    parent = os.path.dirname(path)
    if not os.path.isdir(parent):
        return Place(b"", f"{display_path(parent)} does not exist. Only the last part of a path is made.")
    if not os.access(parent, os.W_OK | os.X_OK, effective_ids=True):
        return Place(b"", f"{display_path(path)} does not exist and you may not make it.")
    return _measured(path, parent, device, is_new=True)


def _existing(path: bytes, device: int) -> Place:
    if not os.path.isdir(path):
        return Place(b"", f"{display_path(path)} is a file, not a directory.")
    if not os.access(path, os.W_OK | os.X_OK, effective_ids=True):
        return Place(b"", f"{display_path(path)} cannot be written by you.")
    return _measured(path, path, device, is_new=False)


def _measured(path: bytes, existing: bytes, device: int, *, is_new: bool) -> Place:
    from dusk.fs.capacity import capacity_of
    from dusk.fs.mounts import MountTable

    mount = MountTable.read().containing(existing)
    if mount is not None and mount.read_only:
        return Place(b"", f"{display_path(mount.point)} is mounted read-only.")
    capacity = capacity_of(existing)
    return Place(
        path,
        is_new=is_new,
        filesystem=f"{mount.type} at {display_path(mount.point)}" if mount is not None else "",
        free=capacity.free if capacity is not None else -1,
        same_filesystem=os.stat(existing).st_dev == device,
    )


class CompletionTask(Task[str]):
    """Completes a path as a shell would."""

    def __init__(self, text: str) -> None:
        """Prepare to complete what was typed."""
        super().__init__()
        self.text = text

    def perform(self) -> str:
        """Return the completed text; the same one where nothing fits."""
        return completed(self.text)


def completed(text: str) -> str:
    """Return a path with what all directories that begin like it share, a slash behind a single one."""
    folder, _, start = os.path.expanduser(text).rpartition("/")
    if not text.startswith(("/", "~")):
        return text
    try:
        with os.scandir(folder or "/") as entries:
            names = sorted(
                entry.name
                for entry in entries
                if entry.name.startswith(start) and display_name(entry.name) == entry.name and entry.is_dir()
            )
    except OSError:
        return text
    if not names:
        return text
    first, last = names[0], names[-1]
    shared = next((n for n, pair in enumerate(zip(first, last, strict=False)) if pair[0] != pair[1]), None)
    return f"{folder}/{first[:shared]}" + ("/" if len(names) == 1 else "")
