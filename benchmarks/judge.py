"""What judging adds to scanning, and how long it holds up anybody else.

    python benchmarks/judge.py [--directories 20000] [--files 50] [--runs 9] [--tree PATH] [--processes]

Every round scans three times, in an order that changes: alone, with the names matched that rules ask for,
and with the judge as well. The figures are medians over the rounds of the ratios of two of them in one round,
so that a busy machine disturbs all alike. With ``--processes`` whole commands are compared as well: ``dusk
scan`` with ``dusk suggest``, rules and imports included.

Meanwhile a second thread asks for its turn every half millisecond, as a screen does, and it is said how late
it got it; the walk stands back behind it as it does in the app. The scan's own threads keep the processors
busy too, and the kernel gives one away only every few milliseconds: so it is also said how late that thread
would have been but for the kernel, and each round also judges what is scanned already. What waits there are
when nothing is scanned is the machine's own doing.

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
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from file_tree import file_tree
from machine import machine

from dusk.rules.judge import Judge
from dusk.rules.rulebook import RuleBook
from dusk.scan.scanner import ScanOptions, Triggers
from dusk.scan.start import open_scan
from dusk.scan.turns import take_short_turns
from dusk.settings import Settings

T = TypeVar("T")
ASKED_EVERY = 0.0005  # seconds
NO_RULES = b"/nonexistent"  # of the user's own


class RunQueue:
    """How long the kernel let threads wait for a processor. Source: proc_pid_schedstat(5)."""

    def __init__(self) -> None:
        self._open: dict[int, int] = {}

    def waited(self, thread: int) -> float:
        """Return the seconds up to now of one thread; 0 where nobody knows."""
        try:
            if thread not in self._open:
                self._open[thread] = os.open(f"/proc/self/task/{thread}/schedstat", os.O_RDONLY)
            return int(os.pread(self._open[thread], 100, 0).split()[1]) / 1e9
        except OSError:
            return 0.0

    def close(self) -> None:
        for descriptor in self._open.values():
            os.close(descriptor)


class Waits:
    """How late a thread gets its turn that asks for one again and again, and how late because of Python.

    Because of the kernel it is late while it could have run and got no processor, or while another thread
    of Python, which may have held the interpreter's lock, could have run and got none.
    """

    def __init__(self) -> None:
        self.late: list[float] = []
        self.by_python: list[float] = []
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Waits:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._thread.join()

    def _run(self) -> None:
        take_short_turns()  # as the thread that draws does
        queue, own = RunQueue(), threading.get_native_id()
        waited: dict[int, float] = {}
        while not self._stopped.is_set():
            before = time.perf_counter()
            time.sleep(ASKED_EVERY)
            late = time.perf_counter() - before - ASKED_EVERY
            now = {
                one.native_id: queue.waited(one.native_id) for one in threading.enumerate() if one.native_id
            }
            kernel = {one: time - waited.get(one, time) for one, time in now.items()}
            waited = now
            self.late.append(late)
            self.by_python.append(max(0.0, late - kernel.pop(own) - max(kernel.values(), default=0.0)))
        queue.close()


class Round:
    """One scan from its start until all that was asked for is known, or the judging of one that has ended."""

    def __init__(
        self, tree: bytes, triggers: Triggers | None, *, judged: bool = False, ended: bool = False
    ) -> None:
        """Scan with these names matched, and judge."""
        # A book of its own: places remember the tree that they were asked about last, and to free that of the
        # round before would hold up the thread that waits for 3 ms.
        book = RuleBook.load(NO_RULES) if judged else None
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
            scan.wait()
            self.seconds = time.perf_counter() - began
        if judge is not None:
            judge.stop()
        self.late, self.by_python = waits.late, waits.by_python
        # Not the tree and the findings themselves, which would be searched for garbage in every later round.
        self.entries, self.hits = len(scan.tree), len(scan.hits)
        self.findings = 0 if judge is None else len(judge.findings())
        self.scanner = scan.progress().scanner


class Pause:
    """A round in which nothing is scanned: what the machine itself makes of a thread's turns."""

    def __init__(self, seconds: float) -> None:
        """Wait so long."""
        with Waits() as waits:
            time.sleep(seconds)
        self.late, self.by_python = waits.late, waits.by_python


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


def say_waits(name: str, waits: list[list[float]]) -> None:
    every = sorted(wait * 1e3 for one in waits for wait in one)
    print(
        f"  {name:<20} 99 % of times: {every[len(every) * 99 // 100]:.2f}, "
        f"worst of a round: {middle([max(one) * 1e3 for one in waits])}, "
        f"above 5: {sum(wait > 5 for wait in every)} of {len(every):,}"
    )


def measure(tree: bytes, runs: int, processes: bool) -> None:
    triggers = RuleBook.load(NO_RULES).triggers
    works = (
        lambda: Round(tree, None),
        lambda: Round(tree, triggers),
        lambda: Round(tree, triggers, judged=True),
        lambda: Round(tree, triggers, judged=True, ended=True),
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
    pauses = [Pause(one.seconds) for one, *_ in rounds]
    columns: list[Sequence[Pause | Round]] = [pauses, *zip(*rounds, strict=True)]
    names = ("nothing scanned", "scanned alone", "names matched", "judged meanwhile", "judged afterwards")
    print("another thread got its turn so late, in milliseconds:")
    for name, column in zip(names, columns, strict=True):
        say_waits(name, [one.late for one in column])
    print("without the time for which the kernel gave it, or one that may have had the lock, no processor:")
    for name, column in zip(names, columns, strict=True):
        say_waits(name, [one.by_python for one in column])
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
