"""The moment of a removal outlives a kill, so that recovery can give its directory the time from before."""

from __future__ import annotations

import os
import stat
import time

import pytest

from dusk.actions.executor import Executor
from dusk.actions.journal import Journal
from dusk.actions.moments import Moments
from dusk.actions.outcome import ItemState
from dusk.actions.recovery import recover
from dusk.actions.undo import undo_batch
from dusk.fs import holders
from dusk.rules.finding import Action, ActionOptions

from .interrupting import EVERY_POINT, clear, died, killed, settle, undo_all
from .test_undo import old

LONG_AGO = 1_600_000_000_000_000_456


@pytest.fixture
def state(tmp_path):
    os.mkdir(tmp_path / "state")
    return os.fsencode(tmp_path / "state")


@pytest.fixture
def place(tmp_path):
    os.makedirs(tmp_path / "place" / "gone")
    return os.fsencode(tmp_path / "place")


def left_without_time(moments: Moments, place: bytes, then_ns: int = LONG_AGO) -> None:
    """Remove a directory as an act does that is killed right after."""
    moments.note(os.path.join(place, b"gone"), then_ns)
    os.rmdir(os.path.join(place, b"gone"))


def modified(path: bytes) -> int:
    return os.stat(path).st_mtime_ns


def test_a_directory_gets_the_time_that_was_to_come(state, place):
    moments = Moments(state)
    left_without_time(moments, place)
    assert modified(place) > LONG_AGO
    moments.give_times_back()
    assert modified(place) == LONG_AGO


def test_what_was_not_removed_changes_nothing(state, place):
    moments = Moments(state)
    moments.note(os.path.join(place, b"gone"), LONG_AGO)
    before = modified(place)
    moments.give_times_back()
    assert modified(place) == before


def test_a_later_change_of_somebody_else_keeps_its_time(state, place):
    moments = Moments(state)
    left_without_time(moments, place)
    time.sleep(0.05)
    os.mkdir(os.path.join(place, b"new"))
    changed = modified(place)
    moments.give_times_back()
    assert modified(place) == changed


def test_the_last_removal_in_a_directory_counts(state, place):
    moments = Moments(state)
    moments.note(os.path.join(place, b"before"), LONG_AGO)
    left_without_time(moments, place, 0)
    changed = modified(place)
    moments.give_times_back()
    assert modified(place) == changed


def test_several_write_side_by_side(state):
    one, two = Moments(state), Moments(state)
    one.note(b"/one\n\xff", 5)
    two.note(b"/two")
    one.note(b"/one\n\xff", 5)
    assert list(Moments(state).known()) == [b"/one\n\xff", b"/two"]
    assert stat.S_IMODE(os.stat(os.path.join(state, b"moments")).st_mode) == 0o600
    one.forget()
    assert not two.exist() and dict(two.known()) == {}
    two.forget()


@pytest.mark.parametrize(
    "content",
    [b"", b"\0", b"words", b"\x00-5 0 /a\0", b"\x001 2\0", b"\x001 2 relative\0", b"\x00%d 0 /a\0" % 10**40],
)
def test_damage_is_passed_over(state, content):
    path = os.path.join(state, b"moments")
    with open(path, "wb") as file:
        file.write(content)
    moments = Moments(state)
    assert dict(moments.known()) == {}
    moments.note(b"/b", 7)
    assert list(moments.known()) == [b"/b"]
    moments.give_times_back()


def test_half_a_note_spoils_no_other(state):
    moments = Moments(state)
    moments.note(b"/first")
    with open(os.path.join(state, b"moments"), "ab") as file:
        file.write(b"\x0017 0 /ha")
    moments.note(b"/last")
    assert set(moments.known()) == {b"/first", b"/last"}


def test_a_removal_that_failed_leaves_the_time_that_was_there(state, place):
    before, directory = modified(place), os.open(place, os.O_RDONLY)
    try:
        with (
            pytest.raises(OSError),
            Moments(state).time_kept_without(place + b"/gone", directory, before, LONG_AGO),
        ):
            os.mkdir(b"made", dir_fd=directory)
            raise OSError
    finally:
        os.close(directory)
    assert modified(place) == before


@pytest.mark.parametrize("kind", ["directory", "pipe", "link", "nowhere"])
def test_what_is_no_file_of_ours_is_left_alone(state, tmp_path, kind):
    path = os.path.join(state, b"moments")
    if kind == "directory":
        os.mkdir(path)
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "link":
        (tmp_path / "other").write_bytes(b"kept")
        os.symlink(os.fsencode(tmp_path / "other"), path)
    else:
        os.rmdir(state)
    moments = Moments(state)
    moments.note(b"/a", 1)
    assert dict(moments.known()) == {}
    moments.give_times_back()
    if kind == "link":
        assert (tmp_path / "other").read_bytes() == b"kept"


def test_a_long_run_begins_anew(state):
    moments = Moments(state)
    for number in range(3000):
        moments.note(b"/%d" % number + b"x" * 1000)
    assert os.path.getsize(os.path.join(state, b"moments")) < 2 << 20
    assert list(moments.known())[-1].startswith(b"/2999x")


def lay_out(box) -> list[bytes]:
    clear(box)
    paths = [box.path(name) for name in (b"one", b"two")]
    for path in paths:
        os.makedirs(os.path.join(path, b"below"))
        old(path)
    old(box.data)
    return paths


def removal(box, paths):
    plan = box.review(box.plan(*paths, action=Action.EMPTY_DIRECTORIES)).plan
    box.journal.close()
    return lambda: Executor(Journal.open(), box.protection).run(plan)


def layout_taken_back(box, paths):
    for path in paths:
        os.rmdir(os.path.join(path, b"below"))
    old(box.data)
    options = ActionOptions(names=("new", "new/below", "other"))
    outcome = box.run(box.review(box.plan(box.data, action=Action.SCAFFOLD, options=options)).plan)
    assert outcome.results[0].state is ItemState.DONE
    box.journal.close()
    return lambda: undo_batch(Journal.open())


@pytest.fixture(autouse=True)
def nobody_holds_anything(monkeypatch):
    monkeypatch.setattr(
        "dusk.actions.checks.hold_report", lambda path, files: holders.HoldReport(holders.Hold.FREE)
    )


def test_nothing_is_noted_once_an_act_is_over(box):
    paths = lay_out(box)
    removal(box, paths)()
    box.journal = Journal.open()
    assert not box.journal.moments.exist()
    assert not os.path.lexists(paths[0])


def test_the_moments_stay_while_somebody_else_acts(box):
    with box.journal.acting():
        box.journal.moments.note(b"/of somebody else")
        removal(box, lay_out(box))()
        box.journal = Journal.open()
        assert b"/of somebody else" in box.journal.moments.known()


def test_several_that_went_at_different_moments_give_their_directory_its_time_back(box, monkeypatch):
    paths = lay_out(box)
    before = modified(box.data)
    real = os.rmdir

    def slow(name, **options):
        time.sleep(0.02)
        real(name, **options)

    with monkeypatch.context() as patch:
        patch.setattr(os, "rmdir", slow)
        removal(box, paths)()
    box.journal = Journal.open()
    assert undo_batch(box.journal).count(ItemState.DONE) == 2
    assert modified(box.data) == before


def killed_after_last_removal(work, name: bytes) -> None:
    """Do the work in a child that dies right after it removed the directory of a name."""

    def until_then():
        real = os.rmdir

        def rmdir(path, **options):
            real(path, **options)
            if path == name:
                os.kill(os.getpid(), 9)

        os.rmdir = rmdir
        work()

    assert died(until_then)


@pytest.mark.parametrize(("prepare", "last"), [(removal, b"two"), (layout_taken_back, b"new")])
def test_a_recovery_that_is_killed_too_leaves_no_trace(box, prepare, last):
    limit = 0
    while True:
        limit += 1 if EVERY_POINT else 3
        paths = lay_out(box)
        work = prepare(box, paths)
        before = modified(box.data)
        if prepare is layout_taken_back:
            before = LONG_AGO
        killed_after_last_removal(work, last)
        was_killed = killed(lambda: recover(Journal.open()), limit, False)
        box.journal = Journal.open()
        settle(box)
        undo_all(box)
        assert sorted(os.listdir(box.data)) == [b"one", b"two"]
        assert modified(box.data) == before, limit
        if not was_killed:
            return
