"""In some directories other names count: the same in the core, in the reference and by definition."""

from __future__ import annotations

import os

import pytest

from dusk.scan.scanner import ScanOptions, Triggers
from dusk.scan.start import open_scan

TRIGGERS = Triggers(
    names=frozenset({b"plain", b"store"}),
    suffixes=(b".py",),
    enclosures=frozenset({b"installed", b"cache/store"}),
    inside=Triggers(names=frozenset({b"marker", b"installed"})),
)
FILES = (
    b"plain", b"a.py", b"marker",
    b"installed/plain", b"installed/a.py", b"installed/marker", b"installed/deep/deeper/a.py",
    b"installed/deep/deeper/marker", b"installed/installed/x",
    b"store/plain", b"store/marker", b"cache/plain", b"cache/store/plain", b"cache/store/marker",
    b"other/cache/store/more/marker", b"other/cache/more/store/marker",
)  # fmt: skip
WANTED = {
    b"plain", b"a.py", b"store", b"store/plain", b"cache/plain", b"cache/store", b"cache/store/marker",
    b"installed/marker", b"installed/deep/deeper/marker", b"installed/installed", b"other/cache/store",
    b"other/cache/store/more/marker", b"other/cache/more/store",
}  # fmt: skip


def fill(root):
    for file in FILES:
        path = os.path.join(root, file)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb"):
            pass


def hits(scan, root):
    return {os.path.relpath(scan.tree.path(hit), root) for hit in scan.hits}


@pytest.mark.parametrize("late", [False, True])
def test_what_counts_depends_on_the_directories_above(root, scan_of, late):
    fill(root)
    scan = scan_of(root, ScanOptions(awaits_report=True) if late else ScanOptions(triggers=TRIGGERS))
    if late:
        scan.report(TRIGGERS)
    assert hits(scan, root) == WANTED


@pytest.mark.parametrize("late", [False, True])
def test_a_root_inside_an_enclosure_is_one(root, late):
    fill(root)
    top = os.path.join(root, b"installed/deep")
    scan = open_scan(top, ScanOptions(awaits_report=True) if late else ScanOptions(triggers=TRIGGERS))
    scan.start()
    assert scan.wait(10)
    if late:
        scan.report(TRIGGERS)
    assert hits(scan, top) == {b"deeper/marker"}


def test_what_a_refresh_finds_counts_alike(root, scan_of, refreshed):
    scan = scan_of(root, ScanOptions(triggers=TRIGGERS))
    fill(root)
    refreshed(scan, root)
    assert hits(scan, root) == WANTED
