"""Whatever a disk can hold: both scanners, GNU du and a plain look at every entry agree on it."""

from __future__ import annotations

import os
import shutil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dusk.scan.scanner import ScanOptions
from dusk.scan.start import is_native_built
from dusk.scan.tree import ROOT

from .conftest import generated
from .generated_tree import KINDS, MOUNTS, built, parts, truth_of
from .sameness import assert_sums_hold, facts

pytestmark = pytest.mark.both_scanners
threads = st.integers(1, 9)


def figures(scan):
    """Everything that both scanners must say alike."""
    progress, tree = scan.progress(), scan.tree
    assert progress.finished
    assert not progress.failure
    inodes = {(i.device, i.inode, i.links, i.found, i.disk_size) for i in tree.linked_inodes(ROOT)}
    freed = {
        tree.path(index): tree.sums([index]).freed
        for index in tree.subtree(ROOT)
        if tree.entry(index).is_directory or tree.entry(index).identity.links == 1
    }
    return {
        "entries": facts(scan),
        "sums": (progress.entries, progress.directories, progress.errors),
        "bytes": (progress.apparent_bytes, progress.disk_bytes),
        "inodes": inodes,
        "freed": freed,
    }


def shared(tree, index):
    return {(i.device, i.inode): (i.links, i.found, i.disk_size) for i in tree.linked_inodes(index)}


def compared(scan_with, path, options, is_stable=True):
    """Scan with both; return the native scan, or the reference's where there is no other."""
    reference = scan_with("reference", path, ScanOptions(cross=options.cross))
    expected = figures(reference)
    assert_sums_hold(reference.tree)
    if not is_native_built():
        return reference
    native = scan_with("native", path, options)
    if is_stable:
        assert figures(native) == expected
    assert_sums_hold(native.tree)
    return native


@generated(180)
@given(drawn=parts(tuple(kind for kind in KINDS if kind not in ("closed", "blind"))), threads=threads)
def test_a_generated_tree_is_what_du_and_lstat_say(new_tree, scan_with, du, drawn, threads):
    with new_tree() as (root, outside), built(root, outside, drawn):
        scan = compared(scan_with, root, ScanOptions(threads=threads))
        tree = scan.tree
        truth = truth_of(root)
        assert scan.progress().disk_bytes == truth.disk == du(root)
        assert (tree.apparent_size(ROOT), len(tree)) == (truth.apparent, truth.entries)
        for index in tree.subtree(ROOT):
            entry = tree.entry(index)
            truth = truth_of(tree.path(index))
            assert tree.sums([index]).freed == truth.freed
            if entry.is_directory or entry.identity.links == 1:
                assert shared(tree, index) == truth.shared
                assert entry.items + 1 == truth.entries


@pytest.mark.root  # makes the trees as root and looks as somebody else
@generated(60)
@given(drawn=parts(), threads=threads)
def test_a_user_who_may_not_look_everywhere_sees_the_same_with_both(
    new_tree, scan_with, as_user, du, drawn, threads
):
    with new_tree() as (root, outside), built(root, outside, drawn) as builder:
        if os.geteuid() == 0:
            for path in (root, *builder.directories):
                os.chown(path, 61_234, 61_234)
            for path, mode in builder.closed:
                os.chmod(path, mode)

        def look():
            scan = compared(scan_with, root, ScanOptions(threads=threads))
            return scan.progress().disk_bytes, scan.progress().errors, du(root)

        disk, errors, counted = as_user(look)
        assert disk == counted
        closed = sum(os.path.isdir(path) for path, mode in builder.closed if mode == 0)
        assert errors >= min(closed, 1) or closed == 0


@pytest.mark.root
@generated(60)
@given(drawn=parts(KINDS + MOUNTS + MOUNTS), threads=threads, cross=st.booleans())
def test_mounts_are_entered_or_not_alike(new_tree, scan_with, du, drawn, threads, cross):
    with new_tree() as (root, outside), built(root, outside, drawn) as builder:
        # What is mounted at a second place is walked where it is found first, and a mount may hide something
        # at one of the two.
        is_stable = not (cross and any(part.kind == "bind" for part in drawn))
        scan = compared(scan_with, root, ScanOptions(threads=threads, cross=cross), is_stable)
        if not builder.mounted:
            assert scan.progress().disk_bytes == du(root)


def test_a_tree_of_five_thousand_levels(new_tree, scan_with, du):
    from .wild_tree import remove_deep_tree

    with new_tree() as (root, _):
        descriptor = os.open(root, os.O_RDONLY)
        for level in range(5000):
            name = b"%04d" % level
            os.mkdir(name, dir_fd=descriptor)
            following = os.open(name, os.O_RDONLY, dir_fd=descriptor)
            os.close(descriptor)
            descriptor = following
        os.close(os.open(b"bottom", os.O_WRONLY | os.O_CREAT, dir_fd=descriptor))
        os.close(descriptor)
        try:
            for scanner in ("reference", "native") if is_native_built() else ("reference",):
                scan = scan_with(scanner, root, ScanOptions(threads=3))
                assert (scan.progress().entries, scan.progress().errors) == (5002, 0)
                assert scan.progress().disk_bytes == du(root)
        finally:
            remove_deep_tree(root)
            os.mkdir(root)


@pytest.mark.slow
def test_a_million_files_in_one_directory(new_tree, scan_with, du):
    """Names of many lengths, one inode in a thousand with two names; in memory where there is room."""
    memory = "/dev/shm" if _room("/dev/shm") else None
    count = 1_000_000 if memory else 200_000
    with new_tree(memory) as (root, _):
        directory = os.open(root, os.O_RDONLY)
        try:
            for number in range(count - count // 1000):
                os.mknod(b"%d%s" % (number, b"n" * (number % 23)), 0o600, dir_fd=directory)
            for number in range(count // 1000):
                name = b"%d%s" % (number, b"n" * (number % 23))
                os.link(name, b"link-%d" % number, src_dir_fd=directory, dst_dir_fd=directory)
        finally:
            os.close(directory)
        for scanner in ("reference", "native") if is_native_built() else ("reference",):
            scan = scan_with(scanner, root, ScanOptions(threads=4))
            assert scan.tree.child_count(ROOT) == count
            assert scan.progress().disk_bytes == du(root)
            assert len(scan.tree.linked_inodes(ROOT)) == count // 1000


def _room(directory):
    """Return whether a disk in memory holds a million inodes, which take about 1 KB each."""
    try:
        facts = os.statvfs(directory)
    except OSError:
        return False
    used = shutil.disk_usage(directory)
    return used.free > 4e9 and facts.f_favail > 1_200_000 and os.access(directory, os.W_OK)
