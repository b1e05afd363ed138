from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from dusk.rules.finding import Action
from dusk.scan.entry import Measure
from dusk.tui.commands import COMMANDS, KeymapError, effective_commands
from dusk.tui.session import Session
from tui.fake_tree import FakeJudge, FakeScan, FakeTree
from tui.sample import sample_session


def test_it_and_its_tasks_load_no_textual() -> None:
    code = "import dusk.tui.session, dusk.tui.tasks, dusk.tui.launch, sys; print('textual' in sys.modules)"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout.strip() == "False"


def test_what_was_done_leaves_queue_and_marks_and_its_directory_is_read_again() -> None:
    session = sample_session()
    tree = session.tree
    wandb, conda = tree.find(b"/data/wandb"), tree.find(b"/data/conda/pkgs")
    assert wandb is not None and conda is not None
    session.queue([wandb], Action.TRASH)
    session.queue([conda], Action.TRASH)
    session.choices.toggle_mark(wandb)
    session.acted([b"/data/wandb"], [b"/elsewhere/place"])
    assert [target.path for target in session.plan.targets] == [b"/data/conda/pkgs"]
    assert not session.choices.marks
    assert isinstance(session.scan, FakeScan)
    assert session.scan.refreshed == [b"/data"], "what the tree does not hold is not read"


def test_queueing_for_another_action_moves_it_there(tmp_path: Path) -> None:
    session = sample_session(archive_directory=bytes(tmp_path))
    wandb = session.tree.find(b"/data/wandb")
    assert wandb is not None
    session.queue([wandb], Action.TRASH)
    session.queue([wandb], Action.ARCHIVE)
    [step] = session.plan.steps
    assert step.action is Action.ARCHIVE
    assert step.destination == bytes(tmp_path)
    assert step.destination_device == tmp_path.stat().st_dev


def test_a_journal_that_cannot_be_opened_is_said_once_and_raised_when_asked_for() -> None:
    def fail() -> tuple[object, tuple[str, ...]]:
        raise OSError("disk full")

    session = Session(FakeScan(FakeTree({})), FakeJudge(), open_journal=fail)  # type: ignore[arg-type]
    session.start()
    with pytest.raises(OSError, match="disk full"):
        _ = session.journal
    [notice] = session.take_notices()
    assert "nothing can be acted on: disk full" in notice
    assert session.take_notices() == ()


def test_what_recovery_did_is_said() -> None:
    session = Session(
        FakeScan(FakeTree({})),  # type: ignore[arg-type]
        FakeJudge(),  # type: ignore[arg-type]
        open_journal=lambda: (SimpleNamespace(), ("Finished what was cut short.",)),  # type: ignore[arg-type, return-value]
    )
    session.start()
    assert session.journal is not None
    assert session.take_notices() == ("Finished what was cut short.",)


def test_a_pulse_is_equal_as_long_as_nothing_changes() -> None:
    session = sample_session()
    before = session.pulse()
    assert session.pulse() == before
    session.choices.toggle_mark(1)
    assert session.pulse() != before


def test_the_filesystem_is_asked_beside_the_screen_and_may_never_answer() -> None:
    asked = threading.Event()

    def hang(_path: bytes) -> None:
        asked.set()
        time.sleep(60)

    session = sample_session(look_at_capacity=hang)
    started = time.monotonic()
    session.start()
    assert asked.wait(2)
    session.stop()
    assert time.monotonic() - started < 2


def test_a_judge_that_stopped_is_said_once() -> None:
    session = sample_session()
    session.judge.failure = "ValueError: x"
    assert session.take_notices() == ("Judging stopped, so findings are missing: ValueError: x",)
    assert session.take_notices() == ()


def test_measuring_switches_and_sizes_follow() -> None:
    session = sample_session(measure=Measure.APPARENT)
    assert session.switch_measure() is Measure.DISK
    assert session.size(0) == session.tree.disk_size(0)


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"fly": "f"}, "keys.fly: there is no such command"),
        ({"trash": ""}, "keys.trash: names no key"),
        ({"trash": "t", "archive": "t"}, "is already the key of trash"),
    ],
)
def test_a_wrong_keymap_names_the_command(keys: dict[str, str], message: str) -> None:
    with pytest.raises(KeymapError, match=message.replace(".", r"\.")):
        effective_commands(keys)


def test_a_key_that_was_given_away_does_only_the_new_thing() -> None:
    commands = {command.id: command for command in effective_commands({"mark": "?, m"})}
    assert commands["mark"].keys == ("question_mark", "m")
    assert "question_mark" not in commands["help"].keys
    assert commands["help"].keys == ("f1",)


def test_no_two_commands_share_a_key() -> None:
    keys = [key for command in COMMANDS for key in command.keys]
    assert len(keys) == len(set(keys))


def test_rules_that_cannot_be_read_are_said_and_stop_no_scan(monkeypatch, tmp_path):
    from dusk.rules.rulebook import RuleBook
    from dusk.scan.scanner import ScanOptions
    from dusk.scan.start import open_scan
    from dusk.settings import Settings
    from dusk.tui.late_judge import LateJudge

    def fail(*_arguments):
        raise ValueError("inspector: there is none")

    monkeypatch.setattr(RuleBook, "load", fail)
    scan = open_scan(os.fsencode(tmp_path), ScanOptions(awaits_report=True))
    judge = LateJudge(scan, Settings())
    scan.start()
    judge.start()
    assert scan.wait(10)
    assert scan.progress().failure == ""
    end = time.monotonic() + 10
    while not judge.failure and time.monotonic() < end:
        time.sleep(0.01)
    assert "there is none" in judge.failure
    assert judge.findings() == ()
    judge.stop()


class GatedScan(FakeScan):
    """A scan that ends when the test says so."""

    def __init__(self) -> None:
        super().__init__(FakeTree({}), running=True)
        self.gate = threading.Event()

    def wait(self, timeout: float | None = None) -> bool:
        return self.gate.wait(timeout)


def started_session(monkeypatch, head_start):
    monkeypatch.setattr("dusk.tui.session.HEAD_START_SECONDS", head_start)
    events: list[str] = []
    judge = FakeJudge()
    judge.start = lambda: events.append("judged")  # type: ignore[method-assign]
    scan = GatedScan()

    def open_journal():
        events.append("opened")
        return "journal", ()

    session = Session(scan, judge, open_journal=open_journal)  # type: ignore[arg-type]
    session.say_ended = lambda: events.append("ended")
    session.start()
    return session, scan, events


def wait_for(condition):
    end = time.monotonic() + 10
    while not condition() and time.monotonic() < end:
        time.sleep(0.002)
    assert condition()


def test_rules_and_journal_wait_for_the_end_of_the_scan(monkeypatch) -> None:
    _, scan, events = started_session(monkeypatch, 60)
    wait_for(lambda: scan.started)
    time.sleep(0.02)
    assert events == []
    scan.gate.set()
    wait_for(lambda: len(events) == 3)
    assert events == ["ended", "judged", "opened"]


def test_rules_and_journal_do_not_wait_for_a_long_scan(monkeypatch) -> None:
    _, scan, events = started_session(monkeypatch, 0.01)
    wait_for(lambda: len(events) == 2)
    assert events == ["judged", "opened"]
    scan.gate.set()
    wait_for(lambda: len(events) == 3)
    assert events[-1] == "ended"


def test_the_journal_is_opened_once_and_earlier_for_whoever_asks(monkeypatch) -> None:
    session, scan, events = started_session(monkeypatch, 60)
    assert session.journal == "journal"  # type: ignore[comparison-overlap]
    assert events == ["opened"]
    scan.gate.set()
    wait_for(lambda: len(events) == 3)
    time.sleep(0.02)
    assert events == ["opened", "ended", "judged"]
