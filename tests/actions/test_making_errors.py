"""Every system call of the acts that make something may fail: nothing is lost, nothing half made stays."""

from __future__ import annotations

import contextlib
import errno
import os

import pytest

from dusk.actions.bin import empty
from dusk.actions.journal import JournalError
from dusk.actions.outcome import ItemState
from dusk.actions.undo import NothingToUndo, undo_batch
from dusk.rules.finding import Action, ActionOptions

from .interrupting import EVERY_POINT, clear, contents_of, settle
from .test_errors import Failing, nobody_holds_anything, only_the_home_trash  # noqa: F401 - fixtures
from .test_undo import digest

LINES = b"".join(b"%d some words that repeat\n" % number for number in range(400))


def _compress(box):
    return box.plan(box.file(b"a.log", content=LINES), action=Action.COMPRESS)


def _split(box):
    path = box.file(b"a.jsonl", content=LINES)
    return box.plan(path, action=Action.SPLIT, options=ActionOptions(lines=150))


def _rotate(box):
    for number in range(3):
        path = box.file(b"pile", b"s%d.json" % number, content=LINES + b"%d" % number)
        os.utime(path, (number * 86400, number * 86400))
    return box.plan(box.path(b"pile"), action=Action.ROTATE, options=ActionOptions(keep_days=1))


def _pack(box):
    box.file(b"run", b"a", content=LINES)
    box.file(b"run", b"deep", b"b", content=b"third")
    return box.plan(
        box.path(b"run"),
        action=Action.ARCHIVE,
        destination=os.path.join(box.root, b"archive"),
        options=ActionOptions(form="tar.zst"),
    )


def _requeue(box):
    os.makedirs(box.path(b"queue", b"pending"))
    items = [box.file(b"queue", b"failed", name, content=name) for name in (b"one", b"two")]
    return box.plan(*items, action=Action.REQUEUE)


# A requeue is short: every call of it, because what fails after the rename is one call of forty.
STEPS = {"requeue": 1}
ACTS = {"compress": _compress, "split": _split, "rotate": _rotate, "pack": _pack, "requeue": _requeue}


def _undo_all(box) -> None:
    for _ in range(6):
        try:
            undo_batch(box.journal)
        except NothingToUndo:
            return


def _without_leftovers(names):
    # What an error kept from being removed has a name that says what it is; recovery knows it.
    return {name for name in names if b"/.dusk-" not in name}


def _conserved(box, contents) -> None:
    found = contents_of(box.data, box.trash)
    assert {content: found.get(content) for content in contents} == contents


def points(box, build, number, step):
    step = 1 if EVERY_POINT else step
    for limit in range(1, 900, step):
        clear(box)
        plan = build(box)
        failing = Failing(limit, number)
        yield failing, plan
        if failing.left > 0:
            return
    pytest.fail("the work never came to its end")


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO, errno.EDQUOT])
@pytest.mark.parametrize("name", ACTS)
def test_an_act_survives_every_error(box, name, number):
    for failing, plan in points(box, ACTS[name], number, STEPS.get(name, 11)):
        before, contents = digest(box.data), contents_of(box.data)
        reviewed = box.review(plan).plan
        with failing:
            try:
                outcome = box.run(reviewed)
            except JournalError:
                outcome = None
        where = (failing.left, outcome)
        assert outcome is None or all(
            result.sentence for result in outcome.results if result.state is not ItemState.DONE
        ), where
        settle(box)
        _conserved(box, contents)
        _undo_all(box)
        assert _without_leftovers(digest(box.data)) == set(before), where


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO])
@pytest.mark.parametrize("name", ACTS)
def test_taking_back_survives_every_error(box, name, number):
    for failing, plan in points(box, ACTS[name], number, STEPS.get(name, 11)):
        before, contents = digest(box.data), contents_of(box.data)
        assert box.run(box.review(plan).plan).count(ItemState.DONE)
        with failing, contextlib.suppress(JournalError, NothingToUndo):
            undo_batch(box.journal)
        settle(box)
        _conserved(box, contents)
        _undo_all(box)
        left = _without_leftovers(digest(box.data)) - set(before)
        assert set(before) <= set(digest(box.data)), failing.left
        # A product that could not be moved to the trash stays, and that was said.
        assert all(path.endswith((b".zst", b".jsonl")) for path in left), (failing.left, left)


def _copy(box):
    box.file(b"run", b"a", content=LINES)
    destination = os.path.join(box.root, b"archive")
    return box.plan(box.path(b"run"), action=Action.ARCHIVE, destination=destination)


@pytest.mark.parametrize("plan", [_compress, _split, _rotate, _pack, _copy])
def test_what_was_made_again_is_not_called_missing(box, monkeypatch, plan):
    clear(box)
    reviewed = box.review(plan(box)).plan
    before = contents_of(box.data)
    box.run(reviewed)
    empty(box.bin(), journal=box.journal)
    module = "archive_return" if plan is _copy else "replaced"

    def fail(descriptor):
        raise OSError(errno.EIO, "the disk reports an error")

    with monkeypatch.context() as patch:
        patch.setattr(f"dusk.actions.{module}.sync", fail)
        (result,) = undo_batch(box.journal).results[:1]
    assert (result.state, "is back, but" in result.sentence) == (ItemState.FAILED, True), result
    settle(box)
    with contextlib.suppress(NothingToUndo):
        undo_batch(box.journal)
    assert contents_of(box.data) == before
