"""Killed at any moment: after recovery everything is in exactly one place, and undo gives it back."""

from __future__ import annotations

import errno
import os
from dataclasses import replace

import pytest

from dusk.actions import purge, trash
from dusk.actions.bin import empty
from dusk.actions.executor import Executor
from dusk.actions.journal import Journal
from dusk.actions.record import State
from dusk.actions.recovery import recover
from dusk.actions.trash_directory import Unusable
from dusk.actions.undo import undo_batch
from dusk.fs import holders
from dusk.fs.names import display_path
from dusk.rules.finding import Action

from .interrupting import clear, contents_of, killed, points, settle, undo_all
from .test_undo import digest


def _fill(box) -> None:
    box.file(b"one", content=b"first")
    box.file(b"run", b"a", content=b"second")
    box.file(b"run", b"deep", b"b", content=b"third")


@pytest.fixture(autouse=True)
def nobody_holds_anything(monkeypatch):
    monkeypatch.setattr(
        "dusk.actions.checks.hold_report", lambda path, files: holders.HoldReport(holders.Hold.FREE)
    )


def test_a_killed_trash_run_loses_nothing(box):
    for limit, after in points(2):
        clear(box)
        _fill(box)
        before = digest(box.data)
        contents = contents_of(box.data)
        plan = box.review(box.plan(box.path(b"one"), box.path(b"run"))).plan
        box.journal.close()
        died = killed(lambda plan=plan: Executor(Journal.open(), box.protection).run(plan), limit, after)
        box.journal = Journal.open()
        settle(box)
        assert contents_of(box.data, box.trash) == contents, (limit, after)
        undo_all(box)
        assert digest(box.data) == before, (limit, after)
        if not died:
            break
    else:
        pytest.fail("the run never came to its end")


def test_a_killed_undo_loses_nothing(box):
    for limit, after in points(2):
        clear(box)
        _fill(box)
        before = digest(box.data)
        contents = contents_of(box.data)
        box.trash_all(box.path(b"one"), box.path(b"run"))
        box.journal.close()
        died = killed(lambda: undo_batch(Journal.open()), limit, after)
        box.journal = Journal.open()
        settle(box)
        assert contents_of(box.data, box.trash) == contents, (limit, after)
        undo_all(box)
        assert {path: fact[:3] + fact[4:] for path, fact in digest(box.data).items()} == {
            path: fact[:3] + fact[4:] for path, fact in before.items()
        }, (limit, after)
        if not died:
            break
    else:
        pytest.fail("the undo never came to its end")


def test_a_killed_archive_leaves_the_source_or_finishes(box):
    archive = os.path.join(box.root, b"archive")
    for limit, after in points(5):
        clear(box)
        _fill(box)
        before = digest(box.data)
        source = box.path(b"run")
        plan = box.review(box.plan(source, action=Action.ARCHIVE, destination=archive)).plan
        box.journal.close()
        died = killed(lambda plan=plan: Executor(Journal.open(), box.protection).run(plan), limit, after)
        box.journal = Journal.open()
        settle(box)
        # Whatever stands in the archive is whole, and the source is in its place or in the trash.
        assert all(not name.startswith(b".dusk") for name in os.listdir(archive)), (limit, after)
        for name in os.listdir(archive):
            assert contents_of(os.path.join(archive, name)) == {b"second": 1, b"third": 1}
        assert contents_of(box.data, box.trash) == {b"first": 1, b"second": 1, b"third": 1}, (limit, after)
        undo_all(box)
        assert digest(box.data) == before, (limit, after)
        if not died:
            break
    else:
        pytest.fail("the archive never came to its end")


def test_a_killed_emptying_never_leaves_half_an_item_that_looks_whole(box):
    for limit, after in points(2):
        clear(box)
        _fill(box)
        box.trash_all(box.path(b"run"))
        items = box.bin()
        box.journal.close()
        died = killed(lambda items=items: empty(items, journal=Journal.open()), limit, after)
        box.journal = Journal.open()
        settle(box)
        assert not os.path.exists(os.path.join(box.trash, b"expunged")), (limit, after)
        left = contents_of(box.trash)
        assert left in ({}, {b"second": 1, b"third": 1}), (limit, after)
        if left:
            undo_all(box)
            assert contents_of(box.data) == {b"first": 1, b"second": 1, b"third": 1}
        if not died:
            break
    else:
        pytest.fail("the emptying never came to its end")


def test_a_killed_emptying_on_a_full_disk_leaves_nothing_behind(box, monkeypatch):
    real = purge.open_own

    def full(directory: int, name: bytes, *, make: bool = False) -> int:
        if make:
            raise Unusable("full") from OSError(errno.ENOSPC, "full")
        return real(directory, name)

    monkeypatch.setattr(purge, "open_own", full)
    for limit, after in points(2):
        clear(box)
        _fill(box)
        box.trash_all(box.path(b"run"))
        items = box.bin()
        box.journal.close()
        died = killed(lambda items=items: empty(items, journal=Journal.open()), limit, after)
        box.journal = Journal.open()
        settle(box)
        whole = {b"second": 1, b"third": 1}
        # A deletion that ended beside the journal is swept by the next one.
        left = contents_of(os.path.join(box.trash, b"files"))
        assert left in ({}, whole), (limit, after)
        if not died:
            assert os.listdir(os.path.join(box.trash, b"info")) == []
            break
    else:
        pytest.fail("the emptying never came to its end")


@pytest.mark.parametrize("interrupted", ["archive", "undo"])
def test_recovery_says_where_a_copy_stays(box, interrupted):
    archive = os.path.join(box.root, b"archive")
    os.makedirs(archive, exist_ok=True)
    path = box.file(b"one")
    box.archive_all(path, to=archive)
    undo_batch(box.journal)
    with open(os.path.join(archive, b"one"), "wb") as copy:
        copy.write(b"content")
    (done,) = box.journal.records(1)
    number = 0 if interrupted == "undo" else done.id
    action, reverses = ("restore", done.id) if interrupted == "undo" else ("archive", 0)
    box.journal.write([replace(done, id=number, state=State.INTENT, action=action, reverses=reverses)])
    (sentence,) = recover(box.journal).sentences
    assert sentence.endswith(f"is at {display_path(os.path.join(archive, b'one'))}.") or sentence.endswith(
        f"stays at {display_path(os.path.join(archive, b'one'))}."
    )


def test_recovery_leaves_alone_what_another_process_is_doing(box, monkeypatch):
    box.file(b"one")
    plan = box.review(box.plan(box.path(b"one"))).plan
    seen: list[tuple[str, ...]] = []
    real = trash.relocate

    def during(*arguments: object) -> None:
        seen.append(recover(box.journal).sentences)
        assert len(box.journal.open_records()) == 1
        real(*arguments)

    monkeypatch.setattr(trash, "relocate", during)
    box.run(plan)
    assert seen == [()]
    assert box.journal.open_records() == ()


def test_what_is_nowhere_is_left_for_a_person(box):
    path = box.file(b"one")
    box.trash_all(path)
    (done,) = box.journal.records(1)
    box.journal.write([replace(done, state=State.INTENT)])
    os.unlink(done.trash_path)
    sentences = recover(box.journal).sentences
    assert "neither in its place nor in the trash" in sentences[0]
    assert recover(box.journal).sentences == ()
    assert box.journal.records(1)[0].state is State.AMBIGUOUS


def test_a_disk_that_is_not_there_is_settled_when_it_is(box):
    path = box.file(b"one")
    box.trash_all(path)
    (done,) = box.journal.records(1)
    box.journal.write([replace(done, state=State.INTENT)])
    os.rename(box.trash, box.trash + b".away")
    assert "is not there" in recover(box.journal).sentences[0]
    os.rename(box.trash + b".away", box.trash)
    assert "before dusk was interrupted" in recover(box.journal).sentences[0]
    assert undo_batch(box.journal).results[0].path == path
