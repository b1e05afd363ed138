"""The progress line: one line, four times a second at most, cut to the terminal, erased at the end."""

from __future__ import annotations

import io
from types import SimpleNamespace

import pytest

from dusk.cli import progress_line
from dusk.cli.progress_line import ProgressLine


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def terminal(monkeypatch):
    stream = Terminal()
    monkeypatch.setattr(progress_line, "sys", SimpleNamespace(stderr=stream))
    monkeypatch.setattr(progress_line, "_columns", lambda: 20)
    return stream


@pytest.fixture
def clock(monkeypatch):
    moments = [100.0]
    monkeypatch.setattr(progress_line.time, "monotonic", lambda: moments[0])
    return moments


def test_nothing_is_written_away_from_a_terminal(capsys):
    with ProgressLine() as line:
        line.show("Scanning")
        assert not line.is_due
    assert capsys.readouterr() == ("", "")


def test_it_is_shown_at_most_four_times_a_second(terminal, clock):
    line = ProgressLine()
    for tenth in range(20):
        clock[0] = 100 + tenth / 10
        line.show(f"<{tenth}>")
    assert terminal.getvalue().count("<") <= 8


def test_a_shorter_text_covers_a_longer_one(terminal, clock):
    line = ProgressLine()
    line.show("a long text")
    clock[0] += 1
    line.show("short")
    assert terminal.getvalue() == "\ra long text\rshort      "


def test_it_is_cut_to_the_terminal_by_cells(terminal, clock):
    ProgressLine().show("漢" * 30)
    assert terminal.getvalue() == "\r" + "漢" * 9


def test_it_is_erased_whatever_happens(terminal, clock):
    with pytest.raises(ValueError), ProgressLine() as line:
        line.show("Scanning")
        raise ValueError
    assert terminal.getvalue() == "\rScanning\r        \r"


def test_the_width_of_a_closed_terminal_is_guessed(monkeypatch):
    monkeypatch.setattr(progress_line, "sys", SimpleNamespace(stderr=Terminal()))
    assert progress_line._columns() == 80
