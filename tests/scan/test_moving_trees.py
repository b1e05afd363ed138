"""A tree that changes while it is scanned: whatever was seen adds up, and settles when the tree does."""

from __future__ import annotations

import os
import random
import shutil
import threading
import time
from contextlib import contextmanager, suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dusk.scan.scanner import ScanOptions
from dusk.scan.start import open_scan
from dusk.scan.tree import ROOT

from .conftest import generated
from .generated_tree import built, parts
from .sameness import assert_like_fresh, assert_sums_hold

QUIET = (
    ("file",) * 3 + ("directory",) * 4 + ("link", "link", "link outside", "hole", "symlink", "chain", "many")
)


@contextmanager
def changing(root, seed):
    """Make, grow, link, move and remove things below a directory from a thread until the block ends."""
    ended = threading.Event()

    def change():
        chance = random.Random(seed)
        directories = [root]
        while not ended.is_set():
            place = chance.choice([*directories[-20:], root])
            path = os.path.join(place, b"moving-%d" % chance.randrange(30))
            with suppress(OSError, shutil.Error):
                _one_change(chance, root, path, directories)

    mover = threading.Thread(target=change)
    mover.start()
    try:
        yield
    finally:
        ended.set()
        mover.join()


def _one_change(chance, root, path, directories):
    kind = chance.choice(("directory", "directory", "file", "grow", "link", "unlink", "move", "remove"))
    if kind == "directory":
        os.mkdir(path)
        directories.append(path)
    elif kind in ("file", "grow"):
        with open(path, "ab") as file:
            file.write(b"m" * chance.randrange(20_000))
    elif kind == "link":
        os.link(path, os.path.join(chance.choice(directories), b"linked-%d" % chance.randrange(30)))
    elif kind == "unlink":
        os.unlink(path)
    elif kind == "move":
        os.rename(path, os.path.join(chance.choice(directories), b"moving-%d" % chance.randrange(30)))
    elif path != root:
        shutil.rmtree(path)


@generated(40)
@given(drawn=parts(QUIET), seed=st.integers(0, 10**6), threads=st.integers(1, 6))
def test_what_is_published_adds_up_whatever_moves(new_tree, scan_of, refreshed, drawn, seed, threads):
    with new_tree() as (root, outside), built(root, outside, drawn):
        with changing(root, seed):
            for _ in range(3):
                scan = scan_of(root, ScanOptions(threads=threads))
                progress, tree = scan.progress(), scan.tree
                assert progress.finished
                assert not progress.failure
                assert_sums_hold(tree)
                assert progress.entries == tree.entry(ROOT).items + 1
                assert progress.disk_bytes == tree.disk_size(ROOT)
                assert tree.is_complete(ROOT)
                assert scan.completed[-1] == ROOT
        # It came to rest: looking at every directory again leads to what a fresh scan says.
        refreshed(scan, *(directory for directory, _, _ in os.walk(root)))
        assert_like_fresh(scan, scan_of)


@generated(15)
@given(drawn=parts(QUIET), seed=st.integers(0, 10**6))
def test_refreshes_while_everything_moves(new_tree, scan_of, refreshed, drawn, seed):
    with new_tree() as (root, outside), built(root, outside, drawn):
        scan = open_scan(root, ScanOptions(threads=2))
        with changing(root, seed):
            scan.start()
            for directory, _, _ in list(os.walk(root))[:20]:
                scan.refresh(directory)
            assert scan.wait(30)
            refreshed(scan, *(directory for directory, _, _ in list(os.walk(root))[:20]))
            assert_sums_hold(scan.tree)
        refreshed(scan, *(directory for directory, _, _ in os.walk(root)))
        assert_like_fresh(scan, scan_of)


def test_a_directory_that_is_deleted_meanwhile(new_tree, scanner):
    """The scan ends by itself, adds up, and a refresh of the root finds nothing left."""
    for delay in (0, 0.0005, 0.002, 0.01):
        with new_tree() as (root, _):
            for number in range(150):
                os.makedirs(root + b"/%d/inner" % number)
                with open(root + b"/%d/inner/file" % number, "wb") as file:
                    file.write(b"x" * 5000)
            scan = open_scan(root, ScanOptions(threads=2))
            scan.start()
            time.sleep(delay)
            shutil.rmtree(root)
            assert scan.wait(20)
            assert not scan.progress().failure
            assert_sums_hold(scan.tree)
            scan.refresh(root)
            end = time.monotonic() + 10
            while scan.refreshes_pending:
                assert time.monotonic() < end
                time.sleep(0.001)
            assert scan.tree.child_count(ROOT) == 0
            assert scan.tree.apparent_size(ROOT) == 0


@pytest.mark.parametrize("count", [2, 5])
def test_scans_of_one_tree_at_once_do_not_know_of_each_other(new_tree, scanner, du, count):
    with new_tree() as (root, _):
        for number in range(300):
            os.makedirs(root + b"/%d" % number)
            with open(root + b"/%d/file" % number, "wb") as file:
                file.write(b"x" * number * 20)
        scans = [open_scan(root, ScanOptions(threads=2)) for _ in range(count)]
        for scan in scans:
            scan.start()
        scans[0].cancel()
        for scan in scans:
            assert scan.wait(30)
        assert_sums_hold(scans[0].tree)
        for scan in scans[1:]:
            assert scan.progress().disk_bytes == du(root)
            assert not scan.progress().cancelled
