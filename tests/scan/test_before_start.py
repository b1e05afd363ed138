"""A scan that was not started yet can be looked at already."""

from __future__ import annotations

from dusk.scan.entry import EntryFlag
from dusk.scan.scanner import ScanOptions
from dusk.scan.start import open_scan
from dusk.scan.tree import ROOT


def test_the_root_is_there_before_the_scan_begins(root):
    scan = open_scan(root, ScanOptions())
    entry = scan.tree.entry(ROOT)
    assert (entry.id, entry.parent, entry.name, entry.error) == (ROOT, -1, root, "")
    assert (entry.apparent_size, entry.disk_size, entry.items) == (0, 0, 0)
    assert entry.flags == EntryFlag.SCANNING
    assert len(scan.tree) == 1
    assert not scan.tree.children(ROOT)
    assert scan.tree.child(ROOT, b"any") is None
    assert list(scan.tree.subtree(ROOT)) == [ROOT]
    progress = scan.progress()
    assert (progress.entries, progress.seconds, progress.current) == (1, 0.0, b"")
    assert not progress.finished
    assert not scan.wait(0)
