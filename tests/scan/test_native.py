"""What only the native scanner promises: likeness to the reference, hung mounts, memory, many threads."""

from __future__ import annotations

import os
import select
import subprocess
import sys
import textwrap
import time

import pytest

from dusk.scan.entry import EntryFlag, Measure, Sort
from dusk.scan.scanner import ScanOptions, Triggers
from dusk.scan.start import SCANNER_VARIABLE, ScanError, open_scan
from dusk.scan.tree import ROOT
from hanging_filesystem import hanging_filesystem

from .sameness import facts
from .wild_tree import build_wild_tree

pytestmark = pytest.mark.native_only
TRIGGERS = Triggers(
    names=frozenset({b"entry-001", b" "}), prefixes=(b"entry-01", b"-"), suffixes=(b"3", b"9n", b"80")
)


def scanned(path, monkeypatch, scanner, **options):
    monkeypatch.setenv(SCANNER_VARIABLE, scanner)
    scan = open_scan(path, ScanOptions(triggers=TRIGGERS, **options))
    scan.start()
    assert scan.wait(60)
    assert scan.progress().scanner == scanner
    return scan


@pytest.mark.parametrize("seed", range(20))
def test_a_tree_is_what_the_reference_sees(root, monkeypatch, seed):
    build_wild_tree(root, seed, entries=250)
    reference = scanned(root, monkeypatch, "reference")
    native = scanned(root, monkeypatch, "native", threads=1 + seed % 5)
    assert facts(native) == facts(reference)
    one, other = native.progress(), reference.progress()
    assert (one.entries, one.directories, one.errors) == (other.entries, other.directories, other.errors)
    assert (one.apparent_bytes, one.disk_bytes) == (other.apparent_bytes, other.disk_bytes)

    def names(scan):
        return sorted(scan.tree.path(index) for index in scan.hits)

    def orders(scan):
        # Which name of an inode carries its bytes may differ, and so may sizes above.
        return [
            [tree.name(child) for child in tree.children(directory, sort, Measure.APPARENT)]
            for tree in [scan.tree]
            for directory in sorted(scan.completed, key=tree.path)
            for sort in (Sort.NAME, Sort.ITEMS, Sort.NEWEST)
        ]

    assert names(native) == names(reference)
    assert orders(native) == orders(reference)
    inodes = [{(i.device, i.inode, i.links, i.found, i.disk_size) for i in s.tree.linked_inodes(ROOT)}
              for s in (native, reference)]  # fmt: skip
    assert inodes[0] == inodes[1]


def test_many_threads_on_a_small_tree(root, scan_of, du):
    build_wild_tree(root, 3)
    for threads in (1, 7, 256):
        scan = scan_of(root, ScanOptions(threads=threads))
        assert scan.progress().disk_bytes == du(root)
        assert scan.completed[len(scan.completed) - 1] == ROOT


def test_indexes_behave_as_a_sequence(root, scan_of):
    for number in range(10):
        os.mkdir(root + b"/%d" % number)
    completed = scan_of(root).completed
    assert len(completed) == 11
    assert list(completed[3:5]) == list(completed)[3:5]
    assert list(completed[::-2]) == list(completed)[::-2]
    assert completed[-1] == ROOT
    assert not completed[20:30]
    with pytest.raises(IndexError):
        completed[11]


def test_numbers_that_name_no_entry_are_refused(root, scan_of):
    tree = scan_of(root).tree
    for index in (1, -1, 2**32, 2**70, -(2**70)):
        with pytest.raises(IndexError):
            tree.name(index)
        with pytest.raises(IndexError):
            tree.entry(index)
        with pytest.raises(IndexError):
            tree.children(index)


def test_asking_for_a_scanner_that_does_not_exist(root, monkeypatch):
    monkeypatch.setenv(SCANNER_VARIABLE, "quick")
    with pytest.raises(ScanError, match="native or reference"):
        open_scan(root, ScanOptions())


@pytest.mark.root
def test_a_mount_that_hangs_holds_up_nothing_else(root):
    for number in range(6):
        os.makedirs(root + b"/%d/inner" % number)
        with open(root + b"/%d/inner/file" % number, "wb") as file:
            file.write(b"x" * 1000)
    for hung in (b"/2/hung", b"/4/inner/hung"):
        os.mkdir(root + hung)
    with hanging_filesystem(root + b"/2/hung"), hanging_filesystem(root + b"/4/inner/hung"):
        scan = open_scan(root, ScanOptions(cross=True, threads=1))
        scan.start()
        end = time.monotonic() + 10
        # Opening either mount hangs; all the rest, beside them too, is walked by threads that take over.
        while len(scan.completed) < 9 and time.monotonic() < end:
            time.sleep(0.02)
        assert len(scan.completed) == 9
        assert not scan.wait(0)
        begin = time.monotonic()
        scan.cancel()
        assert scan.progress().finished
        assert time.monotonic() - begin < 0.1
        assert scan.wait(2)
        os.mkdir(root + b"/0/new")
        scan.refresh(root + b"/0")
        end = time.monotonic() + 5
        while scan.refreshes_pending and time.monotonic() < end:
            time.sleep(0.01)
        assert scan.tree.find(root + b"/0/new") is not None


def test_a_walk_that_hangs_holds_nothing_of_the_process_open(root):
    os.makedirs(root + b"/hung")
    reading, writing = os.pipe()
    with hanging_filesystem(root + b"/hung"):
        scan = open_scan(root, ScanOptions(cross=True, threads=2))
        scan.start()
        end = time.monotonic() + 10
        while scan.progress().entries < 2 and time.monotonic() < end:
            time.sleep(0.01)
        assert not scan.wait(0.1)
        os.close(writing)
        # Its threads began while the pipe was open: a copy in one of them would keep the reader waiting.
        assert select.select([reading], [], [], 5)[0]
        assert os.read(reading, 1) == b""
        scan.cancel()
    os.close(reading)


def test_no_descriptor_stays_behind(root):
    build_wild_tree(root, 7, entries=250)
    before = os.listdir("/proc/self/fd")
    for number in range(30):
        scan = open_scan(root, ScanOptions(threads=1 + number % 5))
        scan.start()
        if number % 3 == 0:
            scan.cancel()
        assert scan.wait(10)
        scan.refresh(root)
        end = time.monotonic() + 10
        while scan.refreshes_pending and time.monotonic() < end:
            time.sleep(0.01)
    end = time.monotonic() + 5
    while len(os.listdir("/proc/self/fd")) > len(before) and time.monotonic() < end:
        time.sleep(0.01)
    assert len(os.listdir("/proc/self/fd")) == len(before)


def test_no_memory_is_a_sentence_and_what_was_found_stays(root):
    for number in range(300):
        os.mkdir(root + b"/%d" % number)
        for file in range(40):
            with open(root + b"/%d/%s" % (number, b"n" * 200 + b"%d" % (file * number)), "wb"):
                pass
    script = textwrap.dedent(
        """
        import os, resource, sys
        from dusk.scan.scanner import ScanOptions
        from dusk.scan.start import open_scan
        import dusk.scan.native_scan, dusk.scan.pace
        with open("/proc/self/statm") as statm:
            used = int(statm.read().split()[0]) * resource.getpagesize()
        seen = set()
        for more in range(0, 6_000_000, 150_000):
            scan = open_scan(os.fsencode(sys.argv[1]), ScanOptions(threads=2))
            resource.setrlimit(resource.RLIMIT_AS, (used + more, resource.RLIM_INFINITY))
            try:
                scan.start()
                assert scan.wait(20)
                seen.add(scan.progress().failure)
                scan.tree.entry(0)
            except MemoryError:
                seen.add("python")
            finally:
                resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        print(sorted(seen))
        """
    )
    ended = subprocess.run(
        [sys.executable, "-c", script, os.fsdecode(root)],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
        env={**os.environ, "MALLOC_ARENA_MAX": "1"},
    )
    assert ended.returncode == 0, ended.stderr
    assert "not enough memory" in ended.stdout or "no thread" in ended.stdout


def test_cancelling_is_quick_and_leaves_a_readable_tree(root, tmp_path):
    directory = os.open(root, os.O_RDONLY)
    for number in range(3000):
        os.mkdir(b"%d" % number, dir_fd=directory)
    os.close(directory)
    for delay in (0, 0.001, 0.005):
        scan = open_scan(root, ScanOptions(threads=3))
        scan.start()
        time.sleep(delay)
        begin = time.monotonic()
        scan.cancel()
        assert scan.wait(5)
        assert time.monotonic() - begin < 1
        tree = scan.tree
        assert sum(1 for _ in tree.subtree(ROOT)) == tree.entry(ROOT).items + 1
        assert all(not tree.entry(index).flags & EntryFlag.REMOVED for index in tree.subtree(ROOT))


def test_leaving_while_threads_walk_ends_the_process(tmp_path):
    script = textwrap.dedent(
        """
        from dusk.scan.scanner import ScanOptions
        from dusk.scan.start import open_scan
        scans = [open_scan(b"/", ScanOptions(threads=4)) for _ in range(3)]
        for scan in scans:
            scan.start()
        scan.wait(0.05)
        print(len(scans[0].tree) > 0)
        """
    )
    ended = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=20, check=False
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "True\n", "")
