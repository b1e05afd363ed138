"""Every system call may fail once: contents are conserved, a sentence says why, and undo works afterwards."""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
from collections.abc import Callable

import pytest

from dusk.actions import relocation, trash_choice
from dusk.actions.bin import empty, restore
from dusk.actions.journal import JournalError
from dusk.actions.outcome import ItemState
from dusk.actions.recovery import recover
from dusk.actions.undo import NothingToUndo, undo_batch
from dusk.fs import holders
from dusk.rules.finding import Action

from .interrupting import EVERY_POINT, clear, contents_of, settle
from .test_interruption import _fill
from .test_undo import digest

_CALLS = ("open", "mkdir", "unlink", "rename", "rmdir", "fsync", "write", "utime", "stat", "fstat")


class Failing:
    """Make one call in a block fail, counted over all wrapped functions."""

    def __init__(self, limit: int, number: int) -> None:
        self.left = limit
        self.number = number
        self.real: list[tuple[object, str, Callable[..., object]]] = []

    def __enter__(self) -> Failing:
        for owner, name in [(os, name) for name in _CALLS] + [(relocation.syscalls, "renameat2")]:
            real = getattr(owner, name)
            self.real.append((owner, name, real))
            setattr(owner, name, self.wrap(real))
        return self

    def __exit__(self, *_: object) -> None:
        for owner, name, real in self.real:
            setattr(owner, name, real)

    def wrap(self, real: Callable[..., object]) -> Callable[..., object]:
        def call(*arguments: object, **options: object) -> object:
            self.left -= 1
            if self.left == 0:
                raise OSError(self.number, os.strerror(self.number))
            return real(*arguments, **options)

        return call


@pytest.fixture(autouse=True)
def only_the_home_trash(monkeypatch):
    """Keep tests from using the trash at the top of the real mount when the home trash fails."""
    real = trash_choice._candidates
    monkeypatch.setattr(trash_choice, "_candidates", lambda *arguments: itertools.islice(real(*arguments), 1))


@pytest.fixture(autouse=True)
def nobody_holds_anything(monkeypatch):
    monkeypatch.setattr(
        "dusk.actions.checks.hold_report", lambda path, files: holders.HoldReport(holders.Hold.FREE)
    )


def _undo_all(box) -> None:
    for _ in range(5):
        try:
            undo_batch(box.journal)
        except NothingToUndo:
            return


def points(box, number: int, step: int):
    """Yield failing blocks until one is not reached any more."""
    step = 1 if EVERY_POINT else step
    for limit in range(1, 600, step):
        clear(box)
        _fill(box)
        failing = Failing(limit, number)
        yield failing
        if failing.left > 0:
            return
    pytest.fail("the work never came to its end")


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO, errno.EACCES])
def test_trash_survives_every_error(box, number):
    for failing in points(box, number, 3):
        before, contents = digest(box.data), contents_of(box.data)
        plan = box.review(box.plan(box.path(b"one"), box.path(b"run"))).plan
        with failing:
            try:
                outcome = box.run(plan)
            except JournalError:
                outcome = None
        assert outcome is None or all(
            result.sentence for result in outcome.results if result.state is not ItemState.DONE
        )
        settle(box)
        assert contents_of(box.data, box.trash) == contents
        _undo_all(box)
        assert set(digest(box.data)) == set(before)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO])
def test_undo_survives_every_error(box, number):
    for failing in points(box, number, 3):
        before, contents = digest(box.data), contents_of(box.data)
        box.trash_all(box.path(b"one"), box.path(b"run"))
        with failing, contextlib.suppress(JournalError):
            undo_batch(box.journal)
        settle(box)
        assert contents_of(box.data, box.trash) == contents
        _undo_all(box)
        assert set(digest(box.data)) == set(before), failing.left


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO])
def test_archive_survives_every_error(box, number):
    archive = os.path.join(box.root, b"archive")
    for failing in points(box, number, 11):
        before = digest(box.data)
        plan = box.review(box.plan(box.path(b"run"), action=Action.ARCHIVE, destination=archive)).plan
        with failing:
            try:
                outcome = box.run(plan)
            except JournalError:
                outcome = None
        assert outcome is None or all(
            result.sentence for result in outcome.results if result.state is not ItemState.DONE
        )
        settle(box)
        for name in os.listdir(archive):
            if name.startswith(b".dusk-"):  # what an error kept from being removed says what it is
                continue
            assert contents_of(os.path.join(archive, name)) == {b"second": 1, b"third": 1}
        assert contents_of(box.data, box.trash) == {b"first": 1, b"second": 1, b"third": 1}
        _undo_all(box)
        assert set(digest(box.data)) == set(before)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO])
def test_the_bin_survives_every_error(box, number):
    for failing in points(box, number, 3):
        box.trash_all(box.path(b"run"), box.path(b"one"))
        first, second = sorted(box.bin(), key=lambda item: item.original)
        with failing:
            for work, item in ((restore, first), (empty, second)):
                with contextlib.suppress(JournalError):
                    work([item], journal=box.journal)
        recover(box.journal)
        left = contents_of(box.data, box.trash)
        assert left[b"first"] == 1
        assert left.get(b"second", 0) <= 1
