"""Equal bytes are kept once: shared by the filesystem, or by hard links on request; never anything else."""

from __future__ import annotations

import os
import stat
import subprocess
from collections.abc import Iterator
from dataclasses import replace

import pytest

from dusk.actions.bin import empty
from dusk.actions.journal import State
from dusk.actions.outcome import ItemState
from dusk.actions.recovery import recover
from dusk.actions.undo import NothingToUndo, undo_batch
from dusk.fs.shared_blocks import blocks_of
from dusk.rules.finding import Action, ActionOptions

CONTENT = os.urandom(300_000)
LINK = ActionOptions(form="hard-link")


def dedupe(box, *paths: bytes, options: ActionOptions = LINK):
    reviewed = box.review(box.plan(*paths, action=Action.DEDUPE, options=options))
    return box.run(reviewed.plan), reviewed


def states(outcome) -> list[ItemState]:
    return [result.state for result in outcome.results]


def read(path: bytes) -> bytes:
    with open(path, "rb") as file:
        return file.read()


def test_equal_files_become_one_and_undo_makes_them_separate_again(box):
    paths = [box.file(b"d%d" % n, b"model\n\xff", content=CONTENT) for n in range(3)]
    os.utime(paths[1], ns=(10**18, 10**18 + 77))
    inodes = [os.lstat(path).st_ino for path in paths]
    outcome, reviewed = dedupe(box, *paths)
    assert states(outcome) == [ItemState.DONE] * 3, outcome
    assert len({os.lstat(path).st_ino for path in paths}) == 1 and os.lstat(paths[0]).st_nlink == 3
    disk = os.lstat(paths[0]).st_blocks * 512
    assert outcome.frees_now == 0 and outcome.frees_after_purge == 2 * disk
    assert reviewed.plan.totals().frees_after_purge == 2 * disk and reviewed.plan.totals().is_at_most
    undone = undo_batch(box.journal)
    assert undone.count(ItemState.DONE) == 2, undone
    assert [os.lstat(path).st_ino for path in paths] == inodes
    assert os.lstat(paths[1]).st_mtime_ns == 10**18 + 77 and box.bin() == []
    assert all(read(path) == CONTENT for path in paths)


def test_one_byte_makes_them_different(box):
    paths = [box.file(b"a", content=CONTENT), box.file(b"b", content=CONTENT[:-1] + b"?")]
    outcome, _ = dedupe(box, *paths)
    assert states(outcome) == [ItemState.SKIPPED] * 2 and outcome.batch is None
    assert "no equal" in outcome.results[0].sentence
    assert os.lstat(paths[0]).st_nlink == os.lstat(paths[1]).st_nlink == 1


def test_two_kinds_of_one_size_are_told_apart(box):
    other = CONTENT[::-1]
    paths = [box.file(b"%d" % n, content=CONTENT if n % 2 else other) for n in range(4)]
    outcome, _ = dedupe(box, *paths)
    assert states(outcome) == [ItemState.DONE] * 4
    assert len({os.lstat(path).st_ino for path in paths}) == 2
    assert read(paths[0]) == other and read(paths[3]) == CONTENT


@pytest.mark.parametrize("what", ["mode", "attribute"])
def test_files_that_would_lose_something_stay_separate(box, what):
    paths = [box.file(b"a", content=CONTENT), box.file(b"b", content=CONTENT)]
    if what == "mode":
        os.chmod(paths[1], 0o640)
    else:
        try:
            os.setxattr(paths[1], b"user.note", b"x")
        except OSError:
            pytest.skip("no extended attributes here")
    outcome, _ = dedupe(box, *paths)
    assert outcome.results[1].state is ItemState.REFUSED and "stays separate" in outcome.results[1].sentence
    assert os.lstat(paths[1]).st_nlink == 1 and box.bin() == []


def test_a_file_that_is_written_to_is_left_alone(box):
    paths = [box.file(b"a", content=CONTENT), box.file(b"b", content=CONTENT)]
    reviewed = box.review(box.plan(*paths, action=Action.DEDUPE, options=LINK))
    with subprocess.Popen(["sleep", "30"], stdout=open(paths[1], "ab")) as writer:
        try:
            outcome = box.run(reviewed.plan)
        finally:
            writer.kill()
    assert outcome.results[1].state is ItemState.REFUSED and "in use" in outcome.results[1].sentence


def test_names_of_one_file_are_one_already(box):
    path = box.file(b"a", content=CONTENT)
    os.link(path, box.path(b"b"))
    outcome, _ = dedupe(box, path, box.path(b"b"))
    assert "one file already" in outcome.results[1].sentence


def test_undo_says_so_when_the_trash_was_emptied(box):
    paths = [box.file(b"a", content=CONTENT), box.file(b"b", content=CONTENT)]
    dedupe(box, *paths)
    empty(box.bin(), journal=box.journal)
    with pytest.raises(NothingToUndo):
        undo_batch(box.journal)
    assert read(paths[1]) == CONTENT


def test_undo_leaves_a_name_that_somebody_took(box):
    paths = [box.file(b"a", content=CONTENT), box.file(b"b", content=CONTENT)]
    dedupe(box, *paths)
    os.unlink(paths[1])
    box.file(b"b", content=b"new")
    undone = undo_batch(box.journal)
    assert undone.results[0].state is ItemState.REFUSED and read(paths[1]) == b"new"
    os.unlink(paths[1])
    assert undo_batch(box.journal).count(ItemState.DONE) == 1 and read(paths[1]) == CONTENT


@pytest.mark.parametrize("point", ["link", "trash", "rename"])
def test_a_kill_at_any_point_leaves_both_contents(box, monkeypatch, point):
    from dusk.actions import linking

    paths = [box.file(b"a", content=CONTENT), box.file(b"b", content=CONTENT)]
    inode = os.lstat(paths[1]).st_ino

    class Killed(BaseException):
        pass

    real_link, real_rename, count = os.link, os.rename, 0

    def link(*args, **options):
        nonlocal count
        count += 1
        real_link(*args, **options)
        if (point, count) in (("link", 1), ("trash", 2)):
            raise Killed

    def rename(*args, **options):
        real_rename(*args, **options)
        raise Killed

    monkeypatch.setattr(linking.os, "link", link)
    if point == "rename":
        monkeypatch.setattr(linking.os, "rename", rename)
    reviewed = box.review(box.plan(*paths, action=Action.DEDUPE, options=LINK))
    with pytest.raises(Killed):
        box.run(reviewed.plan)
    monkeypatch.undo()
    os.environ["DUSK_STATE_DIR"] = os.fsdecode(os.path.join(box.root, b"state"))
    assert recover(box.journal).sentences and recover(box.journal).sentences == ()
    assert read(paths[0]) == read(paths[1]) == CONTENT
    assert sorted(os.listdir(box.data)) == [b"a", b"b"]
    if point == "rename":
        assert undo_batch(box.journal).count(ItemState.DONE) == 1
    assert os.lstat(paths[1]).st_ino == inode and os.lstat(paths[1]).st_nlink == 1
    files = os.path.join(box.trash, b"files")
    assert not os.path.isdir(files) or os.listdir(files) == []


def test_blocks_cannot_be_shared_here_and_that_is_said(box):
    paths = [box.file(b"a", content=CONTENT), box.file(b"b", content=CONTENT)]
    with open(paths[0], "rb") as file:
        if os.fstatvfs(file.fileno()) and _type_of(paths[0]) in ("xfs", "btrfs"):
            pytest.skip("blocks can be shared here")
    outcome, reviewed = dedupe(box, *paths, options=ActionOptions())
    assert "cannot share blocks" in reviewed.problems[0].sentence
    assert states(outcome) == [ItemState.REFUSED] * 2


def _type_of(path: bytes) -> str:
    from dusk.fs.mounts import MountTable

    mount = MountTable.read().containing(path)
    return mount.type if mount else ""


@pytest.fixture(params=["xfs", "btrfs"])
def sharing_disk(request, tmp_path) -> Iterator[bytes]:
    """A small disk whose files can share blocks."""
    if os.geteuid():
        pytest.skip("mounting needs root")
    image, point = tmp_path / "image", tmp_path / "disk"
    point.mkdir()
    size = "320M" if request.param == "xfs" else "128M"
    subprocess.run(["truncate", "-s", size, image], check=True)
    make = [f"mkfs.{request.param}", "-q", image]
    try:
        subprocess.run(make, check=True, capture_output=True)
        subprocess.run(["mount", "-o", "loop", image, point], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as problem:
        pytest.skip(f"no {request.param} here: {problem}")
    try:
        yield os.fsencode(point)
    finally:
        subprocess.run(["umount", point], check=True)


@pytest.mark.root
def test_blocks_are_shared_and_the_figures_are_what_the_disk_says(box, sharing_disk):
    content = os.urandom(8 << 20)
    paths = [os.path.join(sharing_disk, b"%d" % n) for n in range(3)]
    for path in paths:
        with open(path, "wb") as file:
            file.write(content)
    os.chmod(paths[2], 0o444)
    os.sync()
    before = [(os.lstat(path).st_ino, os.lstat(path).st_mtime_ns, os.lstat(path).st_mode) for path in paths]
    free = os.statvfs(sharing_disk).f_bfree * os.statvfs(sharing_disk).f_frsize
    outcome, reviewed = dedupe(box, *paths, options=ActionOptions())
    os.sync()
    gained = os.statvfs(sharing_disk).f_bfree * os.statvfs(sharing_disk).f_frsize - free
    assert states(outcome) == [ItemState.DONE] * 3, outcome
    assert outcome.frees_now == reviewed.plan.totals().frees_now == 16 << 20
    assert abs(gained - outcome.frees_now) < 1 << 20
    after = [(os.lstat(path).st_ino, os.lstat(path).st_mtime_ns, os.lstat(path).st_mode) for path in paths]
    assert after == before and all(read(path) == content for path in paths)
    descriptor = os.open(paths[1], os.O_RDONLY)
    assert blocks_of(descriptor).own == 0
    os.close(descriptor)
    with pytest.raises(NothingToUndo):
        undo_batch(box.journal)
    again, _ = dedupe(box, *paths, options=ActionOptions())
    assert again.frees_now == 0


@pytest.mark.root
def test_the_kernel_refuses_what_differs_in_one_byte(box, sharing_disk):
    paths = [os.path.join(sharing_disk, b"%d" % n) for n in range(2)]
    content = os.urandom(1 << 20)
    for number, path in enumerate(paths):
        with open(path, "wb") as file:
            file.write(content[:-1] + b"%d" % number)
    outcome, _ = dedupe(box, *paths, options=ActionOptions())
    assert states(outcome) == [ItemState.SKIPPED] * 2
    (record,) = box.journal.records(outcome.batch)
    assert record.state is State.FAILED and "bytes differ" in record.error


def test_an_interrupted_sharing_is_closed(box):
    path = box.file(b"a", content=CONTENT)
    outcome, _ = dedupe(box, path, box.file(b"b", content=CONTENT))
    (record,) = box.journal.records(outcome.batch)
    left = replace(record, id=0, state=State.INTENT, trash=b"", trash_name=b"", detail="", is_final=True)
    box.journal.write([left])
    recover(box.journal)
    assert box.journal.open_records() == ()
    assert stat.S_ISREG(os.lstat(path).st_mode)


@pytest.mark.root
def test_trashing_shared_blocks_says_up_to_with_the_reason(box, sharing_disk):
    content = os.urandom(4 << 20)
    os.mkdir(os.path.join(sharing_disk, b"run"))
    paths = [os.path.join(sharing_disk, name) for name in (b"keep", b"run/copy", b"run/own")]
    for path in paths:
        with open(path, "wb") as file:
            file.write(content if not path.endswith(b"own") else os.urandom(1 << 20))
    os.sync()
    run = os.path.join(sharing_disk, b"run")
    totals = box.review(box.plan(run)).plan.totals()
    assert not totals.is_at_most
    dedupe(box, *paths[:2], options=ActionOptions())
    reviewed = box.review(box.plan(run)).plan
    assert reviewed.totals().is_at_most and reviewed.totals().frees_after_purge == totals.frees_after_purge
    assert "4.00 MiB with other files or snapshots" in reviewed.targets[0].forecast.sentence
