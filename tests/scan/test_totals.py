"""What a scan counts is what GNU du counts."""

from __future__ import annotations

import os
import sys

import pytest

from dusk.fs.identity import EntryKind, Identity
from dusk.scan.entry import EntryFlag
from dusk.scan.tree import ROOT

from .wild_tree import ODD_NAMES, build_wild_tree, remove_deep_tree


@pytest.mark.parametrize("seed", range(12))
def test_totals_equal_du_on_trees_with_everything(root, scan_of, du, seed):
    build_wild_tree(root, seed)
    scan = scan_of(root)
    assert scan.progress().disk_bytes == du(root)
    assert scan.progress().errors == 0
    assert not scan.progress().failure


def test_every_directory_agrees_with_du(root, scan_of, du):
    for number in range(3):
        os.mkdir(root + b"/%d" % number)
        build_wild_tree(root + b"/%d" % number, number, entries=40)
    tree = scan_of(root).tree
    for child in tree.children(ROOT):
        assert tree.disk_size(child) == du(tree.path(child))


def test_every_entry_is_what_lstat_says(root, scan_of):
    build_wild_tree(root, 99)
    tree = scan_of(root).tree
    seen = 0
    for directory, directories, files in os.walk(root):
        for name in directories + files:
            path = os.path.join(directory, name)
            index = tree.find(path)
            assert index is not None
            assert tree.path(index) == path
            assert tree.name(index) == name
            entry = tree.entry(index)
            assert entry.identity == Identity.from_stat(os.lstat(path))
            assert entry.owner == os.lstat(path).st_uid
            seen += 1
    assert seen == tree.entry(ROOT).items == len(tree) - 1


def test_odd_names_are_found_by_their_bytes(root, scan_of):
    for name in ODD_NAMES:
        with open(os.path.join(root, name), "wb") as file:
            file.write(name)
    tree = scan_of(root).tree
    assert sorted(tree.name(child) for child in tree.children(ROOT)) == sorted(ODD_NAMES)
    assert all(tree.find(os.path.join(root, name)) is not None for name in ODD_NAMES)
    assert tree.find(os.path.join(root, b"n" * 254)) is None
    assert tree.find(root + b"/missing") is None


def test_hard_links_count_once(root, scan_of, du):
    os.mkdir(root + b"/a")
    os.mkdir(root + b"/b")
    with open(root + b"/a/one", "wb") as file:
        file.write(b"x" * 100_000)
    os.link(root + b"/a/one", root + b"/b/two")
    os.link(root + b"/a/one", root + b"/b/three")
    scan = scan_of(root)
    tree = scan.tree
    assert scan.progress().disk_bytes == du(root)
    assert scan.progress().apparent_bytes == 100_000
    entries = [tree.entry(tree.find(root + name)) for name in (b"/a/one", b"/b/two", b"/b/three")]
    assert all(entry.flags & EntryFlag.HARD_LINK for entry in entries)
    assert sum(not entry.flags & EntryFlag.COUNTED_ELSEWHERE for entry in entries) == 1
    assert all(entry.apparent_size == 100_000 for entry in entries)
    assert tree.entry(ROOT).flags & EntryFlag.LINKS_BELOW
    (inode,) = tree.linked_inodes(ROOT)
    assert (inode.links, inode.found, inode.disk_size) == (3, 3, entries[0].disk_size)
    (below,) = tree.linked_inodes(tree.find(root + b"/b"))
    assert (below.links, below.found) == (3, 2)
    assert tree.linked_inodes(tree.find(root + b"/b/two"))[0].found == 1


def test_what_a_directory_frees_leaves_out_what_names_elsewhere_keep(root, scan_of, tmp_path):
    os.mkdir(root + b"/a")
    os.mkdir(root + b"/b")
    for name in (b"/a/inside", b"/a/across", b"/a/outside"):
        with open(root + name, "wb") as file:
            file.write(b"x" * 50_000)
    os.link(root + b"/a/inside", root + b"/a/again")
    os.link(root + b"/a/across", root + b"/b/other")
    os.link(root + b"/a/outside", os.fsencode(tmp_path / "kept"))
    tree = scan_of(root).tree
    a, b = tree.find(root + b"/a"), tree.find(root + b"/b")
    one = tree.disk_size(tree.find(root + b"/a/inside"))
    own = tree.disk_size(ROOT) - 3 * one
    assert tree.sums([ROOT]).freed == own + 2 * one
    empty = {index: os.lstat(tree.path(index)).st_blocks * 512 for index in (a, b)}
    assert tree.sums([a]).freed == empty[a] + one
    assert tree.sums([b]).freed == empty[b]
    assert tree.sums([tree.find(root + b"/a/inside")]).freed == 0


def test_a_sparse_file_shows_both_sizes(root, scan_of):
    with open(root + b"/hole", "wb") as file:
        file.truncate(10**10)
    with open(root + b"/whole", "wb") as file:
        file.write(b"x" * 100)
    tree = scan_of(root).tree
    hole = tree.entry(tree.find(root + b"/hole"))
    assert hole.apparent_size == 10**10
    assert hole.disk_size < 10**6
    assert hole.flags & EntryFlag.SPARSE
    assert not tree.entry(tree.find(root + b"/whole")).flags & EntryFlag.SPARSE


def test_files_that_pretend_to_hold_exabytes_do_not_stop_a_scan(root, scan_of):
    made = 0
    for number in range(3):
        with open(root + b"/%d" % number, "wb") as file:
            for size in (2**63 - 4096, 2**44 - 4096, 2**40):
                try:
                    file.truncate(size)
                except OSError:
                    continue
                made += size
                break
    os.utime(root + b"/0", ns=(0, -(10**18)))
    scan = scan_of(root)
    assert not scan.progress().failure
    assert scan.progress().apparent_bytes == min(made, 2**63 - 1)


def test_symbolic_links_are_never_followed(root, scan_of):
    os.symlink(b"/", root + b"/everything")
    os.symlink(b".", root + b"/self")
    tree = scan_of(root).tree
    assert len(tree) == 3
    assert {tree.kind(child) for child in tree.children(ROOT)} == {EntryKind.SYMLINK}


def test_newest_is_of_files_below_and_a_directorys_own_where_there_are_none(root, scan_of):
    os.makedirs(root + b"/full/deep")
    os.makedirs(root + b"/bare/inner")
    with open(root + b"/full/deep/old", "wb"):
        pass
    os.utime(root + b"/full/deep/old", ns=(0, 1234567890123456789))
    os.utime(root + b"/bare", ns=(0, 42))
    tree = scan_of(root).tree
    assert tree.newest_mtime_ns(tree.find(root + b"/full")) == 1234567890123456789
    assert tree.newest_mtime_ns(tree.find(root + b"/bare")) == 42
    assert tree.newest_mtime_ns(ROOT) == 1234567890123456789


@pytest.mark.parametrize(("depth", "branches"), [(1500, 1), (600, 2)])
def test_trees_deeper_than_any_path_are_scanned_whole(tmp_path, scan_of, du, depth, branches):
    top = os.fsencode(tmp_path / "deep")
    os.mkdir(top)
    descriptor = os.open(top, os.O_RDONLY)
    for level in range(depth):
        for branch in range(branches):
            os.mkdir(b"level-%04d-%d" % (level, branch), dir_fd=descriptor)
        following = os.open(b"level-%04d-0" % level, os.O_RDONLY, dir_fd=descriptor)
        os.close(descriptor)
        descriptor = following
    with open(os.open(b"bottom", os.O_WRONLY | os.O_CREAT, dir_fd=descriptor), "wb") as file:
        file.write(b"x" * 5000)
    os.close(descriptor)
    try:
        before = len(os.listdir("/proc/self/fd")) if sys.platform == "linux" else 0
        scan = scan_of(top)
        tree = scan.tree
        assert scan.progress().errors == 0
        assert len(tree) == depth * branches + 2
        assert scan.progress().disk_bytes == du(top)
        assert tree.apparent_size(ROOT) == 5000
        bottom = next(index for index in range(len(tree)) if tree.name(index) == b"bottom")
        path = tree.path(bottom)
        assert len(path) > 4096
        assert tree.find(path) == bottom
        assert not tree.is_removed(bottom)
        assert sum(1 for _ in tree.subtree(ROOT)) == len(tree)
        if before:
            assert len(os.listdir("/proc/self/fd")) == before
    finally:
        remove_deep_tree(top)


@pytest.mark.slow
def test_a_directory_with_a_hundred_thousand_files_pages_at_once(root, scan_of, du):
    directory = os.open(root, os.O_RDONLY)
    for number in range(100_000):
        os.close(os.open(b"sample-%06d" % number, os.O_WRONLY | os.O_CREAT, dir_fd=directory))
    os.close(directory)
    with open(root + b"/sample-054321", "wb") as file:
        file.write(b"x" * 10_000)
    scan = scan_of(root)
    tree = scan.tree
    assert tree.child_count(ROOT) == 100_000
    assert scan.progress().disk_bytes == du(root)
    page = tree.children(ROOT, limit=3)
    assert [tree.name(child) for child in page] == [b"sample-054321", b"sample-000000", b"sample-000001"]
