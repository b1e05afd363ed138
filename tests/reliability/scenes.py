"""What is done while something goes wrong: each action, taking it back, and the bin."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from dataclasses import dataclass

from actions.conftest import Box
from actions.interrupting import killed
from dusk.actions.bin import empty, restore
from dusk.actions.executor import Executor
from dusk.actions.journal import Journal, JournalError
from dusk.actions.recovery import recover
from dusk.actions.undo import NothingToUndo, undo_batch
from dusk.plan.plan import Plan
from dusk.rules.finding import Action, ActionOptions

Report = dict[str, object]
LINES = b"".join(b"%d some words that repeat\n" % number for number in range(400))
DAY = 86_400
_IN_THE_MIDDLE = 30  # calls of Python's: something is made or moved, and the act is not done


def old(path: bytes, seconds: int = 1_600_000_000) -> None:
    os.utime(path, ns=(seconds * 10**9 + 123, seconds * 10**9 + 456), follow_symlinks=False)


def age(box: Box) -> None:
    """Give everything a time that is not now."""
    for directory, names, files in os.walk(box.data, topdown=False):
        for number, name in enumerate(sorted(names + files)):
            old(os.path.join(directory, name), 1_600_000_000 + number)
    old(box.data)


def note(path: bytes) -> None:
    with contextlib.suppress(OSError):
        os.setxattr(path, b"user.origin", b"made \xff here")


def tree(box: Box) -> bytes:
    """Make a directory with everything that is easily lost."""
    box.file(b"run", b"model.bin", content=b"weights" * 900)
    box.file(b"run", b"deep", b"er", b"\xff\xfe\n\x1b[31m", content=b"odd name")
    box.file(b"run", b"empty", content=b"")
    os.link(box.path(b"run", b"model.bin"), box.path(b"run", b"deep", b"link"))
    os.symlink(b"nowhere", box.path(b"run", b"dangling"))
    os.mkfifo(box.path(b"run", b"fifo"))
    with open(box.path(b"run", b"sparse"), "wb") as file:
        file.truncate(70_000)
        file.seek(60_000)
        file.write(b"end")
    os.chmod(box.path(b"run", b"model.bin"), 0o640)
    os.chmod(box.path(b"run", b"deep"), 0o2750)
    note(box.path(b"run", b"model.bin"))
    note(box.path(b"run", b"deep"))
    return box.path(b"run")


def plan_trash(box: Box) -> Plan:
    paths = (box.file(b"one", content=b"first"), tree(box), box.file(b"other", b"one", content=b"second"))
    age(box)
    return box.plan(*paths)


def plan_copy(box: Box) -> Plan:
    path = tree(box)
    age(box)
    return box.plan(path, action=Action.ARCHIVE, destination=os.path.join(box.root, b"archive"))


def plan_pack(box: Box) -> Plan:
    path = tree(box)
    age(box)
    return box.plan(
        path,
        action=Action.ARCHIVE,
        destination=os.path.join(box.root, b"archive"),
        options=ActionOptions(form="tar.zst"),
    )


def plan_compress(box: Box) -> Plan:
    paths = (box.file(b"a.log", content=LINES), box.file(b"b\n\xff.log", content=LINES + b"more\n"))
    os.chmod(paths[0], 0o604)
    note(paths[0])
    age(box)
    return box.plan(*paths, action=Action.COMPRESS)


def plan_rotate(box: Box) -> Plan:
    paths = [box.file(b"pile", b"s%d.json" % number, content=LINES + b"%d" % number) for number in range(4)]
    box.file(b"pile", b"notes \xff", content=b"stays")
    age(box)
    for number, path in enumerate(paths):
        old(path, 1_700_000_000 + number * DAY)
    old(box.path(b"pile"))
    return box.plan(box.path(b"pile"), action=Action.ROTATE, options=ActionOptions(keep_days=1))


def plan_split(box: Box) -> Plan:
    path = box.file(b"a.jsonl", content=LINES)
    note(path)
    age(box)
    return box.plan(path, action=Action.SPLIT, options=ActionOptions(lines=150))


def plan_requeue(box: Box) -> Plan:
    os.makedirs(box.path(b"queue", b"pending"))
    items = [box.file(b"queue", b"failed", name, content=name) for name in (b"one", b"two\n", b"three")]
    age(box)
    return box.plan(*items, action=Action.REQUEUE)


def plan_hard_link(box: Box) -> Plan:
    paths = [box.file(b"d%d" % number, b"model\n\xff", content=LINES * 9) for number in range(3)]
    age(box)
    return box.plan(*paths, action=Action.DEDUPE, options=ActionOptions(form="hard-link"))


def plan_reflink(box: Box) -> Plan:
    paths = [box.file(b"d%d" % number, b"model\n\xff", content=LINES * 9) for number in range(3)]
    age(box)
    return box.plan(*paths, action=Action.DEDUPE)


def plan_empty_directories(box: Box) -> Plan:
    for path in (b"run/a/b/c", b"run/a/d\n\xff", b"run/e"):
        os.makedirs(box.path(path))
    box.file(b"beside", content=b"stays")
    os.chmod(box.path(b"run/a/b"), 0o2711)
    os.chmod(box.path(b"run/e"), 0o500)
    age(box)
    return box.plan(box.path(b"run"), action=Action.EMPTY_DIRECTORIES)


def plan_scaffold(box: Box) -> Plan:
    box.file(b"models", b"kept", content=b"stays")
    age(box)
    names = ("models", "models/base", "runs/2026 \udcff/logs", "data")
    return box.plan(box.data, action=Action.SCAFFOLD, options=ActionOptions(names=names))


PLANS: dict[str, Callable[[Box], Plan]] = {
    "trash": plan_trash,
    "archive copy": plan_copy,
    "archive tar.zst": plan_pack,
    "compress": plan_compress,
    "rotate": plan_rotate,
    "split": plan_split,
    "requeue": plan_requeue,
    "dedupe hard-link": plan_hard_link,
    "dedupe reflink": plan_reflink,
    "empty-dirs": plan_empty_directories,
    "scaffold": plan_scaffold,
}


@dataclass(frozen=True, slots=True)
class Scene:
    """One thing that is done: the name of a plan, and whether it is carried out, taken back or purged."""

    plan: str
    phase: str
    """``act``, ``undo``, ``restore``, ``empty``; ``first``: no journal and no trash yet; ``recovery``: after
    a kill in the middle of the act; ``rebuild``: undo once the trash was emptied."""

    @property
    def name(self) -> str:
        return f"{self.plan}, {self.phase}"

    def prepare(self, box: Box) -> Callable[[], Report]:
        """Fill the box and return the work, which opens a journal of its own. Faults are for that."""
        plan = box.review(PLANS[self.plan](box)).plan
        if self.phase in ("act", "first"):
            return lambda: _act(box, plan)
        if self.phase == "recovery":
            box.journal.close()
            killed(lambda: _act(box, plan), _IN_THE_MIDDLE, True)
            box.journal = Journal.open()
            return _recover
        box.run(plan)
        if self.phase == "rebuild":
            empty(box.bin(), journal=box.journal)
        if self.phase in ("undo", "rebuild"):
            return _undo
        items = box.bin()
        work = restore if self.phase == "restore" else empty
        return lambda: _bin(work, items)


def _act(box: Box, plan: Plan) -> Report:
    try:
        outcome = Executor(Journal.open(), box.protection).run(plan)
    except JournalError as problem:
        return {"stopped": str(problem)}
    return {"results": [[result.state.value, result.sentence] for result in outcome.results]}


def _recover() -> Report:
    try:
        recover(Journal.open())
    except JournalError as problem:
        return {"stopped": str(problem)}
    return {"results": []}


def _undo() -> Report:
    try:
        outcome = undo_batch(Journal.open())
    except (JournalError, NothingToUndo) as problem:
        return {"stopped": str(problem)}
    return {"results": [[result.state.value, result.sentence] for result in outcome.results]}


def _bin(work: Callable[..., object], items: list[object]) -> Report:
    try:
        outcome = work(items, journal=Journal.open())
    except JournalError as problem:
        return {"stopped": str(problem)}
    return {"results": [[result.state.value, result.sentence] for result in outcome.results]}


def undo_everything(box: Box) -> list[str]:
    """Take back all that can be taken back; return the sentences of what was not."""
    sentences: list[str] = []
    for _ in range(12):
        try:
            outcome = undo_batch(box.journal)
        except NothingToUndo:
            return sentences
        sentences += [result.sentence for result in outcome.results if result.state.value != "done"]
    return sentences


def recovered(box: Box) -> tuple[str, ...]:
    return recover(box.journal).sentences


_ALL = [Scene(plan, phase) for plan in PLANS for phase in ("act", "undo")]
_ALL.remove(Scene("dedupe reflink", "undo"))  # blocks that are shared stay shared
_BIN = [Scene("trash", "restore"), Scene("trash", "empty"), Scene("compress", "empty")]
_REPLACED = ("archive copy", "archive tar.zst", "compress", "rotate", "split")
_REBUILD = [Scene(plan, "rebuild") for plan in _REPLACED]
_RECOVERY = [Scene(plan, "recovery") for plan in PLANS if plan != "dedupe reflink"]
SCENES = (*_ALL, *_REBUILD, *_RECOVERY, Scene("trash", "first"), *_BIN)
