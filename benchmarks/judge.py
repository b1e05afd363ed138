"""What judging adds to scanning, and how long it holds up anybody else.

    python benchmarks/judge.py [--directories 20000] [--files 50] [--runs 9] [--tree PATH] [--processes]

Every round scans three times, in an order that changes: alone, with the names matched that rules ask for,
and with the judge as well. The figures are medians over the rounds of the ratios of two of them in one round,
so that a busy machine disturbs all alike. With ``--processes`` whole commands are compared as well: ``dusk
scan`` with ``dusk suggest``, rules and imports included.

Meanwhile a second thread asks for its turn every half millisecond, as a screen does, and it is said how late
it got it; the walk stands back behind it as it does in the app. The scan's own threads keep the processors
busy too: so each round also judges what is scanned already, where nobody but the judge holds that thread up.

DUSK_SCANNER chooses the scanner. The generated tree holds no name that a rule knows; give ``--tree`` a real
one, such as ``/usr`` or a home, to see what names cost.
"""

from __future__ import annotations

import argparse
import gc
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from file_tree import file_tree
from machine import machine

from dusk.rules.judge import Judge
from dusk.rules.rulebook import RuleBook
from dusk.scan.scanner import ScanOptions, Triggers
from dusk.scan.start import open_scan
from dusk.settings import Settings

T = TypeVar("T")
ASKED_EVERY = 0.0005  # seconds


class Waits:
    """How late a thread gets its turn that asks for one again and again."""

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
            time.sleep(ASKED_EVERY)
            self.late.append(time.perf_counter() - before - ASKED_EVERY)


class Round:
    """One scan from its start until all that was asked for is known, or the judging of one that has ended."""

    def __init__(
        self, tree: bytes, triggers: Triggers | None, book: RuleBook | None = None, *, ended: bool = False
    ) -> None:
        """Scan with these names matched, and judge by the rules of a book."""
        gc.collect()
        scan = open_scan(tree, ScanOptions(triggers=triggers, watched=True))
        judge = None if book is None else Judge(scan, book, Settings())
        if ended:
            scan.start()
            scan.wait()
        with Waits() as waits:
            began = time.perf_counter()
            scan.start()
            if judge is not None:
                judge.start()
                judge.wait()
                judge.stop()
            scan.wait()
            self.seconds = time.perf_counter() - began
        self.late = waits.late
        # Not the tree and the findings themselves, which would be searched for garbage in every later round.
        self.entries, self.hits = len(scan.tree), len(scan.hits)
        self.findings = 0 if judge is None else len(judge.findings())
        self.scanner = scan.progress().scanner


def command(*words: str) -> float:
    began = time.perf_counter()
    subprocess.run([sys.executable, "-m", "dusk", *words], stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - began


def in_turn(number: int, *works: Callable[[], T]) -> list[T]:
    """Do several things, beginning with another one in every round; return the answers in a fixed order."""
    order = [(number + place) % len(works) for place in range(len(works))]
    done = {place: works[place]() for place in order}
    return [done[place] for place in range(len(works))]


def ratios(above: list[float], below: list[float]) -> list[float]:
    return [one / other for one, other in zip(above, below, strict=True)]


def middle(values: list[float]) -> str:
    ordered = sorted(values)
    return f"{statistics.median(ordered):.3f} (from {ordered[0]:.3f} to {ordered[-1]:.3f})"


def measure(tree: bytes, runs: int, processes: bool) -> None:
    book = RuleBook.load(b"/nonexistent")
    works = (
        lambda: Round(tree, None),
        lambda: Round(tree, book.triggers),
        lambda: Round(tree, book.triggers, book),
        lambda: Round(tree, book.triggers, book, ended=True),
    )
    works[2]()  # what is read or imported once is there for all
    gc.freeze()  # as the app does: looking through its modules for garbage would hold up the screen
    rounds = [in_turn(number, *works) for number in range(runs)]
    last = rounds[-1][2]
    print(
        f"{last.entries:,} entries, {last.hits:,} names that a rule knows, {last.findings:,} findings, "
        f"{last.scanner} scanner"
    )
    alone, matched, judged, _ = ([one.seconds for one in column] for column in zip(*rounds, strict=True))
    print(f"scan alone             {middle(alone)} s")
    print(f"names matched / alone  {middle(ratios(matched, alone))}")
    print(f"judged / names matched {middle(ratios(judged, matched))}")
    print(f"judged / alone         {middle(ratios(judged, alone))}")
    print("another thread got its turn so late, in milliseconds:")
    names = ("scanned alone", "names matched", "judged meanwhile", "judged afterwards")
    for name, column in zip(names, zip(*rounds, strict=True), strict=True):
        late = sorted(wait * 1e3 for one in column for wait in one.late)
        print(
            f"  {name:<20} 99 % of times: {late[len(late) * 99 // 100]:.2f}, "
            f"worst of a round: {middle([max(one.late) * 1e3 for one in column])}"
        )
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
    parser.add_argument("--runs", type=int, default=9)
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
