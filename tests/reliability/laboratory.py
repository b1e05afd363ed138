"""A box on a filesystem of its own, in a mount namespace of its own: nothing outside it can be touched."""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess

import dusk.actions.checks
from actions.conftest import Box
from dusk.fs import holders

_NEW_NAMESPACE, _NEW_USER = 0x20000, 0x10000000
_PRIVATE = 0x40000 | 0x4000


class NotHere(Exception):  # noqa: N818 - a finding, not an error
    """This machine cannot do what a proof needs; the text says what."""


def enter_namespace() -> None:
    """Give this process its own mounts, also when it is not root. Raises NotHere."""
    libc = ctypes.CDLL(None, use_errno=True)
    user, group = os.geteuid(), os.getegid()
    if libc.unshare(_NEW_NAMESPACE if user == 0 else _NEW_NAMESPACE | _NEW_USER):
        raise NotHere(f"mount namespaces are not allowed: {os.strerror(ctypes.get_errno())}")
    if user != 0:
        for name, text in (
            ("setgroups", "deny"), ("uid_map", f"{user} {user} 1"), ("gid_map", f"{group} {group} 1"),
        ):  # fmt: skip
            with open(f"/proc/self/{name}", "w") as file:
                file.write(text)
    if libc.mount(None, b"/", None, _PRIVATE, None):
        raise NotHere(f"mounts cannot be made private: {os.strerror(ctypes.get_errno())}")


def mount(kind: str, options: str, source: bytes, point: bytes) -> None:
    """Mount something. Raises NotHere."""
    command: list[str | bytes] = ["mount", "-t", kind, *(("-o", options) if options else ()), source, point]
    found = subprocess.run(command, capture_output=True, check=False)
    if found.returncode:
        raise NotHere(f"{kind} cannot be mounted: {found.stderr.decode(errors='replace').strip()}")


def unmount(point: bytes) -> None:
    subprocess.run(["umount", point], capture_output=True, check=True)


class Laboratory(Box):
    """A box that can be put back to its beginning between two experiments."""

    def __init__(self, root: bytes, *, data: tuple[str, str, bytes] | None = None) -> None:
        """Make a box below a directory that is a filesystem of its own; ``data`` mounts another one in it."""
        os.environ["HOME"] = os.fsdecode(os.path.join(root, b"home"))
        os.environ["DUSK_STATE_DIR"] = os.fsdecode(os.path.join(root, b"state"))
        os.environ["DUSK_CONFIG_DIR"] = os.fsdecode(os.path.join(root, b"config"))
        os.environ.pop("XDG_DATA_HOME", None)
        # Who holds a file open is asked of every process of the machine, and answered by other tests.
        dusk.actions.checks.hold_report = lambda path, files: holders.HoldReport(holders.Hold.FREE)
        super().__init__(root)
        self.archive = os.path.join(root, b"archive")
        self.state = os.path.join(root, b"state")
        self._data = data
        self.journal.close()
        self._fresh = root + b".state"
        shutil.copytree(self.state, self._fresh)

    def reset(self) -> None:
        """Empty the box, and give it the journal that it had at the beginning."""
        self.journal.close()
        for name in os.listdir(self.data):
            path = os.path.join(self.data, name)
            if os.path.isdir(path) and not os.path.islink(path):
                shutil.rmtree(path)
            else:
                os.unlink(path)
        for name in os.listdir(self.root):
            if name != b"data":
                shutil.rmtree(os.path.join(self.root, name))
        for path in (self.home, self.archive):
            os.makedirs(path)
        shutil.copytree(self._fresh, self.state)
        self.reopen()

    def reopen(self) -> None:
        from dusk.actions.journal import Journal

        self.journal = Journal.open()
