"""``dusk trash``, ``archive``, ``undo``, ``journal`` and ``bin``: what they do to a real directory."""

from __future__ import annotations

import json
import os
import sqlite3

import pytest

from dusk.actions.executor import Executor
from dusk.fs.locations import state_directory


@pytest.fixture
def run(tree):
    return tree / "run"


def contents(directory):
    return sorted(str(path.relative_to(directory)) for path in directory.rglob("*"))


def test_away_from_a_terminal_acting_needs_a_yes(say, run):
    spoken = say("trash", run)
    assert spoken.code == 1
    assert "--yes" in spoken.err
    assert run.is_dir()


def test_a_dry_run_says_what_would_happen_and_does_nothing(say, run):
    spoken = say("trash", "--dry-run", run)
    assert spoken.code == 0
    assert str(run) in spoken.out
    assert "freed now: 0 B" in spoken.out
    assert run.is_dir()
    assert say("journal").out == "Nothing was done yet.\n"


def test_read_only_turns_acting_off(say, run):
    for words in (
        ["trash", "--yes", run],
        ["archive", "--yes", "--to", "/", run],
        ["undo"],
        ["bin", "empty"],
    ):
        spoken = say("--read-only", *words)
        assert spoken.code == 1
        assert "--read-only" in spoken.err
    assert run.is_dir()


def test_trash_journal_and_undo_are_a_round_trip(say, tree, run):
    before = contents(tree)
    spoken = say("trash", "--yes", run)
    assert spoken.code == 0
    assert not run.exists()
    assert "dusk undo 1" in spoken.out
    assert "Freed now: 0 B" in spoken.out
    assert "moved 1 thing" in say("journal").out
    assert str(run) in say("journal", "1").out
    undone = say("undo")
    assert undone.code == 0
    assert str(run) in undone.out
    assert contents(tree) == before
    assert "undone" in say("journal").out
    nothing = say("undo")
    assert (nothing.code, nothing.out) == (1, "")
    assert "nothing to undo" in nothing.err


def test_a_batch_that_is_not_the_newest_can_be_named(say, run):
    say("trash", "--yes", run / "part.bin")
    say("trash", "--yes", run / "weights.bin")
    assert say("undo", "1").code == 0
    assert (run / "part.bin").exists()
    assert not (run / "weights.bin").exists()
    assert say("undo", "--dry-run").code == 0
    assert say("undo", "99").code == 1
    assert not (run / "weights.bin").exists()


def test_what_is_refused_is_said_and_the_rest_is_done(say, run, tmp_path):
    spoken = say("trash", "--yes", run / "part.bin", "/etc/hostname", tmp_path / "none")
    assert spoken.code == 3
    assert "/etc/hostname is in the system directory" in spoken.err
    assert "none: does not exist" in spoken.err
    assert not (run / "part.bin").exists()


def test_nothing_but_refusals_is_exit_code_one(say):
    spoken = say("trash", "--yes", "/etc", "/", "/proc/1", "..")
    assert spoken.code == 1
    assert spoken.out == ""
    assert len(spoken.err.splitlines()) == 4


def test_what_a_rule_keeps_needs_insisting(say, tree):
    notes = tree / "NOTES.md"
    notes.write_text("what we learned\n")
    spoken = say("trash", "--yes", notes)
    assert spoken.code == 1
    assert "should be kept" in spoken.err
    assert "--insist" in spoken.err
    assert notes.exists()
    assert say("trash", "--yes", "--insist", notes).code == 0
    assert not notes.exists()


def test_what_a_rule_keeps_deep_inside_is_found_too(say, tree):
    deep = tree / "run" / "a" / "b" / "c"
    deep.mkdir(parents=True)
    (deep / "NOTES.md").write_text("what we learned\n")
    spoken = say("trash", "--yes", tree / "run")
    assert spoken.code == 1
    assert "NOTES.md" in spoken.err
    assert deep.exists()


def test_a_path_named_twice_and_one_inside_it_go_once(say, run):
    document = json.loads(say("trash", "--yes", "--json", run, run, run / "part.bin").out)
    assert [item["path"] for item in document["items"]] == [str(run)]
    assert say("undo").code == 0
    assert (run / "part.bin").exists()


def test_a_symbolic_link_is_acted_on_and_not_followed(say, tree, run):
    (tree / "link").symlink_to(run)
    assert say("trash", "--yes", f"{tree}/link/").code == 0
    assert run.is_dir()
    assert not (tree / "link").is_symlink()


def test_two_dots_behind_a_link_mean_what_the_system_means(say, tree, tmp_path):
    other = tmp_path / "other" / "place"
    other.mkdir(parents=True)
    (other.parent / "log.bin").write_text("")
    (tree / "log.bin").write_text("")
    (tree / "link").symlink_to(other)
    assert say("trash", "--yes", f"{tree}/link/../log.bin").code == 0
    assert (tree / "log.bin").exists()
    assert not (other.parent / "log.bin").exists()


@pytest.mark.parametrize(
    "name", [b"\x1b[31mred", b"line\nbreak", b"[bold]", "bidi\u202e".encode(), b"latin\xe9", b"-f"]
)
def test_hostile_names_round_trip(say, tree, name):
    path = os.path.join(os.fsencode(tree), name)
    with open(path, "wb"):
        pass
    spoken = say("trash", "--yes", path)
    assert spoken.code == 0
    assert "\x1b" not in spoken.out + spoken.err
    assert not os.path.lexists(path)
    for words in (["journal", "1"], ["bin"]):
        assert "\x1b" not in say(*words).out
    assert json.loads(say("bin", "--json").out)[0]["path"].encode("utf-8", "surrogateescape") == path
    assert say("undo").code == 0
    assert os.path.lexists(path)


def test_the_document_of_a_run_says_what_became_of_each_path(say, run):
    document = json.loads(say("trash", "--yes", "--json", run, "/etc").out)
    assert document["action"] == "trash"
    assert document["batch"] == 1
    assert document["frees_now"] == 0
    assert document["frees_after_purge"] > 50_000
    assert [item["state"] for item in document["items"]] == ["done", "refused"]
    assert os.path.isdir(document["items"][0]["place"])
    planned = json.loads(say("trash", "--dry-run", "--json", os.path.dirname(run)).out)
    assert planned["dry_run"] is True
    assert planned["batch"] is None


def test_archive_copies_verifies_and_undo_brings_back(say, tree, run, tmp_path):
    shelf = tmp_path / "shelf"
    shelf.mkdir()
    spoken = say("archive", "--yes", "--to", shelf, run)
    assert spoken.code == 0
    assert not run.exists()
    assert len(list(shelf.rglob("weights.bin"))) == 1
    assert say("undo").code == 0
    assert (run / "weights.bin").stat().st_size == 50_000


def test_archive_needs_a_place(say, run, tmp_path):
    spoken = say("archive", "--yes", run)
    assert spoken.code == 2
    assert "--to" in spoken.err
    assert say("archive", "--yes", "--to", tmp_path / "none", run).code == 1
    assert say("archive", "--yes", "--to", run, run).code == 1
    assert run.is_dir()


def test_the_settings_can_name_the_archive(say, run, tmp_path, monkeypatch):
    shelf, settings = tmp_path / "shelf", tmp_path / "settings"
    shelf.mkdir()
    settings.mkdir()
    monkeypatch.setenv("DUSK_CONFIG_DIR", str(settings))
    (settings / "config.toml").write_text(f'archive_directory = "{shelf}"\n')
    assert say("archive", "--yes", run).code == 0
    assert list(shelf.rglob("weights.bin"))


def test_what_the_settings_protect_is_refused(say, run, tmp_path, monkeypatch):
    monkeypatch.setenv("DUSK_CONFIG_DIR", str(tmp_path))
    (tmp_path / "config.toml").write_text(f'protected = ["{run}"]\n')
    spoken = say("trash", "--yes", "--insist", run)
    assert spoken.code == 1
    assert "settings" in spoken.err
    assert run.is_dir()


def test_broken_settings_stop_acting_and_not_undo(say, run, tmp_path, monkeypatch):
    assert say("trash", "--yes", run).code == 0
    monkeypatch.setenv("DUSK_CONFIG_DIR", str(tmp_path))
    (tmp_path / "config.toml").write_text("unknown = 1\n")
    assert say("trash", "--yes", run.parent).code == 2
    assert say("undo").code == 0
    assert run.is_dir()


def test_the_bin_lists_restores_and_empties(say, run):
    assert say("bin").out == "There is nothing in the trash.\n"
    say("trash", "--yes", run)
    listed = say("bin")
    assert str(run) in listed.out
    assert "1 item" in listed.out
    assert say("bin", "restore", run).code == 0
    assert run.is_dir()
    say("trash", "--yes", run)
    refused = say("bin", "empty")
    assert refused.code == 1
    assert "--yes" in refused.err
    assert say("bin", "empty", "--dry-run").code == 0
    assert "nothing to delete" in say("bin", "empty", "--yes", "--older-than", "1d").out
    emptied = say("bin", "empty", "--yes")
    assert emptied.code == 0
    assert "Deleted for good: 1 item" in emptied.out
    assert say("bin").out == "There is nothing in the trash.\n"
    assert say("undo").code == 1


def test_the_newest_of_several_from_one_place_is_restored(say, run):
    for text in ("old", "new"):
        (run / "part.bin").write_text(text)
        say("trash", "--yes", run / "part.bin")
    spoken = say("bin", "restore", run / "part.bin")
    assert spoken.code == 0
    assert "more than once" in spoken.err
    assert (run / "part.bin").read_text() == "new"


def test_restoring_replaces_nothing(say, run):
    say("trash", "--yes", run / "part.bin")
    (run / "part.bin").write_text("another")
    assert say("bin", "restore", run / "part.bin").code == 1
    assert say("undo").code == 1
    assert (run / "part.bin").read_text() == "another"


def test_a_directory_brings_back_all_that_came_from_it(say, run):
    say("trash", "--yes", run / "part.bin", run / "weights.bin")
    assert say("bin", "restore", run).code == 0
    assert contents(run) == ["part.bin", "weights.bin"]


def test_a_place_that_nothing_came_from_is_a_sentence(say, run):
    say("trash", "--yes", run)
    spoken = say("bin", "restore", "/nowhere/at/all")
    assert spoken.code == 1
    assert "Nothing in the trash came from /nowhere/at/all." in spoken.err


def test_a_corrupt_journal_is_set_aside_and_what_was_trashed_comes_back(say, run):
    say("trash", "--yes", run)
    journal = os.path.join(state_directory(), b"journal.db")
    for suffix in (b"-wal", b"-shm"):
        if os.path.exists(journal + suffix):
            os.unlink(journal + suffix)
    with open(journal, "wb") as file:
        file.write(b"no journal at all" * 1000)
    spoken = say("journal")
    assert spoken.code == 0
    assert "set aside" in spoken.err
    assert say("bin", "restore", run).code == 0
    assert run.is_dir()


def test_a_journal_that_cannot_be_made_stops_acting(say, run, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("DUSK_STATE_DIR", str(tmp_path / "file"))
    spoken = say("trash", "--yes", run)
    assert spoken.code == 1
    assert "journal" in spoken.err
    assert run.is_dir()


def test_a_full_disk_under_the_journal_is_a_sentence_and_nothing_is_touched(say, run, monkeypatch):
    from dusk.actions import journal as module

    def full(*_):
        error = sqlite3.OperationalError("database or disk is full")
        error.sqlite_errorcode = sqlite3.SQLITE_FULL
        raise error

    monkeypatch.setattr(module.Journal, "_attempt", full)
    spoken = say("trash", "--yes", run)
    assert spoken.code == 1
    assert "full" in spoken.err
    assert "Traceback" not in spoken.err
    assert run.is_dir()


def test_ctrl_c_while_acting_lets_the_item_at_hand_end(say, run, monkeypatch):
    import _thread
    import time

    whole = Executor.run

    def slow(self, plan, **options):
        _thread.interrupt_main()
        while not options["cancelled"]():
            time.sleep(0.01)
        return whole(self, plan, **options)

    monkeypatch.setattr(Executor, "run", slow)
    spoken = say("trash", "--yes", run)
    assert spoken.code == 130
    assert "the item at hand ends" in spoken.err
    assert run.is_dir()


def test_the_journal_is_one_json_document(say, run):
    assert json.loads(say("journal", "--json").out) == []
    say("trash", "--yes", run)
    batches = json.loads(say("journal", "--json").out)
    assert [batch["batch"] for batch in batches] == [1]
    batch = json.loads(say("journal", "--json", "1").out)
    assert batch["records"][0]["path"] == str(run)
    assert say("journal", "7").code == 1
    assert len(json.loads(say("journal", "--json", "--limit", "0").out)) == 1
