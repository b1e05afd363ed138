"""A new layout is made where it is missing, and undo takes only what is still empty."""

from __future__ import annotations

import json
import os
from dataclasses import replace

import pytest

from dusk.actions.journal import State
from dusk.actions.outcome import ItemState
from dusk.actions.recovery import recover
from dusk.actions.scaffolding import BadName, wanted_directories
from dusk.actions.undo import undo_batch
from dusk.rules.finding import Action, ActionOptions


def lay_out(box, *names: str):
    plan = box.plan(box.data, action=Action.SCAFFOLD, options=ActionOptions(names=names))
    reviewed = box.review(plan)
    return box.run(reviewed.plan), reviewed


def test_missing_directories_are_made_and_taken_back(box):
    box.file(b"models", b"kept")
    outcome, reviewed = lay_out(box, "models", "models/base", "runs/2026 \udcff/logs")
    assert outcome.results[0].state is ItemState.DONE, outcome
    assert "4 directories will be made; 1 directory is" in (
        reviewed.plan.targets[0].forecast.sentence
    ).replace("are there", "is")
    assert os.path.isdir(box.path(b"runs", b"2026 \xff", b"logs"))
    undone = undo_batch(box.journal)
    assert undone.results[0].state is ItemState.DONE and not undone.results[0].sentence
    assert sorted(os.listdir(box.data)) == [b"models"]
    assert os.path.exists(box.path(b"models", b"kept"))


def test_undo_leaves_what_somebody_began_to_use(box):
    lay_out(box, "a/b", "c")
    box.file(b"a", b"b", b"mine")
    undone = undo_batch(box.journal)
    assert "is not empty any more, so it stays" in undone.results[0].sentence
    assert os.path.exists(box.path(b"a", b"b", b"mine")) and not os.path.exists(box.path(b"c"))


def test_a_file_in_the_way_is_said_at_the_review(box):
    box.file(b"a", b"b")
    outcome, reviewed = lay_out(box, "a/b/c")
    assert "is there already, as a file" in reviewed.problems[0].sentence
    assert outcome.results[0].state is ItemState.REFUSED


@pytest.mark.parametrize("name", ["../out", "/etc/x", "~/x", "a/../../x", "", ".", "x" * 300, "a\0b"])
def test_names_that_lead_out_are_refused(box, name):
    with pytest.raises(BadName):
        wanted_directories([name])
    outcome, _ = lay_out(box, name)
    assert outcome.results[0].state is ItemState.REFUSED
    assert os.listdir(box.data) == []


def test_all_there_already_changes_nothing(box):
    lay_out(box, "a/b")
    outcome, _ = lay_out(box, "a/b")
    assert outcome.results[0].state is ItemState.SKIPPED and outcome.batch is None


def test_a_failure_in_between_removes_what_was_made(box, monkeypatch):
    from dusk.actions import scaffolding

    real = scaffolding._make

    def failing(base, name, times):
        if name == b"c":
            raise OSError(28, "No space left on device")
        return real(base, name, times)

    monkeypatch.setattr(scaffolding, "_make", failing)
    outcome, _ = lay_out(box, "a/b", "c")
    assert outcome.results[0].state is ItemState.FAILED and "Nothing was made" in outcome.results[0].sentence
    assert os.listdir(box.data) == []


@pytest.mark.parametrize("is_old", [False, True])
def test_what_a_kill_left_is_removed_again(box, is_old):
    """Also what an older dusk had noted, which knew names only."""
    os.utime(box.data, ns=(5, 5))
    outcome, _ = lay_out(box, "a/b", "c")
    (record,) = box.journal.records(outcome.batch)
    names = json.loads(record.detail)["names"]
    assert names == ["a", "a/b", "c"]
    detail = json.dumps(names) if is_old else record.detail
    box.journal.write([replace(record, state=State.INTENT, detail=detail)])
    assert recover(box.journal).sentences
    assert os.listdir(box.data) == []
    assert (os.stat(box.data).st_mtime_ns == 5) is not is_old


def test_what_the_disk_does_not_remove_after_a_kill_the_next_recovery_removes(box, monkeypatch):
    outcome, _ = lay_out(box, "a/b", "c")
    (record,) = box.journal.records(outcome.batch)
    box.journal.write([replace(record, state=State.INTENT)])
    real = os.rmdir

    def failing(name, **options):
        if name == b"c":
            raise OSError(5, "Input/output error")
        real(name, **options)

    monkeypatch.setattr(os, "rmdir", failing)
    assert "could not be settled yet" in recover(box.journal).sentences[0]
    assert os.listdir(box.data) == [b"c"] and box.journal.open_records()
    monkeypatch.setattr(os, "rmdir", real)
    assert recover(box.journal).sentences
    assert os.listdir(box.data) == [] and not box.journal.open_records()


def test_undo_gives_the_directory_its_time_back_unless_someone_else_changed_it(box):
    os.utime(box.data, ns=(5, 5))
    lay_out(box, "a/b", "c")
    undo_batch(box.journal)
    assert os.listdir(box.data) == [] and os.stat(box.data).st_mtime_ns == 5
    lay_out(box, "a/b", "c")
    box.file(b"beside")
    undo_batch(box.journal)
    assert os.listdir(box.data) == [b"beside"] and os.stat(box.data).st_mtime_ns != 5
