"""Killed between a change of a directory and the giving back of its time: recovery gives it back."""

from __future__ import annotations

import os
import signal
import stat
import time

import pytest

from dusk.actions.executor import Executor
from dusk.actions.interrupted_times import times_of_moves
from dusk.actions.journal import Journal
from dusk.actions.undo import undo_batch
from dusk.fs import holders
from dusk.rules.finding import Action

from .interrupting import clear, died, settle, undo_all
from .test_undo import old

LINES = b"".join(b"%d some words that repeat\n" % number for number in range(400))


@pytest.fixture(autouse=True)
def nobody_holds_anything(monkeypatch):
    monkeypatch.setattr(
        "dusk.actions.checks.hold_report", lambda path, files: holders.HoldReport(holders.Hold.FREE)
    )


def killed_before_time(work, number):
    """Do the work in a child that dies right before it gives a directory a time; return whether it died."""

    def until_then():
        real, left = os.utime, [number]

        def utime(target, *words, **options):
            if isinstance(target, int) and stat.S_ISDIR(os.fstat(target).st_mode):
                left[0] -= 1
                if not left[0]:
                    os.kill(os.getpid(), signal.SIGKILL)
            return real(target, *words, **options)

        os.utime = utime
        work()

    return died(until_then)


def fill(box):
    clear(box)
    paths = [box.file(b"one.log", content=LINES), box.file(b"two.log", content=LINES + b"two")]
    for path in (*paths, box.data):
        old(path)
    return paths


def act(box, action, paths):
    plan = box.review(box.plan(*paths, action=action)).plan
    box.journal.close()
    return lambda: Executor(Journal.open(), box.protection).run(plan)


def undo(box, action, paths):
    box.run(box.review(box.plan(*paths, action=action)).plan)
    box.journal.close()
    return lambda: undo_batch(Journal.open())


@pytest.mark.parametrize(
    ("prepare", "action", "number"),
    [
        (act, Action.COMPRESS, 1),
        (act, Action.COMPRESS, 2),
        (undo, Action.TRASH, 1),
        (undo, Action.TRASH, 2),
        (undo, Action.COMPRESS, 1),
        (undo, Action.COMPRESS, 2),
        (undo, Action.COMPRESS, 3),
    ],
)
def test_undo_after_the_recovery_leaves_no_trace(box, prepare, action, number):
    paths = fill(box)
    before = os.stat(box.data).st_mtime_ns
    assert killed_before_time(prepare(box, action, paths), number)
    assert os.stat(box.data).st_mtime_ns != before
    box.journal = Journal.open()
    settle(box)
    undo_all(box)
    assert sorted(os.listdir(box.data)) == [b"one.log", b"two.log"]
    assert os.stat(box.data).st_mtime_ns == before


@pytest.mark.parametrize(("prepare", "action"), [(act, Action.COMPRESS), (undo, Action.TRASH)])
def test_what_somebody_else_changed_since_keeps_that_time(box, prepare, action):
    paths = fill(box)
    assert killed_before_time(prepare(box, action, paths), 2)
    time.sleep(0.05)
    box.file(b"new.log")
    changed = os.stat(box.data).st_mtime_ns
    box.journal = Journal.open()
    settle(box)
    undo_all(box)
    assert os.stat(box.data).st_mtime_ns >= changed


@pytest.mark.parametrize("prepare", [act, undo])
def test_a_queue_leaves_no_trace_either(box, prepare):
    clear(box)
    items = [box.file(b"queue", b"failed", b"%d.json" % number) for number in range(3)]
    os.makedirs(box.path(b"queue", b"pending"))
    stages = [box.path(b"queue", stage) for stage in (b"failed", b"pending")]
    for path in (*items, *stages):
        old(path)
    before = [os.stat(stage).st_mtime_ns for stage in stages]
    work = prepare(box, Action.REQUEUE, items)
    if prepare is undo:
        assert killed_before_time(work, 2)
    else:
        assert killed_before_closing(work)
    box.journal = Journal.open()
    settle(box)
    undo_all(box)
    assert sorted(os.listdir(stages[0])) == [b"0.json", b"1.json", b"2.json"]
    assert [os.stat(stage).st_mtime_ns for stage in stages] == before


def killed_before_closing(work):
    """Do the work in a child that dies right before it writes down how it ended; return whether it died."""

    def until_then():
        real = Journal.write

        def write(journal, records, *, closing=False):
            if closing:
                os.kill(os.getpid(), signal.SIGKILL)
            return real(journal, records, closing=closing)

        Journal.write = write
        work()

    return died(until_then)


def test_several_moves_follow_each_other(tmp_path):
    os.utime(tmp_path, ns=(0, 5_000_000_123))
    path = os.fsencode(tmp_path)
    moments = [3_000_000_000, 5_000_000_000]
    assert times_of_moves(path, 7, moments) == [(7, 3_000_000_000), (3_000_000_000, 5_000_000_123)]
    assert times_of_moves(path, 0, moments) == []
    assert times_of_moves(path, 7, [3_000_000_000, 4_000_000_000]) == []
    assert times_of_moves(path + b"/gone", 7, moments) == []
