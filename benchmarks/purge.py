"""How fast a tree is deleted for good: dusk's removal against ``rm -rf`` and dua, paired.

    python benchmarks/purge.py [--files 1000000] [--rounds 3] [--flat] [DIRECTORY]

Every round makes one tree for each contestant, in turns, so that a machine that is busy for a while is busy
for all of them. The tree is synced and the caches of the kernel are left as making it left them. A directory
on a disk is more telling than one in memory. What is printed is the median of the rounds, and of each
pairing with ``rm -rf`` the median of the ratios.
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

from dusk.actions import removal

PER_DIRECTORY = 500


def make(path: str, files: int, *, flat: bool) -> None:
    """Make a tree of empty files, some hundred in each directory, or all in one."""
    os.makedirs(path)
    per = files if flat else PER_DIRECTORY
    for number in range(-(-files // per)):
        directory = path if flat else os.path.join(path, f"d{number % 97}", f"e{number}")
        os.makedirs(directory, exist_ok=True)
        descriptor = os.open(directory, os.O_RDONLY)
        for name in range(min(per, files - number * per)):
            os.close(os.open(f"file-{name}", os.O_CREAT | os.O_WRONLY, dir_fd=descriptor))
        os.close(descriptor)
    os.sync()


def with_dusk(path: str) -> None:
    """Remove as emptying the trash does."""
    above, name = os.path.split(path)
    holder = os.open(above, os.O_RDONLY)
    try:
        removal.remove_tree(holder, os.fsencode(name))
    finally:
        os.close(holder)


def with_python(path: str) -> None:
    """Remove as emptying the trash does where nothing could be compiled."""
    native, removal._native = removal._native, None  # type: ignore[assignment]
    try:
        with_dusk(path)
    finally:
        removal._native = native


def with_command(*command: str) -> Callable[[str], None]:
    """Return what removes with another program."""
    return lambda path: subprocess.run([*command, path], check=True, stdout=subprocess.DEVNULL) and None


def contestants() -> dict[str, Callable[[str], None]]:
    """Return everyone who is here, by name."""
    found = {"rm -rf": with_command("rm", "-rf"), "dusk": with_dusk, "dusk in Python": with_python}
    if not removal.is_native():
        del found["dusk"]
    for name, command in (
        ("dua", ("dua", "delete")),  # recent versions only
        ("find -delete", ("sh", "-c", 'find "$0" -delete')),
        ("rsync", ("sh", "-c", 'mkdir -p "$0.e" && rsync -a --delete "$0.e/" "$0/" && rmdir "$0" "$0.e"')),
    ):
        if shutil.which(command[0]) and (command[0] != "sh" or shutil.which(name.split()[0])):
            found[name] = with_command(*command)
    return found


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("directory", nargs="?", default=".")
    parser.add_argument("--files", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--flat", action="store_true", help="all files in one directory")
    arguments = parser.parse_args()
    times: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory(dir=arguments.directory) as place:
        for number in range(arguments.rounds):
            order = list(contestants().items())
            for name, remove in order[number % len(order) :] + order[: number % len(order)]:
                path = os.path.join(place, "tree")
                make(path, arguments.files, flat=arguments.flat)
                began = time.perf_counter()
                remove(path)
                times.setdefault(name, []).append(time.perf_counter() - began)
                if os.path.lexists(path):
                    raise SystemExit(f"{name} left something behind")
    for name, seconds in sorted(times.items(), key=lambda item: statistics.median(item[1])):
        ratio = statistics.median(mine / other for mine, other in zip(seconds, times["rm -rf"], strict=True))
        rate = arguments.files / statistics.median(seconds)
        print(f"{name:<16} {statistics.median(seconds):8.2f} s  {rate:12,.0f} files/s  {ratio:5.2f} × rm -rf")


if __name__ == "__main__":
    main()
