"""``dusk compress``, ``rotate``, ``split``, ``requeue`` and packed archives: a round trip each."""

from __future__ import annotations

import json
import os
import time

import pytest


@pytest.fixture
def place(tree):
    made = tree / "making"
    made.mkdir()
    return made


def contents(directory):
    return sorted(str(path.relative_to(directory)) for path in directory.rglob("*"))


def test_compress_says_about_what_it_frees_and_undo_takes_it_back(say, place):
    log = place / "train.log"
    log.write_bytes(b"step loss accuracy\n" * 5000)
    dry = say("compress", "--dry-run", log)
    assert dry.code == 0, dry.err
    assert "about" in dry.out and "saved" in dry.out
    document = json.loads(say("compress", "--dry-run", "--json", log).out)
    assert document["is_estimate"] is True and document["needs"] > 0 and document["free_change"] is None
    spoken = say("compress", "--yes", log)
    assert spoken.code == 0, spoken.err
    assert "Compressed, verified" in spoken.out and "dusk undo 1" in spoken.out
    assert contents(place) == ["train.log.zst"]
    assert say("undo").code == 0
    assert contents(place) == ["train.log"]


def test_what_does_not_shrink_is_said(say, place):
    noise = place / "noise"
    noise.write_bytes(os.urandom(100_000))
    spoken = say("compress", "--yes", noise)
    assert spoken.code == 1
    assert "hardly shrinks" in spoken.err


def test_rotate_packs_older_days(say, place):
    for days in range(4):
        path = place / f"status_{days}.json"
        path.write_bytes(b"{}")
        moment = time.time() - days * 86400
        os.utime(path, (moment, moment))
    before = contents(place)
    spoken = say("rotate", "--keep-days", "2", "--yes", place)
    assert spoken.code == 0, spoken.err
    left = contents(place)
    assert [name for name in left if name.endswith(".json")] == ["status_0.json", "status_1.json"]
    assert len([name for name in left if name.endswith(".tar.zst")]) == 2
    assert say("undo").code == 0
    assert contents(place) == before
    files = [place / name for name in before]
    assert say("--keep-days", "3", "rotate", "--yes", *files).code == 0
    assert len(contents(place)) == 4
    assert say("rotate", "--keep-days", "0", "--yes", place).code == 2


def test_split_cuts_lines(say, place):
    rows = place / "train.jsonl"
    rows.write_bytes(b"".join(b'{"row": %d}\n' % row for row in range(25)))
    spoken = say("split", "--lines", "10", "--yes", rows)
    assert spoken.code == 0, spoken.err
    assert contents(place) == [f"train-0000{number}-of-00003.jsonl" for number in (1, 2, 3)]
    assert say("undo").code == 0
    assert contents(place) == ["train.jsonl"]


@pytest.mark.parametrize("named", [False, True])
def test_requeue_puts_items_back_in_line(say, place, named):
    for stage in ("pending", "failed", "elsewhere"):
        (place / "queue" / stage).mkdir(parents=True)
    item = place / "queue" / "failed" / "a.jsonl"
    item.write_bytes(b"{}\n")
    goal = place / "queue" / ("elsewhere" if named else "pending")
    spoken = say("requeue", "--yes", *(["--to", goal] if named else []), item)
    assert spoken.code == 0, spoken.err
    assert (goal / "a.jsonl").exists() and not item.exists()
    assert "Empty the trash" not in spoken.out
    assert say("undo").code == 0
    assert item.exists()


def test_an_archive_in_one_pack_is_a_round_trip(say, tree, place):
    (place / "model").mkdir()
    (place / "model" / "weights").write_bytes(b"w" * 10_000)
    goal = tree / "goal"
    goal.mkdir()
    spoken = say("archive", "--form", "tar.zst", "--to", goal, "--yes", place / "model")
    assert spoken.code == 0, spoken.err
    assert contents(goal) == ["model.tar.zst"] and contents(place) == []
    assert say("bin", "empty", "--yes").code == 0
    assert say("undo").code == 0
    assert contents(place) == ["model", "model/weights"]
