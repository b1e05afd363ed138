"""What making something costs, with all proofs: ``dusk compress`` against zstd, a packed archive against tar.

    python benchmarks/making.py [--megabytes 512] [--files 20000] [--runs 5] [--scratch /tmp]

Each run of dusk is the whole act (make, read back from the disk, journal, trash) and stands beside
the plain tool run right before it, which proves nothing. Prints medians and the ratio of the rates.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from machine import machine

from dusk.actions.executor import Executor
from dusk.actions.journal import Journal
from dusk.actions.outcome import ItemState
from dusk.actions.review import review_plan
from dusk.actions.undo import undo_batch
from dusk.fs.identity import Identity
from dusk.fs.protected import Protection
from dusk.plan.plan import Plan
from dusk.plan.step import Step, Target
from dusk.rules.finding import Action, ActionOptions
from dusk.rules.safety import Safety


def main() -> None:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--megabytes", type=int, default=512)
    options.add_argument("--files", type=int, default=20_000)
    options.add_argument("--runs", type=int, default=5)
    options.add_argument("--scratch", type=Path, default=Path(tempfile.gettempdir()))
    arguments = options.parse_args()
    place = Path(tempfile.mkdtemp(prefix="dusk-benchmark-", dir=arguments.scratch))
    for name in ("HOME", "DUSK_STATE_DIR", "DUSK_CONFIG_DIR"):
        os.environ[name] = str(place / name.lower())
        (place / name.lower()).mkdir()
    print(machine())
    try:
        compressing(place, arguments.megabytes << 20, arguments.runs)
        packing(place, arguments.files, arguments.runs)
    finally:
        shutil.rmtree(place, ignore_errors=True)


def compressing(place: Path, size: int, runs: int) -> None:
    """Compress one log of training, which comes to about a third."""
    log = place / "train.log"
    _write_log(log, size)
    plain = place / "plain.zst"
    command = ["zstd", "-3", "-T0", "-q", "-f", str(log), "-o", str(plain)]
    compare(
        f"compress a log of {size >> 20} MiB",
        size,
        lambda: subprocess.run(command, check=True),
        lambda: _plan(log, Action.COMPRESS),
        runs,
    )


def packing(place: Path, files: int, runs: int) -> None:
    """Pack a tree of small files."""
    tree, goal = place / "tree", place / "goal"
    goal.mkdir()
    size = 0
    for number in range(files):
        path = tree / f"{number % 97}" / f"status_{number}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        size += path.write_bytes(b'{"step": %d, "state": "running"}\n' % number * 40)
    plain = place / "plain.tar.zst"
    command = ["tar", "-C", str(place), "-I", "zstd -3 -T0", "-cf", str(plain), "tree"]
    compare(
        f"pack {files:,} files of {size >> 20} MiB",
        size,
        lambda: subprocess.run(command, check=True),
        lambda: _plan(tree, Action.ARCHIVE, goal),
        runs,
    )


def compare(title: str, size: int, plain: Callable[[], object], plan: Callable[[], Plan], runs: int) -> None:
    """Run the plain tool and dusk in turn, and print both and the ratio of their rates."""
    theirs, ours = [], []
    protection = Protection.load()
    for run in range(runs + 1):
        began = time.perf_counter()
        plain()
        middle = time.perf_counter()
        journal = Journal.open()
        reviewed = review_plan(plan(), protection).plan
        started = time.perf_counter()
        outcome = Executor(journal, protection).run(reviewed)
        ended = time.perf_counter()
        assert outcome.count(ItemState.DONE) == 1, outcome
        undo_batch(journal)
        journal.close()
        if run:  # the first pair warms the page cache
            theirs.append(middle - began)
            ours.append(ended - started)
    their, our = statistics.median(theirs), statistics.median(ours)
    print(
        f"{title}: plain {their:.2f} s, dusk with all proofs {our:.2f} s "
        f"({size / our / 1e6:.0f} MB/s), {their / our:.2f} x the rate"
    )


def _plan(path: Path, action: Action, goal: Path | None = None) -> Plan:
    status = path.lstat()
    target = Target(
        os.fsencode(path),
        Identity.from_stat(status),
        status.st_size,
        status.st_blocks * 512,
        1,
        Safety.SAFE,
        "",
    )
    step = Step(
        id="one",
        action=action,
        targets=(target,),
        destination=os.fsencode(goal) if goal else b"",
        options=ActionOptions(form="tar.zst") if goal else ActionOptions(),
    )
    return Plan((step,))


def _write_log(path: Path, size: int) -> None:
    chance = random.Random(1)
    words = [f"word{number}" for number in range(5000)]
    lines = [
        f'{{"step": {chance.randrange(10**6)}, "loss": {chance.random():.6f}, "text": '
        f'"{" ".join(chance.choices(words, k=12))}"}}\n'.encode()
        for _ in range(50_000)
    ]
    with path.open("wb") as file:
        while file.tell() < size:
            chance.shuffle(lines)
            file.write(b"".join(lines)[: size - file.tell()])


if __name__ == "__main__":
    main()
