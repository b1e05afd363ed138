"""Bringing a tree up to date in place gives what a fresh scan gives."""

from __future__ import annotations

import os
import shutil
import threading

import pytest

from dusk.scan import walk as walk_module
from dusk.scan.entry import EntryFlag, Measure
from dusk.scan.scanner import ScanOptions, Triggers
from dusk.scan.start import open_scan
from dusk.scan.tree import ROOT

from .sameness import assert_like_fresh, assert_sums_hold


def write(path, size=1000):
    with open(path, "wb") as file:
        file.write(b"x" * size)


def test_what_was_renamed_away_is_gone_and_comes_back(root, scan_of, refreshed, tmp_path):
    os.makedirs(root + b"/keep")
    os.makedirs(root + b"/run/checkpoint")
    write(root + b"/run/checkpoint/model", 70_000)
    write(root + b"/keep/notes")
    scan = scan_of(root)
    run, keep = scan.tree.find(root + b"/run"), scan.tree.find(root + b"/keep")
    inside = scan.tree.find(root + b"/run/checkpoint/model")
    trash = os.fsencode(tmp_path / "trash")

    os.rename(root + b"/run", trash)
    refreshed(scan, root)
    assert scan.tree.find(root + b"/run") is None
    assert scan.tree.is_removed(run)
    assert scan.tree.is_removed(inside)
    assert scan.tree.entry(run).flags & EntryFlag.REMOVED
    assert scan.tree.entry(run).disk_size == 0
    assert scan.tree.children(ROOT) == scan.tree.children(ROOT, measure=Measure.APPARENT)
    assert list(scan.tree.children(ROOT)) == [keep]
    assert list(scan.tree.subtree(run)) == []
    assert_like_fresh(scan, scan_of)

    os.rename(trash, root + b"/run")
    refreshed(scan, root)
    assert scan.tree.find(root + b"/run") not in (None, run)
    assert scan.tree.find(root + b"/keep") == keep
    assert_like_fresh(scan, scan_of)


def test_directories_that_were_refreshed_are_completed_again_deepest_first(root, scan_of, refreshed):
    os.makedirs(root + b"/a/b")
    options = ScanOptions(triggers=Triggers(names=frozenset({b"wanted"})))
    scan = scan_of(root, options)
    before, hits = len(scan.completed), len(scan.hits)
    os.makedirs(root + b"/a/b/new/deep")
    write(root + b"/a/b/new/deep/wanted")
    refreshed(scan, root + b"/a/b")
    again = [scan.tree.path(index)[len(root) :] for index in scan.completed[before:]]
    assert again == [b"/a/b/new/deep", b"/a/b/new", b"/a/b", b"/a", b""]
    assert [scan.tree.name(index) for index in scan.hits[hits:]] == [b"wanted"]
    assert_like_fresh(scan, scan_of)


def test_another_name_takes_over_the_bytes_of_a_hard_link(root, scan_of, refreshed, tmp_path):
    for name in (b"/a", b"/b"):
        os.mkdir(root + name)
    write(root + b"/a/one", 90_000)
    os.link(root + b"/a/one", root + b"/b/two")
    scan = scan_of(root)
    carrier = next(
        name
        for name in (b"/a/one", b"/b/two")
        if not scan.tree.entry(scan.tree.find(root + name)).flags & EntryFlag.COUNTED_ELSEWHERE
    )
    other = b"/b/two" if carrier == b"/a/one" else b"/a/one"
    kept = os.fsencode(tmp_path / "kept")
    os.rename(root + carrier, kept)
    refreshed(scan, root + carrier[:2])
    left = scan.tree.entry(scan.tree.find(root + other))
    assert not left.flags & EntryFlag.COUNTED_ELSEWHERE
    assert left.flags & EntryFlag.HARD_LINK
    assert scan.tree.apparent_size(scan.tree.find(root + other[:2])) == 90_000
    assert scan.tree.linked_inodes(ROOT)[0].found == 1
    assert_like_fresh(scan, scan_of)

    os.unlink(kept)
    os.mkdir(root + b"/a/x")
    refreshed(scan, root + other[:2])
    assert scan.tree.linked_inodes(ROOT) == ()
    assert not scan.tree.entry(ROOT).flags & EntryFlag.LINKS_BELOW


def test_deleting_the_last_other_name_makes_a_file_single_again(root, scan_of, refreshed):
    os.makedirs(root + b"/a")
    os.makedirs(root + b"/b/c")
    write(root + b"/a/one", 90_000)
    os.link(root + b"/a/one", root + b"/b/c/two")
    scan = scan_of(root)
    os.unlink(root + b"/a/one")
    refreshed(scan, root + b"/a")
    assert scan.tree.linked_inodes(ROOT) == ()
    assert_like_fresh(scan, scan_of)


def test_a_directory_that_is_itself_gone_leaves_its_parent(root, scan_of, refreshed):
    os.makedirs(root + b"/a/b/c")
    write(root + b"/a/b/c/file")
    scan = scan_of(root)
    shutil.rmtree(root + b"/a/b")
    refreshed(scan, root + b"/a/b/c")
    assert scan.tree.find(root + b"/a/b") is None
    assert_like_fresh(scan, scan_of)


def test_a_directory_made_again_is_another_entry(root, scan_of, refreshed):
    os.mkdir(root + b"/cache")
    write(root + b"/cache/old", 5000)
    os.mkdir(root + b"/hold-the-inode")
    scan = scan_of(root)
    before = scan.tree.find(root + b"/cache")
    os.rename(root + b"/cache", root + b"/aside")
    os.mkdir(root + b"/cache")
    write(root + b"/cache/new", 10)
    refreshed(scan, root + b"/cache")
    assert scan.tree.find(root + b"/cache") != before
    assert_like_fresh(scan, scan_of)


def test_files_that_changed_keep_their_index(root, scan_of, refreshed):
    write(root + b"/grows", 10)
    write(root + b"/shrinks", 50_000)
    scan = scan_of(root)
    indexes = [scan.tree.find(root + name) for name in (b"/grows", b"/shrinks")]
    write(root + b"/grows", 60_000)
    os.truncate(root + b"/shrinks", 1)
    os.utime(root + b"/shrinks", ns=(0, 0))
    revision = scan.tree.revision(ROOT)
    refreshed(scan, root)
    assert [scan.tree.find(root + name) for name in (b"/grows", b"/shrinks")] == indexes
    assert scan.tree.revision(ROOT) > revision
    assert_like_fresh(scan, scan_of)


def test_a_changed_directory_below_the_one_named_is_brought_up_to_date_too(root, scan_of, refreshed):
    os.makedirs(root + b"/a/b")
    scan = scan_of(root)
    write(root + b"/a/b/new")
    os.mkdir(root + b"/a/c")
    refreshed(scan, root + b"/a")
    assert scan.tree.find(root + b"/a/b/new") is not None
    assert_like_fresh(scan, scan_of)


def test_paths_that_the_tree_does_not_hold_are_no_problem(root, scan_of, refreshed):
    scan = scan_of(root)
    os.makedirs(root + b"/new/deeper")
    refreshed(scan, root + b"/new/deeper", b"/", b"/elsewhere", root + b"x", root + b"/missing/too")
    assert scan.tree.find(root + b"/new/deeper") is not None
    assert_like_fresh(scan, scan_of)


def test_a_root_that_is_gone_is_empty_and_unreadable_until_it_is_back(root, scan_of, refreshed):
    write(root + b"/file")
    scan = scan_of(root)
    shutil.rmtree(root)
    refreshed(scan, root)
    entry = scan.tree.entry(ROOT)
    assert entry.flags & EntryFlag.UNREADABLE
    assert entry.error
    assert entry.items == 0
    os.mkdir(root)
    write(root + b"/again")
    refreshed(scan, root)
    assert_like_fresh(scan, scan_of)


@pytest.mark.reference_only
def test_refresh_while_the_scan_still_walks(root, scan_of, refreshed, monkeypatch):
    for name in (b"a", b"b", b"c", b"d"):
        os.makedirs(root + b"/" + name + b"/x/y")
        write(root + b"/" + name + b"/x/y/file", 3000)
    reached, go_on = threading.Event(), threading.Event()
    read = walk_module.read_batches

    def slow(*arguments):
        if len(scan.tree) >= 9:
            reached.set()
            assert go_on.wait(10)
        yield from read(*arguments)

    monkeypatch.setattr(walk_module, "read_batches", slow)
    scan = open_scan(root, ScanOptions())
    scan.start()
    assert reached.wait(10)
    done = [scan.tree.name(index) for index in scan.completed]
    assert b"x" in done
    shutil.rmtree(root + b"/a")
    shutil.rmtree(root + b"/c")
    os.makedirs(root + b"/e/new")
    write(root + b"/b/late")
    for path in (root, root + b"/b", root + b"/d/x"):
        scan.refresh(path)
    go_on.set()
    assert scan.wait(10)
    refreshed(scan)
    monkeypatch.undo()
    refreshed(scan, root + b"/b")
    assert_like_fresh(scan, scan_of)


@pytest.mark.reference_only
def test_refresh_after_cancelling_keeps_what_is_there(root, refreshed, monkeypatch):
    for name in (b"a", b"b"):
        os.makedirs(root + b"/" + name + b"/x")
    read = walk_module.read_batches

    def cancelling(*arguments):
        if len(scan.tree) >= 4:
            scan.cancel()
        yield from read(*arguments)

    monkeypatch.setattr(walk_module, "read_batches", cancelling)
    scan = open_scan(root, ScanOptions())
    scan.start()
    assert scan.wait(10)
    monkeypatch.undo()
    assert scan.progress().cancelled
    assert not scan.tree.is_complete(ROOT)
    write(root + b"/new")
    os.makedirs(root + b"/late/deep")
    refreshed(scan, root)
    assert scan.tree.find(root + b"/new") is not None
    assert scan.tree.is_complete(scan.tree.find(root + b"/late"))
    assert not scan.tree.is_complete(ROOT)
    assert_sums_hold(scan.tree)
