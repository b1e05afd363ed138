"""In a real pseudo-terminal: questions, their safe answers, the app, and terminals that cannot show it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

from hanging_filesystem import hanging_filesystem
from terminal import DUSK, Terminal

IS_ROOT = os.geteuid() == 0


def answered(words, *answers: tuple[str, str], **environment) -> tuple[int, str, bytes]:
    """Run a command at a terminal, answering each question; return exit code, screen and bytes."""
    with Terminal([*DUSK, *(str(word) for word in words)], columns=150, **environment) as terminal:
        for question, answer in answers:
            terminal.wait_for(question)
            terminal.send(answer)
        code = terminal.wait_for_exit(30)
        return code, terminal.text(), bytes(terminal.received)


YES = [("to the trash? [y/N]", "y\n"), *([("Really? [y/N]", "y\n")] if IS_ROOT else [])]


@pytest.mark.parametrize("answer", ["\n", "n\n", "yes please\n", "\x04"])
def test_anything_but_a_yes_does_nothing(tree, answer):
    code, screen, _ = answered(["trash", tree / "run"], ("to the trash? [y/N]", answer))
    assert code == 1
    assert "Nothing was done." in screen
    assert (tree / "run").is_dir()


def test_a_yes_acts_and_shows_before_what_it_is_about(tree):
    code, screen, received = answered(["trash", tree / "run"], *YES)
    assert code == 0
    assert screen.index(str(tree / "run")) < screen.index("[y/N]") < screen.index("Moved to the trash")
    assert not (tree / "run").exists()
    assert b"\x1b" not in received


@pytest.mark.skipif(not IS_ROOT, reason="only root is asked once more")
def test_root_is_asked_once_more(tree):
    code, _, _ = answered(["trash", tree / "run"], YES[0], ("Really? [y/N]", "\n"))
    assert code == 1
    assert (tree / "run").is_dir()


def test_what_should_be_kept_is_asked_about_first(tree):
    (tree / "NOTES.md").write_text("ours\n")
    question = ("Act on it all the same? [y/N]", "\n")
    code, screen, _ = answered(["trash", tree / "NOTES.md"], question)
    assert code == 1
    assert "should be kept" in screen
    assert (tree / "NOTES.md").exists()
    code, _, _ = answered(["trash", tree / "NOTES.md"], (question[0], "y\n"), *YES)
    assert code == 0
    assert not (tree / "NOTES.md").exists()


def test_ctrl_c_at_the_question_does_nothing(tree):
    with Terminal([*DUSK, "trash", str(tree / "run")]) as terminal:
        terminal.wait_for("[y/N]")
        terminal.send("\x03")
        assert terminal.wait_for_exit(10) == 130
    assert (tree / "run").is_dir()


def test_emptying_the_trash_asks_for_a_word(say, tree):
    say("trash", "--yes", tree / "run")
    question = "Type empty to go on:"
    code, screen, _ = answered(["bin", "empty", tree / "run"], (question, "y\n"))
    assert (code, "Nothing was deleted." in screen) == (1, True)
    code, screen, _ = answered(["bin", "empty", tree / "run"], (question, "empty\n"))
    assert (code, "Deleted for good: 1 item" in screen) == (0, True)


def test_the_app_opens_and_leaves(tree):
    with Terminal([*DUSK, str(tree)]) as terminal:
        terminal.wait_for("run/")
        terminal.send("q")
        assert terminal.wait_for_exit(20) == 0


@pytest.mark.parametrize("kind", ["dumb", ""])
def test_a_terminal_that_cannot_show_the_app_gets_the_report(tree, kind):
    code, screen, received = answered([tree], TERM=kind)
    assert code == 0
    assert "weights.bin" in screen
    assert "TERM is" in screen
    assert b"\x1b" not in received


def test_a_pipe_gets_the_report_though_a_terminal_is_there(tree):
    command = ["sh", "-c", f"{sys.executable} -m dusk {tree} | cat"]
    with Terminal(command, columns=150) as terminal:
        assert terminal.wait_for_exit(30) == 0
        assert "standard output is not a terminal" in terminal.text()


@pytest.mark.root
@pytest.mark.parametrize("words", [["scan"], ["scan", "--cross"], ["suggest", "--cross"], ["explain"], []])
def test_ctrl_c_ends_a_command_on_a_mount_that_hangs_within_a_second(tmp_path, words):
    (tmp_path / "hung").mkdir()
    with hanging_filesystem(tmp_path / "hung") as place:
        path = os.path.dirname(place) if "--cross" in words else place
        running = subprocess.Popen(
            [*DUSK, *words, path], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        time.sleep(1)
        assert running.poll() is None
        started = time.monotonic()
        running.send_signal(signal.SIGINT)
        _, err = running.communicate(timeout=20)
        assert time.monotonic() - started < 1
        assert running.returncode == 130
        assert err == b"dusk: interrupted.\n"


@pytest.mark.root
def test_a_mount_that_hangs_is_not_touched_without_cross(dusk, tmp_path):
    (tmp_path / "hung").mkdir()
    with hanging_filesystem(tmp_path / "hung"):
        assert dusk("scan", tmp_path).returncode == 0
        assert dusk("suggest", "--json", tmp_path).returncode == 0
        assert b"hung" in dusk(tmp_path).stdout


@pytest.mark.root
def test_doctor_names_a_mount_that_hangs(dusk, tmp_path):
    (tmp_path / "hung").mkdir()
    with hanging_filesystem(tmp_path / "hung"):
        done = dusk("doctor")
        assert done.returncode == 1
        assert b"does not answer" in done.stdout
