"""``dusk dedupe``, ``empty-dirs``, ``scaffold`` and what of the bin is emptied: on a real directory."""

from __future__ import annotations

import json
import os
import time

import pytest

CONTENT = os.urandom(40_000)


def twins(place, count: int = 3):
    paths = []
    for number in range(count):
        path = place / f"twin{number}" / "model.bin"
        path.parent.mkdir(parents=True)
        path.write_bytes(CONTENT)
        os.utime(path, (10**9 + number, 10**9 + number))
        paths.append(path)
    return paths


def test_dedupe_links_equal_files_only_when_asked(say, tree):
    paths = twins(tree)
    spoken = say("dedupe", "--hard-link", "--min-size", "10k", "--yes", tree)
    assert spoken.code == 0, spoken.err
    assert "Equal files share" in spoken.out and "dusk undo 1" in spoken.out
    assert len({path.stat().st_ino for path in paths}) == 1
    assert paths[0].stat().st_mtime == 10**9, "the oldest content stays"
    assert "let 2 things" in say("journal").out
    assert say("undo").code == 0
    assert len({path.stat().st_ino for path in paths}) == 3


def test_dedupe_says_when_there_is_nothing_or_no_way(say, tree):
    nothing = say("dedupe", "--dry-run", tree)
    assert (nothing.code, nothing.out) == (0, "No equal files were found.\n")
    twins(tree)
    spoken = say("dedupe", "--min-size", "10k", "--yes", "--json", tree)
    document = json.loads(spoken.out)
    if spoken.code:
        assert "cannot share blocks" in spoken.err
        assert {item["state"] for item in document["items"]} == {"refused"}


def test_the_data_of_repositories_is_not_compared(say, tree):
    twins(tree / ".git" / "objects")
    assert "No equal files" in say("dedupe", "--min-size", "1k", "--hard-link", "--yes", tree).out


def test_empty_dirs_removes_them_and_undo_makes_them_again(say, tree):
    (tree / "gone" / "a" / "b").mkdir(parents=True)
    (tree / "gone" / "a").chmod(0o750)
    (tree / "half" / "empty").mkdir(parents=True)
    (tree / "half" / "file").write_text("x")
    (tree / ".git" / "refs").mkdir(parents=True)
    spoken = say("empty-dirs", "--yes", tree)
    assert spoken.code == 0, spoken.err
    assert not (tree / "gone").exists() and not (tree / "half" / "empty").exists()
    assert (tree / ".git" / "refs").exists() and (tree / "half" / "file").exists()
    assert "removed 2 things" in say("journal").out
    assert say("undo").code == 0
    assert (tree / "gone" / "a").stat().st_mode & 0o777 == 0o750
    assert say("empty-dirs", "--dry-run", tree / "half" / "empty").out == "No empty directories were found.\n"


def test_scaffold_takes_names_and_lists(say, tree, tmp_path):
    names = tmp_path / "layout.txt"
    names.write_text("# new layout\nmodels/base\n\nruns/2026   # this year\n")
    spoken = say("scaffold", names, "datasets/raw", "--at", tree, "--yes")
    assert spoken.code == 0, spoken.err
    for name in ("models/base", "runs/2026", "datasets/raw"):
        assert (tree / name).is_dir()
    (tree / "runs" / "2026" / "log").write_text("mine")
    undone = say("undo")
    assert undone.code == 0 and "not empty any more" in undone.err
    assert not (tree / "models").exists() and (tree / "runs" / "2026" / "log").exists()


@pytest.mark.parametrize("name", ["../out", "/abs"])
def test_scaffold_stays_below_its_place(say, tree, name):
    spoken = say("scaffold", name, "--at", tree, "--yes")
    assert spoken.code == 1 and "below" in spoken.err


def test_read_only_and_no_terminal_refuse_all_three(say, tree):
    twins(tree)
    (tree / "empty").mkdir()
    for words in (["dedupe", tree], ["empty-dirs", tree], ["scaffold", "x", "--at", tree]):
        assert say(*words).code == 1
        assert "--read-only" in say("--read-only", *words, "--yes").err
    assert (tree / "empty").exists() and not (tree / "x").exists()


def test_the_bin_is_emptied_by_size_and_until_enough_is_free(say, tree):
    for name, size in (("small", 1000), ("big", 3_000_000), ("old", 2_000_000)):
        (tree / name).write_bytes(os.urandom(size))
    for name in ("old", "big", "small"):
        say("trash", "--yes", tree / name)
        time.sleep(0.01)
    chosen = json.loads(say("bin", "empty", "--larger-than", "1M", "--dry-run", "--json").out)
    assert {os.path.basename(item["path"]) for item in chosen["items"]} == {"big", "old"}
    space = os.statvfs(tree)
    free = space.f_bavail * space.f_frsize
    nothing = say("bin", "empty", "--until-free", "1", "--dry-run")
    assert "nothing to delete" in nothing.out
    everything = say("bin", "empty", "--until-free", str(free + (1 << 40)), "--dry-run", "--json")
    assert len(json.loads(everything.out)["items"]) == 3
    assert "would be free there" in everything.err


def test_the_bin_lists_without_a_journal(say, tree, own_home, monkeypatch, tmp_path):
    say("trash", "--yes", tree / "run")
    blocked = tmp_path / "file"
    blocked.write_text("x")
    monkeypatch.setenv("DUSK_STATE_DIR", str(blocked))
    spoken = say("bin")
    assert spoken.code == 0 and str(tree / "run") in spoken.out
    assert "What other tools know" in spoken.err
