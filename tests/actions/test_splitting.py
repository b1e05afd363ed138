"""Splitting cuts between lines and proves the shards equal before the original goes."""

from __future__ import annotations

import errno
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dusk.actions import line_count, splitting
from dusk.actions.bin import empty
from dusk.actions.executor import Executor
from dusk.actions.journal import Journal
from dusk.actions.line_count import count_lines, end_of_line
from dusk.actions.outcome import ItemState
from dusk.actions.splitting import shard_name
from dusk.actions.undo import undo_batch
from dusk.fs import holders
from dusk.rules.finding import Action, ActionOptions
from journeys.tree_digest import tree_digest

from . import interrupting
from .test_undo import old

ROWS = b"".join(b'{"text": "%d"}\n' % n for n in range(1050))


def run(box, *paths, lines=100, **options):
    plan = box.plan(*paths, action=Action.SPLIT, options=ActionOptions(lines=lines))
    return box.run(box.review(plan).plan, **options)


def joined(box, count):
    names = sorted(name for name in os.listdir(box.data) if b"-of-" in name)
    assert names == [shard_name(b"train.jsonl", number, count) for number in range(1, count + 1)]
    contents = []
    for name in names:
        with open(box.path(name), "rb") as file:
            contents.append(file.read())
    return contents


@pytest.fixture
def rows(box):
    path = box.file(b"train.jsonl", content=ROWS)
    os.setxattr(path, "user.source", b"web")
    os.chmod(path, 0o604)
    old(path)
    old(box.data)
    return path


@pytest.mark.parametrize("ending", [b"", b"the last line has no line feed", b"\n\n"])
@pytest.mark.parametrize("window", [7, 64, 4 << 20])
def test_shards_hold_whole_lines_and_are_the_file_when_joined(box, rows, monkeypatch, ending, window):
    monkeypatch.setattr(splitting, "WINDOW", window)
    with open(rows, "ab") as file:
        file.write(ending)
    old(rows)
    (result,) = run(box, rows).results
    assert result.state is ItemState.DONE, result
    contents = joined(box, 11)
    assert b"".join(contents) == ROWS + ending
    assert [content.count(b"\n") for content in contents[:-1]] == [100] * 10
    first = os.lstat(result.place)
    assert (first.st_mode & 0o777, first.st_mtime_ns) == (0o604, 1_600_000_000 * 10**9 + 456)
    assert os.getxattr(result.place, "user.source") == b"web"
    assert not os.path.exists(rows)


@pytest.mark.parametrize("emptied", [False, True])
def test_undo_gives_the_file_back(box, rows, emptied):
    before = tree_digest(box.data)
    run(box, rows)
    if emptied:
        empty(box.bin(), journal=box.journal)
    (undone,) = undo_batch(box.journal).results
    assert undone.state is ItemState.DONE, undone
    after = tree_digest(box.data)
    if emptied:
        assert "made again" in undone.sentence
        assert after.keys() == before.keys()
        inode = 5
        ours, theirs = after[b"train.jsonl"], before[b"train.jsonl"]
        assert ours[:inode] + ours[inode + 1 :] == theirs[:inode] + theirs[inode + 1 :]
    else:
        assert after == before
        assert len(box.bin()) == 11


def test_a_changed_shard_stays_and_is_said(box, rows):
    run(box, rows)
    with open(box.path(shard_name(b"train.jsonl", 3, 11)), "ab") as file:
        file.write(b"{}\n")
    (undone,) = undo_batch(box.journal).results
    assert undone.state is ItemState.DONE
    assert "train-00003-of-00011.jsonl was changed since, so it stays" in undone.sentence
    assert sorted(os.listdir(box.data)) == [b"train-00003-of-00011.jsonl", b"train.jsonl"]


def test_a_changed_shard_is_never_joined(box, rows):
    run(box, rows)
    empty(box.bin(), journal=box.journal)
    with open(box.path(shard_name(b"train.jsonl", 3, 11)), "ab") as file:
        file.write(b"{}\n")
    (undone,) = undo_batch(box.journal, box.journal.batches()[-1].id).results
    assert undone.state is ItemState.FAILED
    assert len(os.listdir(box.data)) == 11


@pytest.mark.parametrize(
    ("content", "lines", "words"),
    [
        (ROWS, 2000, "that is one shard"),
        (b"", 10, "that is one shard"),
        (b"a\0b\n" * 50, 10, "no text"),
        (ROWS, -1, "less than one line"),
    ],
)
def test_what_need_not_or_cannot_be_split_is_refused(box, content, lines, words):
    path = box.file(b"data.jsonl", content=content)
    (result,) = run(box, path, lines=lines).results
    assert (result.state, words in result.sentence) == (ItemState.REFUSED, True), result.sentence
    assert os.listdir(box.data) == [b"data.jsonl"]


def test_a_shard_name_that_is_taken_is_never_replaced(box, rows):
    taken = box.file(shard_name(b"train.jsonl", 11, 11), content=b"somebody's")
    (result,) = run(box, rows).results
    assert (result.state, "is there already" in result.sentence) == (ItemState.REFUSED, True)
    with open(taken, "rb") as file:
        assert file.read() == b"somebody's"
    assert sorted(os.listdir(box.data)) == [os.path.basename(taken), b"train.jsonl"]


def test_a_name_taken_while_publishing_withdraws_all_shards(box, rows, monkeypatch):
    real = splitting._prove

    def take(*arguments):
        real(*arguments)
        box.file(shard_name(b"train.jsonl", 7, 11), content=b"somebody's")

    monkeypatch.setattr(splitting, "_prove", take)
    (result,) = run(box, rows).results
    assert result.state is ItemState.FAILED, result
    assert sorted(os.listdir(box.data)) == [b"train-00007-of-00011.jsonl", b"train.jsonl"]


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO])
def test_an_error_while_writing_leaves_only_the_original(box, rows, monkeypatch, number):
    real, calls = os.fsync, []

    def fail(descriptor):
        calls.append(descriptor)
        if len(calls) == 9:  # the first make the trash directories
            raise OSError(number, os.strerror(number))
        real(descriptor)

    plan = box.plan(rows, action=Action.SPLIT, options=ActionOptions(lines=100))
    plan = box.review(plan).plan
    monkeypatch.setattr("dusk.actions.splitting.os.fsync", fail)
    (result,) = box.run(plan).results
    monkeypatch.undo()
    assert result.state is ItemState.FAILED
    assert os.listdir(box.data) == [b"train.jsonl"]


@given(st.lists(st.integers(0, 3000), min_size=1, max_size=40), st.data())
def test_the_end_of_a_line_is_found_as_by_looking(lengths, draw):
    data = b"\n".join(b"x" * length for length in lengths) + b"\n"
    number = draw.draw(st.integers(1, data.count(b"\n")))
    expected = 0
    for _ in range(number):
        expected = data.index(b"\n", expected) + 1
    assert end_of_line(data, number) == expected


def test_lines_are_counted_as_wc_does_and_the_last_one_too(tmp_path, monkeypatch):
    monkeypatch.setattr(line_count, "WINDOW", 8)
    for content, lines in ((b"", 0), (b"\n", 1), (b"a", 1), (b"a\nb", 2), (b"a\nbbbbbbbbbbbbbbbbb\n", 2)):
        path = tmp_path / "lines"
        path.write_bytes(content)
        with open(path, "rb") as file:
            assert count_lines(file.fileno()) == lines, content


@pytest.mark.parametrize("undoing", [False, True])
def test_killed_anywhere_the_lines_are_there_once_and_come_back(box, monkeypatch, undoing):
    monkeypatch.setattr(
        "dusk.actions.checks.hold_report", lambda path, files: holders.HoldReport(holders.Hold.FREE)
    )
    content = b"one\ntwo\nthree"
    for limit, after in interrupting.points(5):
        interrupting.clear(box)
        path = box.file(b"rows.txt", content=content)
        old(path)
        before = {name: fact[:3] + fact[4:] for name, fact in tree_digest(box.data).items()}
        plan = box.review(box.plan(path, action=Action.SPLIT, options=ActionOptions(lines=2))).plan
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
        names = set(os.listdir(box.data))
        assert names in ({b"rows.txt"}, {b"rows-00001-of-00002.txt", b"rows-00002-of-00002.txt"}), where
        assert interrupting.contents_of(box.data, box.trash).get(content) == 1, where
        interrupting.undo_all(box)
        assert {name: fact[:3] + fact[4:] for name, fact in tree_digest(box.data).items()} == before, where
        if not died:
            break
    else:
        pytest.fail("the run never came to its end")
