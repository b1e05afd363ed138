"""Every action in places that do not allow it: read-only, full, out of inodes, and other people's.

    python -m reliability.places DIRECTORY

prints one JSON line for each place and action.
"""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field

import dusk.actions.archive_return
import dusk.actions.copier
from dusk.actions.acts import TABLE, act_for
from dusk.actions.executor import Executor

from . import invariants, scenes
from .laboratory import Laboratory, NotHere, enter_namespace, mount, unmount

USER = 54_321
_LOADED = (dusk.actions.archive_return, dusk.actions.copier)  # a made user may not reach what comes later


@dataclass(slots=True)
class Row:
    """One action in one place."""

    place: str
    action: str
    states: list[str] = field(default_factory=list)
    sentences: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Place:
    """Where the tree lies, and what is done to the disk before dusk comes."""

    name: str
    options: str = "size=160m"
    prepare: Callable[[bytes], None] = lambda _: None
    release: Callable[[bytes], None] = lambda _: None
    user: int = 0
    below: bytes = b""
    """Directory of the user on a disk that belongs to root; empty for a disk that is the user's."""


def _read_only(disk: bytes) -> None:
    subprocess.run(["mount", "-o", "remount,ro", disk], check=True)


def _writable(disk: bytes) -> None:
    subprocess.run(["mount", "-o", "remount,rw", disk], check=True)


def _fill(disk: bytes) -> None:
    """Fill a disk to the last byte."""
    for size in (1 << 20, 4096):
        try:
            while True:
                with open(os.path.join(disk, b"filler"), "ab") as file:
                    if file.write(b"\0" * size) < size:
                        break
        except OSError:
            continue


def _use_all_inodes(disk: bytes) -> None:
    number = 0
    try:
        while True:
            os.mkdir(os.path.join(disk, b"filler.%d" % number))
            number += 1
    except OSError:
        return


def _clear(disk: bytes) -> None:
    for name in os.listdir(disk):
        path = os.path.join(disk, name)
        if name.startswith(b"filler."):
            os.rmdir(path)
        elif name == b"filler":
            os.unlink(path)


PLACES = (
    Place("root's own disk"),
    Place("a user's own disk", user=USER),
    Place("a user's directory on root's disk", user=USER, below=b"alice"),
    Place("a read-only mount", prepare=_read_only, release=_writable),
    Place("a read-only mount, as a user", prepare=_read_only, release=_writable, user=USER),
    Place("a full disk", options="size=96m", prepare=_fill, release=_clear),
    Place("a full disk, as a user", options="size=96m", prepare=_fill, release=_clear, user=USER),
    Place("no inode left", options="size=160m,nr_inodes=200", prepare=_use_all_inodes, release=_clear),
)


def _own(box: Laboratory, user: int) -> None:
    for top in (box.home, box.state, box.archive, box.data):
        for directory, names, files in os.walk(top):
            for name in (b".", *names, *files):
                os.chown(os.path.join(directory, name), user, user, follow_symlinks=False)
    os.chmod(box.data, 0o755)


def _as(user: int, work: Callable[[], object]) -> object:
    """Do something in a forked child as a user and return what it returned."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            if user:
                os.setgroups([])
                os.setresgid(user, user, user)
                os.setresuid(user, user, user)
            told = pickle.dumps(work())
        except BaseException:
            told = pickle.dumps(traceback.format_exc())
        os.write(writing, told)
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        told = pipe.read()
    os.waitpid(child, 0)
    return pickle.loads(told)


def _row(box: Laboratory, disk: bytes, place: Place, name: str) -> Row:
    row = Row(place.name, name)
    box.data = os.path.join(disk, place.below) if place.below else disk
    os.makedirs(box.data, exist_ok=True)
    plan = scenes.PLANS[name](box)
    if place.user:
        _own(box, place.user)
    before, contents = invariants.facts(box.data), invariants.contents(box)
    box.journal.close()
    place.prepare(disk)

    def act() -> object:
        box.reopen()
        outcome = Executor(box.journal, box.protection).run(box.review(plan).plan)
        return [(result.state.value, result.sentence) for result in outcome.results]

    def undo() -> object:
        box.reopen()
        scenes.recovered(box)
        scenes.undo_everything(box)
        return invariants.open_records(box)

    told = _as(place.user, act)
    if isinstance(told, str):
        row.problems.append(told)
        told = []
    row.states = [state for state, _ in told]
    row.sentences = sorted({sentence for state, sentence in told if state != "done" and sentence})
    row.problems += invariants.bad_sentences({"results": told})
    row.problems += invariants.conserved(contents, invariants.contents(box))
    row.problems += invariants.residue(box)
    place.release(disk)
    left = _as(place.user, undo)
    row.problems += [left] if isinstance(left, str) else left
    row.problems += invariants.conserved(contents, invariants.contents(box))
    after = invariants.differences(before, invariants.facts(box.data))
    row.problems += [one for one in after if "directory time" not in one and "filler" not in one]
    return row


def main(arguments: list[str]) -> int:
    directory = os.fsencode(arguments[0])
    try:
        enter_namespace()
        mount("tmpfs", "mode=755,size=512m", b"tmpfs", directory)
        for action in TABLE:
            act_for(action)
        for place in PLACES:
            for number, name in enumerate(name for name in scenes.PLANS if name != "dedupe reflink"):
                root = os.path.join(directory, b"%d-%d" % (PLACES.index(place), number))
                os.makedirs(root)
                box = Laboratory(root)
                os.makedirs(box.archive)
                box.reopen()
                disk = box.data
                mount("tmpfs", f"mode=755,{place.options}", b"tmpfs", disk)
                row = _row(box, disk, place, name)
                unmount(disk)
                print(json.dumps({one: getattr(row, one) for one in Row.__slots__}), flush=True)
    except NotHere as reason:
        print(json.dumps({"not_here": str(reason)}), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
