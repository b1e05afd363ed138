"""Questions about many entries at once: those of one kind, the newest and the biggest below, their sums."""

from __future__ import annotations

import os

from dusk.fs.identity import EntryKind
from dusk.scan.tree import ROOT


def write(path, size, moment):
    """Make a sparse file that changed at a moment."""
    with open(path, "wb") as file:
        file.truncate(size)
    os.utime(path, (moment, moment))


def test_entries_of_one_kind_come_in_order_whatever_their_number(root, scan_of):
    for number in range(5000):
        os.symlink("nowhere", root + b"/link-%d" % number)
    os.mkdir(root + b"/below")
    write(root + b"/below/file", 1, 1)
    os.symlink(".", root + b"/below/link")
    tree = scan_of(root).tree
    links = list(tree.of_kind(EntryKind.SYMLINK))
    assert links == sorted(links)
    assert links == [index for index in range(len(tree)) if tree.kind(index) is EntryKind.SYMLINK]
    assert [tree.name(index) for index in tree.of_kind(EntryKind.FILE)] == [b"file"]
    assert ROOT in tree.of_kind(EntryKind.DIRECTORY)
    assert not list(tree.of_kind(EntryKind.SOCKET))


def test_the_newest_and_the_biggest_files_are_prominent(root, scan_of):
    os.makedirs(root + b"/a/b")
    for number in range(50):
        place = (root, root + b"/a", root + b"/a/b")[number % 3]
        write(place + b"/%d" % number, size=1000 * number, moment=1_000_000 - number)
    os.symlink("0", root + b"/newer-link")
    tree = scan_of(root).tree

    def names(index, most):
        return {int(tree.name(file)) for file in tree.prominent(index, most)}

    assert names(ROOT, 4) == {0, 1, 48, 49}
    assert names(ROOT, 5) == {0, 1, 2, 48, 49}
    assert names(tree.find(root + b"/a/b"), 2) == {2, 47}
    assert names(ROOT, 1000) == set(range(50))
    assert not tree.prominent(ROOT, 0)
    one = tree.find(root + b"/0")
    assert list(tree.prominent(one, 4)) == [one]
    assert not tree.prominent(tree.find(root + b"/newer-link"), 4)


def test_no_entries_are_nothing(root, scan_of):
    sums = scan_of(root).tree.sums(())
    assert (sums.apparent_size, sums.disk_size, sums.freed) == (0, 0, 0)
