"""What judging adds to scanning.

    python benchmarks/judge.py [--directories 20000] [--files 50] [--runs 7] [--tree PATH] [--processes]

Every round scans once without and once with the judge, in an order that changes; the figure is the median
over the rounds of the ratio of the two in one round, so that a busy machine disturbs both alike. With
``--processes`` whole commands are compared as well: ``dusk scan`` with ``dusk suggest``, rules and imports
included. While the judge works, a second thread asks for its turn every millisecond, as a screen does: how
long it had to wait is said too.

DUSK_SCANNER chooses the scanner. The generated tree holds no name that a rule knows; give ``--tree`` a real
one, such as ``/usr`` or a home, to see what names cost.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from file_tree import file_tree
from machine import machine

from dusk.rules.judge import Judge
from dusk.rules.rulebook import RuleBook
from dusk.scan.scanner import ScanOptions
from dusk.scan.start import open_scan
from dusk.settings import Settings


class Waits:
    """How late a thread gets its turn that asks for one every millisecond."""

    def __init__(self) -> None:
        self.late: list[float] = []
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Waits:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopped.is_set():
            before = time.perf_counter()
            time.sleep(0.001)
            self.late.append(time.perf_counter() - before - 0.001)


def scan_only(tree: bytes) -> tuple[float, int]:
    began = time.perf_counter()
    scan = open_scan(tree, ScanOptions())
    with Waits():  # as beside the judge: the pair is to differ in the judging alone
        scan.start()
        scan.wait()
        return time.perf_counter() - began, scan.progress().entries


def scan_and_judge(tree: bytes, book: RuleBook) -> tuple[float, Judge, Waits]:
    began = time.perf_counter()
    scan = open_scan(tree, ScanOptions(triggers=book.triggers))
    judge = Judge(scan, book, Settings())
    with Waits() as waits:
        scan.start()
        judge.start()
        judge.wait()
        seconds = time.perf_counter() - began
    judge.stop()
    return seconds, judge, waits


def command(*words: str) -> float:
    began = time.perf_counter()
    subprocess.run([sys.executable, "-m", "dusk", *words], stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - began


def in_turn(round_number: int, first, second):
    """Run two things, the other one first in every second round; return the answers in a fixed order."""
    if round_number % 2:
        later = second()
        return first(), later
    return first(), second()


def middle(values: list[float]) -> str:
    ordered = sorted(values)
    return f"{statistics.median(ordered):.3f} (from {ordered[0]:.3f} to {ordered[-1]:.3f})"


def measure(tree: bytes, runs: int, processes: bool) -> None:
    book = RuleBook.load(b"/nonexistent")
    scan_only(tree)  # what is read once is in memory for both
    ratios, plain, judged, late = [], [], [], []
    for number in range(runs):
        (alone, entries), (both, judge, waits) = in_turn(
            number, lambda: scan_only(tree), lambda: scan_and_judge(tree, book)
        )
        plain.append(alone)
        judged.append(both)
        ratios.append(both / alone)
        late += waits.late
    progress = judge.scan.progress()
    print(
        f"{entries:,} entries, {len(judge.scan.hits):,} names that a rule knows, {progress.scanner} scanner"
    )
    print(f"scan alone             {middle(plain)} s")
    print(f"scan with judge        {middle(judged)} s, {len(judge.findings()):,} findings")
    print(f"with judge / alone     {middle(ratios)}")
    late.sort()
    worst, usual = late[-1] * 1e3, late[len(late) * 99 // 100] * 1e3
    print(f"another thread waited  {worst:.1f} ms at most, {usual:.1f} ms in 99 %")
    if processes:
        shown = os.fsdecode(tree)
        pairs = [
            in_turn(
                number, lambda: command("scan", "--json", shown), lambda: command("suggest", "--json", shown)
            )
            for number in range(runs)
        ]
        print(f"dusk scan              {middle([one for one, _ in pairs])} s")
        print(f"dusk suggest / scan    {middle([two / one for one, two in pairs])}")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--directories", type=int, default=20000)
    parser.add_argument("--files", type=int, default=50)
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--tree", type=Path)
    parser.add_argument("--processes", action="store_true")
    given = parser.parse_args()
    print(machine())
    if given.tree is not None:
        measure(bytes(given.tree.resolve()), given.runs, given.processes)
        return
    with tempfile.TemporaryDirectory(prefix="dusk-judge-") as place:
        tree = Path(place) / "tree"
        file_tree(tree, given.directories, given.files)
        measure(bytes(tree), given.runs, given.processes)


if __name__ == "__main__":
    main()
