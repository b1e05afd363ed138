"""What is read back in a thread beside the writing: its errors are the writer's, and stopping is quick."""

from __future__ import annotations

import errno
import os
import time

import pytest

from dusk.actions import content, copy_proof, read_back, zstd_frames
from dusk.actions.outcome import ItemState
from dusk.actions.read_back import ReadBack
from dusk.fs.cancellation import Cancelled
from dusk.rules.finding import Action

# Half of it is left when it is compressed: many megabytes, which the disk has before all is written.
LONG = os.urandom(24 << 20).hex().encode()


@pytest.fixture
def file(tmp_path):
    descriptor = os.open(tmp_path / "file", os.O_RDWR | os.O_CREAT)
    yield descriptor
    os.close(descriptor)


def read_all(back):
    pieces, offset = [], 0
    while (end := back.beyond(offset)) > offset:
        pieces.append(os.pread(back.file, end - offset, offset))
        offset = end
    return pieces


@pytest.mark.parametrize("is_synced_later", [False, True])
def test_what_is_read_beside_the_writing_is_what_was_written(file, is_synced_later):
    back = ReadBack(file, read_all, is_synced_later=is_synced_later)
    back.begin()
    content = os.urandom(1 << 20)
    for number in range(8):
        os.write(file, content)
        back.grew((number + 1) << 20)
    back.complete()
    pieces = back.result()
    back.close()
    assert b"".join(pieces) == content * 8


def test_an_error_of_the_reader_is_raised_where_the_file_grows(file):
    def fail(_):
        raise OSError(errno.EIO, "the disk")

    back = ReadBack(file, fail)
    back.begin()
    with pytest.raises(OSError, match="the disk"):
        for number in range(100):
            back.grew(number)
            time.sleep(0.01)
    back.close()


def test_closing_ends_a_reader_that_waits(file):
    back = ReadBack(file, read_all)
    back.begin()
    back.close()
    with pytest.raises(Cancelled):
        back.result()


@pytest.mark.parametrize("action", [Action.COMPRESS, Action.ARCHIVE])
@pytest.mark.parametrize("number", [errno.EIO, errno.ENOSPC])
@pytest.mark.parametrize("call", ["finish_writing_back", "drop_cache"])
def test_an_error_in_the_thread_that_reads_leaves_nothing(box, monkeypatch, action, number, call):
    def fail(*_):
        raise OSError(number, os.strerror(number))

    path = box.file(b"long.log", content=LONG)
    goal = os.path.join(box.root, b"archive")
    os.mkdir(goal)
    plan = box.review(box.plan(path, action=action, destination=goal)).plan
    monkeypatch.setattr(read_back, call, fail)
    (result,) = box.run(plan).results
    assert result.state is ItemState.FAILED
    assert "not touched" in result.sentence and "rrno" not in result.sentence
    assert (os.listdir(box.data), os.listdir(goal)) == ([b"long.log"], [])


def test_a_copy_that_the_disk_changed_is_seen_by_the_thread_that_reads(box, monkeypatch):
    path = box.file(b"long.log", content=LONG)
    goal = os.path.join(box.root, b"archive")
    os.mkdir(goal)
    plan = box.review(box.plan(path, action=Action.ARCHIVE, destination=goal)).plan

    def changed(*arguments, **options):
        for offset, window in content.windows(*arguments, **options):
            yield offset, bytes([window[0] ^ 1]) + window[1:]

    monkeypatch.setattr(copy_proof, "windows", changed)
    (result,) = box.run(plan).results
    assert result.state is ItemState.FAILED
    assert "reads back differently" in result.sentence
    assert (os.listdir(box.data), os.listdir(goal)) == ([b"long.log"], [])


def test_a_frame_that_does_not_decompress_to_its_content_is_never_published(box, monkeypatch):
    path = box.file(b"long.log", content=LONG)
    plan = box.review(box.plan(path, action=Action.COMPRESS)).plan
    real = zstd_frames._contents_of_frame
    monkeypatch.setattr(zstd_frames, "_contents_of_frame", lambda frame: (c[::-1] for c in real(frame)))
    (result,) = box.run(plan).results
    assert result.state is ItemState.FAILED
    assert "does not decompress to what was compressed" in result.sentence
    assert os.listdir(box.data) == [b"long.log"]


@pytest.mark.parametrize("action", [Action.COMPRESS, Action.ARCHIVE])
def test_stopping_in_the_middle_of_a_big_file_leaves_nothing(box, action):
    path = box.file(b"long.log", content=LONG)
    goal = os.path.join(box.root, b"archive")
    os.mkdir(goal)
    plan = box.review(box.plan(path, action=action, destination=goal)).plan
    began: list[float] = []

    def cancelled() -> bool:
        if not began and any(name.startswith(b".dusk-") for name in os.listdir(box.data) + os.listdir(goal)):
            began.append(time.monotonic())
        return bool(began) and time.monotonic() - began[0] > 0.02

    outcome = box.run(plan, cancelled=cancelled)
    assert outcome.cancelled and outcome.results[0].state is ItemState.SKIPPED
    assert (os.listdir(box.data), os.listdir(goal)) == ([b"long.log"], [])
