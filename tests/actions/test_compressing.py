"""Compressing writes a proven ``.zst`` first; only then the original goes to the trash."""

from __future__ import annotations

import errno
import os
import subprocess

import pytest

from dusk.actions import compressing
from dusk.actions.bin import empty, restore
from dusk.actions.executor import Executor
from dusk.actions.journal import Journal
from dusk.actions.outcome import ItemState
from dusk.actions.record import State
from dusk.actions.undo import NothingToUndo, undo_batch
from dusk.actions.zstd_frames import FRAME, contents_of
from dusk.fs import holders
from dusk.rules.finding import Action
from journeys.tree_digest import tree_digest

from . import interrupting
from .test_undo import old

LINES = b"".join(b'{"step": %d, "loss": %.6f}\n' % (n, 1 / (n + 1)) for n in range(4000))


def run(box, *paths, **options):
    return box.run(box.review(box.plan(*paths, action=Action.COMPRESS)).plan, **options)


def read(path: bytes) -> bytes:
    with open(path, "rb") as file:
        return b"".join(contents_of(file.fileno()))


@pytest.fixture
def log(box):
    path = box.file(b"logs", b"train \xff.log", content=LINES)
    os.setxattr(path, "user.run", b"seven")
    os.chmod(path, 0o640)
    old(path)
    old(os.path.dirname(path))
    return path


def test_a_log_becomes_a_proven_zst_with_its_mode_times_and_attributes(box, log):
    before = os.lstat(log)
    outcome = run(box, log)
    (result,) = outcome.results
    assert (result.state, result.sentence) == (ItemState.DONE, "")
    product = log + b".zst"
    assert result.place == product
    assert os.listdir(os.path.dirname(log)) == [os.path.basename(product)]
    assert read(product) == LINES
    after = os.lstat(product)
    for fact in ("st_mode", "st_uid", "st_gid", "st_mtime_ns"):
        assert getattr(after, fact) == getattr(before, fact), fact
    assert os.getxattr(product, "user.run") == b"seven"
    assert outcome.frees_now == 0
    assert outcome.frees_after_purge == (before.st_blocks - after.st_blocks) * 512 > 0


def test_undo_gives_back_everything_and_the_zst_is_in_the_trash(box, log):
    before = tree_digest(box.data)
    run(box, log)
    undone = undo_batch(box.journal)
    assert [(r.state, r.sentence) for r in undone.results] == [(ItemState.DONE, "")]
    assert tree_digest(box.data) == before
    assert [item.original for item in box.bin()] == [log + b".zst"]


def test_the_original_is_made_again_when_the_trash_was_emptied(box, log):
    mode, mtime = os.lstat(log).st_mode, os.lstat(log).st_mtime_ns
    run(box, log)
    empty(box.bin(), journal=box.journal)
    undone = undo_batch(box.journal)
    assert undone.results[0].state is ItemState.DONE, undone
    assert "made again" in undone.results[0].sentence
    with open(log, "rb") as file:
        assert file.read() == LINES
    assert (os.lstat(log).st_mode, os.lstat(log).st_mtime_ns) == (mode, mtime)
    assert os.getxattr(log, "user.run") == b"seven"
    assert os.listdir(os.path.dirname(log)) == [os.path.basename(log)]


def test_a_changed_zst_is_left_and_said(box, log):
    run(box, log)
    with open(log + b".zst", "ab") as file:
        file.write(b"!")
    (result,) = undo_batch(box.journal).results
    assert (result.state, os.path.exists(log), os.path.exists(log + b".zst")) == (ItemState.DONE, True, True)
    assert "changed since" in result.sentence


def test_a_changed_zst_is_nothing_to_make_the_original_of(box, log):
    run(box, log)
    empty(box.bin(), journal=box.journal)
    with open(log + b".zst", "ab") as file:
        file.write(b"!")
    with pytest.raises(NothingToUndo, match="is gone or was changed"):
        undo_batch(box.journal)
    assert (os.path.exists(log), os.path.exists(log + b".zst")) == (False, True)


def test_what_does_not_shrink_is_refused_with_the_figure(box):
    path = box.file(b"weights.bin", content=os.urandom(1 << 20))
    reviewed = box.review(box.plan(path, action=Action.COMPRESS))
    assert [problem.blocking for problem in reviewed.problems] == [True]
    assert "0% saved" in reviewed.problems[0].sentence
    assert run(box, path).results[0].state is ItemState.REFUSED
    assert os.listdir(box.data) == [b"weights.bin"]


def test_what_shrinks_in_the_samples_only_is_given_up_untouched(box):
    size = 8 << 20
    path = box.file(b"mixed", content=b"")
    with open(path, "r+b") as file:
        file.write(os.urandom(size))
        for offset in (0, (size - (1 << 20)) // 2, size - (1 << 20)):
            file.seek(offset)
            file.write(bytes(1 << 20))
    before = tree_digest(box.data)
    # Three of eight parts shrink: enough for samples to promise all of it, and still more than 10 %.
    (result,) = run(box, path).results
    assert result.state is ItemState.DONE
    undo_batch(box.journal)
    assert tree_digest(box.data)[b"mixed"] == before[b"mixed"]
    with open(path, "ab") as file:
        file.write(os.urandom(56 << 20))
        file.seek(0)
    with open(path, "r+b") as file:
        for offset in (0, ((64 << 20) - (1 << 20)) // 2, (64 << 20) - (1 << 20)):
            file.seek(offset)
            file.write(bytes(1 << 20))
    (result,) = run(box, path).results
    assert result.state is ItemState.REFUSED
    assert "hardly shrinks" in result.sentence and "It was not touched" in result.sentence
    assert os.listdir(box.data) == [b"mixed"]


@pytest.mark.parametrize(
    ("prepare", "words"),
    [
        (lambda path: os.link(path, path + b".again"), "hard links"),
        (lambda path: open(path + b".zst", "wb").close(), "is there already"),
        (lambda path: (os.unlink(path), os.mkdir(path)), "is not a file"),
        (lambda path: (os.rename(path, path + b"x"), os.symlink(path + b"x", path)), "is not a file"),
    ],
)
def test_what_cannot_be_compressed_is_refused(box, log, prepare, words):
    prepare(log)
    before = tree_digest(box.data)
    (result,) = run(box, log).results
    assert result.state is ItemState.REFUSED
    assert words in result.sentence
    assert tree_digest(box.data) == before


def test_a_name_that_is_too_long_is_refused(box):
    path = box.file(b"n" * 253, content=LINES)
    (result,) = run(box, path).results
    assert (result.state, "too long" in result.sentence) == (ItemState.REFUSED, True)


def test_a_held_log_is_refused(box, log):
    with open(log, "ab"):
        (result,) = run(box, log).results
    assert result.state is ItemState.REFUSED
    assert "in use" in result.sentence


def test_a_log_that_grows_while_it_is_compressed_is_left_alone(box, log, monkeypatch):
    real = compressing.FrameWriter.prove

    def grow(*arguments):
        digest = real(*arguments)
        with open(log, "ab") as file:
            file.write(b"more\n")
        return digest

    monkeypatch.setattr(compressing.FrameWriter, "prove", grow)
    (result,) = run(box, log).results
    assert result.state is ItemState.REFUSED
    assert "Review it again" in result.sentence
    assert os.listdir(os.path.dirname(log)) == [os.path.basename(log)]


def test_a_product_that_reads_back_differently_is_removed(box, log, monkeypatch):
    def differ(*arguments):
        raise OSError(errno.EIO, "the compressed file reads back differently from what was written")

    monkeypatch.setattr(compressing.FrameWriter, "prove", differ)
    before = tree_digest(box.data)
    (result,) = run(box, log).results
    assert result.state is ItemState.FAILED
    assert "reads back differently" in result.sentence
    assert {name: fact[:3] for name, fact in tree_digest(box.data).items()} == {
        name: fact[:3] for name, fact in before.items()
    }


def test_cancelling_inside_a_long_file_leaves_nothing(box):
    path = box.file(b"long", content=LINES * (3 * FRAME // len(LINES)))
    plan = box.review(box.plan(path, action=Action.COMPRESS)).plan
    began: list[bytes] = []

    def cancelled() -> bool:
        began.extend(name for name in os.listdir(box.data) if name.startswith(b".dusk-"))
        return len(began) > 3

    outcome = box.run(plan, cancelled=cancelled)
    assert outcome.cancelled and outcome.results[0].state is ItemState.SKIPPED
    assert os.listdir(box.data) == [b"long"]
    assert [record.state for record in box.journal.records(outcome.batch)] == [State.FAILED]


def test_many_frames_are_joined_for_any_zstd(box):
    content = LINES * (3 * FRAME // len(LINES)) + b"end"
    path = box.file(b"long", content=content)
    (result,) = run(box, path).results
    assert result.state is ItemState.DONE, result
    assert read(path + b".zst") == content
    try:
        shown = subprocess.run(["zstd", "-dc", path + b".zst"], capture_output=True, check=True).stdout
    except FileNotFoundError:
        pytest.skip("zstd is not installed")
    assert shown == content


def test_the_review_says_about_what_it_will_free(box, log):
    plan = box.review(box.plan(log, action=Action.COMPRESS)).plan
    (target,) = plan.targets
    assert target.forecast is not None and target.forecast.is_estimate
    assert "saved" in target.forecast.sentence
    totals = plan.totals()
    assert (totals.frees_now, totals.is_estimate) == (0, True)
    outcome = box.run(plan)
    assert abs(totals.frees_after_purge - outcome.frees_after_purge) <= 4096


def test_what_was_reviewed_is_not_sampled_again_unless_it_changed(box, log, monkeypatch):
    plan = box.review(box.plan(log, action=Action.COMPRESS)).plan
    sampled: list[bytes] = []
    real = compressing.shrinkage

    def count(directory, name, disk_size):
        sampled.append(name)
        return real(directory, name, disk_size)

    monkeypatch.setattr(compressing, "shrinkage", count)
    with open(log, "r+b") as file:
        file.write(os.urandom(len(LINES)))
    again = box.review(plan)
    assert [problem.blocking for problem in again.problems] == [True]
    assert "0% saved" in again.problems[0].sentence
    assert sampled
    with open(log, "r+b") as file:
        file.write(LINES)
    plan = box.review(plan).plan
    sampled.clear()
    assert box.run(plan).results[0].state is ItemState.DONE
    assert not sampled


def test_nothing_is_compressed_onto_a_full_disk(box, log, monkeypatch):
    real = os.statvfs(box.data)

    class Full:
        f_bavail, f_frsize, f_flag = 1, real.f_frsize, real.f_flag

    monkeypatch.setattr(os, "statvfs", lambda path: Full)
    (result,) = run(box, log).results
    assert (result.state, "are needed for a while" in result.sentence) == (ItemState.REFUSED, True)


def test_restoring_the_original_from_the_bin_retires_the_zst(box, log):
    before = tree_digest(box.data)
    run(box, log)
    outcome = restore(box.bin(), journal=box.journal)
    assert [(result.state, result.sentence) for result in outcome.results] == [(ItemState.DONE, "")]
    assert tree_digest(box.data) == before
    with pytest.raises(NothingToUndo):
        undo_batch(box.journal)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO, errno.EDQUOT])
def test_an_error_while_writing_leaves_the_log_alone(box, log, monkeypatch, number):
    def fail(file, data):
        raise OSError(number, os.strerror(number))

    plan = box.review(box.plan(log, action=Action.COMPRESS)).plan
    monkeypatch.setattr("dusk.actions.zstd_frames.os.write", fail)
    (result,) = Executor(box.journal, box.protection).run(plan).results
    monkeypatch.undo()
    assert result.state is ItemState.FAILED
    assert "was not touched" in result.sentence
    assert os.listdir(os.path.dirname(log)) == [os.path.basename(log)]


def _facts(box):
    return {
        name: fact[:3] + fact[4:] for name, fact in tree_digest(box.data).items()
    }  # a killed act leaves the time at which its directory changed


@pytest.fixture
def free(monkeypatch):
    monkeypatch.setattr(
        "dusk.actions.checks.hold_report", lambda path, files: holders.HoldReport(holders.Hold.FREE)
    )


@pytest.mark.parametrize("undoing", [False, True])
def test_killed_anywhere_the_log_is_there_once_and_comes_back(box, free, undoing):
    for limit, after in interrupting.points(3):
        interrupting.clear(box)
        path = box.file(b"train.log", content=LINES)
        old(path)
        before = _facts(box)
        plan = box.review(box.plan(path, action=Action.COMPRESS)).plan
        if undoing:
            box.run(plan)
        box.journal.close()

        def work(plan=plan):
            journal = Journal.open()
            return undo_batch(journal) if undoing else Executor(journal, box.protection).run(plan)

        died = interrupting.killed(work, limit, after)
        box.journal = Journal.open()
        interrupting.settle(box)
        where = (limit, after)
        assert all(not name.startswith(b".dusk") for name in os.listdir(box.data)), where
        assert interrupting.contents_of(box.data, box.trash).get(LINES) == 1, where
        if not os.path.exists(path):
            assert read(path + b".zst") == LINES, where
        else:
            assert not os.path.exists(path + b".zst"), where
        interrupting.undo_all(box)
        assert _facts(box) == before, where
        if not died:
            break
    else:
        pytest.fail("the run never came to its end")
