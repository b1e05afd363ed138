"""The files that a live process would have open are found while a tree is surveyed."""

from __future__ import annotations

import os
import random

import pytest

from dusk.fs import prominent
from dusk.fs.prominent import ProminentFiles
from dusk.fs.surveyor import survey


@pytest.fixture
def files(tmp_path):
    def make(count):
        top = os.fsencode(tmp_path) + b"/tree"
        facts = {}
        for number in range(count):
            path = b"d%d/file-%d" % (number % 7, number)
            os.makedirs(os.path.dirname(top + b"/" + path), exist_ok=True)
            size, time = random.Random(number).randrange(5000), random.Random(-number).randrange(10**9)
            with open(top + b"/" + path, "wb") as file:
                file.truncate(size)
            os.utime(top + b"/" + path, (time, time))
            facts[path] = (size, time)
        return top, facts

    return make


def test_all_of_a_small_tree(files):
    top, facts = files(40)
    os.symlink(b"d0/file-0", top + b"/link")
    os.mkfifo(top + b"/fifo")
    assert sorted(survey(top).prominent) == sorted(facts)


def test_the_newest_and_the_biggest_of_a_large_one(files, monkeypatch):
    monkeypatch.setattr(prominent, "MOST", 10)
    top, facts = files(300)
    found = survey(top).prominent
    assert len(found) <= 10
    for rank in (0, 1):
        highest = sorted(facts, key=lambda path: facts[path][rank], reverse=True)[:5]
        assert set(highest) <= set(found)


def test_equal_files_do_not_take_a_place_each():
    found = ProminentFiles()
    status = os.stat(__file__)
    found.add(b"many", [(b"%d" % number, status) for number in range(5000)])
    assert len(found.paths()) <= prominent.MOST


def test_a_single_file_has_none(files):
    top, facts = files(1)
    (path,) = facts
    assert survey(os.path.join(top, path)).prominent == ()


def test_it_is_no_part_of_what_is_compared(files):
    top, _ = files(3)
    before = survey(top)
    assert before.prominent
    assert before == survey(top)
