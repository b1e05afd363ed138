"""Where a scan stops: mount points known before anything on them is touched, kernel filesystems, overlays."""

from __future__ import annotations

from dataclasses import dataclass, field

from dusk.fs.mounts import SKIPPED_PATHS, Mount, MountTable
from dusk.scan.entry import EntryFlag


@dataclass(slots=True)
class Places:
    """The special places at and below one directory, as a tree of names."""

    below: dict[bytes, Places] = field(default_factory=dict)
    """Names in this directory that lead to a special place or are one."""
    mount: Mount | None = None
    """What is mounted exactly here; None when nothing is."""
    skipped: bool = False
    """Whether this is a path that never counts, such as ``/proc``."""

    def is_closed(self, cross: bool) -> bool:
        """Return whether the scan must not touch what lies here."""
        return self.skipped or (self.mount is not None and (not cross or _never_entered(self.mount)))

    @property
    def flags(self) -> EntryFlag:
        """Return what a person must know about this place."""
        flags = EntryFlag.NONE
        if self.mount is not None:
            flags |= EntryFlag.MOUNT_POINT
        if self.skipped or (self.mount is not None and _never_entered(self.mount)):
            flags |= EntryFlag.PSEUDO
        return flags


def places_below(root: bytes, table: MountTable) -> Places:
    """Return the special places strictly below a resolved absolute path.

    The root itself may be any of them: who names ``/proc`` wants to see it.
    """
    places = Places()
    for mount in table.below(root):
        # Of several mounts on one path the last one is what is seen.
        _place(places, root, mount.point).mount = mount
    prefix = root.rstrip(b"/") + b"/"
    for path in SKIPPED_PATHS:
        if path.startswith(prefix):
            _place(places, root, path).skipped = True
    return places


def _place(places: Places, root: bytes, path: bytes) -> Places:
    for name in path[len(root) :].split(b"/"):
        if name:
            places = places.below.setdefault(name, Places())
    return places


def _never_entered(mount: Mount) -> bool:
    # An overlay below the root is a container's merged view: its layers are counted where they lie.
    return mount.is_pseudo or mount.type == "overlay"
