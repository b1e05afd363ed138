"""Undo gives back what was there: names, modes, owners, times, extended attributes, hard links."""

from __future__ import annotations

import os
import stat

import pytest

from dusk.actions.bin import empty
from dusk.actions.compressing import Compressing
from dusk.actions.outcome import ItemState
from dusk.actions.record import State
from dusk.actions.undo import NothingToUndo, undo_batch
from dusk.rules.finding import Action


def digest(path: bytes) -> dict[bytes, tuple[object, ...]]:
    """Return everything about a tree that undo promises to give back."""
    facts: dict[bytes, tuple[object, ...]] = {}
    groups: dict[int, bytes] = {}
    pending = [path]
    while pending:
        current = pending.pop()
        status = os.lstat(current)
        content: object = None
        if stat.S_ISDIR(status.st_mode):
            pending.extend(os.path.join(current, name) for name in sorted(os.listdir(current)))
        elif stat.S_ISLNK(status.st_mode):
            content = os.readlink(current)
        elif stat.S_ISREG(status.st_mode):
            with open(current, "rb") as file:
                content = file.read()
        attributes = {
            name: os.getxattr(current, name, follow_symlinks=False)
            for name in os.listxattr(current, follow_symlinks=False)
        }
        facts[current] = (
            status.st_mode,
            status.st_uid,
            status.st_gid,
            status.st_mtime_ns,
            status.st_ino,
            groups.setdefault(status.st_ino, current),
            content,
            tuple(sorted(attributes.items())),
        )
    return facts


def old(path: bytes, seconds: int = 1_600_000_000) -> None:
    os.utime(path, ns=(seconds * 10**9 + 123, seconds * 10**9 + 456), follow_symlinks=False)


@pytest.fixture
def tree(box):
    box.file(b"run", b"model.bin", content=b"x" * 5000)
    box.file(b"run", b"deep", b"er", b"\xff\xfe\n\x1b[31m", content=b"odd")
    os.link(box.path(b"run", b"model.bin"), box.path(b"run", b"deep", b"link"))
    os.link(box.path(b"run", b"model.bin"), box.path(b"outside"))
    os.symlink(b"nowhere", box.path(b"run", b"dangling"))
    os.mkfifo(box.path(b"run", b"fifo"))
    box.file(b"single", content=b"one")
    os.setxattr(box.path(b"single"), b"user.note", b"mine")
    os.chmod(box.path(b"single"), 0o440)
    os.setxattr(box.path(b"run"), b"user.note", b"dir")
    for directory, names, files in os.walk(box.data, topdown=False):
        for name in names + files:
            old(os.path.join(directory, name))
    old(box.data, 1_500_000_000)
    return box


def test_undo_restores_the_digest_of_the_tree(tree):
    before = digest(tree.data)
    outcome = tree.trash_all(tree.path(b"run"), tree.path(b"single"))
    assert [result.state for result in outcome.results] == [ItemState.DONE, ItemState.DONE], outcome
    assert sorted(os.listdir(tree.data)) == [b"outside"]
    undone = undo_batch(tree.journal)
    assert undone.count(ItemState.DONE) == 2
    assert digest(tree.data) == before
    assert os.listdir(os.path.join(tree.trash, b"info")) == []
    assert os.listdir(os.path.join(tree.trash, b"files")) == []


def test_a_second_undo_finds_nothing(tree):
    outcome = tree.trash_all(tree.path(b"single"))
    undo_batch(tree.journal)
    with pytest.raises(NothingToUndo, match="nothing to undo"):
        undo_batch(tree.journal)
    with pytest.raises(NothingToUndo, match="undone already"):
        undo_batch(tree.journal, outcome.batch)
    with pytest.raises(NothingToUndo, match="no batch 99"):
        undo_batch(tree.journal, 99)


def test_a_taken_place_is_never_overwritten(tree):
    path = tree.path(b"single")
    outcome = tree.trash_all(path, tree.path(b"run"))
    tree.file(b"single", content=b"new")
    undone = undo_batch(tree.journal)
    states = {result.path: result for result in undone.results}
    assert states[path].state is ItemState.REFUSED
    assert "something else has its name now" in states[path].sentence
    assert states[tree.path(b"run")].state is ItemState.DONE
    with open(path, "rb") as file:
        assert file.read() == b"new"
    # Once the place is free, the rest of the batch comes back too.
    os.unlink(path)
    assert undo_batch(tree.journal).batch == outcome.batch
    with open(path, "rb") as file:
        assert file.read() == b"one"


def test_a_missing_parent_is_made_again(tree):
    path = tree.path(b"run", b"deep", b"er")
    tree.trash_all(path)
    tree.trash_all(tree.path(b"run"))
    first = tree.journal.batches()[-1].id
    undone = undo_batch(tree.journal, first)
    assert undone.results[0].state is ItemState.DONE
    assert "made again" in undone.results[0].sentence
    assert os.path.isdir(path)


def test_the_newest_batch_comes_back_first(tree):
    tree.trash_all(tree.path(b"single"))
    second = tree.trash_all(tree.path(b"run"))
    assert undo_batch(tree.journal).batch == second.batch
    assert not os.path.exists(tree.path(b"single"))


def test_a_parent_that_changed_meanwhile_keeps_its_time(tree):
    tree.trash_all(tree.path(b"single"))
    tree.file(b"another")
    undo_batch(tree.journal)
    assert os.lstat(tree.data).st_mtime_ns > 1_600_000_000 * 10**9


def test_what_left_the_trash_is_reported_as_gone(tree):
    outcome = tree.trash_all(tree.path(b"single"), tree.path(b"run"))
    os.unlink(outcome.results[0].place)
    undone = undo_batch(tree.journal)
    by_path = {result.path: result for result in undone.results}
    assert by_path[tree.path(b"single")].state is ItemState.FAILED
    assert "not in the trash any more" in by_path[tree.path(b"single")].sentence
    assert by_path[tree.path(b"run")].state is ItemState.DONE
    states = {record.source: record.state for record in tree.journal.records(outcome.batch)}
    assert states[tree.path(b"single")] is State.PURGED
    with pytest.raises(NothingToUndo):
        undo_batch(tree.journal)


@pytest.mark.parametrize("is_gone", [True, False])
def test_undo_goes_on_to_what_can_still_be_taken_back(box, is_gone):
    """Of the newest batch the trash was emptied and the product is gone or was changed."""
    first = box.file(b"first", content=b"first")
    assert box.trash_all(first).count(ItemState.DONE) == 1
    log = box.file(b"a.log", content=b"many words that repeat\n" * 9000)
    assert box.run(box.review(box.plan(log, action=Action.COMPRESS)).plan).count(ItemState.DONE) == 1
    empty([item for item in box.bin() if item.original == log], journal=box.journal)
    if is_gone:
        os.unlink(log + b".zst")
    else:
        with open(log + b".zst", "ab") as file:
            file.write(b"!")
    (result,) = undo_batch(box.journal).results
    assert (result.path, result.state) == (first, ItemState.DONE)
    with pytest.raises(NothingToUndo, match="gone or was changed"):
        undo_batch(box.journal)


def test_a_disk_that_does_not_answer_for_one_item_keeps_no_other(box, monkeypatch):
    logs = [box.file(name, content=b"many words that repeat\n" * 9000) for name in (b"a.log", b"b.log")]
    box.run(box.review(box.plan(*logs, action=Action.COMPRESS)).plan)
    real = Compressing.take_back

    def failing(self, original, record, tools):
        if original.source == logs[1]:
            raise OSError(5, "Input/output error")
        return real(self, original, record, tools)

    monkeypatch.setattr(Compressing, "take_back", failing)
    ends = {result.path: result for result in undo_batch(box.journal).results}
    assert (ends[logs[0]].state, ends[logs[1]].state) == (ItemState.DONE, ItemState.FAILED)
    assert ends[logs[1]].sentence.endswith("cannot be put back: Input/output error. Undo again.")
    monkeypatch.setattr(Compressing, "take_back", real)
    assert undo_batch(box.journal).count(ItemState.DONE) == 1
    assert sorted(os.listdir(box.data)) == [b"a.log", b"b.log"]
