"""A process that may open, start or hold hardly anything, that forks or ends while it scans."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import time

import pytest

from dusk.scan.scanner import ScanOptions
from dusk.scan.start import open_scan
from dusk.scan.tree import ROOT
from hanging_filesystem import hanging_filesystem

HEAD = """
import os, resource, sys, threading, time
from dusk.scan.scanner import ScanOptions
from dusk.scan.start import ScanError, open_scan
import dusk.scan.walker  # whoever becomes another user may not be able to import
if os.environ["DUSK_SCANNER"] == "native":
    import dusk.scan.native_scan
root = os.fsencode(sys.argv[1])
"""


@pytest.fixture
def tree(root):
    """A tree that takes a moment: 600 directories with three files each."""
    for number in range(600):
        directory = root + b"/%d" % (number % 30) + b"/%d" % number
        os.makedirs(directory)
        for file in range(3):
            with open(directory + b"/%d" % file, "wb") as content:
                content.write(b"x" * 100)
    return root


@pytest.fixture
def child(scanner):
    """Run a script about a directory in a process of its own with the scanner under test."""

    def run(script, path, **options):
        ended = subprocess.run(
            [sys.executable, "-c", HEAD + textwrap.dedent(script), os.fsdecode(path)],
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
            **options,
        )
        assert ended.returncode == 0, ended.stderr
        assert not ended.stderr
        return ended.stdout

    return run


@pytest.mark.parametrize("limit", [16, 32])
def test_a_low_limit_of_descriptors_is_enough(tree, child, limit):
    script = """
    limit = int(os.environ["LIMIT"])
    scan = open_scan(root, ScanOptions(threads=24))
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
    scan.start()
    assert scan.wait(60)
    scan.refresh(root + b"/1")
    while scan.refreshes_pending:
        time.sleep(0.001)
    print(scan.progress().entries, scan.progress().errors, scan.progress().failure)
    """
    environment = {**os.environ, "LIMIT": str(limit)}
    assert child(script, tree, env=environment) == f"{1 + 30 + 600 * 4} 0 \n"


def test_threads_that_cannot_be_started_are_a_sentence(tree, child, tmp_path):
    # The kernel's limit holds for everybody but root; it counts all of the user's processes.
    script = """
    if os.geteuid() == 0:
        os.setgroups([]); os.setgid(61_235); os.setuid(61_235)
    scan = open_scan(root, ScanOptions(threads=4))
    resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))
    scan.start()
    assert scan.wait(10)
    progress = scan.progress()
    assert progress.finished and "no thread could be started" in progress.failure, progress
    assert scan.tree.name(0) == root
    scan.refresh(root)
    try:
        open_scan(root)
    except ScanError as error:
        print(error)
    """
    if os.geteuid() == 0:
        for parent in [tmp_path, *list(tmp_path.parents)[:-2]]:
            os.chmod(parent, os.stat(parent).st_mode | 0o055)
    assert child(script, tree) == "no thread could be started: can't start new thread\n"


def test_fewer_threads_than_wanted_still_scan(tree, child, tmp_path):
    """One that looks after the scan and at least one that walks are enough."""
    if os.geteuid() != 0:
        pytest.skip("needs a user of its own: the limit counts all processes of a user")
    script = """
    os.setgroups([]); os.setgid(61_236); os.setuid(61_236)
    seen = set()
    most = resource.getrlimit(resource.RLIMIT_NPROC)[1]
    for more in range(1, 6):
        scan = open_scan(root, ScanOptions(threads=4))
        resource.setrlimit(resource.RLIMIT_NPROC, (1 + more, most))
        scan.start()
        assert scan.wait(30)
        progress = scan.progress()
        assert progress.entries == 2431 or "no thread" in progress.failure, progress
        seen.add(progress.failure)
        while len(os.listdir("/proc/self/task")) > 1:
            time.sleep(0.001)
    print("" in seen)
    """
    for parent in [tmp_path, *list(tmp_path.parents)[:-2]]:
        os.chmod(parent, os.stat(parent).st_mode | 0o055)
    assert child(script, tree) == "True\n"


# Python itself waits forever for a thread of its own that found no memory to begin with.
@pytest.mark.native_only
def test_memory_that_ends_is_a_sentence(root, child):
    for number in range(100):
        os.mkdir(root + b"/%d" % number)
        for file in range(40):
            with open(root + b"/%d/%s%d" % (number, b"n" * 200, file), "wb"):
                pass
    script = """
    with open("/proc/self/statm") as statm:
        used = int(statm.read().split()[0]) * resource.getpagesize()
    seen = []
    for more in (0, 200_000, 800_000, 1_500_000, 3_000_000, 400_000_000):
        scan = open_scan(root, ScanOptions(threads=2))
        resource.setrlimit(resource.RLIMIT_AS, (used + more, resource.RLIM_INFINITY))
        try:
            scan.start()
            assert scan.wait(30)
            seen.append(scan.progress().failure or scan.progress().entries)
            scan.tree.entry(0)
        except MemoryError:
            seen.append("python")
        finally:
            resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    print(seen[-1])
    """
    assert child(script, root, env={**os.environ, "MALLOC_ARENA_MAX": "1"}) == "4101\n"


def test_a_fork_while_scanning_harms_neither(tree, child):
    script = """
    children = []
    for number in range(20):
        scan = open_scan(root, ScanOptions(threads=3))
        scan.start()
        time.sleep(0.0005 * number)
        process = os.fork()
        if process == 0:
            # What was read so far can still be looked at; the threads that scan are not in this process.
            scan.tree.entry(0)
            other = open_scan(root, ScanOptions(threads=2))
            other.start()
            assert other.wait(60)
            assert other.progress().entries == 2431
            # Ends as Python does: everything that can be freed is.
            del scan
            sys.exit(0)
        children.append(process)
        assert scan.wait(60)
        assert scan.progress().entries == 2431
    print([os.waitpid(process, 0)[1] for process in children] == [0] * 20)
    """
    assert child(script, tree) == "True\n"


@pytest.mark.parametrize("way", ["end", "raise SystemExit(0)", "os._exit(0)"])
def test_the_interpreter_ends_while_scanning(tree, child, way):
    script = f"""
    scans = [open_scan(root, ScanOptions(threads=3)) for _ in range(3)]
    for scan in scans:
        scan.start()
    time.sleep(float(os.environ["DELAY"]))
    print("left", flush=True)
    {way if way != "end" else "pass"}
    """
    for delay in ("0", "0.002", "0.02"):
        assert child(script, tree, env={**os.environ, "DELAY": delay}) == "left\n"


@pytest.mark.root
def test_quitting_waits_for_no_mount(tree, child):
    """Hung mounts hold up neither the walk beside them, nor cancelling, nor the end of the process."""
    hung = [tree + b"/%d/hung" % number for number in range(0, 30, 6)]
    for directory in hung:
        os.mkdir(directory)
    with hanging_filesystem(hung[0]), hanging_filesystem(hung[1]), hanging_filesystem(hung[2]):
        script = """
        scan = open_scan(root, ScanOptions(cross=True, threads=2))
        scan.start()
        while scan.progress().entries < 2000 and os.environ["DUSK_SCANNER"] == "native":
            time.sleep(0.01)
        begin = time.monotonic()
        scan.cancel()
        assert scan.progress().finished
        assert time.monotonic() - begin < 2
        print("left", flush=True)
        """
        begin = time.monotonic()
        assert child(script, tree) == "left\n"
        assert time.monotonic() - begin < 30


def test_cancelling_is_heard_at_once(tree, scanner):
    """A tenth of a second is the promise, measured by the benchmark; a busy machine may take longer here."""
    slowest = 0.0
    for delay in (0, 0.001, 0.003, 0.01, 0.03):
        scan = open_scan(tree, ScanOptions(threads=3))
        scan.start()
        time.sleep(delay)
        begin = time.monotonic()
        scan.cancel()
        assert scan.wait(5)
        slowest = max(slowest, time.monotonic() - begin)
        assert scan.progress().finished
        assert sum(1 for _ in scan.tree.subtree(ROOT)) == scan.tree.entry(ROOT).items + 1
    assert slowest < 2
