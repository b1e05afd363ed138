"""The bin shows what everybody trashed, puts it back where it was, and deletes only what it was told to."""

from __future__ import annotations

import errno
import os
import subprocess

import pytest

from dusk.actions.bin import empty, list_bin, measured, restore
from dusk.actions.outcome import ItemState
from dusk.actions.record import BatchKind, State
from dusk.actions.trash_choice import TrashDirectories
from dusk.actions.undo import NothingToUndo, undo_batch


def foreign(box, name: bytes, original: bytes, content: bytes = b"theirs") -> None:
    """Put an item into the home trash as another tool would."""
    for directory in (b"files", b"info"):
        os.makedirs(os.path.join(box.trash, directory), 0o700, exist_ok=True)
    with open(os.path.join(box.trash, b"files", name), "wb") as file:
        file.write(content)
    from urllib.parse import quote

    with open(os.path.join(box.trash, b"info", name + b".trashinfo"), "w") as file:
        file.write(f"[Trash Info]\nPath={quote(original)}\nDeletionDate=2025-01-02T03:04:05\n")


def test_both_ours_and_theirs_are_listed(box):
    path = box.file(b"mine")
    outcome = box.trash_all(path)
    foreign(box, b"theirs.1", box.path(b"sub dir", b"theirs"))
    mine, theirs = box.bin()
    assert (mine.original, mine.is_ours, mine.batch, mine.apparent_size) == (path, True, outcome.batch, 7)
    assert (theirs.original, theirs.is_ours, theirs.batch) == (box.path(b"sub dir", b"theirs"), False, None)
    assert mine.deleted > theirs.deleted > 1.7e9


def test_an_item_without_a_document_is_listed_and_cannot_be_restored(box):
    foreign(box, b"lost", b"/x")
    os.unlink(os.path.join(box.trash, b"info", b"lost.trashinfo"))
    (item,) = box.bin()
    assert item.original == b""
    outcome = restore([item], journal=box.journal)
    assert outcome.results[0].state is ItemState.REFUSED
    assert "Nothing says where" in outcome.results[0].sentence


def test_a_directory_of_theirs_is_measured_on_demand(box):
    os.makedirs(os.path.join(box.trash, b"files", b"dir"), 0o700)
    os.makedirs(os.path.join(box.trash, b"info"), 0o700)
    with open(os.path.join(box.trash, b"files", b"dir", b"x"), "wb") as file:
        file.write(b"12345")
    (item,) = box.bin()
    assert item.apparent_size is None and item.is_directory
    assert measured(item).apparent_size == 5


def test_theirs_comes_back_to_a_directory_that_is_made_again(box):
    original = box.path(b"gone", b"theirs")
    foreign(box, b"theirs", original)
    outcome = restore(box.bin(), journal=box.journal)
    assert outcome.results[0].state is ItemState.DONE
    assert "made again" in outcome.results[0].sentence
    assert os.path.exists(original)
    assert box.bin() == []
    assert box.journal.batch(outcome.batch).kind is BatchKind.RESTORE


def test_ours_restored_from_the_bin_counts_as_undone(box):
    path = box.file(b"one")
    outcome = box.trash_all(path)
    restore(box.bin(), journal=box.journal)
    assert os.path.exists(path)
    assert box.journal.records(outcome.batch)[0].state is State.UNDONE
    with pytest.raises(NothingToUndo):
        undo_batch(box.journal)


def test_a_taken_place_is_not_replaced(box):
    path = box.file(b"one", content=b"old")
    box.trash_all(path)
    box.file(b"one", content=b"new")
    (result,) = restore(box.bin(), journal=box.journal).results
    assert result.state is ItemState.REFUSED
    with open(path, "rb") as file:
        assert file.read() == b"new"
    assert len(box.bin()) == 1


def test_a_directory_and_what_was_in_it_come_back_in_one_go(box):
    inner = box.file(b"run", b"inner")
    box.trash_all(inner)
    box.trash_all(box.path(b"run"))
    outcome = restore(box.bin(), journal=box.journal)
    assert outcome.count(ItemState.DONE) == 2, outcome
    assert os.path.exists(inner)


def test_emptying_frees_and_ends_undo(box):
    kept = box.file(b"kept")
    box.file(b"run", b"deep", b"x", content=b"x" * 100_000)
    os.link(kept, box.path(b"run", b"link"))
    box.trash_all(box.path(b"run"))
    (item,) = box.bin()
    outcome = empty([item], journal=box.journal)
    assert outcome.results[0].state is ItemState.DONE, outcome
    assert 100_000 < outcome.freed < 130_000
    assert os.path.exists(kept)
    assert box.bin() == []
    assert os.listdir(box.trash) == [b"info", b"files"] or sorted(os.listdir(box.trash)) == [
        b"files",
        b"info",
    ]
    assert os.listdir(os.path.join(box.trash, b"info")) == []
    with pytest.raises(NothingToUndo):
        undo_batch(box.journal)
    with pytest.raises(NothingToUndo, match="trash was emptied"):
        undo_batch(box.journal, 1)


def test_emptying_a_part_leaves_the_rest_undoable(box):
    paths = [box.file(b"one"), box.file(b"two")]
    box.trash_all(*paths)
    empty([item for item in box.bin() if item.original == paths[0]], journal=box.journal)
    undone = undo_batch(box.journal)
    states = {result.path: result.state for result in undone.results}
    assert states == {paths[0]: ItemState.FAILED, paths[1]: ItemState.DONE}


def test_emptying_follows_no_link(box):
    outside = box.file(b"outside", b"precious")
    box.file(b"run", b"x")
    os.symlink(box.path(b"outside"), box.path(b"run", b"to-directory"))
    os.symlink(outside, box.path(b"link"))
    box.trash_all(box.path(b"run"), box.path(b"link"))
    assert empty(box.bin(), journal=box.journal).count(ItemState.DONE) == 2
    assert os.path.exists(outside)


def test_emptying_a_deep_tree_and_a_protected_one(box):
    inner = box.path(b"deep")
    os.mkdir(inner)
    descriptor = os.open(inner, os.O_RDONLY)
    for _ in range(300):
        os.mkdir(b"d", dir_fd=descriptor)
        following = os.open(b"d", os.O_RDONLY, dir_fd=descriptor)
        os.close(descriptor)
        descriptor = following
    os.close(descriptor)
    closed = os.path.dirname(box.file(b"closed", b"x"))
    os.chmod(closed, 0o755)
    box.trash_all(inner, closed)
    for item in box.bin():
        if item.name == b"closed":
            os.chmod(item.path, 0o555)
    outcome = empty(box.bin(), journal=box.journal)
    assert outcome.count(ItemState.DONE) == 2, outcome
    assert box.bin() == []


def test_an_item_that_was_swapped_after_the_listing_is_refused(box):
    foreign(box, b"theirs", b"/x")
    items = box.bin()
    path = os.path.join(box.trash, b"files", b"theirs")
    os.rename(path, path + b".kept")
    with open(path, "wb") as file:
        file.write(b"another")
    outcome = empty(items, journal=box.journal)
    assert outcome.results[0].state is ItemState.REFUSED
    assert os.path.exists(path)


def test_emptying_is_refused_while_another_dusk_uses_the_trash(box):
    box.trash_all(box.file(b"one"))
    other = TrashDirectories()
    other.existing(box.trash).lock()
    outcome = empty(box.bin(), journal=box.journal)
    assert outcome.results[0].state is ItemState.REFUSED
    assert "another dusk" in outcome.results[0].sentence
    other.close()
    assert empty(box.bin(), journal=box.journal).count(ItemState.DONE) == 1


def test_what_an_interrupted_deletion_left_is_swept(box):
    box.trash_all(box.file(b"one"))
    expunged = os.path.join(box.trash, b"expunged")
    for name in (b"0123456789abcdef", b"of-another-tool"):
        os.makedirs(os.path.join(expunged, name), 0o700)
    os.chmod(expunged, 0o700)
    empty(box.bin(), journal=box.journal)
    assert os.listdir(expunged) == [b"of-another-tool"]


@pytest.fixture
def no_room(monkeypatch):
    """A disk with room for no directory more, as a full ext4 or xfs has none."""
    real = os.mkdir

    def full(path: bytes, *arguments: object, **options: object) -> None:
        if os.path.basename(os.fsencode(path)) == b"expunged":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        real(path, *arguments, **options)

    monkeypatch.setattr(os, "mkdir", full)


def test_a_full_disk_can_be_emptied(box, no_room):
    box.file(b"tree", b"below", b"one")
    box.trash_all(box.path(b"tree"), box.file(b"two"))
    outcome = empty(box.bin(), journal=box.journal)
    assert [result.sentence for result in outcome.results] == ["", ""]
    assert [files for _, _, files in os.walk(box.trash) if files] == []
    assert outcome.freed > 0


def test_what_an_interrupted_deletion_left_on_a_full_disk_is_swept(box):
    box.trash_all(box.file(b"one"))
    info = os.path.join(box.trash, b"info")
    os.mkdir(os.path.join(info, b"0123456789abcdef"))
    with open(os.path.join(info, b"lost.trashinfo"), "w"):
        pass
    empty(box.bin(), journal=box.journal)
    assert os.listdir(info) == [b"lost.trashinfo"]


def test_cancelling_an_emptying_leaves_whole_items(box):
    paths = [box.file(b"%d" % number) for number in range(4)]
    box.trash_all(*paths)
    outcome = empty(box.bin(), journal=box.journal, cancelled=lambda: len(box.bin()) <= 2)
    assert outcome.cancelled
    assert outcome.count(ItemState.DONE) == 2
    assert undo_batch(box.journal).count(ItemState.DONE) == 2


@pytest.mark.root
def test_an_item_with_a_mount_inside_is_not_deleted(box):
    box.file(b"run", b"inner", b"x")
    box.trash_all(box.path(b"run"))
    (item,) = box.bin()
    point = os.path.join(item.path, b"inner")
    box.file(b"precious", b"kept")
    command = ["mount", "--bind", box.path(b"precious"), point]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("mounting is not allowed here")
    try:
        outcome = empty([item], journal=box.journal)
        assert outcome.results[0].state is ItemState.REFUSED
        assert "contains the mount" in outcome.results[0].sentence
    finally:
        subprocess.run(["umount", "-l", point], check=True)
    assert os.path.exists(box.path(b"precious", b"kept"))


def test_listing_needs_no_journal(box):
    box.trash_all(box.file(b"one"))
    assert any(item.trash == box.trash for item in list_bin())


def test_a_document_cannot_lead_out_of_its_volume(box):
    foreign(box, b"theirs", b"/x")
    document = os.path.join(box.trash, b"info", b"theirs.trashinfo")
    with open(document, "wb") as file:
        file.write(b"[Trash Info]\nPath=../../etc/passwd\n")
    (item,) = box.bin()
    assert item.original == b""
