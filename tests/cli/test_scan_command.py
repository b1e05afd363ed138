"""``dusk scan``: totals for people and for scripts, and a sentence for every path that cannot be scanned."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest


def test_the_totals_equal_du(say, tree):
    document = json.loads(say("scan", "--json", tree).out)
    counted = subprocess.run(["du", "-sx", "-B1", tree], capture_output=True, check=True)
    assert document["disk_bytes"] == int(counted.stdout.split()[0])
    assert document["apparent_bytes"] == 51_000
    assert (document["entries"], document["dirs"], document["errors"]) == (4, 2, 0)
    assert document["scanner"] in ("native", "reference")
    assert document["seconds"] >= 0
    assert document["path"] == str(tree)


def test_json_is_all_there_is_on_standard_output(dusk, tree):
    done = dusk("scan", "--json", tree)
    assert done.returncode == 0
    assert done.stderr == b""
    json.loads(done.stdout)


def test_people_get_totals_errors_and_rate(say, tree):
    spoken = say("scan", tree)
    assert spoken.code == 0
    for word in (str(tree), "(51,000 bytes)", "directories    2", "errors         0", "entries/s"):
        assert word in spoken.out
    assert spoken.err == ""


def test_a_missing_path_is_a_sentence_and_exit_code_one(say, tmp_path):
    spoken = say("scan", tmp_path / "none")
    assert (spoken.code, spoken.out) == (1, "")
    assert "none does not exist." in spoken.err


def test_a_file_is_a_sentence_and_exit_code_one(say, tree):
    spoken = say("scan", tree / "run" / "part.bin")
    assert (spoken.code, spoken.out) == (1, "")
    assert "is not a directory." in spoken.err


def test_a_vanished_working_directory_is_a_sentence(dusk, tmp_path):
    place = tmp_path / "gone"
    place.mkdir()
    done = subprocess.run(
        ["sh", "-c", 'rmdir "$PWD" && exec "$0" -m dusk scan', sys.executable],
        cwd=place,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert b"current directory is gone" in done.stderr
    assert b"Traceback" not in done.stderr


def test_an_absolute_path_works_from_a_vanished_working_directory(tmp_path, tree):
    place = tmp_path / "gone"
    place.mkdir()
    done = subprocess.run(
        ["sh", "-c", f'rmdir "$PWD" && exec "$0" -m dusk scan --json {tree}', sys.executable],
        cwd=place,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0
    assert json.loads(done.stdout)["entries"] == 4


def test_an_unknown_key_in_the_settings_names_file_and_key(say, tree, monkeypatch, tmp_path):
    monkeypatch.setenv("DUSK_CONFIG_DIR", str(tmp_path))
    (tmp_path / "config.toml").write_text("colour = 3\n")
    spoken = say("scan", tree)
    assert spoken.code == 2
    assert str(tmp_path / "config.toml") in spoken.err
    assert "colour" in spoken.err


@pytest.mark.parametrize(
    "name",
    [
        b"\x1b[31mred\x1b[0m",
        b"line\nbreak",
        b"[bold]markup",
        "bidi\u202egnp.exe".encode(),
        b"latin\xe9",
        b"\xff",
    ],
)
def test_hostile_names_are_shown_harmlessly_and_kept_whole_in_json(dusk, tmp_path, name):
    place = os.path.join(os.fsencode(tmp_path), name)
    os.mkdir(place)
    shown = dusk("scan", place)
    assert shown.returncode == 0
    assert b"\x1b" not in shown.stdout
    assert "\u202e".encode() not in shown.stdout
    assert len(shown.stdout.splitlines()) == 8
    document = json.loads(dusk("scan", "--json", place).stdout)
    assert document["path"].encode("utf-8", "surrogateescape") == place


def test_names_are_printed_in_a_locale_that_cannot_spell_them(dusk, tmp_path, monkeypatch):
    place = tmp_path / "größe"
    place.mkdir()
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    assert dusk("scan", place).returncode == 0


def test_directories_that_cannot_be_read_are_counted_and_named(dusk, tree, as_user):
    (tree / "run").chmod(0)
    try:
        done = as_user("scan", "--json", tree)
        assert done.returncode == 0
        document = json.loads(done.stdout)
        assert document["errors"] == 1
        assert document["unreadable"][0]["path"] == str(tree / "run")
        shown = as_user("scan", tree)
        assert b"1 entry could not be read" in shown.stderr
        refused = as_user("scan", tree / "run")
        assert refused.returncode == 1
        assert b"permission denied" in refused.stderr
    finally:
        (tree / "run").chmod(0o755)


def test_a_reader_that_leaves_is_no_error(tree):
    done = subprocess.run(
        ["bash", "-c", f'set -o pipefail; "{sys.executable}" -m dusk scan {tree} | true'],
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")


def test_a_full_disk_under_the_output_is_a_sentence(dusk, tree):
    with open("/dev/full", "wb") as full:
        done = dusk("scan", tree, capture_output=False, stdout=full, stderr=subprocess.PIPE)
    assert done.returncode == 1
    assert b"output could not be written: No space left" in done.stderr
    assert b"crash" not in done.stderr


def test_closed_standard_streams_are_no_error(tree):
    done = subprocess.run(
        ["sh", "-c", f'"$0" -m dusk scan {tree} <&- >&- 2>&-', sys.executable], timeout=60, check=False
    )
    assert done.returncode == 0
