"""Opening by descriptor: through no link, over no mount, into any depth."""

from __future__ import annotations

import errno
import os
import subprocess

import pytest

from dusk.fs import syscalls
from dusk.fs.descent import open_directory, open_parent, open_subdirectory


@pytest.fixture
def top(tmp_path):
    top = os.fsencode(tmp_path) + b"/top"
    os.makedirs(top + b"/a/b")
    os.symlink(top + b"/a", top + b"/link")
    return top


@pytest.fixture(params=["openat2", "without openat2"])
def kernel(request, monkeypatch):
    if request.param != "openat2":
        monkeypatch.setattr(syscalls, "_SYS_OPENAT2", 100_000)


def opened(descriptor):
    try:
        return os.fstat(descriptor).st_ino
    finally:
        os.close(descriptor)


def test_paths(top, kernel, monkeypatch):
    wanted = os.stat(top + b"/a/b").st_ino
    assert opened(open_directory(top + b"/a/b")) == wanted
    assert opened(open_directory(b"/" + top + b"//a/./b/")) == wanted
    above = os.open(top, os.O_RDONLY)
    assert opened(open_directory(b"a/b", within=above)) == wanted
    assert opened(open_directory(b"", within=above)) == os.fstat(above).st_ino
    assert opened(open_subdirectory(above, b"a")) == os.stat(top + b"/a").st_ino
    os.close(above)
    monkeypatch.chdir(os.fsdecode(top))
    assert opened(open_directory(b"a/b")) == wanted
    assert opened(open_directory(b"/")) == os.stat("/").st_ino


@pytest.mark.parametrize("path", [b"/link/b", b"/link", b"/a/../a", b"/gone", b"/a/b/\0"])
def test_what_is_refused(top, kernel, path):
    before = len(os.listdir("/proc/self/fd"))
    with pytest.raises((OSError, ValueError)):
        open_directory(top + path)
    assert len(os.listdir("/proc/self/fd")) == before


@pytest.mark.parametrize("name", [b"", b".", b"..", b"a/b", b"link", b"a\0"])
def test_what_is_no_subdirectory(top, kernel, name):
    above = os.open(top, os.O_RDONLY)
    try:
        with pytest.raises((OSError, ValueError)):
            open_subdirectory(above, name)
    finally:
        os.close(above)


def test_a_null_byte_does_not_cut_a_path_short(top):
    with pytest.raises(OSError) as raised:
        open_directory(top + b"/a\0/b")
    assert raised.value.errno == errno.EINVAL
    with pytest.raises(OSError):
        syscalls.renameat2(-100, top + b"/a\0x", -100, top + b"/c", syscalls.RENAME_NOREPLACE)
    assert sorted(os.listdir(top)) == [b"a", b"link"]


def test_a_path_longer_than_the_kernel_takes(top, kernel):
    current = os.open(top, os.O_RDONLY)
    path = b""
    for _ in range(60):
        name = b"n" * 200
        os.mkdir(name, dir_fd=current)
        following = os.open(name, os.O_RDONLY, dir_fd=current)
        os.close(current)
        current = following
        path += b"/" + name
    try:
        assert opened(open_directory(top + path)) == os.fstat(current).st_ino
        parent, name = open_parent(top + path)
        assert os.stat(name, dir_fd=parent).st_ino == os.fstat(current).st_ino
        os.close(parent)
    finally:
        os.close(current)


@pytest.mark.parametrize("path", [b"/", b"//", b"relative/x", b"/a/.", b"/a/..", b""])
def test_what_has_no_parent(path):
    with pytest.raises(ValueError, match="not an absolute path"):
        open_parent(path)


@pytest.mark.root
@pytest.mark.skipif(os.geteuid() != 0, reason="mounting needs root")
def test_mounts_are_not_crossed_when_told(top, kernel):
    subprocess.run(["mount", "--bind", top, top + b"/a/b"], check=True)
    try:
        above = os.open(top, os.O_RDONLY)
        with pytest.raises(OSError) as raised:
            open_directory(b"a/b", within=above, one_mount=True)
        assert raised.value.errno == errno.EXDEV
        assert opened(open_directory(b"a/b", within=above)) == os.fstat(above).st_ino
        os.close(above)
    finally:
        subprocess.run(["umount", top + b"/a/b"], check=True)


def test_renaming_replaces_nothing(top):
    above = os.open(top, os.O_RDONLY)
    try:
        with pytest.raises(FileExistsError):
            syscalls.renameat2(above, b"a", above, b"link", syscalls.RENAME_NOREPLACE)
        syscalls.renameat2(above, b"a", above, b"c", syscalls.RENAME_NOREPLACE)
        assert sorted(os.listdir(top)) == [b"c", b"link"]
    finally:
        os.close(above)
