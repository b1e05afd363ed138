"""How a disk is best walked: on how many threads, and whether in the order of its index numbers."""

from __future__ import annotations

import enum
import os
import resource
from dataclasses import dataclass, replace

from dusk.fs.mounts import Mount, MountTable

MOST_THREADS = 256
"""Threads that anyone may ask for."""
_LOCAL = 16
"""Threads on a disk of this machine at most: beyond, they wait for each other in the kernel."""
_NETWORK = 24
"""Threads where every answer takes a way through a network or another process."""
_HELD = 8
"""Descriptors that each thread may keep open."""
_SPARE = 32
"""Descriptors left to the rest of the process."""
# Drivers of virtual disks say that they rotate when nobody knows (virtio, Xen, paravirtual SCSI).
_VIRTUAL_NAMES = (b"vd", b"xvd", b"nbd", b"rbd", b"zd", b"loop")
_VIRTUAL_MODELS = (b"qemu", b"vmware", b"virtual", b"google", b"msft", b"amazon", b"virtio")
_INODE_ORDER = frozenset({"ext2", "ext3", "ext4"})
"""Where the directory lists in the order of hashes and index numbers say where on the disk the facts lie."""


class Disk(enum.Enum):
    """What a disk does when it is asked for places far apart."""

    ROTATING = "rotating"
    """It moves a head: one question after the other."""
    SOLID = "solid"
    """It answers many questions at once."""
    UNKNOWN = "unknown"
    """Nobody says, as for most virtual disks."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How to walk."""

    threads: int
    """Threads that read directories."""
    inode_order: bool = False
    """Examine entries in the order of their index numbers."""
    held: int = _HELD
    """Descriptors that each thread may keep open."""

    def within_limits(self) -> Pace:
        """Return what this process may do with the descriptors that it may have."""
        limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        if limit == resource.RLIM_INFINITY:
            return self
        threads = max(1, min(self.threads, (limit - 8) // 4))
        return replace(self, threads=threads, held=max(0, min(self.held, (limit - _SPARE) // threads - 2)))


def pace_of(path: bytes, threads: int | None = None) -> Pace:
    """Return how to walk a resolved absolute path; ``threads`` is what a person asked for.

    Reads the mount table and the kernel's description of the disk; touches no filesystem.
    """
    mount = MountTable.read().containing(path)
    disk = Disk.UNKNOWN if mount is None else disk_of(mount.device)
    order = mount is not None and mount.type in _INODE_ORDER and disk is not Disk.SOLID
    wanted = _threads(mount, disk) if threads is None else threads
    return Pace(threads=max(1, min(wanted, MOST_THREADS)), inode_order=order)


def _threads(mount: Mount | None, disk: Disk) -> int:
    if mount is not None and mount.is_network:
        return _NETWORK
    if disk is Disk.ROTATING:
        return 1
    return min(processors(), _LOCAL)


def processors() -> int:
    """Return on how many processors this process may run."""
    try:
        return len(os.sched_getaffinity(0))
    except (AttributeError, OSError):
        return os.cpu_count() or 1


def disk_of(device: int) -> Disk:
    """Return what kind of disk a device number is.

    Source: sysfs, ``/sys/dev/block/MAJOR:MINOR`` and ``queue/rotational``.
    """
    try:
        place = os.path.realpath(b"/sys/dev/block/%d:%d" % (os.major(device), os.minor(device)), strict=True)
        kinds = {_disk_at(disk) for disk in _disks_below(place)}
    except OSError:
        return Disk.UNKNOWN
    return kinds.pop() if len(kinds) == 1 else Disk.UNKNOWN


def _disks_below(place: bytes) -> list[bytes]:
    # A partition lies in its disk's directory; a mapped device (LVM, encryption, RAID) names those below it.
    if os.path.exists(place + b"/partition"):
        place = os.path.dirname(place)
    try:
        below = os.listdir(place + b"/slaves")
    except OSError:
        below = []
    if not below:
        return [place]
    return [
        disk
        for name in below
        for disk in _disks_below(os.path.realpath(place + b"/slaves/" + name, strict=True))
    ]


def _disk_at(place: bytes) -> Disk:
    if os.path.basename(place).startswith(_VIRTUAL_NAMES):
        return Disk.UNKNOWN
    described = _content(place + b"/device/model") + _content(place + b"/device/vendor")
    if any(model in described.lower() for model in _VIRTUAL_MODELS):
        return Disk.UNKNOWN
    return {b"0": Disk.SOLID, b"1": Disk.ROTATING}.get(_content(place + b"/queue/rotational"), Disk.UNKNOWN)


def _content(path: bytes) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read(256).strip()
    except OSError:
        return b""
