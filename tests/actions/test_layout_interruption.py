"""Killed at every call: empty directories, new layouts and hard links are whole, or as they were."""

from __future__ import annotations

import os

import pytest

from dusk.actions.executor import Executor
from dusk.actions.journal import Journal
from dusk.actions.undo import undo_batch
from dusk.fs import holders
from dusk.rules.finding import Action, ActionOptions

from .interrupting import clear, contents_of, killed, points, settle, undo_all
from .test_undo import digest


@pytest.fixture(autouse=True)
def nobody_holds_anything(monkeypatch):
    monkeypatch.setattr(
        "dusk.actions.checks.hold_report", lambda path, files: holders.HoldReport(holders.Hold.FREE)
    )


def plan_of(box, action: Action):
    if action is Action.EMPTY_DIRECTORIES:
        os.makedirs(box.path(b"run/a/b"))
        os.makedirs(box.path(b"run/c"))
        return box.plan(box.path(b"run"), action=action)
    if action is Action.SCAFFOLD:
        box.file(b"kept")
        return box.plan(box.data, action=action, options=ActionOptions(names=("a/b", "c")))
    paths = [box.file(name, content=b"equal" * 100) for name in (b"one", b"d/two")]
    return box.plan(*paths, action=action, options=ActionOptions(form="hard-link"))


def facts(box):
    """Return names, modes and contents; the times of directories that a kill left are not promised."""
    return {path: fact[:3] for path, fact in digest(box.data).items()}


@pytest.mark.parametrize("undoing", [False, True])
@pytest.mark.parametrize("action", [Action.EMPTY_DIRECTORIES, Action.SCAFFOLD, Action.DEDUPE])
def test_a_kill_anywhere_leaves_one_of_both_ends_and_undo_the_first(box, action, undoing):
    for limit, after in points(3):
        clear(box)
        reviewed = box.review(plan_of(box, action)).plan
        before, contents = facts(box), contents_of(box.data)
        if undoing:
            box.run(reviewed)
        box.journal.close()

        def work(plan=reviewed):
            journal = Journal.open()
            return undo_batch(journal) if undoing else Executor(journal, box.protection).run(plan)

        died = killed(work, limit, after)
        box.journal = Journal.open()
        settle(box)
        assert set(contents_of(box.data, box.trash)) >= set(contents), (limit, after)
        undo_all(box)
        assert facts(box) == before, (limit, after)
        assert not [name for name in os.listdir(box.data) if name.startswith(b".dusk")], (limit, after)
        if not died:
            break
    else:
        pytest.fail("the work never came to its end")
