"""Somebody takes a name at the very moment that dusk gives it away: nothing is lost, and it is said."""

from __future__ import annotations

import os

import pytest

from dusk.actions import relocation
from dusk.actions.bin import empty
from dusk.actions.outcome import ItemState
from dusk.actions.record import OPEN_STATES, State
from dusk.actions.undo import undo_batch

from .interrupting import clear, contents_of, settle
from .test_errors import nobody_holds_anything, only_the_home_trash  # noqa: F401 - fixtures
from .test_making_errors import _compress, _copy, _pack, _rotate, _split

ACTS = {"compress": _compress, "split": _split, "rotate": _rotate, "pack": _pack, "copy": _copy}
THEIRS = b"what another program saved in this moment"


def _emptied(box, act):
    """Act, empty the trash so that the source has to be made again, and return what there was before."""
    clear(box)
    reviewed = box.review(act(box)).plan
    before = contents_of(box.data)
    assert box.run(reviewed).count(ItemState.DONE)
    empty(box.bin(), journal=box.journal)
    return before


def _taking(monkeypatch, box, *, is_stranded=False, is_theirs=True):
    """Let another program rename a file over the first name that dusk gives to something that it made."""
    real, taken = relocation._rename, []

    def rename(source_directory, source, target_directory, target):
        real(source_directory, source, target_directory, target)
        here, there = (os.readlink(b"/proc/self/fd/%d" % one) for one in (source_directory, target_directory))
        if taken or b".dusk-" not in here or b".dusk-" in there:
            return
        taken.append(os.path.join(there, target))
        if is_theirs:
            os.rename(taken[0], os.path.join(box.root, b"gone"))  # a directory is not replaced by a file
            os.rename(box.file(b"saved", content=THEIRS), taken[0])
        if is_stranded:
            raise relocation.Stranded("the disk does not answer")

    monkeypatch.setattr(relocation, "_rename", rename)
    return taken


@pytest.mark.parametrize("name", ACTS)
def test_a_return_leaves_what_took_its_name(box, monkeypatch, name):
    before = _emptied(box, ACTS[name])
    with monkeypatch.context() as patch:
        taken = _taking(patch, box)
        result = undo_batch(box.journal).results[0]
    assert result.state is ItemState.FAILED and "something else took its name" in result.sentence
    with open(taken[0], "rb") as file:
        assert file.read() == THEIRS
    assert not [record for record in box.journal.open_records() if record.state in OPEN_STATES]
    settle(box)
    with open(taken[0], "rb") as file:
        assert file.read() == THEIRS
    os.unlink(taken[0])
    assert undo_batch(box.journal).count(ItemState.DONE)
    assert contents_of(box.data) == before


@pytest.mark.parametrize("is_theirs", [False, True])
@pytest.mark.parametrize("name", ACTS)
def test_recovery_finds_out_whose_name_it_is(box, monkeypatch, name, is_theirs):
    before = _emptied(box, ACTS[name])
    with monkeypatch.context() as patch:
        taken = _taking(patch, box, is_stranded=True, is_theirs=is_theirs)
        result = undo_batch(box.journal).results[0]
    assert result.state is ItemState.FAILED and "the next start of dusk finds out" in result.sentence
    assert [record.state for record in box.journal.open_records()] == [State.COPIED]
    settle(box)
    if is_theirs:
        with open(taken[0], "rb") as file:
            assert file.read() == THEIRS
        os.unlink(taken[0])
        assert undo_batch(box.journal).count(ItemState.DONE)
    assert contents_of(box.data) == before


@pytest.mark.parametrize("name", ACTS)
def test_an_act_leaves_what_took_the_name_of_its_product(box, monkeypatch, name):
    clear(box)
    reviewed = box.review(ACTS[name](box)).plan
    before = contents_of(box.data)
    with monkeypatch.context() as patch:
        taken = _taking(patch, box)
        outcome = box.run(reviewed)
    assert outcome.count(ItemState.DONE) < len(outcome.results)
    assert all(result.sentence for result in outcome.results if result.state is not ItemState.DONE)
    with open(taken[0], "rb") as file:
        assert file.read() == THEIRS
    settle(box)
    with open(taken[0], "rb") as file:
        assert file.read() == THEIRS
    os.unlink(taken[0])
    found = contents_of(box.data, box.trash)
    assert {content: found.get(content) for content in before} == before
