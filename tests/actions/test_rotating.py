"""Rotating keeps the newest days of a pile and packs each older one; nothing is lost on the way or back."""

from __future__ import annotations

import errno
import os
import time

import pytest

from dusk.actions import packing
from dusk.actions.bin import empty, restore
from dusk.actions.executor import Executor
from dusk.actions.journal import Journal
from dusk.actions.outcome import ItemState
from dusk.actions.undo import undo_batch
from dusk.fs import holders
from dusk.rules.finding import Action, ActionOptions
from journeys.tree_digest import tree_digest

from . import interrupting

NOON = int(time.mktime((2026, 3, 10, 12, 0, 0, 0, 0, -1)))


def day(number):
    """Return the name of the day so many days before the newest."""
    return time.strftime("%Y-%m-%d", time.localtime(NOON - number * 86400)).encode()


def fill(box, days=5, a_day=3):
    for number in range(days):
        for file in range(a_day):
            name = b"status_%d_%d.json" % (number, file)
            path = box.file(b"status", name, content=b'{"day": %d, "file": %d}' % (number, file))
            moment = (NOON - number * 86400 + file) * 10**9 + 7
            os.utime(path, ns=(moment, moment))
    path = box.path(b"status")
    os.utime(path, ns=(1, 1_600_000_000 * 10**9))
    return path


@pytest.fixture
def pile(box):
    return fill(box)


def plan_of(box, *paths, keep=2):
    return box.plan(*paths, action=Action.ROTATE, options=ActionOptions(keep_days=keep))


def run(box, *paths, keep=2, **options):
    return box.run(box.review(plan_of(box, *paths, keep=keep)).plan, **options)


def names(pile):
    return sorted(os.listdir(pile))


def packs(*numbers):
    return [b"status-" + day(number) + b".tar.zst" for number in numbers]


def test_older_days_become_packs_and_the_newest_stay(box, pile):
    outcome = run(box, pile)
    (result,) = outcome.results
    assert (result.state, result.sentence) == (ItemState.DONE, "")
    kept = [b"status_%d_%d.json" % (number, file) for number in (0, 1) for file in range(3)]
    assert names(pile) == sorted(kept + packs(4, 3, 2))
    assert sorted(os.path.basename(item.original) for item in box.bin()) == sorted(
        b"status-" + day(number) for number in (2, 3, 4)
    )
    records = box.journal.records(outcome.batch)
    assert [record.action for record in records] == ["rotate"] * 3
    assert outcome.frees_after_purge == 3 * 3 * 4096 - 3 * 4096


def test_undo_gives_back_every_file_and_the_time_of_the_directory(box, pile):
    before = tree_digest(box.data)
    run(box, pile)
    undone = undo_batch(box.journal)
    assert [(result.state, result.sentence) for result in undone.results] == [(ItemState.DONE, "")] * 3
    assert tree_digest(box.data) == before


def test_files_come_back_out_of_the_packs_when_the_trash_was_emptied(box, pile):
    facts = {name: fact[:5] + fact[6:] for name, fact in tree_digest(pile).items() if name != b"."}
    run(box, pile)
    empty(box.bin(), journal=box.journal)
    undone = undo_batch(box.journal)
    assert [result.state for result in undone.results] == [ItemState.DONE] * 3, undone
    after = {name: fact[:5] + fact[6:] for name, fact in tree_digest(pile).items() if name != b"."}
    assert after == facts


def test_a_second_rotation_leaves_the_packs_alone(box, pile):
    run(box, pile)
    reviewed = box.review(plan_of(box, pile))
    assert ["older than the newest 2 days" in problem.sentence for problem in reviewed.problems] == [True]
    assert run(box, pile, keep=1).results[0].state is ItemState.DONE
    assert names(pile) == sorted([b"status_0_%d.json" % file for file in range(3)] + packs(4, 3, 2, 1))


def test_a_growing_pile_with_an_open_newest_file_is_rotated(box, pile):
    plan = box.review(plan_of(box, pile)).plan
    with open(box.path(b"status", b"status_0_0.json"), "ab") as newest:
        newest.write(b"more")
        newest.flush()
        box.file(b"status", b"status_new.json")
        (result,) = box.run(plan).results
    assert result.state is ItemState.DONE, result
    # Today came in between: it is one of the two newest days now.
    assert packs(4)[0] in names(pile) and b"status_new.json" in names(pile)


def test_what_is_open_linked_hidden_or_no_file_stays_and_is_said(box, pile):
    held = box.path(b"status", b"status_4_0.json")
    os.link(box.path(b"status", b"status_4_1.json"), box.path(b"other"))
    hidden = box.file(b"status", b".gitkeep")
    os.utime(hidden, (1, 1))
    os.mkdir(box.path(b"status", b"directory"))
    os.symlink(b"status_4_0.json", box.path(b"status", b"latest"))
    with open(held, "rb"):
        (result,) = run(box, pile).results
    assert result.state is ItemState.DONE
    assert "status_4_0.json and 1 more stays: it is in use" in result.sentence
    left = set(names(pile))
    assert {b"status_4_0.json", b"status_4_1.json", b".gitkeep", b"directory", b"latest"} <= left
    assert b"status_4_2.json" not in left


def test_single_files_are_rotated_by_the_days_of_their_directory(box, pile):
    paths = [box.path(b"status", b"status_%d_0.json" % number) for number in range(5)]
    outcome = run(box, *paths)
    assert [result.state for result in outcome.results] == [ItemState.SKIPPED] * 2 + [ItemState.DONE] * 3
    assert "of the newest 2 days" in outcome.results[0].sentence
    assert outcome.results[2].place == box.path(b"status", packs(2)[0])
    assert b"status_4_1.json" in names(pile)
    undo_batch(box.journal)
    assert all(os.path.exists(path) for path in paths)


def test_a_taken_name_in_the_pile_gets_a_number(box, pile):
    box.file(b"status", packs(4)[0], content=b"somebody's")
    run(box, pile)
    assert b"status-" + day(4) + b".2.tar.zst" in names(pile)
    with open(box.path(b"status", packs(4)[0]), "rb") as file:
        assert file.read() == b"somebody's"


def test_a_file_that_changes_while_its_day_is_packed_stops_that_day(box, pile, monkeypatch):
    real = packing.prove

    def change(*arguments, **options):
        result = real(*arguments, **options)
        if os.path.exists(box.path(b"status", b"status_4_0.json")):
            with open(box.path(b"status", b"status_4_0.json"), "ab") as file:
                file.write(b"!")
        return result

    before = names(pile)
    plan = box.review(plan_of(box, pile)).plan
    monkeypatch.setattr(packing, "prove", change)
    (result,) = box.run(plan).results
    assert result.state is ItemState.FAILED
    assert "changed while its day was packed" in result.sentence
    assert names(pile) == before


def test_a_file_that_is_opened_while_its_day_is_packed_stops_that_day(box, pile, monkeypatch):
    real, opened = packing.prove, []

    def open_it(*arguments, **options):
        opened.append(open(box.path(b"status", b"status_4_1.json"), "ab"))  # noqa: SIM115 - held on purpose
        return real(*arguments, **options)

    before = names(pile)
    plan = box.review(plan_of(box, pile)).plan
    monkeypatch.setattr(packing, "prove", open_it)
    (result,) = box.run(plan).results
    for file in opened:
        file.close()
    assert result.state is ItemState.FAILED
    assert "status_4_1.json was opened meanwhile" in result.sentence
    assert names(pile) == before


def test_a_name_that_is_taken_meanwhile_keeps_the_packed_file_apart(box, pile):
    run(box, pile)
    taken = box.file(b"status", b"status_4_0.json", content=b"new")
    undone = undo_batch(box.journal)
    said = [result.sentence for result in undone.results if result.sentence]
    assert len(said) == 1 and "1 file stays in" in said[0]
    with open(taken, "rb") as file:
        assert file.read() == b"new"
    with open(box.path(b"status", b"status-" + day(4), b"status_4_0.json"), "rb") as file:
        assert file.read() == b'{"day": 4, "file": 0}'


def test_cancelling_between_days_leaves_whole_days(box, pile):
    asked = []

    def cancelled() -> bool:
        asked.append(any(name.endswith(b".tar.zst") for name in os.listdir(pile)))
        return asked[-1] and not any(name.startswith(b".dusk") for name in os.listdir(pile))

    outcome = run(box, pile, cancelled=cancelled)
    left = names(pile)
    assert not any(name.startswith(b".dusk") for name in left)
    assert packs(4)[0] in left and b"status_2_0.json" in left, outcome
    undo_batch(box.journal)
    assert len(names(pile)) == 15


def test_restoring_one_day_from_the_bin_puts_its_files_back_in_the_pile(box, pile):
    run(box, pile)
    items = [item for item in box.bin() if item.original.endswith(day(4))]
    outcome = restore(items, journal=box.journal)
    assert [(result.state, result.sentence) for result in outcome.results] == [(ItemState.DONE, "")]
    assert b"status_4_0.json" in names(pile) and packs(4)[0] not in names(pile)
    assert len(undo_batch(box.journal).results) == 2
    assert len(names(pile)) == 15


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO])
def test_an_error_while_packing_leaves_the_pile(box, pile, monkeypatch, number):
    def fail(file, data):
        raise OSError(number, os.strerror(number))

    before = names(pile)
    plan = box.review(plan_of(box, pile)).plan
    monkeypatch.setattr("dusk.actions.zstd_frames.os.write", fail)
    (result,) = box.run(plan).results
    monkeypatch.undo()
    assert result.state is ItemState.FAILED
    assert names(pile) == before


def test_the_review_says_what_goes_and_what_stays(box, pile):
    plan = box.review(plan_of(box, pile)).plan
    forecast = plan.targets[0].forecast
    assert forecast is not None and forecast.is_estimate
    assert "9 files of 3 days would be packed; 6 files of the newest 2 days stay." in forecast.sentence


def _facts(box):
    return {name: fact[:3] + fact[4:] for name, fact in tree_digest(box.data).items()}


@pytest.mark.parametrize(("undoing", "emptied"), [(False, False), (True, False), (True, True)])
def test_killed_anywhere_each_file_is_there_once_and_comes_back(box, monkeypatch, undoing, emptied):
    monkeypatch.setattr(
        "dusk.actions.checks.hold_report", lambda path, files: holders.HoldReport(holders.Hold.FREE)
    )
    for limit, after in interrupting.points(7):
        interrupting.clear(box)
        pile = fill(box, days=3, a_day=2)
        files = interrupting.contents_of(box.data)
        before = {name: fact if not emptied else fact[:4] + fact[5:] for name, fact in _facts(box).items()}
        plan = box.review(plan_of(box, pile, keep=1)).plan
        if undoing:
            box.run(plan)
        if emptied:
            empty(box.bin(), journal=box.journal)
        box.journal.close()

        def work(plan=plan):
            journal = Journal.open()
            return undo_batch(journal) if undoing else Executor(journal, box.protection).run(plan)

        died = interrupting.killed(work, limit, after)
        box.journal = Journal.open()
        interrupting.settle(box)
        where = (limit, after)
        found = interrupting.contents_of(box.data, box.trash)
        if not emptied:
            assert {content: found.get(content) for content in files} == files, where
        assert not any(name.startswith(b".dusk") for name in os.listdir(pile)), where
        assert not any(os.path.isdir(os.path.join(pile, name)) for name in os.listdir(pile)), where
        interrupting.undo_all(box)
        now = {name: fact if not emptied else fact[:4] + fact[5:] for name, fact in _facts(box).items()}
        assert now == before, where
        if not died:
            break
    else:
        pytest.fail("the run never came to its end")
