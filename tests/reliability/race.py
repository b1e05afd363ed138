"""Several processes that trash files of one name at the same time, and what became of them.

python -m reliability.race DIRECTORY PROCESSES FILES
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from urllib.parse import unquote_to_bytes

_RACER = """
import os, sys
import dusk.actions.checks
from dusk.actions.executor import Executor
from dusk.actions.journal import Journal
from dusk.actions.review import review_plan
from dusk.fs import holders
from dusk.fs.identity import Identity
from dusk.fs.protected import Protection
from dusk.plan.plan import Plan
from dusk.plan.step import Step, Target
from dusk.rules.finding import Action
from dusk.rules.safety import Safety
dusk.actions.checks.hold_report = lambda path, files: holders.HoldReport(holders.Hold.FREE)
paths = [os.fsencode(f"{sys.argv[1]}/{number}/checkpoint.pt") for number in range(int(sys.argv[2]))]
targets = tuple(
    Target(path, Identity.from_stat(os.lstat(path)), 0, 0, 1, Safety.SAFE, "") for path in paths
)
protection = Protection.load()
plan = review_plan(Plan((Step("s", Action.TRASH, targets),)), protection).plan
outcome = Executor(Journal.open(), protection).run(plan)
bad = [result for result in outcome.results if result.state.value != "done"]
sys.exit(f"{len(bad)} not done: {bad[:3]}" if bad else 0)
"""


@dataclass(frozen=True, slots=True)
class Race:
    """The end of a race."""

    files: int
    lost: int
    """Contents that are nowhere any more."""
    wrong: int
    """Items whose document names another file."""
    left: int
    """Files still in their place."""
    failed: int
    """Processes that ended with an error."""
    seconds: float


def lay_out(directory: str, processes: int, files: int) -> None:
    for process in range(processes):
        for number in range(files):
            place = f"{directory}/work/{process}/{number}"
            os.makedirs(place)
            with open(f"{place}/checkpoint.pt", "w") as file:
                file.write(f"{process}/{number}")


def race(
    directory: str, processes: int, files: int, racer: str = _RACER, python: str = sys.executable
) -> Race:
    """Let processes trash their files, all of one name, and count what became of them."""
    lay_out(directory, processes, files)
    home = f"{directory}/home"
    os.makedirs(f"{home}/.local/share/Trash/files", 0o700)
    os.makedirs(f"{home}/.local/share/Trash/info", 0o700)
    for path in (f"{home}/.local/share/Trash", f"{home}/.local/share/Trash/files"):
        os.chmod(path, 0o700)
    environment = {**os.environ, "HOME": home, "DUSK_STATE_DIR": f"{directory}/state"}
    environment.pop("XDG_DATA_HOME", None)
    started = time.monotonic()
    racers = [
        subprocess.Popen([python, "-c", racer, f"{directory}/work/{process}", str(files)], env=environment)
        for process in range(processes)
    ]
    failed = sum(one.wait() != 0 for one in racers)
    seconds = round(time.monotonic() - started, 2)
    return _count(directory, processes * files, failed, seconds)


def _count(directory: str, total: int, failed: int, seconds: float) -> Race:
    trash = f"{directory}/home/.local/share/Trash"
    contents, wrong, left = set(), 0, 0
    for place, _, names in os.walk(f"{directory}/work"):
        for name in names:
            with open(f"{place}/{name}") as file:
                contents.add(file.read())
            left += 1
    for name in os.listdir(f"{trash}/files"):
        with open(f"{trash}/files/{name}") as file:
            content = file.read()
        contents.add(content)
        try:
            with open(f"{trash}/info/{name}.trashinfo", "rb") as document:
                path = unquote_to_bytes(document.read().split(b"Path=")[1].split(b"\n")[0])
        except (FileNotFoundError, IndexError):
            path = b""
        wrong += not path.decode().endswith(f"/{content}/checkpoint.pt")
    return Race(total, total - len(contents), wrong, left, failed, seconds)


if __name__ == "__main__":
    print(json.dumps(asdict(race(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))))
