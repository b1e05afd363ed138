"""What the terminal can do."""

from __future__ import annotations

import io
from types import SimpleNamespace

import pytest

from dusk.cli import ask, terminal
from dusk.cli.ask import ask_word, ask_yes


class Stream(io.StringIO):
    def __init__(self, text="", *, tty=True):
        super().__init__(text)
        self._tty = tty

    def isatty(self):
        return self._tty


@pytest.fixture
def at_terminal(monkeypatch):
    # Not sys itself: pytest puts its own streams back there before the test begins.
    streams = SimpleNamespace(stdin=Stream(), stdout=Stream(), stderr=Stream())
    monkeypatch.setattr(terminal, "sys", streams)
    monkeypatch.setattr(ask, "sys", streams)
    monkeypatch.setenv("TERM", "xterm")
    return streams


def test_the_app_can_be_shown_at_a_terminal(at_terminal):
    assert terminal.obstacle() is None


@pytest.mark.parametrize("name", ["stdin", "stdout", "stderr"])
@pytest.mark.parametrize("stream", [None, Stream(tty=False)], ids=["closed", "file"])
def test_a_stream_that_is_no_terminal_is_in_the_way(at_terminal, name, stream):
    setattr(at_terminal, name, stream)
    assert "is not a terminal" in terminal.obstacle()


@pytest.mark.parametrize("kind", ["", "dumb", "unknown"])
def test_a_terminal_that_cannot_move_its_cursor_is_in_the_way(at_terminal, monkeypatch, kind):
    monkeypatch.setenv("TERM", kind)
    assert terminal.obstacle().startswith("TERM")


@pytest.mark.parametrize(
    ("environment", "colours"),
    [
        ({"TERM": "xterm-256color"}, "256"),
        ({"TERM": "xterm"}, "16"),
        ({"TERM": "tmux-256color", "COLORTERM": "truecolor"}, "16 million"),
        ({"TERM": "xterm", "NO_COLOR": "1"}, "none"),
        ({"TERM": "dumb"}, "none"),
    ],
)
def test_colours_are_what_the_terminal_announces(monkeypatch, environment, colours):
    for name in ("NO_COLOR", "COLORTERM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert terminal.color_support() == colours


@pytest.mark.parametrize(
    ("answer", "meaning"),
    [("y\n", True), ("YES\n", True), ("\n", False), ("", False), ("yeah\n", False), ("n\n", False)],
)
def test_only_a_clear_yes_is_a_yes(at_terminal, answer, meaning):
    at_terminal.stdin = Stream(answer)
    assert ask_yes("Really?") is meaning


@pytest.mark.parametrize(
    ("answer", "meaning"), [("empty\n", True), ("y\n", False), ("Empty\n", False), ("", False)]
)
def test_the_word_has_to_be_typed(at_terminal, answer, meaning):
    at_terminal.stdin = Stream(answer)
    assert ask_word("All of it goes.", "empty") is meaning
