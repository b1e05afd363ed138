"""Scanning a directory to the end, and what GNU du says about it."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from contextlib import contextmanager

import pytest
from hypothesis import HealthCheck, Phase, settings

from dusk.scan.scanner import ScanOptions
from dusk.scan.start import SCANNER_VARIABLE, is_native_built, open_scan
from unprivileged import Unprivileged

_NOTHING = ScanOptions()
_MORE = float(os.environ.get("DUSK_TREES", "1"))
"""How many times as many trees as usual are generated."""


def generated(count):
    """Let hypothesis generate this many trees, each of them counted."""
    return settings(
        max_examples=max(1, int(count * _MORE)),
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.explicit, Phase.generate, Phase.shrink),
        print_blob=True,
    )


def pytest_generate_tests(metafunc):
    """Run every test against both scanners, but those that reach into one of them."""
    markers = {marker.name for marker in metafunc.definition.iter_markers()}
    if "both_scanners" in markers:
        return
    scanners = ["reference"] if "reference_only" in markers else ["reference", "native"]
    if "native_only" in markers:
        scanners = ["native"]
    metafunc.parametrize("scanner", scanners, indirect=True)


@pytest.fixture(autouse=True)
def scanner(request, monkeypatch):
    """Choose the scanner; one that was not built here is a reason to skip."""
    if not hasattr(request, "param"):
        return None
    if request.param == "native" and not is_native_built():
        pytest.skip("the native scanner was not built here")
    monkeypatch.setenv(SCANNER_VARIABLE, request.param)
    return request.param


@pytest.fixture
def root(tmp_path):
    """An empty directory to scan, as bytes."""
    directory = tmp_path / "root"
    directory.mkdir()
    return os.fsencode(directory)


@pytest.fixture
def scan_of():
    """Scan a directory to its end."""

    def scan(path, options=_NOTHING):
        scan = open_scan(path, options)
        scan.start()
        assert scan.wait(60)
        return scan

    return scan


@pytest.fixture
def scan_with(monkeypatch, scan_of):
    """Scan with the scanner that is named."""

    def scan(scanner, path, options=_NOTHING):
        monkeypatch.setenv(SCANNER_VARIABLE, scanner)
        ended = scan_of(path, options)
        assert ended.progress().scanner == scanner
        return ended

    return scan


@pytest.fixture
def count_trees(record_property):
    """Count generated trees; the sum over all tests is said at the end of the run."""
    trees = 0

    def count(more):
        nonlocal trees
        trees += more

    yield count
    record_property("generated trees", trees)


@pytest.fixture
def new_tree(tmp_path, count_trees):
    """Make an empty directory for each example, and one beside it; both go when the example ends."""

    @contextmanager
    def make(parent=None):
        count_trees(1)
        place = os.fsencode(tempfile.mkdtemp(dir=parent or tmp_path))
        os.chmod(place, 0o755)
        root, outside = place + b"/root", place + b"/outside"
        os.mkdir(root)
        os.mkdir(outside)
        try:
            yield root, outside
        finally:
            shutil.rmtree(place, ignore_errors=True)

    return make


@pytest.fixture
def refreshed():
    """Refresh directories of a scan and wait until that is done."""

    def refresh(scan, *paths):
        for path in paths:
            scan.refresh(path)
        deadline = time.monotonic() + 30
        while scan.refreshes_pending:
            assert time.monotonic() < deadline
            time.sleep(0.001)
        assert not scan.progress().failure

    return refresh


@pytest.fixture
def du():
    """Return the bytes that GNU du counts on one filesystem."""
    if shutil.which("du") is None:
        pytest.skip("no du here")
    version = subprocess.run(["du", "--version"], capture_output=True, check=False).stdout
    if b"GNU" not in version:
        pytest.skip("du is not GNU du")

    def measure(path):
        output = subprocess.run(["du", "-sx", "-B1", path], capture_output=True, check=False).stdout
        return int(output.split()[0])

    return measure


@pytest.fixture
def as_user(tmp_path):
    """Run a function as a user who is not root and owns nothing here; its result comes back pickled."""

    def run(function):
        if os.geteuid() == 0:
            for parent in [tmp_path, *list(tmp_path.parents)[:-2]]:
                os.chmod(parent, os.stat(parent).st_mode | 0o055)
        return Unprivileged(tmp_path).run(function)

    return run
