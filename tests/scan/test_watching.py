"""A scan as its readers see it while it runs: streaming, stopped, failing, interrupted by the disk."""

from __future__ import annotations

import os
import random
import sys
import threading
import time

import pytest

from dusk.scan import listing, ordering
from dusk.scan import walk as walk_module
from dusk.scan.entry import EntryFlag, Measure, Sort
from dusk.scan.scanner import ScanOptions, Triggers
from dusk.scan.start import open_scan
from dusk.scan.tree import ROOT

from .wild_tree import build_wild_tree


def write(path, size=1000):
    with open(path, "wb") as file:
        file.write(b"x" * size)


@pytest.fixture
def gate(monkeypatch):
    """Let a scan read one directory for every release."""
    permits = threading.Semaphore(0)
    waiting = threading.Semaphore(0)
    read = walk_module.read_batches

    def gated(*arguments):
        waiting.release()
        assert permits.acquire(timeout=10)
        yield from read(*arguments)

    monkeypatch.setattr(walk_module, "read_batches", gated)
    monkeypatch.setattr(walk_module, "_SHARE_EVERY", 0.0)
    yield permits, waiting
    for _ in range(1000):
        permits.release()


@pytest.mark.reference_only
def test_the_tree_can_be_read_before_the_end_and_totals_grow(root, gate):
    permits, waiting = gate
    for name in (b"/a", b"/b"):
        os.makedirs(root + name + b"/deep")
        write(root + name + b"/deep/file", 50_000)
    scan = open_scan(root, ScanOptions())
    assert scan.tree.name(ROOT) == root
    scan.start()
    seen = []
    for _ in range(5):
        assert waiting.acquire(timeout=10)
        progress = scan.progress()
        assert not progress.finished
        assert progress.current.startswith(root)
        assert not scan.tree.is_complete(ROOT)
        seen.append((progress.entries, progress.apparent_bytes, scan.tree.revision(ROOT)))
        permits.release()
    assert scan.wait(10)
    assert [entries for entries, _, _ in seen] == [1, 3, 4, 5, 6]
    assert [size for _, size, _ in seen] == [0, 0, 0, 50_000, 50_000]
    revisions = [revision for _, _, revision in seen]
    assert revisions == sorted(set(revisions))
    assert scan.progress().apparent_bytes == 100_000
    assert scan.progress().current == b""
    assert scan.tree.is_complete(ROOT)


def test_directories_complete_deepest_first_and_the_root_last(root, scan_of):
    build_wild_tree(root, 5)
    scan = scan_of(root)
    completed = list(scan.completed)
    assert completed[-1] == ROOT
    assert len(set(completed)) == len(completed) == scan.progress().directories
    position = {index: order for order, index in enumerate(completed)}
    assert all(position[index] < position[scan.tree.parent(index)] for index in completed[:-1])


def test_readers_in_other_threads_never_see_a_half_made_entry(root, monkeypatch):
    for number in range(60):
        os.makedirs(root + b"/%d/x" % number)
        for file in range(20):
            write(root + b"/%d/x/%d" % (number, file), 10)
    monkeypatch.setattr(listing, "BATCH", 3)
    monkeypatch.setattr(sys, "setswitchinterval", sys.setswitchinterval)
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    problems = []
    scan = open_scan(root, ScanOptions())

    def read():
        chance = random.Random(1)
        tree = scan.tree
        try:
            while not scan.wait(0):
                index = chance.randrange(len(tree))
                entry = tree.entry(index)
                for child in tree.children(index, chance.choice(list(Sort)), limit=5):
                    assert tree.parent(child) == index
                assert tree.find(tree.path(index)) == index
                assert entry.name == tree.name(index)
                assert entry.name
                list(tree.subtree(index))
                tree.linked_inodes(index)
                scan.progress()
        except Exception as error:
            problems.append(error)

    try:
        readers = [threading.Thread(target=read) for _ in range(3)]
        for reader in readers:
            reader.start()
        scan.start()
        for reader in readers:
            reader.join(30)
    finally:
        sys.setswitchinterval(interval)
    assert not problems
    assert scan.wait(60)
    assert scan.progress().entries == 60 * 22 + 1


@pytest.mark.reference_only
def test_cancel_returns_at_once_and_keeps_what_was_found(root, gate):
    permits, waiting = gate
    for number in range(5):
        os.mkdir(root + b"/%d" % number)
    scan = open_scan(root, ScanOptions())
    scan.start()
    permits.release(2)
    for _ in range(3):
        assert waiting.acquire(timeout=10)
    begin = time.monotonic()
    scan.cancel()
    progress = scan.progress()
    assert time.monotonic() - begin < 0.1
    assert progress.cancelled
    assert progress.finished
    permits.release()
    assert scan.wait(10)
    assert scan.progress().entries == 6
    assert scan.progress().cancelled
    assert not scan.tree.is_complete(ROOT)
    assert ROOT not in scan.completed


@pytest.mark.reference_only
def test_cancel_stops_inside_one_huge_directory(root, monkeypatch):
    for number in range(40):
        write(root + b"/%d" % number)
    monkeypatch.setattr(listing, "BATCH", 10)
    read = walk_module.read_batches

    def cancelling(*arguments):
        for count, batch in enumerate(read(*arguments)):
            yield batch
            assert count == 0

    monkeypatch.setattr(walk_module, "read_batches", cancelling)
    scan = open_scan(root, ScanOptions())
    scan.cancel()
    scan.start()
    assert scan.wait(10)
    assert not scan.progress().failure
    assert scan.progress().entries == 11


def test_cancelling_a_finished_scan_changes_nothing(root, scan_of, refreshed):
    scan = scan_of(root)
    scan.cancel()
    assert not scan.progress().cancelled
    write(root + b"/new")
    refreshed(scan, root)
    assert scan.tree.find(root + b"/new") is not None


@pytest.mark.parametrize(
    ("error", "words"), [(MemoryError(), "not enough memory"), (ValueError("bad"), "ValueError")]
)
@pytest.mark.reference_only
def test_a_scan_that_fails_says_so_and_ends(root, monkeypatch, error, words):
    os.makedirs(root + b"/a")
    read = walk_module.read_batches

    def failing(*arguments):
        if len(scan.tree) > 1:
            raise error
        yield from read(*arguments)

    monkeypatch.setattr(walk_module, "read_batches", failing)
    scan = open_scan(root, ScanOptions())
    scan.start()
    assert scan.wait(10)
    assert scan.progress().finished
    assert words in scan.progress().failure
    assert scan.tree.find(root + b"/a") is not None
    scan.refresh(root)
    assert scan.refreshes_pending == 0


def test_hits_are_the_names_that_triggers_match(root, scan_of):
    names = [b"model.safetensors", b"a.pyc", b"pyc", b".pyc", b"models--x", b"exact", b"exactly", b"x_failed"]
    for name in names:
        write(root + b"/" + name, 1)
    os.mkdir(root + b"/models--y")
    triggers = Triggers(
        names=frozenset({b"exact"}), prefixes=(b"models--",), suffixes=(b".pyc", b".safetensors", b"_failed")
    )
    scan = scan_of(root, ScanOptions(triggers=triggers))
    wanted = {name for name in [*names, b"models--y"] if triggers.match(name)}
    assert {scan.tree.name(index) for index in scan.hits} == wanted
    assert len(scan.hits) == len(wanted) == 7


def test_no_triggers_means_no_hits(root, scan_of):
    write(root + b"/file")
    assert not scan_of(root).hits
    assert not scan_of(root, ScanOptions(triggers=Triggers())).hits


def test_starting_twice_scans_once(root, scan_of):
    write(root + b"/file")
    scan = scan_of(root)
    scan.start()
    assert scan.wait(1)
    assert len(scan.tree) == 2


@pytest.mark.reference_only
def test_a_huge_directory_is_not_sorted_again_for_every_look_while_it_is_read(root, gate, monkeypatch):
    permits, waiting = gate
    os.mkdir(root + b"/below")
    for number in range(30):
        write(root + b"/%02d" % number, number)
    monkeypatch.setattr(ordering, "_SLOW", 0.0)
    monkeypatch.setattr(ordering, "_PATIENCE", 1e9)
    scan = open_scan(root, ScanOptions())
    scan.start()
    permits.release()
    assert waiting.acquire(timeout=10)
    assert waiting.acquire(timeout=10)
    first = scan.tree.children(ROOT, measure=Measure.APPARENT, limit=3)
    write(root + b"/below/huge", 90_000)
    permits.release()
    assert scan.wait(10)
    assert scan.tree.name(scan.tree.children(ROOT, measure=Measure.APPARENT, limit=3)[0]) == b"below"
    assert scan.tree.name(first[0]) == b"29"


def test_time_stops_with_the_scan(root, scan_of):
    scan = scan_of(root)
    first = scan.progress().seconds
    time.sleep(0.02)
    assert 0 < first == scan.progress().seconds


def test_every_question_has_an_answer_before_the_scan_starts(root):
    # The first frame is drawn before the first directory is read.
    tree = open_scan(root, ScanOptions()).tree
    entry = tree.entry(ROOT)
    assert (entry.name, entry.items, entry.disk_size) == (root, 0, 0)
    assert entry.is_directory
    assert entry.flags & EntryFlag.SCANNING
    assert list(tree.children(ROOT)) == []
    assert tree.child_count(ROOT) == 0
    assert list(tree.subtree(ROOT)) == [ROOT]
    assert tree.linked_inodes(ROOT) == ()
    assert tree.find(root) == ROOT
    assert tree.child(ROOT, b"none") is None
    assert not tree.is_complete(ROOT)
    assert not tree.is_removed(ROOT)
    assert tree.newest_mtime_ns(ROOT) == 0
    assert tree.revision(ROOT) >= 0
