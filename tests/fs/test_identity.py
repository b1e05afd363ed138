"""Telling one file from another that took its name."""

from __future__ import annotations

import os
import stat

import pytest

from dusk.fs.identity import EntryKind, Identity


@pytest.mark.parametrize(
    ("mode", "kind"),
    [
        (stat.S_IFREG | 0o4755, EntryKind.FILE),
        (stat.S_IFDIR, EntryKind.DIRECTORY),
        (stat.S_IFLNK, EntryKind.SYMLINK),
        (stat.S_IFIFO, EntryKind.FIFO),
        (stat.S_IFSOCK, EntryKind.SOCKET),
        (stat.S_IFCHR, EntryKind.CHARACTER_DEVICE),
        (stat.S_IFBLK, EntryKind.BLOCK_DEVICE),
        (0, EntryKind.UNKNOWN),
    ],
)
def test_kinds(mode, kind):
    assert EntryKind.from_mode(mode) is kind


@pytest.fixture
def path(tmp_path):
    path = os.fsencode(tmp_path) + b"/file"
    with open(path, "wb") as file:
        file.write(b"12345")
    return path


def identity(path):
    return Identity.from_stat(os.lstat(path))


def test_nothing_changed(path):
    os.chmod(path, 0o600)
    os.link(path, path + b"-2")
    assert identity(path + b"-2").drift(identity(path)) is None


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda path: (os.rename(path, path + b"-"), os.mkdir(path)), "is another file than the one"),
        (lambda path: os.truncate(path, 1234), "was 5 bytes and is 1,234 bytes now"),
        (lambda path: os.utime(path, ns=(1, 1)), "was modified after the review"),
    ],
)
def test_changes_are_said(path, change, words):
    before = identity(path)
    change(path)
    assert words in before.drift(identity(path))


def test_another_kind_under_one_inode():
    was = Identity(1, 2, EntryKind.FILE, 3, 4, 1)
    now = Identity(1, 2, EntryKind.CHARACTER_DEVICE, 3, 4, 1)
    assert was.drift(now) == "was a file and is a character device now"
    assert not was.is_same_inode(now)


def test_the_size_of_a_directory_says_nothing():
    was = Identity(1, 2, EntryKind.DIRECTORY, 4096, 4, 2)
    assert was.drift(Identity(1, 2, EntryKind.DIRECTORY, 8192, 4, 3)) is None
