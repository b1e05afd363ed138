"""What to report is said while the scan runs, or after it: hits are those of a scan that knew it before."""

from __future__ import annotations

import os
import threading
import time

from hypothesis import given
from hypothesis import strategies as st

from dusk.scan.enclosed import is_enclosed_path
from dusk.scan.scanner import ScanOptions, Triggers
from dusk.scan.start import open_scan
from dusk.scan.tree import ROOT

from .conftest import generated
from .generated_tree import built, parts
from .test_moving_trees import QUIET, changing

TRIGGERS = Triggers(
    names=frozenset({b"moving-7"}),
    prefixes=(b"linked", b"d"),
    suffixes=(b"1", b"\xff"),
    enclosures=frozenset({b"b", b"a/c", b"d/a"}),
    inside=Triggers(names=frozenset({b"a", b"c"}), suffixes=(b"7",)),
)
LATE = ScanOptions(awaits_report=True)
DELAYS = st.sampled_from((0.0, 0.0, 0.0005, 0.002, 0.01, 0.05))


def write(path):
    with open(path, "wb") as file:
        file.write(b"x")


def is_wanted(tree, index):
    """Return whether an entry is a hit, by the definition alone."""
    above = os.path.dirname(tree.path(index))
    triggers = TRIGGERS.inside if is_enclosed_path(TRIGGERS.encloses, above) else TRIGGERS
    return triggers.match(tree.name(index))


def assert_hits_are_right(scan):
    wanted = [index for index in range(ROOT + 1, len(scan.tree)) if is_wanted(scan.tree, index)]
    assert sorted(scan.hits) == wanted


def hit_paths(scan):
    return sorted(scan.tree.path(index) for index in scan.hits)


@generated(40)
@given(drawn=parts(QUIET), delay=DELAYS, threads=st.integers(1, 4))
def test_hits_are_those_of_a_scan_that_knew_before(new_tree, scan_of, drawn, delay, threads):
    with new_tree() as (root, outside), built(root, outside, drawn):
        early = scan_of(root, ScanOptions(triggers=TRIGGERS))
        late = open_scan(root, ScanOptions(awaits_report=True, threads=threads))
        late.start()
        time.sleep(delay)
        assert not late.hits
        assert not late.completed
        late.report(TRIGGERS)
        assert late.wait(30)
        assert hit_paths(late) == hit_paths(early)
        assert_hits_are_right(late)
        assert len(late.completed) == len(early.completed)


@generated(25)
@given(drawn=parts(QUIET), seed=st.integers(0, 10**6), delay=DELAYS)
def test_hits_are_right_while_everything_moves(new_tree, refreshed, drawn, seed, delay):
    with new_tree() as (root, outside), built(root, outside, drawn):
        scan = open_scan(root, LATE)
        with changing(root, seed):
            reporter = threading.Thread(target=lambda: (time.sleep(delay), scan.report(TRIGGERS)))
            reporter.start()
            scan.start()
            scan.refresh(root)
            assert scan.wait(30)
            refreshed(scan, root)
            reporter.join()
        refreshed(scan, root)
        assert_hits_are_right(scan)


@generated(15)
@given(drawn=parts(QUIET), delay=DELAYS)
def test_a_cancelled_scan_reports_what_it_found(new_tree, drawn, delay):
    with new_tree() as (root, outside), built(root, outside, drawn):
        scan = open_scan(root, LATE)
        scan.start()
        time.sleep(delay)
        scan.cancel()
        scan.report(TRIGGERS)
        assert scan.wait(30)
        assert_hits_are_right(scan)


@generated(15)
@given(drawn=parts(QUIET), delay=DELAYS)
def test_who_sees_a_directory_complete_knows_the_hits_in_it(new_tree, drawn, delay):
    with new_tree() as (root, outside), built(root, outside, drawn):
        scan = open_scan(root, LATE)
        seen: list[tuple[int, int]] = []

        def watch():
            while not seen or ROOT not in scan.completed[: seen[-1][0]]:
                looked = (len(scan.completed), len(scan.hits))
                if not seen or looked != seen[-1]:
                    seen.append(looked)

        watcher = threading.Thread(target=watch)
        watcher.start()
        scan.start()
        time.sleep(delay)
        scan.report(TRIGGERS)
        watcher.join(30)
        assert seen == sorted(seen)  # both only ever grow
        tree = scan.tree
        for completed, hits in seen[:: max(1, len(seen) // 50)]:
            known = set(scan.hits[:hits])
            for directory in scan.completed[:completed]:
                for child in tree.children(directory):
                    assert child in known or not is_wanted(tree, child)


def test_only_the_first_report_counts(root):
    write(root + b"/a1")
    write(root + b"/other")
    scan = open_scan(root, LATE)
    scan.report(TRIGGERS)
    scan.report(Triggers(names=frozenset({b"other"})))
    scan.start()
    assert scan.wait(10)
    scan.report(Triggers(names=frozenset({b"other"})))
    assert hit_paths(scan) == [root + b"/a1"]


def test_a_report_after_the_end_also_holds_for_what_a_refresh_finds(root, refreshed):
    write(root + b"/a1")
    scan = open_scan(root, LATE)
    scan.start()
    assert scan.wait(10)
    write(root + b"/b1")
    refreshed(scan, root)
    scan.report(TRIGGERS)
    write(root + b"/c1")
    refreshed(scan, root)
    assert hit_paths(scan) == [root + b"/a1", root + b"/b1", root + b"/c1"]
