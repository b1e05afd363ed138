"""Empty directories go bottom up and come back whole; nothing else is ever taken."""

from __future__ import annotations

import os

import pytest

from dusk.actions.journal import State
from dusk.actions.outcome import ItemState
from dusk.actions.recovery import recover
from dusk.actions.undo import undo_batch
from dusk.rules.finding import Action


def empty_tree(box, name: bytes = b"run") -> bytes:
    for path in (b"a/b/c", b"a/d\n\xff", b"e"):
        os.makedirs(box.path(name, path))
    os.chmod(box.path(name, b"a/b"), 0o2711)
    os.chmod(box.path(name, b"e"), 0o500)
    for path in (b"a/b/c", b"a/b", b"a/d\n\xff", b"a", b"e", b""):
        os.utime(box.path(name, path), ns=(10**18 + 7, 10**18 + 12345))
    return box.path(name)


def facts(path: bytes) -> list[tuple]:
    found = []
    for directory, names, files in os.walk(path):
        status = os.lstat(directory)
        found.append((directory, status.st_mode, status.st_uid, status.st_mtime_ns, sorted(names), files))
    return sorted(found)


def remove(box, *paths: bytes):
    reviewed = box.review(box.plan(*paths, action=Action.EMPTY_DIRECTORIES))
    return box.run(reviewed.plan), reviewed


def test_a_tree_without_a_file_goes_and_comes_back_as_it_was(box):
    path = empty_tree(box)
    before, parent = facts(path), os.lstat(box.data).st_mtime_ns
    outcome, reviewed = remove(box, path)
    assert [result.state for result in outcome.results] == [ItemState.DONE], outcome
    assert not reviewed.problems and not os.path.lexists(path)
    assert outcome.frees_after_purge == 0 and box.bin() == []
    undone = undo_batch(box.journal)
    assert undone.count(ItemState.DONE) == 1, undone
    assert facts(path) == before
    assert os.lstat(box.data).st_mtime_ns == parent


def test_a_file_anywhere_in_it_refuses_the_whole(box):
    path = empty_tree(box)
    box.file(b"run", b"a", b"b", b"kept")
    outcome, reviewed = remove(box, path)
    assert "is not empty: it holds" in reviewed.problems[0].sentence and reviewed.problems[0].blocking
    assert outcome.results[0].state is ItemState.REFUSED
    assert os.path.isdir(box.path(b"run", b"a", b"b", b"c"))


@pytest.mark.parametrize("name", [b".git", b".hg", b".svn"])
def test_the_insides_of_repositories_are_never_offered(box, name):
    os.makedirs(box.path(b"run", name, b"refs", b"tags"))
    for path in (box.path(b"run"), box.path(b"run", name)):
        _, reviewed = remove(box, path)
        assert reviewed.problems[0].blocking
    assert os.path.isdir(box.path(b"run", name, b"refs", b"tags"))


def test_a_file_that_appears_at_the_last_moment_puts_everything_back(box, monkeypatch):
    from dusk.actions import empty_directories

    path = empty_tree(box)
    before = facts(path)
    real = empty_directories._remove_one
    seen = []

    def late(directory, name, found):
        seen.append(name)
        if len(seen) == 4:
            os.close(
                os.open(
                    b"late", os.O_CREAT | os.O_WRONLY, dir_fd=os.open(name, os.O_RDONLY, dir_fd=directory)
                )
            )
        real(directory, name, found)

    monkeypatch.setattr(empty_directories, "_remove_one", late)
    outcome, _ = remove(box, path)
    assert outcome.results[0].state is ItemState.FAILED
    assert "Nothing was removed" in outcome.results[0].sentence
    (late_file,) = [os.path.join(one[0], b"late") for one in facts(path) if b"late" in one[5]]
    os.unlink(late_file)
    assert [one[:3] for one in facts(path)] == [one[:3] for one in before]


def test_what_a_kill_left_half_removed_is_made_whole(box):
    path = empty_tree(box)
    before = facts(path)
    outcome, _ = remove(box, path)
    undo_batch(box.journal)
    (record,) = box.journal.records(outcome.batch)
    from dataclasses import replace

    identity = replace(record.identity, inode=os.lstat(path).st_ino)
    box.journal.write([replace(record, state=State.INTENT, identity=identity)])
    os.rmdir(box.path(b"run", b"a/b/c"))
    os.rmdir(box.path(b"run", b"e"))
    assert "as it was" in recover(box.journal).sentences[0]
    assert facts(path) == before
    assert recover(box.journal).sentences == ()


def test_a_place_that_was_taken_since_is_left_alone(box):
    path = empty_tree(box)
    remove(box, path)
    with open(path, "wb") as file:
        file.write(b"new")
    undone = undo_batch(box.journal)
    assert undone.results[0].state is ItemState.REFUSED
    assert os.path.isfile(path)
