"""How fast a tree is deleted for good: emptying dusk's bin against ``rm -rf`` and dua, paired.

    python benchmarks/purge.py [--files 1000000] [--rounds 3] [--flat] [--before COMMAND] [DIRECTORY]

Every round makes one tree for each contestant, in turns, so that a machine that is busy for a while is busy
for all of them. The tree is synced and the caches of the kernel are left as making it left them. A directory
on a disk is more telling than one in memory. What is printed is the median of the rounds, and of each
pairing with ``rm -rf`` the median of the ratios.

dusk's time is that of the whole emptying: its checks, its journal and its syncs too. dua (3.0) deletes in its
terminal interface only: it is driven there, and its time is that from the key until the tree is gone, without
the scan before it.
"""

from __future__ import annotations

import argparse
import os
import shlex
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from pty_session import PtySession

PER_DIRECTORY = 500
REMOVE_ALL = "\x12"  # ctrl+r in the pane of what is marked


def make(tree: Path, files: int, *, flat: bool) -> None:
    """Make a tree of empty files, some hundred in each directory, or all in one."""
    per = files if flat else PER_DIRECTORY
    for number in range(-(-files // per)):
        directory = tree if flat else tree / f"d{number % 97}" / f"e{number}"
        directory.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(directory, os.O_RDONLY)
        for name in range(min(per, files - number * per)):
            os.close(os.open(f"file-{name}", os.O_CREAT | os.O_WRONLY, dir_fd=descriptor))
        os.close(descriptor)
    os.sync()


def with_dusk(tree: Path) -> float:
    """Empty a bin that holds the tree as one item; return the seconds."""
    from dusk.actions.bin import empty, list_bin
    from dusk.actions.journal import Journal
    from dusk.actions.outcome import ItemState

    home = tree.parent / "home"
    os.environ["HOME"], os.environ["DUSK_STATE_DIR"] = str(home), str(home / "state")
    os.environ.pop("XDG_DATA_HOME", None)
    trash = home / ".local/share/Trash"
    for name in ("files", "info"):
        (trash / name).mkdir(parents=True, mode=0o700)
    (trash / "info/tree.trashinfo").write_text(
        f"[Trash Info]\nPath={tree}\nDeletionDate=2026-01-01T00:00:00\n"
    )
    tree.rename(trash / "files/tree")
    journal = Journal.open()
    items = [item for item in list_bin(journal) if item.trash == os.fsencode(trash)]
    began = time.perf_counter()
    outcome = empty(items, journal=journal)
    seconds = time.perf_counter() - began
    assert outcome.count(ItemState.DONE) == 1, outcome
    journal.close()
    shutil.rmtree(home)
    return seconds


def with_rm(tree: Path) -> float:
    """Remove as most people do; return the seconds."""
    began = time.perf_counter()
    subprocess.run(["rm", "-rf", str(tree)], check=True)
    return time.perf_counter() - began


def with_dua(tree: Path) -> float:
    """Mark the tree in dua's interface and let it be removed; return the seconds that this took."""
    session = PtySession(["dua", "interactive", str(tree.parent)])
    try:
        session.wait_for("\x1b[6n")
        session.send("\x1b[1;1R")  # the place of the cursor, which it asks for
        quiet = 0
        while quiet < 4:  # its scan has ended when nothing is drawn any more
            seen = len(session.chunks)
            time.sleep(0.5)
            quiet = quiet + 1 if len(session.chunks) == seen else 0
        for key in ("x", "\t"):
            session.send(key)
            time.sleep(0.3)
        began = session.send(REMOVE_ALL)
        while os.path.lexists(tree):
            time.sleep(0.005)
        return time.perf_counter() - began
    finally:
        session.close()


CONTESTANTS: dict[str, Callable[[Path], float]] = {"rm -rf": with_rm, "dusk": with_dusk, "dua": with_dua}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("directory", nargs="?", type=Path, default=Path())
    parser.add_argument("--files", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--flat", action="store_true", help="all files in one directory")
    parser.add_argument("--before", default="", help="what to put before each deletion, as 'nice -n -20'")
    parser.add_argument("--one", choices=CONTESTANTS, help="delete DIRECTORY this way and print the seconds")
    arguments = parser.parse_args()
    if arguments.one:
        print(CONTESTANTS[arguments.one](arguments.directory))
        return
    names = [name for name in CONTESTANTS if name != "dua" or shutil.which("dua")]
    times: dict[str, list[float]] = {name: [] for name in names}
    with tempfile.TemporaryDirectory(prefix="dusk-benchmark-", dir=arguments.directory) as work:
        tree = Path(work).resolve() / "tree"
        for number in range(arguments.rounds):
            turn = number % len(names)
            for name in names[turn:] + names[:turn]:
                make(tree, arguments.files, flat=arguments.flat)
                command = [*shlex.split(arguments.before), sys.executable, __file__, "--one", name, str(tree)]
                found = subprocess.run(command, check=True, capture_output=True, text=True)
                times[name].append(float(found.stdout))
                if os.path.lexists(tree):
                    raise SystemExit(f"{name} left something behind")
                print(f"round {number + 1}: {name:<8} {times[name][-1]:6.2f} s", file=sys.stderr, flush=True)
    for name, seconds in sorted(times.items(), key=lambda item: statistics.median(item[1])):
        ratio = statistics.median(mine / other for mine, other in zip(seconds, times["rm -rf"], strict=True))
        rate = arguments.files / statistics.median(seconds)
        print(f"{name:<8} {statistics.median(seconds):8.2f} s  {rate:12,.0f} files/s  {ratio:5.2f} × rm -rf")


if __name__ == "__main__":
    main()
