"""What was done, and the diary: on a real journal."""

from __future__ import annotations

import os

import pytest
from screen_harness import Harness, plan_of, shown, until

from dusk.actions.executor import Executor
from dusk.actions.outcome import ItemResult, ItemState, Outcome
from dusk.actions.review import review_plan
from dusk.rules.finding import Action
from dusk.tui.screens.acting import result_of
from dusk.tui.screens.history import HistoryScreen
from dusk.tui.screens.result import ResultScreen
from dusk.tui.tasks import ExecutionTask

HOSTILE = b"/data/\x1b[31mred[/red]\n\xe2\x80\xaeexe\xff.bin"
SIZES = [(120, 36), (80, 24), (40, 12)]


def act(session, plan):
    reviewed = review_plan(plan, session.protection)
    task = ExecutionTask(session, reviewed)
    task.start()
    assert task.wait(20) and task.result is not None, task.error
    return task


@pytest.mark.parametrize("size", SIZES)
async def test_refused_and_failed_items_come_first_with_their_reasons(session, size):
    outcome = Outcome(
        7,
        (
            ItemResult(b"/data/a.bin", Action.TRASH, ItemState.DONE, "", b"/data/.Trash-0/files/a.bin"),
            ItemResult(HOSTILE, Action.TRASH, ItemState.REFUSED, "It is open in python (42)."),
            ItemResult(b"/data/c.bin", Action.ARCHIVE, ItemState.FAILED, "The disk is full."),
            ItemResult(b"/data/d.bin", Action.TRASH, ItemState.SKIPPED),
        ),
        frees_after_purge=3 << 30,
        cancelled=True,
    )
    app = Harness(result_of(session, outcome))
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        text = shown(app)
        assert "Partly done" in text and "\x1b" not in text and "\u202e" not in text
        assert "1 refused" in text
        if size[0] >= 80:
            rows = [line for line in text.splitlines() if ".bin" in line]
            assert "failed" in rows[0] and "refused" in rows[1] and "done" in rows[2]
            assert "It is open in python (42)." in text and "The disk is full." in text
            assert "Emptying the trash would free 3.00 GiB" in text and "dusk undo 7" in text
            assert "Stopped on request" in text
            assert "in the trash as /data/.Trash-0/files/a.bin" in text


async def test_nothing_done_offers_no_undo(session):
    outcome = Outcome(None, (ItemResult(b"/data/a", Action.TRASH, ItemState.REFUSED, "No."),))
    app = Harness(result_of(session, outcome))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        assert "Nothing was done" in shown(app) and "undo" not in shown(app)
        await pilot.press("u")
        await pilot.pause()
        assert isinstance(app.screen, ResultScreen)
        await pilot.press("escape")
        await pilot.pause()
        assert not isinstance(app.screen, ResultScreen)


async def test_the_result_says_what_the_filesystem_says(session):
    results = (ItemResult(b"/data/a", Action.COMPRESS, ItemState.DONE, place=b"/data/a.zst"),)
    app = Harness(result_of(session, Outcome(4, results, 0, 900, needs=400, free_change=-4096)))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        assert "The filesystem says that 4.00 KiB less is free than before." in shown(app)
        assert "compressed as" in shown(app)


@pytest.mark.parametrize("size", SIZES)
async def test_the_diary_says_what_was_done_and_where_things_are(session, tmp_path, size):
    log = tmp_path / "log\x1b[31m.txt"
    log.write_bytes(b"step loss\n" * 5000)
    act(session, plan_of(os.fsencode(log), action=Action.COMPRESS, title="A log"))
    app = Harness(HistoryScreen(session))
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: "can go back" in shown(app))
        await pilot.press("enter")
        await pilot.pause()
        assert "compress  " in shown(app) and "compressed as" in shown(app)
        assert "\x1b[31m" not in shown(app)


async def test_an_empty_diary_says_so(session):
    app = Harness(HistoryScreen(session))
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "Nothing was done yet." in shown(app))
        await pilot.press("u", "enter", "escape")
        await pilot.pause()
        assert not isinstance(app.screen, HistoryScreen)


@pytest.mark.parametrize("size", SIZES)
async def test_the_diary_opens_a_batch_and_takes_any_back(session, files, size):
    act(session, plan_of(*files[:2], title="First things"))
    act(session, plan_of(*files[2:], title="Second things"))
    app = Harness(HistoryScreen(session))
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: "Second" in shown(app) or "can go back" in shown(app))
        await pilot.press("j", "enter")
        await pilot.pause()
        assert sum("done" in line for line in shown(app).splitlines()) >= 2
        await pilot.press("u")
        await pilot.pause()
        assert "Take it back?" in shown(app)
        await pilot.press("enter")  # Cancel has the focus
        await pilot.pause()
        assert not os.path.exists(files[0])
        await pilot.press("u", "y")
        await until(pilot, lambda: isinstance(app.screen, ResultScreen))
        await pilot.pause()
        assert "2 paths put back" in shown(app)
        assert os.path.exists(files[0]) and not os.path.exists(files[4])
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, HistoryScreen) and "taken back" in shown(app))


async def test_what_was_taken_back_cannot_be_taken_back_again(session, files):
    task = act(session, plan_of(*files[:1]))
    from dusk.actions.undo import undo_batch

    undo_batch(session.journal, task.result.batch)
    app = Harness(HistoryScreen(session))
    async with app.run_test(size=(100, 30)) as pilot:
        await until(pilot, lambda: "taken back" in shown(app))
        assert "took back batch 1" in shown(app)
        await pilot.press("u")
        await pilot.pause()
        assert "Take it back?" not in shown(app)


async def test_read_only_takes_nothing_back(session, files):
    act(session, plan_of(*files[:1]))
    session.read_only = True
    app = Harness(HistoryScreen(session))
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "can go back" in shown(app))
        await pilot.press("u", "y")
        await pilot.pause()
        assert not os.path.exists(files[0])


async def test_a_journal_that_cannot_be_read_is_said(session, monkeypatch):
    from dusk.actions.journal import JournalError

    class Broken:
        def batches(self, _limit):
            raise JournalError("The journal cannot be read: the disk has errors.")

    session._journal = Broken()
    app = Harness(HistoryScreen(session))
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "the disk has errors" in shown(app))
        await pilot.press("escape")
        await pilot.pause()
        assert not isinstance(app.screen, HistoryScreen)


def test_a_task_settles_tree_and_queue(session, files):
    session.plan = plan_of(*files)
    task = act(session, session.plan)
    task.settle()
    done, touched = session.settled[0]
    assert done == files and len(touched) == 5 and all(b"/Trash" in place for place in touched)
    assert not session.plan.steps
    assert session.journal.batches()[0].title == "Old revision"


def test_tasks_turn_every_failure_into_a_sentence(session, files, monkeypatch):
    def broken(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Executor, "run", broken)
    task = ExecutionTask(session, review_plan(plan_of(*files), session.protection))
    task.start()
    task.start()
    assert task.wait(5)
    assert task.error == "The queue could not be carried out: No space left on device."
    task.settle()
    assert session.settled == [([], [])]


def test_an_unnamed_batch_is_titled_by_its_names(session, files):
    act(session, plan_of(*files, title=""))
    assert session.journal.batches()[0].title == "file-0.bin, file-1.bin, file-2.bin and 2 more"
