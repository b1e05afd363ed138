"""Naming what cannot be scanned gets one clear sentence."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from dusk.scan.scanner import ScanOptions
from dusk.scan.start import ScanError, open_scan
from dusk.scan.tree import ROOT


def test_a_missing_path(root):
    with pytest.raises(ScanError, match=r"missing does not exist$"):
        open_scan(root + b"/missing", ScanOptions())


def test_a_file_instead_of_a_directory(root):
    with open(root + b"/file", "wb"):
        pass
    for path in (root + b"/file", root + b"/file/below"):
        with pytest.raises(ScanError, match="is not a directory"):
            open_scan(path, ScanOptions())


def test_no_permission(root, as_user):
    os.mkdir(root + b"/closed")
    os.chmod(root + b"/closed", 0)

    def look():
        try:
            open_scan(root + b"/closed", ScanOptions())
        except ScanError as error:
            return str(error)
        return "no error"

    assert as_user(look).endswith("/closed: permission denied")


def test_links_in_a_circle_and_names_that_are_no_paths(root):
    os.symlink(b"b", root + b"/a")
    os.symlink(b"a", root + b"/b")
    with pytest.raises(ScanError, match="too many symbolic links"):
        open_scan(root + b"/a", ScanOptions())
    with pytest.raises(ScanError, match="zero byte"):
        open_scan(root + b"/a\0b", ScanOptions())
    with pytest.raises(ScanError, match="does not exist"):
        open_scan(root + b"/" + b"n" * 250 + b"\x1b[2J", ScanOptions())
    with pytest.raises(ScanError, match="cannot be opened: file name too long"):
        open_scan(root + b"/" + b"n" * 300, ScanOptions())


def test_hostile_names_are_shown_harmless(root):
    with pytest.raises(ScanError) as caught:
        open_scan(root + b"/\x1b[2J\n", ScanOptions())
    assert str(caught.value).isprintable()


def test_a_working_directory_that_vanished(root):
    script = (
        "import os, sys; os.chdir(sys.argv[1]); os.rmdir(sys.argv[1])\n"
        "from dusk.scan.scanner import ScanOptions\n"
        "from dusk.scan.start import ScanError, open_scan\n"
        "try: open_scan(b'.', ScanOptions())\n"
        "except ScanError as error: print(error)\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script, os.fsdecode(root)], capture_output=True, text=True, check=False
    )
    assert ended.stdout.startswith("the working directory does not exist any more"), ended.stderr


def test_relative_paths_and_links_are_resolved(root, monkeypatch):
    os.makedirs(root + b"/real/inner")
    os.symlink(b"real", root + b"/link")
    monkeypatch.chdir(os.fsdecode(root))
    assert open_scan(b"link/inner/..", ScanOptions()).tree.name(ROOT) == root + b"/real"
    assert open_scan(b"link", ScanOptions()).tree.name(ROOT) == root + b"/real"
    assert open_scan(b"", ScanOptions()).tree.name(ROOT) == root
    assert open_scan(b"/", ScanOptions()).tree.path(ROOT) == b"/"


def test_paths_below_the_root_directory_have_one_slash():
    scan = open_scan(b"/", ScanOptions())
    assert scan.tree.find(b"/") == ROOT
    assert scan.tree.find(b"/missing") is None
