"""Starting: fast, light, and with a sentence for whatever was typed."""

from __future__ import annotations

import subprocess
import sys

import pytest

from dusk import __version__
from dusk.cli import main as entry
from dusk.cli.command_table import COMMANDS
from dusk.cli.exit_codes import RefusalError
from dusk.cli.parser import parse

HEAVY = ("textual", "rich", "psutil", "msgspec", "sqlite3", "platformdirs", "blake3", "ctypes")


@pytest.mark.parametrize("word", ["--version", "--help"])
def test_the_version_and_the_help_import_nothing_heavy(word):
    code = (
        "import sys\nfrom dusk.cli.main import main\n"
        f"code = main([{word!r}])\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules], code, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=60, check=True)
    assert done.stderr.decode().strip() == "[] 0"


@pytest.mark.parametrize("command", [command.name for command in COMMANDS])
def test_the_help_of_every_command_imports_nothing_heavy(command):
    code = (
        "import sys\nfrom dusk.cli.main import main\n"
        f"code = main([{command!r}, '--help'])\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules], code, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=60, check=True)
    assert done.stderr.decode().strip() == "[] 0"
    assert f"dusk {command}" in done.stdout.decode()


def test_the_version_is_printed(say):
    spoken = say("--version")
    assert (spoken.code, spoken.out, spoken.err) == (0, f"dusk {__version__}\n", "")


def test_the_help_lists_every_command(say):
    listed = say("--help").out
    for command in COMMANDS:
        assert f"  {command.name} " in listed


@pytest.mark.parametrize(
    "words",
    [
        ["--bogus"],
        ["scan", "--bogus"],
        ["scan", "a", "b"],
        ["trash"],
        ["suggest", "--min-size", "big"],
        ["suggest", "--json", "--ndjson"],
        ["--apparent", "--disk"],
        ["undo", "yesterday"],
        ["bin", "burn"],
        ["bin", "empty", "--older-than", "long"],
        ["completion", "tcsh"],
        ["scan", ""],
    ],
)
def test_bad_usage_is_a_sentence_and_exit_code_two(say, words):
    spoken = say(*words)
    assert spoken.code == 2
    assert spoken.out == ""
    assert spoken.err.startswith("dusk")
    assert "Traceback" not in spoken.err


def test_an_option_with_terminal_commands_in_it_is_shown_harmlessly(say):
    spoken = say("--\x1b[31m")
    assert spoken.code == 2
    assert "\x1b" not in spoken.err


def test_a_directory_with_the_name_of_a_command_is_opened_by_a_path():
    assert parse(["scan"])[0].name == "scan"
    assert parse(["./scan"])[0] is None
    assert parse(["--", "scan"])[0] is None
    assert parse(["--theme", "scan"])[0] is None


def test_options_stand_before_between_and_after_paths():
    command, arguments = parse(["--read-only", "trash", "a", "--dry-run", "b"])
    assert command.name == "trash"
    assert (arguments.paths, arguments.dry_run, arguments.read_only) == (["a", "b"], True, True)


def test_after_two_dashes_everything_is_a_path():
    assert parse(["trash", "--", "-f", "--yes"])[1].paths == ["./-f", "./--yes"]
    assert parse(["trash", "a", "--", "/b"])[1].paths == ["a", "/b"]
    assert parse(["scan", "--json", "--", "-x"])[1].path == "./-x"


def test_json_may_stand_before_and_after_a_nested_command():
    for words in (["bin", "--json"], ["bin", "--json", "list"], ["bin", "list", "--json"]):
        assert parse(words)[1].json is True
    assert parse(["bin", "list"])[1].json is False


def test_abbreviated_options_are_refused(say):
    assert say("scan", "--js").code == 2


def test_an_unexpected_error_becomes_a_sentence_and_a_report(say, monkeypatch, own_home):
    def broken(*_):
        raise ZeroDivisionError("a name with \x1b[31m in it")

    monkeypatch.setattr(entry, "_run", broken)
    spoken = say("scan")
    assert spoken.code == 1
    assert "Traceback" not in spoken.err
    assert "\x1b" not in spoken.err
    reports = list(own_home.rglob("crash-*.txt"))
    assert len(reports) == 1
    assert str(reports[0]) in spoken.err
    assert "ZeroDivisionError" in reports[0].read_text()
    assert reports[0].stat().st_mode & 0o077 == 0


def test_the_traceback_is_shown_when_asked_for(say, monkeypatch):
    def broken(*_):
        raise ZeroDivisionError

    monkeypatch.setattr(entry, "_run", broken)
    monkeypatch.setenv("DUSK_DEBUG", "1")
    assert "Traceback" in say("scan").err


def test_a_report_that_cannot_be_written_is_said(say, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("DUSK_STATE_DIR", str(tmp_path / "file" / "state"))
    monkeypatch.setattr(entry, "_run", lambda *_: 1 // 0)
    spoken = say("scan")
    assert spoken.code == 1
    assert "could not be written" in spoken.err


def test_a_refusal_keeps_its_exit_code(say, monkeypatch):
    def refusing(*_):
        raise RefusalError("no.", 3)

    monkeypatch.setattr(entry, "_run", refusing)
    spoken = say("scan")
    assert (spoken.code, spoken.err) == (3, "dusk: no.\n")


def test_ctrl_c_is_exit_code_130(say, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(entry, "_run", interrupted)
    spoken = say("scan")
    assert (spoken.code, spoken.err) == (130, "dusk: interrupted.\n")
