"""How fast dusk acts: trash, compress and archive against what the system's own programs need for the same.

    python benchmarks/actions.py [--files 1000000] [--items 5000] [--megabytes 512] [--rounds 5] [DIRECTORY]

Works in a directory of its own below DIRECTORY, with a home, a journal and a trash there; a directory on a
disk is more telling than one in memory. Everything is durable before dusk says that it is done, so the
system's programs are followed by a sync of the filesystem. Pairs run in turn; ratios are medians.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from machine import machine

from dusk.actions import executor
from dusk.actions.journal import Journal
from dusk.actions.outcome import ItemState
from dusk.actions.review import review_plan
from dusk.fs.identity import Identity
from dusk.fs.protected import Protection
from dusk.plan.plan import Plan
from dusk.plan.step import Step, Target
from dusk.rules.finding import Action
from dusk.rules.safety import Safety


def main() -> None:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--files", type=int, default=1_000_000)
    options.add_argument("--items", type=int, default=5000)
    options.add_argument("--megabytes", type=int, default=512)
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("directory", nargs="?", type=Path, default=Path(tempfile.gettempdir()))
    arguments = options.parse_args()
    print(machine())
    with tempfile.TemporaryDirectory(prefix="dusk-benchmark-", dir=arguments.directory) as work:
        place = Path(work)
        os.environ["HOME"] = work
        os.environ["XDG_DATA_HOME"] = str(place / "share")
        os.environ["DUSK_STATE_DIR"] = str(place / "state")
        os.environ["DUSK_CONFIG_DIR"] = str(place / "config")
        trash_items(place, arguments.items, arguments.rounds)
        compress(place, arguments.megabytes, arguments.rounds)
        archive(place, arguments.megabytes, arguments.rounds)
        trash_directory(place, arguments.files)


def trash_directory(place: Path, files: int) -> None:
    """Print what trashing one directory of many files takes beyond the gate's checks."""
    directory = place / "many"
    for number in range(max(1, files // 1000)):
        below = directory / f"d{number:05d}"
        below.mkdir(parents=True)
        descriptor = os.open(below, os.O_RDONLY)
        for name in range(min(1000, files)):
            os.close(os.open(f"f{name:04d}", os.O_CREAT | os.O_WRONLY, dir_fd=descriptor))
        os.close(descriptor)
    checking = 0.0
    real = executor.admit

    def timed(*words: object, **options: object) -> object:
        nonlocal checking
        started = time.perf_counter()
        try:
            return real(*words, **options)  # type: ignore[arg-type]
        finally:
            checking += time.perf_counter() - started

    executor.admit = timed  # type: ignore[assignment]
    try:
        spent = act(Action.TRASH, [directory])
    finally:
        executor.admit = real
    print(
        f"trash of one directory of {files:,} files: {spent:.2f} s, of which the gate's checks"
        f" {checking:.2f} s: {(spent - checking) * 1e3:.0f} ms beyond them"
    )


def trash_items(place: Path, items: int, rounds: int) -> None:
    """Print how many items a second go to the trash, each durable."""
    rates = []
    for number in range(rounds):
        directory = place / f"items{number}"
        directory.mkdir()
        paths = [directory / f"item{index:05d}.log" for index in range(items)]
        for path in paths:
            path.write_bytes(b"x" * 100)
        os.sync()
        rates.append(items / act(Action.TRASH, paths))
    print(
        f"trash of {items:,} items: {statistics.median(rates):,.0f} durable items a second"
        f" ({min(rates):,.0f} to {max(rates):,.0f})"
    )


def compress(place: Path, megabytes: int, rounds: int) -> None:
    """Print the speed of compressing a log, in place and proven, as a ratio to ``zstd -3 -T0``."""
    log = place / "job.log"
    write_log(log, megabytes)

    def ours() -> float:
        copy = place / "ours.log"
        shutil.copyfile(log, copy)
        os.sync()
        spent = act(Action.COMPRESS, [copy])
        (place / "ours.log.zst").unlink()
        return spent

    def theirs() -> float:
        return timed_command(
            ["zstd", "-3", "-T0", "-q", "-f", str(log), "-o", str(place / "theirs.zst")], place
        )

    pairs(f"compress {megabytes} MB of log", "zstd -3 -T0", ours, theirs, rounds)


def archive(place: Path, megabytes: int, rounds: int) -> None:
    """Print the speed of archiving a directory as a ratio to ``cp -a`` and one reading of the copy.

    The copy is read once from what the kernel still has of it in memory, and once from the disk.
    """
    source = place / "source"
    source.mkdir()
    for number in range(8):
        with open(source / f"model-{number}.bin", "wb") as file:
            for _ in range(megabytes // 8):
                file.write(os.urandom(1 << 20))
    (source / "small").mkdir()
    for number in range(2000):
        (source / "small" / f"{number}.json").write_bytes(os.urandom(700))
    target = place / "cold"
    target.mkdir()

    def ours() -> float:
        mine = place / "mine"
        subprocess.run(["cp", "-a", str(source), str(mine)], check=True)
        os.sync()
        spent = act(Action.ARCHIVE, [mine], destination=target)
        shutil.rmtree(target / "mine")
        return spent

    def theirs(is_forgotten: bool) -> float:
        copy = target / "theirs"
        spent = timed_command(["cp", "-a", str(source), str(copy)], place)
        if is_forgotten:
            forget(copy)
        started = time.perf_counter()
        subprocess.run(
            ["find", str(copy), "-type", "f", "-exec", "cat", "{}", "+"],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        spent += time.perf_counter() - started
        shutil.rmtree(copy)
        return spent

    title = f"archive {megabytes} MB"
    pairs(title, "cp -a, sync and one reading from memory", ours, lambda: theirs(False), rounds)
    # What dusk does: what was not read from the disk proves nothing about it.
    pairs(title, "cp -a, sync and one reading from the disk", ours, lambda: theirs(True), rounds)


def forget(tree: Path) -> None:
    """Have the kernel forget its copies of what a tree holds."""
    for path in tree.rglob("*"):
        if path.is_file():
            descriptor = os.open(path, os.O_RDONLY)
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
            os.close(descriptor)


def act(action: Action, paths: list[Path], destination: Path | None = None) -> float:
    """Review and carry out; return the seconds of carrying out. Raises SystemExit when not all is done."""
    targets = tuple(target(os.fsencode(path)) for path in paths)
    place = b"" if destination is None else os.fsencode(destination)
    device = 0 if destination is None else destination.stat().st_dev
    plan = Plan().with_step(Step("benchmark", action, targets, destination=place, destination_device=device))
    protection = Protection.load()
    reviewed = review_plan(plan, protection)
    with_journal = executor.Executor(Journal.open(), protection)
    started = time.perf_counter()
    outcome = with_journal.run(reviewed.plan)
    spent = time.perf_counter() - started
    if outcome.count(ItemState.DONE) != len(paths):
        raise SystemExit(next(one.sentence for one in outcome.results if one.state is not ItemState.DONE))
    return spent


def target(path: bytes) -> Target:
    """Return a path as a target that no rule was asked about."""
    status = os.lstat(path)
    identity = Identity.from_stat(status)
    return Target(path, identity, status.st_size, status.st_blocks * 512, 1, Safety.SAFE, "")


def write_log(path: Path, megabytes: int) -> None:
    """Write lines as a training job does."""
    lines = "".join(
        f"2026-03-0{number % 9 + 1} 12:{number % 60:02d}:11,{number % 997:03d} INFO step {number} loss "
        f"{1 / (number + 1):.9f} lr {number * 7919 % 10007 / 1e6:.7f} "
        f"grad_norm {number * 104729 % 99991 / 7e4:.6f}\n"
        for number in range(60_000)
    ).encode()
    with open(path, "wb") as file:
        while file.tell() < megabytes << 20:
            file.write(lines)


def timed_command(command: list[str], place: Path) -> float:
    """Return how long a command takes until what it wrote is on the disk."""
    os.sync()
    started = time.perf_counter()
    subprocess.run(command, check=True)
    subprocess.run(["sync", "-f", str(place)], check=True)
    return time.perf_counter() - started


def pairs(
    title: str, other: str, ours: Callable[[], float], theirs: Callable[[], float], rounds: int
) -> None:
    """Run two ways in turn and print how fast the first is, the second being 1."""
    mine, other_seconds = [], []
    for number in range(rounds + 1):
        one, two = ours(), theirs()
        if number:
            mine.append(one)
            other_seconds.append(two)
    speeds = [two / one for one, two in zip(mine, other_seconds, strict=True)]
    print(
        f"{title}: {statistics.median(mine):.2f} s, {other} {statistics.median(other_seconds):.2f} s: "
        f"{statistics.median(speeds):.2f} x its speed ({min(speeds):.2f} to {max(speeds):.2f}, "
        f"{rounds} pairs)"
    )


if __name__ == "__main__":
    main()
