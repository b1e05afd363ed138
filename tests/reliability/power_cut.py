"""Power cuts: the image of a filesystem is copied as it is, while dusk stands still before one of its calls.

    python -m reliability.power_cut DIRECTORY --filesystems ext4,xfs,btrfs --every 5

What was not written to the image by then is lost, as it is when the power goes. Each copy is mounted in the
place of the original, which recovers the filesystem's own log; then dusk's recovery runs. Prints one JSON
line per filesystem.
"""

from __future__ import annotations

import argparse
import json
import os
import select
import shutil
import subprocess
import sys
import time
import traceback
from dataclasses import dataclass, field

import dusk.fs.syscalls
from actions.conftest import Box
from dusk.actions.executor import Executor
from dusk.actions.journal import Journal
from dusk.actions.record import State
from dusk.actions.undo import undo_batch

from . import invariants, scenes
from .faults import Fault, Injector, Mode
from .images import make_image
from .laboratory import Laboratory, NotHere, enter_namespace, mount, unmount

_STOP = Fault("stop", Mode.STOP_EVERY)


@dataclass(slots=True)
class Cuts:
    """What became of one filesystem."""

    filesystem: str
    calls: int = 0
    snapshots: int = 0
    acknowledged: int = 0
    """Acts that had been reported as done by then, over all snapshots."""
    settled: int = 0
    """Snapshots in which recovery found an act half done."""
    problems: list[str] = field(default_factory=list)
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One copy of the image."""

    image: bytes
    call: str
    acknowledged: tuple[str, ...]


class Day:
    """Everything that dusk can do, one after the other, each told when it is done."""

    STEPS = ("trash", "compress", "archive copy", "split", "requeue", "dedupe hard-link", "empty-dirs")

    def __init__(self, box: Box) -> None:
        self.box = box
        self.plans = {}
        top = box.data
        for name in self.STEPS:
            box.data = os.path.join(top, name.encode().replace(b" ", b"-"))
            os.makedirs(box.data)
            plan = scenes.PLANS[name](box)
            self.plans[name] = box.review(plan).plan
        box.data = top
        scenes.old(top)

    def live(self, said: int) -> None:
        """Do it all, then take the first and the last back; say each end when dusk has returned it."""
        journal = Journal.open()
        executor = Executor(journal, self.box.protection)
        for name, plan in self.plans.items():
            outcome = executor.run(plan)
            assert all(result.state.value == "done" for result in outcome.results), outcome
            os.write(said, f"{name} {outcome.batch}\n".encode())
        for name in (self.STEPS[-1], self.STEPS[1], self.STEPS[0]):
            batch = self.STEPS.index(name) + 1
            undo_batch(journal, batch)
            os.write(said, f"undo {batch}\n".encode())
        journal.close()


def forget_to_sync() -> None:
    """Make this process a dusk that never waits for the disk: the control that cuts do find what is lost."""
    os.fsync = os.fdatasync = lambda _descriptor: None
    dusk.fs.syscalls.sync_filesystem = lambda _descriptor: True
    really = Journal.open.__func__

    def opened(kind: type[Journal]) -> Journal:
        journal = really(kind)
        journal._connection.execute("PRAGMA synchronous = OFF")
        return journal

    Journal.open = classmethod(opened)


def snapshots(
    box: Laboratory, day: Day, image: bytes, copies: bytes, every: int, cuts: Cuts, is_control: bool
) -> list[Snapshot]:
    """Live the day in a child that stops before every so many calls, and copy the image each time."""
    found: list[Snapshot] = []
    reading, writing = os.pipe()
    injector = Injector()
    box.journal.close()
    child = os.fork()
    if child == 0:
        os.close(reading)
        code = 1
        try:
            if is_control:
                forget_to_sync()
            injector.arm(_STOP, every)
            day.live(writing)
            injector.disarm()
            code = 0
        except BaseException:
            injector.disarm()
            traceback.print_exc()
        os._exit(code)
    os.close(writing)
    told = b""
    while True:
        _, status = os.waitpid(child, os.WUNTRACED)
        while select.select([reading], [], [], 0)[0]:
            more = os.read(reading, 65536)
            if not more:
                break
            told += more
        cuts.calls, _, call = injector.seen()
        if not os.WIFSTOPPED(status):
            break
        if len(found) % 3 == 2:
            _commit(box.root)
        copy = os.path.join(copies, b"%05d" % len(found))
        subprocess.run(["cp", "--reflink=never", "--sparse=always", image, copy], check=True)
        found.append(Snapshot(copy, call, tuple(told.decode().splitlines())))
        os.kill(child, 18)
    os.close(reading)
    if os.waitstatus_to_exitcode(status):
        cuts.problems.append("the day did not come to its end")
    return found


def _commit(root: bytes) -> None:
    """Let the filesystem write its own log, but not the data: the order that loses most."""
    path = os.path.join(root, b"state", b"unrelated")
    with open(path, "wb") as file:
        file.write(b"x")
        os.fsync(file.fileno())
    os.unlink(path)


def examine(
    cuts: Cuts, box: Laboratory, snapshot: Snapshot, before: invariants.Facts, contents: dict[str, int]
) -> list[str]:
    """Return what is wrong in one mounted copy; the box lies on it now."""
    box.reopen()
    found = [f"the journal was damaged: {notice}" for notice in box.journal.notices]
    cuts.settled += bool(scenes.recovered(box))
    found += invariants.open_records(box)
    if again := scenes.recovered(box):
        found.append(f"a second recovery did something: {again}")
    found += invariants.conserved(contents, invariants.contents(box))
    found += invariants.trash_problems(box) + invariants.residue(box)
    found += _acknowledged(box, snapshot)
    scenes.undo_everything(box)
    after = [
        one
        for one in invariants.differences(before, invariants.facts(box.data))
        if "directory time" not in one
    ]
    found += [f"after undo {one}" for one in after]
    box.journal.close()
    return found


def _acknowledged(box: Laboratory, snapshot: Snapshot) -> list[str]:
    """Return what had been said to be done and is not."""
    undone = {int(line.split()[-1]) for line in snapshot.acknowledged if line.startswith("undo")}
    last = int(snapshot.acknowledged[-1].split()[-1]) if snapshot.acknowledged else 0
    begun = undone | ({last} if undone else set())
    found = []
    for line in snapshot.acknowledged:
        batch = int(line.split()[-1])
        records = box.journal.records(batch)
        wanted = {State.UNDONE} if batch in undone else {State.DONE}
        # The next thing that the day does may be on its way.
        if batch not in undone and begun | {_next(undone)} >= {batch}:
            wanted |= {State.UNDONE}
        if not records or any(record.state not in wanted for record in records):
            found.append(
                f"{line!r} was said, and the journal has {[record.state.value for record in records]}"
            )
        for record in records:
            if record.state is State.DONE and record.trash_name and not os.path.lexists(record.trash_path):
                found.append(f"{line!r} was said, and {record.trash_path!r} is not there")
    return found


def _next(undone: set[int]) -> int:
    order = [len(Day.STEPS), 2, 1]
    return order[len(undone)] if len(undone) < len(order) else 0


def cut(directory: bytes, kind: str, every: int, *, is_control: bool = False) -> Cuts:
    """Cut the power of one filesystem at many moments. Raises NotHere."""
    cuts, started = Cuts(kind), time.monotonic()
    image = make_image(os.path.join(directory, kind.encode() + b".image"), kind)
    root, copies = os.path.join(directory, kind.encode()), os.path.join(directory, b"copies")
    os.mkdir(root)
    os.makedirs(copies, exist_ok=True)
    mount(kind, "loop", image, root)
    box = Laboratory(root)
    shutil.rmtree(root + b".state")
    os.makedirs(box.archive)
    box.reopen()
    day = Day(box)
    before, contents = invariants.facts(box.data), invariants.contents(box)
    os.sync()
    taken = snapshots(box, day, image, copies, every, cuts, is_control)
    unmount(root)
    for snapshot in taken:
        mount(kind, "loop", snapshot.image, root)
        try:
            found = examine(cuts, box, snapshot, before, contents)
        finally:
            unmount(root)
            os.unlink(snapshot.image)
        cuts.snapshots += 1
        cuts.acknowledged += len(snapshot.acknowledged)
        where = f"{kind}, cut {cuts.snapshots} before {snapshot.call}"
        cuts.problems += [f"{where}: {one}" for one in found]
    cuts.seconds = round(time.monotonic() - started, 1)
    return cuts


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("directory")
    parser.add_argument("--filesystems", default="ext4,xfs,btrfs")
    parser.add_argument("--every", type=int, default=5)
    parser.add_argument("--control", action="store_true", help="leave out every sync, to see it found")
    options = parser.parse_args(arguments)
    enter_namespace()
    directory = os.fsencode(options.directory)
    mount("tmpfs", "mode=755,size=6g", b"tmpfs", directory)
    for kind in options.filesystems.split(","):
        try:
            cuts = cut(directory, kind, options.every, is_control=options.control)
            told = {name: getattr(cuts, name) for name in Cuts.__slots__}
        except NotHere as reason:
            told = {"filesystem": kind, "not_here": str(reason)}
        print(json.dumps(told), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
