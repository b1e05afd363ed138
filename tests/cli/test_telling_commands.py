"""``suggest``, ``explain``, ``rules``, ``doctor``, ``demo`` and the plain report: what they say."""

from __future__ import annotations

import json
import os
import re
import sqlite3
import sys

import pytest

from dusk.fs.locations import practice_directory

PROMISED = {
    "rule": str,
    "title": str,
    "paths": list,
    "safety": str,
    "action": str,
    "size": int,
    "frees_now": int,
    "frees_after_purge": int,
    "why": str,
    "recover": str,
}


@pytest.fixture
def bytecode(tree):
    """Bytecode beside its source: the plainest thing that comes back by itself."""
    cache = tree / "package" / "__pycache__"
    cache.mkdir(parents=True)
    (tree / "package" / "module.py").write_text("x = 1\n")
    (cache / "module.cpython-311.pyc").write_bytes(b"\xa7\r\r\n" + b"\0" * 40_000)
    for path in (*cache.iterdir(), tree / "package" / "module.py"):
        os.utime(path, (1.7e9, 1.7e9))
    return cache


def test_suggest_prints_an_array_of_what_is_promised(say, tree, bytecode):
    spoken = say("suggest", "--json", tree)
    assert (spoken.code, spoken.err) == (0, "")
    findings = json.loads(spoken.out)
    assert [finding["paths"] for finding in findings] == [[str(bytecode)]]
    for name, kind in PROMISED.items():
        assert type(findings[0][name]) is kind, name
    assert (findings[0]["safety"], findings[0]["action"]) == ("safe", "trash")


def test_suggest_streams_lines_of_json(say, tree, bytecode):
    lines = say("suggest", "--ndjson", tree).out.splitlines()
    assert [json.loads(line)["paths"] for line in lines] == [[str(bytecode)]]


def test_suggest_leaves_out_what_is_smaller_than_asked(say, tree, bytecode):
    assert len(json.loads(say("suggest", "--json", "--min-size", "30k", tree).out)) == 1
    assert json.loads(say("suggest", "--json", "--min-size", "1G", tree).out) == []


def test_suggest_never_lists_what_is_to_be_kept(say, tree, bytecode):
    (tree / "NOTES.md").write_text("ours\n")
    spoken = say("suggest", tree)
    assert "NOTES.md" not in spoken.out
    assert "Kept:" in spoken.out
    assert "NOTES.md" not in say("suggest", "--json", tree).out


def test_suggest_has_nothing_to_say_of_an_empty_directory(say, tmp_path):
    assert say("suggest", "--json", tmp_path / "none").code == 1
    (tmp_path / "empty").mkdir()
    spoken = say("suggest", tmp_path / "empty")
    assert spoken.code == 0
    assert json.loads(say("suggest", "--json", tmp_path / "empty").out) == []


def test_explain_answers_for_known_and_unknown_paths(say, tree, bytecode):
    known = say("explain", bytecode)
    assert known.code == 0
    assert "comes back by itself" in known.out
    unknown = json.loads(say("explain", "--json", tree / "run" / "weights.bin").out)
    assert unknown["safety"] == "review"
    assert unknown["finding"] is None
    assert unknown["protected"] is None
    assert say("explain", tree / "none").code == 1


def test_explain_says_what_no_action_may_touch(say):
    assert "It is in the system directory /etc." in say("explain", "/etc/passwd").out
    assert "system directory" in json.loads(say("explain", "--json", "/etc/passwd").out)["protected"]


def test_explain_takes_the_current_directory(say, tree, monkeypatch):
    monkeypatch.chdir(tree)
    assert say("explain", ".").out.splitlines()[0] == str(tree)


def test_rules_are_listed_and_shown(say):
    assert "python-bytecode" in say("rules").out
    rules = json.loads(say("rules", "list", "--json").out)
    assert {rule["safety"] for rule in rules} == {"safe", "costly", "review", "keep"}
    assert "comes back" in say("rules", "show", "python-bytecode").out
    assert json.loads(say("rules", "show", "--json", "python-bytecode").out)["id"] == "python-bytecode"
    assert say("rules", "show", "none").code == 1


USER_RULE = """
[[rule]]
id = "old-exports"
title = "Old exports"
family = "exports"
tag = "export"
safety = "review"
actions = ["trash"]
[rule.match]
names = ["*.export"]
kind = "file"
[rule.explain]
what = "What the exporter wrote."
cost = "Export again."
recover = "By exporting again."
[[rule.examples]]
note = "An export."
tree = ["a/one.export"]
matches = ["{match}"]
"""


@pytest.mark.parametrize(("match", "code"), [("a/one.export", 0), ("a/two.export", 1)])
def test_rules_are_tried_on_their_own_examples(say, tmp_path, monkeypatch, match, code):
    monkeypatch.setenv("DUSK_CONFIG_DIR", str(tmp_path))
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "ours.toml").write_text(USER_RULE.replace("{match}", match))
    spoken = say("rules", "test", "old-exports")
    assert spoken.code == code
    assert "1 example" in spoken.out
    assert ("where a/two.export was expected" in spoken.err) is bool(code)
    trials = json.loads(say("rules", "test", "old-exports", "--json").out)
    assert (trials[0]["failure"] is None) is not bool(code)


def test_the_rules_of_a_file_are_tried_before_it_is_installed(say, tmp_path):
    file = tmp_path / "ours.toml"
    file.write_text(USER_RULE.replace("{match}", "a/one.export"))
    spoken = say("rules", "test", file)
    assert (spoken.code, spoken.out) == (0, "1 example of 1 rule: 0 failed.\n")
    file.write_text(USER_RULE.replace("{match}", "a/one.export").replace("safety", "saftey"))
    spoken = say("rules", "test", file)
    assert spoken.code == 1
    assert re.search(r"ours\.toml:\d+: rule\[0\]\.saftey: ", spoken.err)
    assert say("rules", "test", tmp_path / "none.toml").code == 1


def test_the_schema_and_the_page_of_kinds_are_printed(say):
    assert json.loads(say("rules", "schema").out)["$defs"]["Rule"]["properties"]["match"]
    assert "| K74 |" in say("rules", "list", "--kinds").out


def test_a_wrong_rule_file_is_said_and_the_rest_is_in_use(say, tree, bytecode, tmp_path, monkeypatch):
    monkeypatch.setenv("DUSK_CONFIG_DIR", str(tmp_path / "settings"))
    (tmp_path / "settings" / "rules").mkdir(parents=True)
    (tmp_path / "settings" / "rules" / "ours.toml").write_text(USER_RULE.replace("safety", "saftey"))
    spoken = say("suggest", "--json", tree)
    assert spoken.code == 0
    assert "ours.toml" in spoken.err
    assert "saftey" in spoken.err
    assert len(json.loads(spoken.out)) == 1


def test_doctor_finds_no_problem_in_a_fresh_home(say, own_mounts):
    spoken = say("doctor")
    assert spoken.code == 0, spoken.out
    assert spoken.out.endswith("No problems.\n")
    for area in (
        "versions",
        "scanner",
        "terminal",
        "mounts",
        "open files",
        "journal",
        "settings",
        "rules",
        "themes",
    ):
        assert f"\n{area}\n" in f"\n{spoken.out}"


def scanner_checks(say):
    spoken = say("doctor", "--json")
    assert spoken.code == 0, spoken.out
    return {check["name"]: check for check in json.loads(spoken.out)["checks"] if check["area"] == "scanner"}


def test_doctor_says_what_is_lost_without_the_native_parts(say, own_mounts, monkeypatch):
    # As where no compiler was: importing them fails.
    monkeypatch.setitem(sys.modules, "dusk.scan._native", None)
    monkeypatch.setitem(sys.modules, "dusk.fs._removal", None)
    monkeypatch.setattr("dusk.actions.removal._native", None)
    checks = scanner_checks(say)
    assert checks["scanner"]["health"] == checks["removal"]["health"] == "note"
    assert "reference" in checks["scanner"]["text"]
    assert "ten times the memory" in checks["scanner"]["text"]
    assert "on one thread" in checks["removal"]["text"]
    if sys.platform == "linux":
        assert "no C++ compiler was there" in checks["scanner"]["text"]
        assert "--force-reinstall" in checks["removal"]["text"]


def test_doctor_names_the_variable_that_chose_the_scanner(say, own_mounts, monkeypatch):
    monkeypatch.setenv("DUSK_SCANNER", "reference")
    assert "DUSK_SCANNER asks for it" in scanner_checks(say)["scanner"]["text"]


def test_doctor_names_a_variable_that_counts_as_none(say, own_mounts, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", "state\x1b")
    monkeypatch.setenv("XDG_CONFIG_HOME", "/absolute")
    monkeypatch.setenv("XDG_CACHE_HOME", "")
    spoken = say("doctor")
    used = os.path.join(os.environ["HOME"], ".local/state")
    said = f"XDG_STATE_HOME: is ignored, for “state␛” is no absolute path; {used} counts"
    assert said in " ".join(spoken.out.split())
    assert "XDG_CONFIG_HOME" not in spoken.out and "XDG_CACHE_HOME" not in spoken.out


def test_doctor_finds_the_native_parts(say, own_mounts):
    pytest.importorskip("dusk.scan._native", reason="the native scanner was not built here")
    checks = scanner_checks(say)
    assert (checks["scanner"]["health"], checks["scanner"]["text"]) == ("ok", "native")
    assert checks["removal"]["health"] == "ok"


def test_doctor_makes_nothing(say, own_home):
    say("doctor")
    assert not list(own_home.rglob("journal*"))


def test_doctor_names_everything_that_is_wrong(say, own_mounts, tmp_path, monkeypatch):
    monkeypatch.setenv("DUSK_CONFIG_DIR", str(tmp_path))
    monkeypatch.setenv("DUSK_STATE_DIR", str(tmp_path / "state"))
    for name in ("rules", "themes", "state"):
        (tmp_path / name).mkdir()
    (tmp_path / "config.toml").write_text("theme = 3\n")
    (tmp_path / "rules" / "ours.toml").write_text("[[rule]]\nid = 3\n")
    (tmp_path / "themes" / "ours.toml").write_text('name = "ours"\nprimary = "no colour"\n')
    (tmp_path / "state" / "journal.db").write_bytes(b"rubbish" * 999)
    document = say("doctor", "--json")
    assert document.code == 1
    checks = json.loads(document.out)["checks"]
    wrong = {check["area"] for check in checks if check["health"] == "problem"}
    assert wrong == {"settings", "rules", "themes", "journal"}
    assert (tmp_path / "state" / "journal.db").read_bytes() == b"rubbish" * 999


@pytest.mark.parametrize(
    ("change", "word"),
    [("PRAGMA user_version = 99", "newer dusk"), ("DROP TABLE records", "records"), ("", "file")],
)
def test_doctor_sees_a_journal_that_no_action_could_use(say, own_mounts, change, word):
    from dusk.actions.journal import Journal

    journal = Journal.open()
    journal.close()
    path = os.path.join(journal.directory, b"journal.db")
    if change:
        with sqlite3.connect(os.fsdecode(path)) as database:
            database.execute(change)
    else:
        os.unlink(path)
        os.mkdir(path)
    spoken = say("doctor")
    assert spoken.code == 1
    assert any("PROBLEM" in line and word in line for line in spoken.out.splitlines())


def test_doctor_says_when_the_theme_does_not_exist(say, tmp_path, monkeypatch):
    monkeypatch.setenv("DUSK_CONFIG_DIR", str(tmp_path))
    (tmp_path / "config.toml").write_text('theme = "nowhere"\n')
    spoken = say("doctor")
    assert spoken.code == 1
    assert "nowhere: is set in config.toml" in spoken.out


def test_doctor_says_which_retention_names_no_rule_and_which_protected_path_protects_nothing(
    say, tmp_path, monkeypatch
):
    monkeypatch.setenv("DUSK_CONFIG_DIR", str(tmp_path))
    (tmp_path / "config.toml").write_text("[retention.all]\nnewest = 2\n[retention.trainr]\nnewest = 2\n")
    spoken = say("doctor")
    assert spoken.code == 1
    assert "retention.trainr" in spoken.out and "retention.all" not in spoken.out
    (tmp_path / "config.toml").write_text('protected = ["thesis"]\n')
    assert "config.toml:1: protected[0]: must begin with / or ~/" in say("doctor").out


def test_the_practice_tree_is_built_and_says_what_to_try(say, tmp_path):
    place = tmp_path / "practice tree"
    spoken = say("demo", place, "--no-open")
    assert spoken.code == 0
    assert f"dusk '{place}'" in spoken.out
    assert json.loads(say("demo", place, "--json").out)["entries"] > 1000
    assert say("demo", tmp_path, "--no-open").code == 1


def test_the_practice_tree_is_put_right_again(say, tmp_path):
    place = tmp_path / "practice"
    say("demo", place, "--no-open")
    (place / "train.py").unlink()
    say("demo", place, "--no-open")
    assert not (place / "train.py").exists()
    say("demo", place, "--no-open", "--rebuild")
    assert (place / "train.py").exists()


def test_without_a_name_the_practice_tree_has_a_place_of_its_own(say):
    assert say("demo", "--no-open").out.splitlines()[0] == os.fsdecode(practice_directory())


def test_without_a_terminal_the_demo_is_built_and_not_opened(say, tmp_path):
    spoken = say("demo", tmp_path / "practice")
    assert spoken.code == 0
    assert "not opened" in spoken.err


def test_a_practice_tree_is_shown_by_apparent_size(say, tmp_path):
    say("demo", tmp_path / "practice", "--no-open")
    assert "GiB apparent" in say("suggest", tmp_path / "practice").out
    assert "GiB apparent" not in say("suggest", "--disk", tmp_path / "practice").out
    findings = json.loads(say("suggest", "--json", tmp_path / "practice").out)
    assert all(finding["size"] == finding["apparent_size"] for finding in findings)


def test_without_a_terminal_dusk_prints_the_report_and_a_hint(dusk, tree, bytecode):
    done = dusk(tree)
    assert done.returncode == 0
    for word in (str(tree), "weights.bin", "Python bytecode", "entries/s"):
        assert word in done.stdout.decode()
    assert len(done.stderr.splitlines()) == 1
    assert b"is not a terminal" in done.stderr
    assert b"\x1b" not in done.stdout + done.stderr


def test_a_path_that_cannot_be_opened_is_a_sentence(say, tree, tmp_path):
    for path in (tmp_path / "none", tree / "run" / "part.bin"):
        spoken = say(path)
        assert (spoken.code, spoken.out) == (1, "")
        assert len(spoken.err.splitlines()) == 1


def test_the_app_is_given_what_was_asked_for(say, tree, monkeypatch):
    from dusk.scan.entry import Measure
    from dusk.settings import Settings
    from dusk.tui import launch

    asked = []
    monkeypatch.setattr("dusk.cli.terminal.obstacle", lambda: None)
    monkeypatch.setattr(launch, "launch", lambda options: asked.append(options) or 0)
    words = [
        "--cross",
        "--apparent",
        "--read-only",
        "--ascii",
        "--no-mouse",
        "--theme",
        "dusk-day",
        "--to",
        "/shelf",
    ]
    assert say(*words, tree).code == 0
    assert asked == [
        launch.LaunchOptions(
            path=os.fsencode(tree),
            cross=True,
            measure=Measure.APPARENT,
            read_only=True,
            ascii=True,
            mouse=False,
            theme="dusk-day",
            archive_directory=b"/shelf",
            settings=Settings(),
        )
    ]
    wrong = say("--theme", "nowhere", tree)
    assert (wrong.code, "There is no theme nowhere" in wrong.err) == (2, True)
    assert say(tree).code == 0
    assert asked[1] == launch.LaunchOptions(path=os.fsencode(tree), settings=Settings())
