"""How fast dusk scans, against the least possible and against every other tool found here.

    python benchmarks/scan.py [--directories 20000] [--files 50] [--runs 7] [--threads 2]
        [--cold] [--tree PATH] [--growth] [--cancel] [--slow-filesystem] [--scratch /tmp]

Whole processes, in turn: every round runs everyone once, in an order that changes, and each figure is the
median over the rounds of the ratio to dusk in the same round. Above 1 means slower than dusk. ``floor`` is
floor.cpp: names and facts of every entry, and nothing kept but a flat list.

``--cold`` drops the page cache before each run (root). ``--growth`` scans 0.1, 1 and 10 million files for
memory and time. ``--cancel`` stops scans at any moment and says how long that takes. ``--slow-filesystem``
mounts a filesystem that takes 1 ms for every operation (root).
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from file_tree import file_tree
from machine import machine

HERE = Path(__file__).resolve().parent
DUSK = [str(Path(sys.executable).with_name("dusk")), "scan", "--json"]  # as a person types it


@dataclass(frozen=True)
class Contestant:
    """A program that adds up a directory."""

    name: str
    command: tuple[str, ...]
    """``{tree}`` and ``{threads}`` are filled in."""


@dataclass(frozen=True)
class Run:
    """One process from start to end."""

    seconds: float
    peak: int
    """Peak resident memory, in bytes."""
    output: str


PEERS = (
    Contestant("du", ("du", "-s", "{tree}")),
    Contestant("gdu", ("gdu", "--non-interactive", "--no-progress", "--no-color", "-s", "{tree}")),
    Contestant("ncdu", ("ncdu", "-0", "-x", "-e", "-o", "/dev/null", "{tree}")),
    Contestant("ncdu2", ("ncdu2", "-0", "-x", "-t", "{threads}", "-O", "/dev/null", "{tree}")),
    Contestant("dua", ("dua", "--threads", "{threads}", "aggregate", "{tree}")),
    Contestant("dust", ("dust", "-d", "0", "-T", "{threads}", "{tree}")),
    Contestant("pdu", ("pdu", "--max-depth=1", "--threads={threads}", "{tree}")),
    Contestant("diskus", ("diskus", "-j", "{threads}", "{tree}")),
)


def main() -> None:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--directories", type=int, default=20000)
    options.add_argument("--files", type=int, default=50)
    options.add_argument("--runs", type=int, default=7)
    options.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    options.add_argument("--tree", type=Path, help="scan this directory and not one of our own")
    options.add_argument("--cold", action="store_true")
    options.add_argument("--growth", action="store_true")
    options.add_argument("--cancel", action="store_true")
    options.add_argument("--slow-filesystem", action="store_true")
    options.add_argument("--scratch", type=Path, default=Path(tempfile.gettempdir()))
    arguments = options.parse_args()
    print(machine())
    with tempfile.TemporaryDirectory(prefix="dusk-benchmark-") as work:
        os.environ["DUSK_CONFIG_DIR"] = os.environ["DUSK_STATE_DIR"] = work
        floor = build_floor(Path(work))
        if arguments.growth:
            growth(arguments.scratch, floor, arguments.runs, arguments.threads)
        elif arguments.slow_filesystem:
            slow_filesystem(Path(work), arguments.runs)
        else:
            tree = arguments.tree or file_tree(arguments.scratch, arguments.directories, arguments.files)
            if arguments.cancel:
                cancelling(tree, arguments.runs, arguments.threads)
                return
            compare(tree, floor, arguments.runs, arguments.threads, cold=arguments.cold)


def cancelling(tree: Path, runs: int, threads: int) -> None:
    """Print how long it takes from cancelling until no thread walks any more."""
    from dusk.scan.scanner import ScanOptions
    from dusk.scan.start import open_scan

    taken = []
    for number in range(10 * runs):
        scan = open_scan(os.fsencode(tree), ScanOptions(threads=threads))
        scan.start()
        time.sleep(0.01 * number % 0.5)
        begin = time.perf_counter()
        scan.cancel()
        scan.wait(60)
        taken.append(time.perf_counter() - begin)
    print(f"cancelled {len(taken)} scans in {statistics.median(taken) * 1000:.1f} ms (median),")
    print(f"{max(taken) * 1000:.1f} ms at most")


def build_floor(work: Path) -> Contestant | None:
    """Return the floor, compiled; None without a compiler."""
    compiler = shutil.which("g++") or shutil.which("clang++")
    if compiler is None:
        print("no C++ compiler: without the floor")
        return None
    program = work / "floor"
    subprocess.run([compiler, "-O2", "-pthread", "-o", program, HERE / "floor.cpp"], check=True)
    return Contestant("floor", (str(program), "{tree}", "{threads}"))


def contestants(floor: Contestant | None) -> list[Contestant]:
    """Return dusk, the floor, and the peers on PATH."""
    found = [peer for peer in PEERS if shutil.which(peer.command[0])]
    missing = [peer.name for peer in PEERS if peer not in found]
    if missing:
        print(f"not on PATH: {', '.join(missing)}")
    dusk = Contestant("dusk", (*DUSK, "--threads", "{threads}", "{tree}"))
    return [dusk, *([floor] if floor else []), *found]


def compare(tree: Path, floor: Contestant | None, runs: int, threads: int, *, cold: bool) -> None:
    """Print the table for one tree."""
    field = contestants(floor)
    seconds: dict[str, list[float]] = {one.name: [] for one in field}
    peaks: dict[str, list[int]] = {one.name: [] for one in field}
    walks: list[float] = []
    floors: list[float] = []
    if not cold:
        run(field[0], tree, threads)  # warms the caches of the kernel
    entries = 0
    for number in range(runs):
        for one in field[number % len(field) :] + field[: number % len(field)]:
            if cold:
                drop_caches()
            ended = run(one, tree, threads)
            seconds[one.name].append(ended.seconds)
            peaks[one.name].append(ended.peak)
            if one.name == "dusk":
                document = json.loads(ended.output)
                entries, scanner = document["entries"], document["scanner"]
                walks.append(document["seconds"])
            elif one.name == "floor":
                floors.append(float(ended.output.split()[2]))
    start, base = start_up(threads)
    kind = "cold" if cold else "warm"
    print(f"{entries:,} entries, {kind}, {threads} threads, {runs} rounds, {scanner} scanner\n")
    print(f"{'':8}{'seconds':>9}{'to dusk':>9}{'  lowest to highest':20}{'peak MB':>9}")
    for one in field:
        ratios = [mine / ours for mine, ours in zip(seconds[one.name], seconds["dusk"], strict=True)]
        print(
            f"{one.name:8}{statistics.median(seconds[one.name]):9.3f}{statistics.median(ratios):9.2f}"
            f"  {min(ratios):8.2f} to {max(ratios):4.2f}  {statistics.median(peaks[one.name]) / 1e6:9.0f}"
        )
    print(f"\nstart-up of dusk (an empty directory): {start:.3f} s, {base / 1e6:.0f} MB")
    if floors:
        walk = statistics.median(ours / least for ours, least in zip(walks, floors, strict=True))
        print(f"the walk alone: {statistics.median(walks):.3f} s, {walk:.2f} x the floor's")
    above = statistics.median(peaks["dusk"]) - base
    print(f"memory above start-up: {above / max(entries, 1):.1f} bytes an entry")


def start_up(threads: int) -> tuple[float, int]:
    """Return seconds and peak memory of a scan of nothing."""
    with tempfile.TemporaryDirectory() as empty:
        dusk = Contestant("dusk", (*DUSK, "--threads", "{threads}", "{tree}"))
        runs = [run(dusk, Path(empty), threads) for _ in range(5)]
    return statistics.median(one.seconds for one in runs), int(statistics.median(one.peak for one in runs))


def growth(scratch: Path, floor: Contestant | None, runs: int, threads: int) -> None:
    """Print time and memory for trees of 0.1, 1 and 10 million files.

    The sizes take turns, so that all trees are in the kernel's cache at every run: a lookup takes longer the
    more names that cache holds, whichever tree they belong to.
    """
    start, base = start_up(threads)
    dusk = Contestant("dusk", (*DUSK, "--threads", "{threads}", "{tree}"))
    everyone = [dusk] if floor is None else [dusk, floor]
    trees = [file_tree(scratch, directories, 50) for directories in (2000, 20000, 200000)]
    for tree in trees:
        run(dusk, tree, threads)
    rounds = [
        {(one.name, tree): run(one, tree, threads) for one in everyone for tree in trees} for _ in range(runs)
    ]
    print(f"start-up: {start:.3f} s, {base / 1e6:.0f} MB; {runs} rounds\n")
    print(f"{'':8}{'entries':>12}{'seconds':>9}{'times the last':>16}{'peak MB':>9}{'bytes an entry':>16}")
    for one in everyone:
        own = start if one is dusk else 0.0
        for number, tree in enumerate(trees):
            entries = json.loads(rounds[0][dusk.name, tree].output)["entries"]
            spent = [done[one.name, tree].seconds - own for done in rounds]
            before = [done[one.name, trees[number - 1]].seconds - own for done in rounds]
            ratio = statistics.median(now / then for now, then in zip(spent, before, strict=True))
            peak = statistics.median(done[one.name, tree].peak for done in rounds)
            each = f"{(peak - base) / entries:.1f}" if one is dusk else ""
            times = f"{ratio:.2f}" if number else ""
            print(
                f"{one.name:8}{entries:12,}{statistics.median(spent):9.3f}{times:>16}"
                f"{peak / 1e6:9.0f}{each:>16}"
            )


def slow_filesystem(work: Path, runs: int) -> None:
    """Print what threads do for a filesystem on which every operation takes 1 ms."""
    from slow_filesystem import slow_filesystem as mounted

    place = work / "slow"
    place.mkdir()
    with mounted(place, directories=100, files=50):
        print("every operation takes 1 ms; 100 directories of 50 files; fresh names each time\n")
        for threads in (None, 1, 2, 8, 16):
            chosen = () if threads is None else ("--threads", str(threads))
            dusk = Contestant("dusk", (*DUSK, "--cross", *chosen, "{tree}"))
            spent = []
            for _ in range(max(1, runs // 2)):
                drop_caches()
                spent.append(run(dusk, place, threads or 0).seconds)
            label = "chosen by dusk" if threads is None else str(threads)
            print(f"threads {label:>14}: {statistics.median(spent):.2f} s")


def run(one: Contestant, tree: Path, threads: int) -> Run:
    """Run a contestant once."""
    command: Sequence[str] = [word.format(tree=tree, threads=threads) for word in one.command]
    with tempfile.TemporaryFile() as output:
        started = time.perf_counter()
        process = subprocess.Popen(
            command, stdout=output, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL
        )
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        text = output.read().decode(errors="replace")
    if process.returncode not in (0, 1):
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}")
    return Run(seconds, usage.ru_maxrss * 1024, text)


def drop_caches() -> None:
    """Forget what the kernel knows of every disk; needs root."""
    os.sync()
    Path("/proc/sys/vm/drop_caches").write_text("3\n")


if __name__ == "__main__":
    main()
