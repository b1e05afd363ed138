"""The app in a real pseudo-terminal: what is sent, what is seen, what is left behind."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from hanging_filesystem import hanging_filesystem
from terminal import DUSK, Terminal

TESTS = Path(__file__).parent.parent


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "data"
    for name, size in (("big", 900_000), ("middle", 400_000), ("small", 90_000)):
        (root / name).mkdir(parents=True)
        (root / name / "file.bin").write_bytes(b"x" * size)
    return root


@pytest.fixture
def dusk(tree: Path) -> Iterator[Terminal]:
    with Terminal([*DUSK, str(tree)]) as terminal:
        terminal.wait_for("scanned in")
        terminal.settle()
        yield terminal


def test_the_first_frame_shows_the_tree(dusk: Terminal) -> None:
    shown = dusk.text()
    assert "big/" in shown
    assert "100%" in shown
    assert "? Help" in shown


def test_nothing_is_sent_while_nothing_changes(dusk: Terminal) -> None:
    dusk.settle(1.0)
    before = len(dusk.received)
    time.sleep(2.0)
    assert len(dusk.received) == before


def test_a_cursor_step_costs_little(dusk: Terminal) -> None:
    dusk.send("jk")
    dusk.settle(1.5)
    assert 0 < dusk.bytes_of("j") <= 2_500


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_signals_give_the_terminal_back(dusk: Terminal, number: signal.Signals) -> None:
    before = len(dusk.received)
    dusk.signal(number)
    assert dusk.wait_for_exit(2.0) == 128 + number
    sent = bytes(dusk.received[before:])
    for mode in (b"\x1b[?1049l", b"\x1b[?1003l", b"\x1b[?1000l", b"\x1b[?25h", b"\x1b[?2004l", b"\x1b[<u"):
        assert mode in sent, mode


def test_a_stop_that_was_not_heard_of_is_repaired_when_it_goes_on(dusk: Terminal) -> None:
    dusk.signal(signal.SIGSTOP)
    time.sleep(0.3)
    dusk.screen.reset()  # what a shell wrote meanwhile
    before = len(dusk.received)
    dusk.signal(signal.SIGCONT)
    dusk.wait_for("big/")
    dusk.settle()
    assert b"\x1b[?1049h" in dusk.received[before:]
    assert "? Help" in dusk.text()
    assert dusk.bytes_of("j", 1.0) > 0
    assert "\u258c" in next(line for line in dusk.text().splitlines() if "middle/" in line)
    dusk.send("q")
    assert dusk.wait_for_exit(5) == 0


def test_the_first_frame_needs_no_rules_no_queue_and_no_actions(tree: Path, tmp_path: Path) -> None:
    said = tmp_path / "modules"
    program = f"""
import sys
from dusk.tui.app import DuskApp
from dusk.tui.launch import LaunchOptions, launch

def begin(app):
    rules = ("dusk.rules.judge", "dusk.rules.rulebook", "dusk.rules.explain")
    heavy = (*rules, "dusk.plan", "dusk.actions", "dusk.report", "sqlite3", "psutil")
    found = [name for name in sorted(sys.modules) if name.startswith(heavy)]
    with open({str(said)!r}, "w") as file:
        file.write(repr(found))
    app.exit(0)

DuskApp._begin = begin
launch(LaunchOptions({os.fsencode(tree)!r}))
"""
    with Terminal([sys.executable, "-c", program]) as terminal:
        terminal.wait_until(said.exists, 20, "the first frame")
        terminal.wait_for_exit(5)
    assert said.read_text() == "[]"


def test_quitting_leaves_the_terminal_as_it_was(dusk: Terminal) -> None:
    dusk.send("q")
    assert dusk.wait_for_exit(1.5) == 0
    assert b"\x1b[?1049l" in dusk.received
    assert b"Traceback" not in dusk.received


def test_the_mouse_is_left_alone_when_asked(tree: Path) -> None:
    with Terminal([*DUSK, "--no-mouse", str(tree)]) as terminal:
        terminal.wait_for("big/")
        assert b"\x1b[?1003h" not in terminal.received
        assert b"\x1b[?1000h" not in terminal.received


HOSTILE = {
    b"red\x1b[31mfake\x1b[0m": (b"\x1b[31mfake", "␛[31mfake"),
    b"title\x1b]0;pwned\x07": (b"\x1b]0;pwned", "␛]0;pwned␇"),
    b"bell\x07bell": (b"bell\x07", "bell␇bell"),
    b"line\nbreak": (b"line\nbreak", "line␊break"),
    b"c1\xc2\x9b31mx": (b"\xc2\x9b", "c1\\x9b31mx"),
    "gnp\u202eexe".encode(): ("\u202e".encode(), "gnp‹RLO›exe"),
    b"broken\xff\xfe": (b"broken\xff", "broken\\xff\\xfe"),
    b"x[bold]y[not closed": (b"", "x[bold]y[not closed"),
    b"[@click=app.bell]z": (b"", "[@click=app.bell]z"),
}


def test_hostile_names_reach_no_terminal_raw(tmp_path: Path) -> None:
    root = os.fsencode(tmp_path / "hostile")
    os.mkdir(root)
    for name in HOSTILE:
        with open(os.path.join(root, name), "wb") as file:
            file.write(b"x" * 5000)
    with Terminal([*DUSK, os.fsdecode(root)]) as terminal:
        terminal.wait_for("scanned in")
        for key in ("j" * len(HOSTILE), "gjd", "jdjdjdjd", "y"):
            terminal.send(key)
            terminal.settle()
        shown = terminal.text()
        for raw, seen in HOSTILE.values():
            assert seen in shown
            if raw:
                assert raw not in terminal.received, raw


HUNG = """
import sys, os, threading
sys.path.insert(0, {tests!r})
from tui.fake_tree import FakeScan, FakeTree, FakeJudge
from dusk.tui.app import DuskApp
from dusk.tui.commands import effective_commands
from dusk.tui.launch import prepare_environment
from dusk.tui.session import Session
from dusk.tui.themes import load_themes

class HungScan(FakeScan):
    def start(self):
        reading, self._writing = os.pipe()
        threading.Thread(target=os.read, args=(reading, 1), daemon=True).start()

    def cancel(self):
        pass

prepare_environment()
scan = HungScan(FakeTree({{"mount": {{"file": 1000}}}}), running=True, seconds=3.0)
scan.current = b"/data/mount"
app = DuskApp(Session(scan, FakeJudge()), effective_commands({{}}), load_themes(), theme="dusk-night")
sys.exit(app.run())
"""


def test_quitting_while_a_mount_hangs_takes_less_than_a_second() -> None:
    with Terminal([sys.executable, "-c", HUNG.format(tests=str(TESTS))]) as terminal:
        terminal.wait_for("scanning")
        terminal.settle()
        asked = time.monotonic()
        terminal.send("q")
        assert terminal.wait_for_exit(3.0) == 0
        assert time.monotonic() - asked < 1.0


@pytest.mark.parametrize(
    "environment",
    [
        {"COLORTERM": None},
        {"COLORTERM": None, "TERM": "xterm"},
        {"COLORTERM": None, "TERM": "linux"},
        {"NO_COLOR": "1"},
        {"COLORTERM": None, "TERM": "xterm", "NO_COLOR": "1"},
        {"SSH_CONNECTION": "10.0.0.1 1 10.0.0.2 22"},
    ],
)
def test_every_terminal_shows_cursor_bars_and_keys(tree: Path, environment: dict[str, str | None]) -> None:
    with Terminal([*DUSK, str(tree)], 80, 24, **environment) as terminal:
        terminal.wait_for("scanned in")
        terminal.settle()
        shown = terminal.text()
        assert "▌" in shown
        assert "██" in shown
        assert "? Help" in shown
        if environment.get("TERM") in ("xterm", "linux") or environment.get("COLORTERM", "") is None:
            assert b"[38;2;" not in terminal.received, "no more colours than the terminal has"


def test_ascii_draws_with_ascii_alone(tree: Path) -> None:
    with Terminal([*DUSK, "--ascii", str(tree)]) as terminal:
        terminal.wait_for("scanned in")
        terminal.send("jld")
        terminal.settle()
        assert terminal.text().isascii()
        terminal.send("?")
        terminal.settle()
        assert terminal.text().isascii()


def test_a_vanished_working_directory_is_no_traceback(tree: Path, tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    command = f"cd {gone} && rmdir {gone} && exec {sys.executable} -m dusk {tree}"
    with Terminal(["/bin/sh", "-c", command]) as terminal:
        terminal.wait_for("big/")
        assert b"Traceback" not in terminal.received


def test_an_unexpected_error_is_a_sentence_and_a_report(tree: Path) -> None:
    program = (
        "import dusk.tui.screens.main as main\n"
        "def broken(self): raise ValueError('it broke \x1b[31m here')\n"
        "main.MainScreen.do_down = broken\n"
        "from dusk.cli.main import main as run\n"
        f"raise SystemExit(run([{str(tree)!r}]))\n"
    )
    with Terminal([sys.executable, "-c", program]) as terminal:
        terminal.wait_for("scanned in")
        terminal.send("j")
        assert terminal.wait_for_exit(3.0) == 1
        assert b"\x1b[?1049l" in terminal.received
        after = bytes(terminal.received).split(b"\x1b[?1049l")[-1]
        assert b"something went wrong" in after
        assert b"Traceback" not in after
        assert b"\x1b[31m here" not in after


def test_a_wrong_theme_is_said_and_the_app_runs(tree: Path, tmp_path: Path) -> None:
    config = tmp_path / "config"
    (config / "themes").mkdir(parents=True)
    (config / "themes" / "bad.toml").write_text('primary = "nocolour"\n')
    (config / "config.toml").write_text('theme = "gone"\n')
    with Terminal([*DUSK, str(tree)], DUSK_CONFIG_DIR=str(config)) as terminal:
        terminal.wait_for("There is no theme gone")
        terminal.wait_for("Theme left out")


def test_an_unknown_command_in_the_keymap_is_a_clear_error(tree: Path, tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('[keys]\nfly = "f"\n')
    with Terminal([*DUSK, str(tree)], DUSK_CONFIG_DIR=str(tmp_path)) as terminal:
        assert terminal.wait_for_exit(5.0) == 2
        # The temporary path before it can be long, so the sentence may be broken anywhere.
        assert "keys.fly:thereisnosuchcommand" in "".join(terminal.text().split())


@pytest.mark.root
def test_a_mount_that_never_answers_leaves_keys_and_quitting_alive(tree: Path) -> None:
    hung = tree / "far" / "hung"
    hung.mkdir(parents=True)
    with hanging_filesystem(hung), Terminal([*DUSK, "--cross", str(tree)]) as terminal:
        terminal.wait_for("middle/")
        terminal.wait_for("scanning")
        terminal.send("G")
        terminal.wait_until(lambda: "▌" in terminal.text().splitlines()[6], 5, "the cursor on the last row")
        asked = time.monotonic()
        terminal.send("q")
        assert terminal.wait_for_exit(3.0) == 0
        assert time.monotonic() - asked < 1.0
