"""In some directories other names count: the same in the core, in the reference and by definition."""

from __future__ import annotations

import dataclasses
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


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("below", [b"", b"installed", b"installed/local", b"installed/local/deep"])
def test_paths_say_where_an_enclosure_begins_and_ends(root, late, below):
    for directory in (b"", b"local/", b"local/deep/", b"local/cache/store/", b"other/local/deep/"):
        os.makedirs(os.path.join(root, b"installed", directory), exist_ok=True)
        for name in (b"plain", b"marker"):
            with open(os.path.join(root, b"installed", directory, name), "wb"):
                pass
    triggers = dataclasses.replace(
        TRIGGERS,
        enclosures=frozenset({os.path.join(root, b"installed"), b"cache/store"}),
        openings=frozenset({os.path.join(root, b"installed/local")}),
    )
    top = os.path.join(root, below)
    scan = open_scan(top, ScanOptions(awaits_report=True) if late else ScanOptions(triggers=triggers))
    scan.start()
    assert scan.wait(10)
    if late:
        scan.report(triggers)
    found = {os.path.relpath(scan.tree.path(hit), root) for hit in scan.hits}
    every = {
        b"installed/marker", b"installed/local/plain", b"installed/local/deep/plain",
        b"installed/local/cache/store", b"installed/local/cache/store/marker",
        b"installed/other/local/deep/marker",
    }  # fmt: skip
    assert found == {path for path in every if path.startswith(below)}


def test_what_a_refresh_finds_counts_alike(root, scan_of, refreshed):
    scan = scan_of(root, ScanOptions(triggers=TRIGGERS))
    fill(root)
    refreshed(scan, root)
    assert hits(scan, root) == WANTED
