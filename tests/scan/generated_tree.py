"""Trees made from what hypothesis draws, and what the disk itself says about them."""

from __future__ import annotations

import ctypes
import errno
import os
import stat
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field

from hypothesis import strategies as st

from .wild_tree import ODD_NAMES, make_socket

_MS_BIND = 4096
_MNT_DETACH = 2
_libc = ctypes.CDLL(None, use_errno=True)

KINDS = (
    "file", "file", "file", "directory", "directory", "directory", "hole", "link", "link", "link outside",
    "symlink", "loop", "fifo", "socket", "chain", "many", "device", "closed", "blind",
)  # fmt: skip
"""What may be made; the frequent ones twice and more."""
MOUNTS = ("bind", "overlay", "tmpfs")
"""What only root may make."""

any_name = st.binary(min_size=1, max_size=255).filter(
    lambda name: not set(name) & set(b"/\0") and name not in (b".", b"..")
)
names = st.one_of(st.sampled_from(ODD_NAMES), st.sampled_from([b"a", b"b", b"c", b"d"]), any_name)


@dataclass(frozen=True)
class Part:
    """One thing to make below the root."""

    kind: str
    place: int
    """Which of the directories made so far holds it."""
    name: bytes
    size: int
    other: int
    """Which file is linked to, or how deep, how many, which target."""


def parts(kinds=KINDS, most=30):
    """Draw what a tree is made of."""
    part = st.builds(
        Part,
        kind=st.sampled_from(kinds),
        place=st.integers(0, 99),
        name=names,
        size=st.sampled_from((0, 1, 511, 512, 4095, 4096, 4097, 50_000, 200_000)),
        other=st.integers(0, 99),
    )
    return st.lists(part, min_size=1, max_size=most)


@dataclass
class Builder:
    """Makes a tree; what the system refuses (a name too long, a device for a user) is left out."""

    root: bytes
    outside: bytes
    """A directory on the same filesystem, where other names of the tree's inodes lie."""
    mounts: ExitStack | None = None
    directories: list[bytes] = field(default_factory=list)
    files: list[bytes] = field(default_factory=list)
    closed: list[tuple[bytes, int]] = field(default_factory=list)
    mounted: int = 0

    def build(self, drawn: list[Part]) -> None:
        """Make everything; directories that may not be read are closed last."""
        self.directories.append(self.root)
        for part in drawn:
            place = self.directories[part.place % len(self.directories)]
            with suppress(FileExistsError, PermissionError):
                self._make(part, os.path.join(place, part.name))
        for path, mode in self.closed:
            os.chmod(path, mode)

    def open_up(self) -> None:
        """Let everything be read and removed again."""
        for path, _ in self.closed:
            os.chmod(path, 0o700)

    def _make(self, part: Part, path: bytes) -> None:
        try:
            getattr(self, "_" + part.kind.replace(" ", "_"))(part, path)
        except OSError as error:
            if error.errno not in (errno.ENAMETOOLONG, errno.EMLINK, errno.ENXIO, errno.EXDEV):
                raise

    def _file(self, part: Part, path: bytes) -> None:
        with open(path, "xb") as file:
            file.write(b"x" * part.size)
        os.utime(path, ns=(0, part.other * 10**15))
        self.files.append(path)

    def _directory(self, part: Part, path: bytes) -> None:
        os.mkdir(path)
        self.directories.append(path)

    def _hole(self, part: Part, path: bytes) -> None:
        with open(path, "xb") as file:
            file.truncate((4096, 10**6, 10**12)[part.other % 3])
            file.write(b"x" * part.size)
        self.files.append(path)

    def _link(self, part: Part, path: bytes) -> None:
        if self.files:
            os.link(self.files[part.other % len(self.files)], path, follow_symlinks=False)
            self.files.append(path)

    def _link_outside(self, part: Part, path: bytes) -> None:
        if self.files:
            self._link_to(self.files[part.other % len(self.files)])
        else:
            self._file(part, path)
            self._link_to(path)

    def _link_to(self, file: bytes) -> None:
        os.link(file, os.path.join(self.outside, os.urandom(12).hex().encode()), follow_symlinks=False)

    def _symlink(self, part: Part, path: bytes) -> None:
        os.symlink((b"/", b"missing", b"..", b".", b"x" * 300, b"/dev/null")[part.other % 6], path)
        self.files.append(path)

    def _loop(self, part: Part, path: bytes) -> None:
        os.symlink(self.directories[part.other % len(self.directories)], path)

    def _fifo(self, part: Part, path: bytes) -> None:
        os.mkfifo(path)
        self.files.append(path)

    def _socket(self, part: Part, path: bytes) -> None:
        make_socket(path)

    def _chain(self, part: Part, path: bytes) -> None:
        for _ in range(part.other % 12):
            os.mkdir(path)
            self.directories.append(path)
            path = os.path.join(path, part.name[:40])

    def _many(self, part: Part, path: bytes) -> None:
        os.mkdir(path)
        self.directories.append(path)
        for number in range(part.other * 7):
            with open(path + b"/%d" % number, "xb"):
                pass

    def _device(self, part: Part, path: bytes) -> None:
        kind = stat.S_IFCHR if part.other % 2 else stat.S_IFBLK
        os.mknod(path, kind | 0o600, os.makedev(1, 3))

    def _closed(self, part: Part, path: bytes) -> None:
        self._shut(path, 0)

    def _blind(self, part: Part, path: bytes) -> None:
        self._shut(path, 0o444)

    def _shut(self, path: bytes, mode: int) -> None:
        os.mkdir(path)
        self.directories.append(path)
        self.closed.append((path, mode))

    def _bind(self, part: Part, path: bytes) -> None:
        os.mkdir(path)
        self._mount(self.directories[part.other % len(self.directories)], path, None, _MS_BIND, None)

    def _tmpfs(self, part: Part, path: bytes) -> None:
        os.mkdir(path)
        if self._mount(b"tmpfs", path, b"tmpfs", 0, None):
            self.directories.append(path)

    def _overlay(self, part: Part, path: bytes) -> None:
        layers = [path + b"." + name for name in (b"lower", b"upper", b"work")]
        for directory in (path, *layers):
            os.mkdir(directory)
        self.directories += layers[:2]
        options = b"lowerdir=%s,upperdir=%s,workdir=%s" % tuple(layers)
        if not any(letter in path for letter in b",:\\"):
            self._mount(b"overlay", path, b"overlay", 0, options)

    def _mount(self, source, path, kind, flags, options) -> bool:
        if _libc.mount(source, path, kind, flags, options):
            return False
        self.mounts.callback(_libc.umount2, path, _MNT_DETACH)
        self.mounted += 1
        return True


@contextmanager
def built(root: bytes, outside: bytes, drawn: list[Part]):
    """Make a tree below an empty directory; what was mounted or closed is undone at the end."""
    with ExitStack() as mounts:
        builder = Builder(root, outside, mounts)
        builder.build(drawn)
        try:
            yield builder
        finally:
            builder.open_up()


@dataclass
class Truth:
    """What ``lstat`` says of a tree without mounts, every inode counted once."""

    disk: int = 0
    apparent: int = 0
    entries: int = 0
    freed: int = 0
    """What removing all of it gives back."""
    shared: dict[tuple[int, int], tuple[int, int, int]] = field(default_factory=dict)
    """Inodes with several names: how many there are, how many lie here, and the bytes."""


def truth_of(path: bytes) -> Truth:
    """Look at everything at and below a path, without any scanner."""
    truth = Truth()
    waiting = [path]
    while waiting:
        current = waiting.pop()
        facts = os.lstat(current)
        truth.entries += 1
        blocks = facts.st_blocks * 512
        if stat.S_ISDIR(facts.st_mode):
            truth.disk += blocks
            truth.freed += blocks
            waiting += [os.path.join(current, name) for name in os.listdir(current)]
            continue
        key = (facts.st_dev, facts.st_ino)
        links, found, _ = truth.shared.get(key, (facts.st_nlink, 0, 0))
        if not found:
            truth.disk += blocks
            truth.apparent += facts.st_size
        if found + 1 == links:
            truth.freed += blocks
        if links > 1:
            truth.shared[key] = (links, found + 1, blocks)
    return truth
