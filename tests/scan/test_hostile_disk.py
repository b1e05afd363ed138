"""A disk that changes under the walk, refuses, or leaves hardly any descriptors."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import textwrap
import time

import pytest

from dusk.scan import listing
from dusk.scan import walk as walk_module
from dusk.scan.entry import EntryFlag
from dusk.scan.scanner import ScanOptions
from dusk.scan.start import open_scan
from dusk.scan.tree import ROOT
from unprivileged import USER


def write(path, size=1000):
    with open(path, "wb") as file:
        file.write(b"x" * size)


@pytest.mark.reference_only
def test_what_vanishes_while_walking_is_no_error(root, monkeypatch):
    for name in (b"a", b"b", b"c"):
        os.makedirs(root + b"/" + name)
        write(root + b"/" + name + b"/file")
    read = walk_module.read_batches

    def removing(*arguments):
        yield from read(*arguments)
        if len(scan.tree) == 4:
            gone = scan.tree.name(3)
            os.unlink(root + b"/" + gone + b"/file")
            os.rmdir(root + b"/" + gone)
            other = scan.tree.name(1)
            os.rename(root + b"/" + other, root + b"/renamed")
            os.symlink(b"/", root + b"/" + other)

    monkeypatch.setattr(walk_module, "read_batches", removing)
    scan = open_scan(root, ScanOptions())
    scan.start()
    assert scan.wait(10)
    progress = scan.progress()
    assert not progress.failure
    assert progress.errors == 0
    assert (progress.entries, progress.directories) == (3, 2)
    assert scan.tree.child_count(ROOT) == 1
    assert scan.tree.is_complete(ROOT)
    (left,) = scan.tree.children(ROOT)
    assert scan.tree.name(left) == scan.tree.name(2)


@pytest.mark.reference_only
def test_files_that_vanish_between_listing_and_looking_are_left_out(root, scan_of, monkeypatch):
    for number in range(5):
        write(root + b"/%d" % number)
    scandir = os.scandir

    def vanishing(directory):
        entries = scandir(directory)
        if directory != os.fsdecode(root) and os.path.lexists(root + b"/3"):
            os.listdir(directory)
        return entries

    monkeypatch.setattr(os, "scandir", vanishing)
    islice = listing.islice

    def removing(entries, count):
        chunk = list(islice(entries, count))
        if os.path.lexists(root + b"/3"):
            os.unlink(root + b"/3")
        return chunk

    monkeypatch.setattr(listing, "islice", removing)
    scan = scan_of(root)
    assert scan.progress().errors == 0
    assert sorted(scan.tree.name(child) for child in scan.tree.children(ROOT)) == [b"0", b"1", b"2", b"4"]


def test_unreadable_directories_are_flagged_counted_and_mark_those_above(root, as_user):
    os.makedirs(root + b"/open/closed")
    os.makedirs(root + b"/blind")
    os.makedirs(root + b"/fine")
    write(root + b"/open/closed/secret", 70_000)
    write(root + b"/blind/name")
    os.chmod(root + b"/open/closed", 0)
    os.chmod(root + b"/blind", 0o444)
    if os.geteuid() == 0:
        for directory in (root, root + b"/open", root + b"/open/closed", root + b"/blind", root + b"/fine"):
            os.chown(directory, USER, USER)

    def look():
        scan = open_scan(root, ScanOptions())
        scan.start()
        assert scan.wait(10)
        tree = scan.tree
        result = {}
        for index in tree.subtree(ROOT):
            entry = tree.entry(index)
            result[tree.path(index)[len(root) :]] = (int(entry.flags), entry.error)
        reported = subprocess.run(["du", "-sx", "-B1", root], capture_output=True, check=False).stdout
        same = int(reported.split()[0]) == scan.progress().disk_bytes
        os.chmod(root + b"/open/closed", 0o700)
        scan.refresh(root + b"/open/closed")
        while scan.refreshes_pending:
            time.sleep(0.001)
        after = int(tree.entry(tree.find(root + b"/open")).flags), scan.progress().errors
        return result, scan.progress().errors, same, after, len(scan.completed)

    result, errors, same, after, _ = as_user(look)
    assert result[b"/open/closed"] == (EntryFlag.UNREADABLE, "permission denied")
    assert result[b"/open"] == (EntryFlag.PARTIAL, "")
    assert result[b""] == (EntryFlag.PARTIAL, "")
    assert result[b"/blind"] == (EntryFlag.PARTIAL, "")
    assert result[b"/blind/name"] == (EntryFlag.UNREADABLE, "permission denied")
    assert result[b"/fine"] == (0, "")
    assert same
    assert after == (0, 1)
    assert errors == 1


def test_few_descriptors_are_enough(root):
    directory = root
    for _ in range(40):
        for name in (b"/a", b"/b", b"/c"):
            os.mkdir(directory + name)
        directory += b"/b"
    script = textwrap.dedent(
        """
        import os, resource, sys
        from dusk.scan.scanner import ScanOptions
        from dusk.scan.start import open_scan
        scan = open_scan(os.fsencode(sys.argv[1]), ScanOptions())
        resource.setrlimit(resource.RLIMIT_NOFILE, (12, 12))
        scan.start()
        assert scan.wait(20)
        print(scan.progress().entries, scan.progress().errors, scan.progress().failure)
        """
    )
    ended = subprocess.run(
        [sys.executable, "-c", script, os.fsdecode(root)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.stdout == "121 0 \n", ended.stderr
    assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] > 12
