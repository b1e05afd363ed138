"""How fast the app answers, in a real pseudo-terminal.

    python benchmarks/app.py [--runs 9] [--directories 6000] [--files 50] [--big] [--scratch /tmp]

Prints the time to the first frame as a ratio to the smallest Textual app (runs in turn, A B A B), and the
latency and bytes of one key while a tree of 300,000 files is being scanned and after. Latency: the time from
writing the key to the arrival of the frame with the redrawn cursor row.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from file_tree import file_tree
from machine import machine
from pty_session import PtySession

HERE = Path(__file__).resolve().parent
# What a person runs: the console script beside this interpreter.
DUSK = [str(Path(sys.executable).with_name("dusk"))]
CURSOR = re.compile(rb"\x1b\[(\d+);1H(?:\x1b\[[0-9;]*m)*\xe2\x96\x8c")
"""The cursor's sign at the beginning of a line."""
SIZES = ((120, 36), (80, 24))


def main() -> None:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--runs", type=int, default=9)
    options.add_argument("--directories", type=int, default=6000)
    options.add_argument("--files", type=int, default=50)
    options.add_argument(
        "--big", action="store_true", help="also scan a million files, and show them in one list"
    )
    options.add_argument("--scratch", type=Path, default=Path(tempfile.gettempdir()))
    arguments = options.parse_args()
    tree = file_tree(arguments.scratch, arguments.directories, arguments.files)
    os.environ["DUSK_STATE_DIR"] = tempfile.mkdtemp(prefix="dusk-benchmark-state-")
    os.environ["DUSK_CONFIG_DIR"] = tempfile.mkdtemp(prefix="dusk-benchmark-config-")
    print(machine())
    first_frame(arguments.runs)
    for columns, rows in SIZES:
        keys_while_scanning(tree, columns, rows, arguments.runs)
    if arguments.big:
        scan_with_screen(file_tree(arguments.scratch, 20000, 50), arguments.runs)
        wide_directory(file_tree(arguments.scratch, 1, 1_000_000), arguments.runs)


def first_frame(runs: int) -> None:
    """Print the time from process start to the first whole frame, against the smallest app."""
    empty = tempfile.mkdtemp(prefix="dusk-benchmark-empty-")
    ratios, ours, minimal = [], [], []
    for run in range(runs + 1):
        floor = _time_to([sys.executable, str(HERE / "minimal_app.py")], "FIRST-FRAME")
        app = _time_to([*DUSK, empty], "Help")
        if run:  # the first pair warms the page cache
            minimal.append(floor)
            ours.append(app)
            ratios.append(app / floor)
    print(
        f"first frame: {statistics.median(ours) * 1e3:.0f} ms, smallest Textual app"
        f" {statistics.median(minimal) * 1e3:.0f} ms, ratio {statistics.median(ratios):.2f}"
        f" ({min(ratios):.2f} to {max(ratios):.2f}, {runs} pairs)"
    )


def keys_while_scanning(tree: Path, columns: int, rows: int, runs: int) -> None:
    """Print latency and bytes of cursor keys during the scan and after it."""
    during: list[tuple[float, int]] = []
    after: list[tuple[float, int]] = []
    idle: list[float] = []
    for _ in range(runs):
        session = PtySession([*DUSK, str(tree)], columns, rows)
        session.wait_for("Help")
        session.wait_for("a00", timeout=30)
        session.send("j")
        time.sleep(0.2)
        # A few keys early in the walk: it lasts about two seconds, and only keys within it count.
        for key in "jkjkjk":
            during.append(_key(session, key))
        session.wait_for("scanned in", timeout=120)
        time.sleep(1.0)
        for key in "jkjkjk":
            after.append(_key(session, key))
        mark, started = len(session.chunks), time.perf_counter()
        time.sleep(1.0)
        idle.append(session.bytes_since(mark) / (time.perf_counter() - started))
        session.close()
    for title, figures in (("while scanning", during), ("after the scan", after)):
        latencies = sorted(latency * 1e3 for latency, _ in figures)
        print(
            f"{columns}x{rows} {title}: key to frame median {statistics.median(latencies):.1f} ms,"
            f" p95 {latencies[int(len(latencies) * 0.95) - 1]:.1f} ms,"
            f" {statistics.median(size for _, size in figures):.0f} bytes per key ({len(figures)} keys)"
        )
    print(f"{columns}x{rows} idle: {statistics.median(idle):.0f} bytes per second")


def scan_with_screen(tree: Path, runs: int) -> None:
    """Print what the screen and the judge add to the scan of a million files.

    With the screen: from the first frame, behind which the scan begins, to the frame that says its end.
    """
    ratios, plain, shown = [], [], []
    for run in range(runs + 1):
        answer = subprocess.run([*DUSK, "scan", "--json", str(tree)], capture_output=True, check=True)
        headless = json.loads(answer.stdout)["seconds"]
        session = PtySession([*DUSK, str(tree)])
        begun = session.wait_for("Help")
        ended = session.wait_for("scanned in", timeout=120)
        session.close()
        if run:
            plain.append(headless)
            shown.append(ended - begun)
            ratios.append((ended - begun) / headless)
    print(
        f"a scan of a million files: {statistics.median(plain):.2f} s, with the screen"
        f" {statistics.median(shown):.2f} s, ratio {statistics.median(ratios):.2f}"
        f" ({min(ratios):.2f} to {max(ratios):.2f}, {runs} pairs)"
    )


def wide_directory(tree: Path, runs: int) -> None:
    """Print how long a directory of a million files takes to open and to sort."""
    opened, sorted_ = [], []
    for _ in range(runs):
        session = PtySession([*DUSK, str(tree / "a00" / "b000")])
        session.wait_for("scanned in", timeout=120)
        time.sleep(0.5)
        session.send("j")
        time.sleep(0.3)
        opened.append(_until(session, "l", "sample_"))
        session.send("s")
        time.sleep(0.3)
        sorted_.append(_until(session, "n", "sample_"))
        session.close()
    for title, figures in (("opened", opened), ("sorted by name", sorted_)):
        print(f"a directory of a million files {title}: {statistics.median(figures) * 1e3:.0f} ms")


def _until(session: PtySession, key: str, needle: str) -> float:
    mark = len(session.chunks)
    sent = session.send(key)
    return session.wait_for(needle, since=mark) - sent


def _key(session: PtySession, key: str) -> tuple[float, int]:
    mark = len(session.chunks)
    before = _cursor_row(b"".join(chunk.data for chunk in session.chunks[-200:]))
    sent = session.send(key)
    # A refresh draws the cursor too, on the row where it was.
    arrived = session.wait_until(lambda seen: _cursor_row(seen) not in (None, before), 2.0, mark)
    size = next(len(chunk.data) for chunk in session.chunks[mark:] if chunk.at == arrived)
    time.sleep(0.05)
    return arrived - sent, size


def _cursor_row(data: bytes) -> int | None:
    rows = CURSOR.findall(data)
    return int(rows[-1]) if rows else None


def _time_to(command: list[str], needle: str) -> float:
    session = PtySession(command)
    try:
        return session.wait_for(needle) - session.started
    finally:
        session.close()


if __name__ == "__main__":
    main()
