"""Mounts, read from the kernel's table and never by touching them: a hung mount must not hang dusk.

Source: proc_pid_mountinfo(5).
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import ClassVar

NETWORK_TYPES = frozenset(
    {
        "nfs", "nfs4", "cifs", "smb3", "smbfs", "lustre", "gpfs", "beegfs", "ceph", "glusterfs", "9p", "afs",
        "virtiofs", "orangefs", "ocfs2", "gfs2", "wekafs", "vboxsf",
    }
)  # fmt: skip
# Where every opening and every write goes through this kernel, so that its word on who has a file open
# and on what is on the disk is the whole truth. Others grant leases without knowing of other machines.
LOCAL_TYPES = frozenset(
    {
        "ext2", "ext3", "ext4", "xfs", "btrfs", "tmpfs", "ramfs", "overlay", "f2fs", "bcachefs", "zfs",
        "jfs", "reiserfs", "nilfs2", "vfat", "exfat", "ntfs3", "rootfs",
    }
)  # fmt: skip
PSEUDO_TYPES = frozenset(
    {
        "proc", "sysfs", "devtmpfs", "devpts", "cgroup", "cgroup2", "securityfs", "debugfs", "tracefs",
        "pstore", "bpf", "configfs", "fusectl", "mqueue", "hugetlbfs", "autofs", "binfmt_misc", "efivarfs",
        "rpc_pipefs", "nsfs",
    }
)  # fmt: skip
# Never part of what fills a disk, also when someone names a parent with --cross (DESIGN §3).
SKIPPED_PATHS = frozenset({b"/proc", b"/sys", b"/dev", b"/run"})
_UPPER = b"upperdir="
_ESCAPE = rb"\\([0-7]{3})"  # compiled where one is met, which is seldom


@dataclass(frozen=True, slots=True)
class Mount:
    """One line of the mount table."""

    id: int
    """Mount ID: two bind mounts of one device differ in it."""
    device: int
    """``st_dev`` of files on it (on btrfs and overlay single files may show another one)."""
    point: bytes
    """Absolute path that it is mounted on."""
    type: str
    """Filesystem type, such as ``ext4``, ``xfs``, ``fuse.sshfs``."""
    source: bytes
    """Device or remote that is mounted."""
    read_only: bool
    """Whether this mount refuses writes."""
    upper: bytes = b""
    """Of an overlay, the directory that holds what was written, as whoever mounted it saw it; else empty."""

    @property
    def is_network(self) -> bool:
        """Whether its metadata comes over a network or from a user-space process."""
        return self.type in NETWORK_TYPES or self.type == "fuse" or self.type.startswith("fuse.")

    @property
    def is_local(self) -> bool:
        """Whether this kernel alone manages it; neither local nor network means that it cannot be told."""
        return self.type in LOCAL_TYPES

    @property
    def is_pseudo(self) -> bool:
        """Whether the kernel makes its files up."""
        return self.type in PSEUDO_TYPES


class MountTable:
    """The mounts of this process at one moment."""

    _last: ClassVar[tuple[bytes, MountTable] | None] = None

    def __init__(self, mounts: tuple[Mount, ...]) -> None:
        """Index mounts by path; of several on one path the last one is what a user sees."""
        self.mounts = mounts
        self._by_point = {mount.point: mount for mount in mounts}

    @classmethod
    def read(cls) -> MountTable:
        """Read the kernel's table; an empty one where the platform has none."""
        try:
            with open("/proc/self/mountinfo", "rb") as table:
                text = table.read()
        except FileNotFoundError:
            return cls(())
        # Asked for every item of a batch, and hundreds of lines long where containers run.
        last = cls._last
        if last is None or last[0] != text:
            cls._last = last = (text, cls.parse(text))
        return last[1]

    @classmethod
    def parse(cls, text: bytes) -> MountTable:
        """Return the table that the text of ``/proc/self/mountinfo`` describes."""
        return cls(tuple(_parse_line(line) for line in text.split(b"\n") if b" - " in line))

    def at(self, path: bytes) -> Mount | None:
        """Return the mount whose mount point is exactly this path."""
        return self._by_point.get(path)

    def containing(self, path: bytes) -> Mount | None:
        """Return the mount that a resolved absolute path lies on."""
        while True:
            mount = self._by_point.get(path)
            if mount is not None or path in (b"/", b""):
                return mount
            path = os.path.dirname(path)

    def below(self, path: bytes) -> tuple[Mount, ...]:
        """Return the mounts strictly below a resolved absolute path."""
        prefix = path.rstrip(b"/") + b"/"
        return tuple(mount for mount in self.mounts if mount.point.startswith(prefix) and mount.point != path)


def mount_id(descriptor: int) -> int:
    """Return the mount ID of an open file; -1 where the platform does not tell."""
    try:
        with open(f"/proc/self/fdinfo/{descriptor}", "rb") as information:
            for line in information:
                if line.startswith(b"mnt_id:"):
                    return int(line[7:])
    except FileNotFoundError:
        pass
    return -1


def _parse_line(line: bytes) -> Mount:
    head, _, tail = line.partition(b" - ")
    fields = head.split(b" ")
    kind, source, super_options = [*tail.split(b" "), b"", b"", b""][:3]
    major, minor = fields[2].split(b":")
    options = fields[5].split(b",") + super_options.split(b",")
    upper = [option[len(_UPPER) :] for option in options if option.startswith(_UPPER)]
    return Mount(
        id=int(fields[0]),
        device=os.makedev(int(major), int(minor)),
        point=_unescape(fields[4]),
        type=kind.decode("ascii", "replace"),
        source=_unescape(source),
        read_only=b"ro" in options,
        upper=_unescape(upper[0]) if upper else b"",
    )


def _unescape(field: bytes) -> bytes:
    if b"\\" not in field:
        return field
    return re.sub(_ESCAPE, lambda octal: bytes([int(octal[1], 8) & 0xFF]), field)
