"""An archive is a verified copy first, and only then a trashed source."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil

import pytest

from dusk.actions import copier, trash
from dusk.actions.archive import ArchiveError, make_destination
from dusk.actions.bin import empty, list_bin
from dusk.actions.outcome import ItemState
from dusk.actions.record import State
from dusk.actions.recovery import recover
from dusk.actions.undo import undo_batch
from dusk.rules.finding import Action

from .test_undo import digest, old


@pytest.fixture
def run(box):
    box.file(b"run", b"model.bin", content=b"m" * 100_000)
    box.file(b"run", b"deep", b"\xff\n", content=b"odd")
    os.link(box.path(b"run", b"model.bin"), box.path(b"run", b"again.bin"))
    os.symlink(b"nowhere", box.path(b"run", b"dangling"))
    for directory, names, files in os.walk(box.data, topdown=False):
        for name in names + files:
            old(os.path.join(directory, name))
    old(box.data)
    os.mkdir(os.path.join(box.root, b"archive"))
    return box


@pytest.fixture
def archive(run):
    return os.path.join(run.root, b"archive")


def contents(facts, prefix):
    """Return a digest without inode numbers and below another prefix."""
    return {
        path[len(prefix) :]: (fact[0], fact[1], fact[2], fact[3], fact[5][len(prefix) :], fact[6])
        for path, fact in facts.items()
    }


def test_archive_copies_then_trashes_and_undo_takes_both_back(run, archive):
    source = run.path(b"run")
    before = digest(run.data)
    outcome = run.archive_all(source, to=archive)
    assert outcome.results[0].state is ItemState.DONE, outcome
    copy = os.path.join(archive, b"run")
    assert outcome.results[0].place == copy
    assert contents(digest(copy), copy) == contents(
        {path: fact for path, fact in before.items() if path != run.data}, source
    )
    assert not os.path.lexists(source)
    assert os.listdir(archive) == [b"run"]
    undone = undo_batch(run.journal)
    assert undone.results[0].state is ItemState.DONE, undone
    assert "archived copy is in the trash" in undone.results[0].sentence
    assert digest(run.data) == before
    assert os.listdir(archive) == []


def test_archive_comes_back_from_the_copy_when_the_trash_was_emptied(run, archive):
    source = run.path(b"run")
    before = contents(digest(source), source)
    run.archive_all(source, to=archive)
    gone = empty(run.bin(), journal=run.journal)
    assert gone.count(ItemState.DONE) == 1
    assert gone.freed > 0
    undone = undo_batch(run.journal)
    assert undone.results[0].state is ItemState.DONE, undone
    assert "copied back" in undone.results[0].sentence
    assert contents(digest(source), source) == before
    assert os.listdir(run.data) == [b"run"]
    assert os.listdir(archive) == []


def test_a_changed_copy_stays_in_the_archive(run, archive):
    run.archive_all(run.path(b"run"), to=archive)
    with open(os.path.join(archive, b"run", b"model.bin"), "ab") as file:
        file.write(b"!")
    undone = undo_batch(run.journal)
    assert undone.results[0].state is ItemState.DONE
    assert "changed since, so it stays" in undone.results[0].sentence
    assert os.path.exists(os.path.join(archive, b"run"))


def test_a_changed_copy_is_not_copied_back(run, archive):
    run.archive_all(run.path(b"run"), to=archive)
    empty(run.bin(), journal=run.journal)
    with open(os.path.join(archive, b"run", b"model.bin"), "ab") as file:
        file.write(b"!")
    undone = undo_batch(run.journal)
    assert undone.results[0].state is ItemState.FAILED
    assert "not what was archived" in undone.results[0].sentence
    assert os.listdir(run.data) == []


def test_a_name_that_is_taken_in_the_archive_gets_a_number(run, archive):
    run.file(b"run2", b"x")
    os.mkdir(os.path.join(archive, b"run"))
    outcome = run.archive_all(run.path(b"run"), to=archive)
    assert outcome.results[0].place == os.path.join(archive, b"run.2")
    assert os.listdir(os.path.join(archive, b"run")) == []


@pytest.mark.parametrize(
    ("place", "words"),
    [
        (b"data/run/inside", "is inside"),
        (b"data", "is in the archive directory"),
        (b"missing", "does not exist"),
        (b"data/run/model.bin", "is not a directory"),
    ],
)
def test_an_impossible_destination_is_refused(run, place, words):
    os.mkdir(run.path(b"run", b"inside"))
    before = digest(run.data)
    destination = os.path.join(run.root, place)
    reviewed = run.review(run.plan(run.path(b"run"), action=Action.ARCHIVE, destination=destination))
    assert any(words in problem.sentence for problem in reviewed.problems), reviewed.problems
    outcome = run.run(reviewed.plan)
    assert outcome.results[0].state is ItemState.REFUSED
    assert words in outcome.results[0].sentence
    assert digest(run.data) == before


def test_a_full_destination_is_refused_before_copying(run, archive, monkeypatch):
    real = os.statvfs(archive)

    class Full:
        f_bavail, f_frsize, f_flag = 10, real.f_frsize, real.f_flag

    monkeypatch.setattr(os, "statvfs", lambda path: Full)
    outcome = run.archive_all(run.path(b"run"), to=archive)
    assert outcome.results[0].state is ItemState.REFUSED
    assert "to spare" in outcome.results[0].sentence
    assert os.listdir(archive) == []


def test_cancelling_leaves_no_copy_and_the_source(run, archive):
    before = digest(run.data)
    asked = []

    def cancelled() -> bool:
        asked.append(1)
        return any(os.path.lexists(os.path.join(archive, name)) for name in os.listdir(archive))

    plan = run.review(run.plan(run.path(b"run"), action=Action.ARCHIVE, destination=archive)).plan
    outcome = run.run(plan, cancelled=cancelled)
    assert outcome.cancelled
    assert outcome.results[0].state is ItemState.SKIPPED
    assert os.listdir(archive) == []
    assert digest(run.data) == before


def test_a_source_that_changes_while_it_is_copied_is_left_alone(run, archive, monkeypatch):
    real = copier.copy_verified

    def slow(source: bytes, destination: bytes, **options: object) -> object:
        report = real(source, destination, **options)
        with open(os.path.join(source, b"model.bin"), "ab") as file:
            file.write(b"more")
        return report

    monkeypatch.setattr(copier, "copy_verified", slow)
    outcome = run.archive_all(run.path(b"run"), to=archive)
    assert outcome.results[0].state is ItemState.REFUSED
    assert "The copy was removed" in outcome.results[0].sentence
    assert os.listdir(archive) == []
    assert os.path.exists(run.path(b"run", b"model.bin"))
    states = [record.state for record in run.journal.records(outcome.batch)]
    assert states == [State.FAILED]


def test_a_failing_copy_leaves_nothing(run, archive, monkeypatch):
    def fail(source: bytes, destination: bytes, **options: object) -> object:
        os.mkdir(os.path.join(destination, b"half"))
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(copier, "copy_verified", fail)
    outcome = run.archive_all(run.path(b"run"), to=archive)
    assert outcome.results[0].state is ItemState.FAILED
    assert "No space left" in outcome.results[0].sentence
    assert os.listdir(archive) == []


def test_the_destination_is_made_only_below_an_existing_directory(run):
    make_destination(os.path.join(run.root, b"new"))
    assert os.path.isdir(os.path.join(run.root, b"new"))
    with pytest.raises(ArchiveError, match="cannot be made"):
        make_destination(os.path.join(run.root, b"no", b"where"))


@pytest.mark.skipif(not os.path.isdir("/dev/shm"), reason="needs a second filesystem")
def test_archiving_to_another_filesystem_frees_after_the_purge(run):
    other = b"/dev/shm/dusk-test-%d" % os.getpid()
    os.mkdir(other)
    try:
        if os.stat(other).st_dev == os.stat(run.data).st_dev:
            pytest.skip("/dev/shm is on the same filesystem")
        before = digest(run.data)
        outcome = run.archive_all(run.path(b"run"), to=other)
        assert outcome.results[0].state is ItemState.DONE, outcome
        assert outcome.frees_now == 0
        assert outcome.frees_after_purge > 100_000
        undo = undo_batch(run.journal)
        assert undo.results[0].state is ItemState.DONE, undo
        assert digest(run.data) == before
    finally:
        left = [item for item in list_bin(run.journal) if item.original.startswith(other)]
        empty(left, journal=run.journal)
        shutil.rmtree(other)
        trash = b"/dev/shm/.Trash-%d" % os.geteuid()
        with contextlib.suppress(OSError):
            for name in (b"files", b"info", b""):
                os.rmdir(os.path.join(trash, name))


def test_a_disk_that_fails_after_the_move_leaves_the_record_to_recovery(run, archive, monkeypatch):
    real = trash.sync

    def fail(descriptor: int) -> None:
        if not os.path.lexists(run.path(b"run")):
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        real(descriptor)

    before = digest(run.data)
    monkeypatch.setattr(trash, "sync", fail)
    (result,) = run.archive_all(run.path(b"run"), to=archive).results
    monkeypatch.undo()
    assert result.state is ItemState.FAILED and "stays where it is" not in result.sentence
    assert recover(run.journal).sentences
    undo_batch(run.journal)
    assert set(digest(run.data)) == set(before)
