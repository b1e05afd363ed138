"""Requeueing moves stuck items back in line, replaces nothing and can be taken back."""

from __future__ import annotations

import os

import pytest

from dusk.actions.executor import Executor
from dusk.actions.journal import Journal
from dusk.actions.outcome import ItemState
from dusk.actions.undo import NothingToUndo, undo_batch
from dusk.fs import holders
from dusk.rules.finding import Action
from journeys.tree_digest import tree_digest

from . import interrupting
from .test_undo import old


def run(box, *paths, **facts):
    return box.run(box.review(box.plan(*paths, action=Action.REQUEUE, **facts)).plan)


@pytest.fixture
def queue(box):
    for stage in (b"pending", b"failed", b"processing"):
        os.makedirs(box.path(b"queue", stage))
    for name in (b"a.jsonl", b"b \xff.jsonl"):
        box.file(b"queue", b"failed", name, content=name)
    box.file(b"queue", b"processing", b"c.jsonl", content=b"c")
    for directory, names, files in os.walk(box.data, topdown=False):
        for name in names + files:
            old(os.path.join(directory, name))
    return box


def test_items_go_back_in_line_and_undo_puts_them_back(queue):
    before = tree_digest(queue.data)
    items = [queue.path(b"queue", b"failed", name) for name in (b"a.jsonl", b"b \xff.jsonl")]
    items.append(queue.path(b"queue", b"processing", b"c.jsonl"))
    outcome = run(queue, *items)
    assert [result.state for result in outcome.results] == [ItemState.DONE] * 3
    assert sorted(os.listdir(queue.path(b"queue", b"pending"))) == [b"a.jsonl", b"b \xff.jsonl", b"c.jsonl"]
    assert outcome.results[0].place == queue.path(b"queue", b"pending", b"a.jsonl")
    assert (outcome.frees_now, outcome.frees_after_purge) == (0, 0)
    undone = undo_batch(queue.journal)
    assert [result.state for result in undone.results] == [ItemState.DONE] * 3
    assert tree_digest(queue.data) == before
    with pytest.raises(NothingToUndo):
        undo_batch(queue.journal)


def test_an_inbox_beside_the_queue_serves(queue):
    os.rmdir(queue.path(b"queue", b"pending"))
    os.mkdir(queue.path(b"inbox"))
    (result,) = run(queue, queue.path(b"queue", b"failed", b"a.jsonl")).results
    assert result.place == queue.path(b"inbox", b"a.jsonl")


def test_a_directory_can_be_named(queue):
    os.mkdir(queue.path(b"elsewhere"))
    place = queue.path(b"elsewhere")
    (result,) = run(queue, queue.path(b"queue", b"failed", b"a.jsonl"), destination=place).results
    assert result.place == queue.path(b"elsewhere", b"a.jsonl")


def test_nothing_is_replaced(queue):
    taken = queue.file(b"queue", b"pending", b"a.jsonl", content=b"waiting already")
    (result,) = run(queue, queue.path(b"queue", b"failed", b"a.jsonl")).results
    assert (result.state, "is there already" in result.sentence) == (ItemState.REFUSED, True)
    with open(taken, "rb") as file:
        assert file.read() == b"waiting already"


def test_what_is_in_no_queue_or_is_a_stage_or_is_held_is_refused(queue):
    stage = queue.path(b"queue", b"failed")
    assert "name the items" in run(queue, stage).results[0].sentence
    lone = queue.file(b"other", b"deep", b"x", content=b"x")
    assert "cannot be told" in run(queue, lone).results[0].sentence
    item = queue.path(b"queue", b"processing", b"c.jsonl")
    with open(item, "rb"):
        (result,) = run(queue, item).results
    assert (result.state, "in use" in result.sentence) == (ItemState.REFUSED, True)


def test_what_a_worker_took_is_said(queue):
    run(queue, queue.path(b"queue", b"failed", b"a.jsonl"))
    os.unlink(queue.path(b"queue", b"pending", b"a.jsonl"))
    (result,) = undo_batch(queue.journal).results
    assert (result.state, "a worker has taken" in result.sentence) == (ItemState.FAILED, True)


def test_a_place_that_is_taken_again_is_left(queue):
    item = queue.path(b"queue", b"failed", b"a.jsonl")
    run(queue, item)
    queue.file(b"queue", b"failed", b"a.jsonl", content=b"new")
    (result,) = undo_batch(queue.journal).results
    assert (result.state, "something else" in result.sentence) == (ItemState.REFUSED, True)
    assert os.path.exists(queue.path(b"queue", b"pending", b"a.jsonl"))


@pytest.mark.parametrize("undoing", [False, True])
def test_killed_anywhere_each_item_is_there_once(box, monkeypatch, undoing):
    monkeypatch.setattr(
        "dusk.actions.checks.hold_report", lambda path, files: holders.HoldReport(holders.Hold.FREE)
    )
    for limit, after in interrupting.points(1):
        interrupting.clear(box)
        os.makedirs(box.path(b"queue", b"pending"))
        items = [box.file(b"queue", b"failed", name, content=name) for name in (b"one", b"two")]
        plan = box.review(box.plan(*items, action=Action.REQUEUE)).plan
        if undoing:
            box.run(plan)
        box.journal.close()

        def work(plan=plan):
            journal = Journal.open()
            return undo_batch(journal) if undoing else Executor(journal, box.protection).run(plan)

        died = interrupting.killed(work, limit, after)
        box.journal = Journal.open()
        interrupting.settle(box)
        assert interrupting.contents_of(box.data) == {b"one": 1, b"two": 1}, (limit, after)
        interrupting.undo_all(box)
        assert sorted(os.listdir(box.path(b"queue", b"failed"))) == [b"one", b"two"], (limit, after)
        if not died:
            break
    else:
        pytest.fail("the run never came to its end")
