"""What the dialogs look like, at both sizes; accept changes with ``pytest --snapshot-update``."""

from __future__ import annotations

import pytest
from screen_harness import Harness

from dusk.actions.outcome import ItemResult, ItemState, Outcome
from dusk.actions.review import Reviewed
from dusk.fs.identity import EntryKind, Identity
from dusk.fs.survey import Survey
from dusk.plan.plan import Plan
from dusk.plan.step import Step, Target
from dusk.rules.finding import Action
from dusk.rules.safety import Safety
from dusk.scan.entry import Sort
from dusk.tui.commands import COMMANDS
from dusk.tui.screens.acting import result_of
from dusk.tui.screens.confirm import ConfirmScreen
from dusk.tui.screens.help import HelpScreen
from dusk.tui.screens.which_key import SortMenu

SIZES = [(120, 36), (80, 24)]
GIB = 1024**3


@pytest.fixture(autouse=True)
def plain_terminal(monkeypatch):
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLORTERM", "truecolor")


def target(path: bytes, size: int, safety: Safety, title: str) -> Target:
    identity = Identity(7, len(path), EntryKind.DIRECTORY, 4096, 0, 1)
    survey = Survey(identity, 12, size, size, 0, "f" * 64, ())
    return Target(path, identity, size, size, 12, safety, title, survey=survey)


def reviewed() -> Reviewed:
    trash = Step(
        "one",
        Action.TRASH,
        (
            target(b"/data/runs/sft/checkpoint-1000", 300 * GIB, Safety.REVIEW, "Older checkpoint"),
            target(b"/data/project/__pycache__", GIB // 1024, Safety.SAFE, "Python bytecode"),
        ),
    )
    archive = Step(
        "two",
        Action.ARCHIVE,
        (target(b"/data/old_model", 12 * GIB, Safety.REVIEW, "Old standalone checkpoint"),),
        destination=b"/mnt/cold",
        destination_device=8,
    )
    return Reviewed(Plan((trash, archive)), ())


@pytest.mark.parametrize("size", SIZES)
def test_confirmation(snap_compare, session, size):
    assert snap_compare(Harness(ConfirmScreen(session, reviewed(), as_root=False)), terminal_size=size)


def test_confirmation_as_root(snap_compare, session):
    screen = ConfirmScreen(session, reviewed(), as_root=True)
    assert snap_compare(Harness(screen), terminal_size=(80, 24), press=["y"])


@pytest.mark.parametrize("size", SIZES)
def test_result(snap_compare, session, size):
    outcome = Outcome(
        7,
        (
            ItemResult(
                b"/data/runs/sft/checkpoint-1000", Action.TRASH, ItemState.DONE, "", b"/data/.Trash-7"
            ),
            ItemResult(b"/data/x\x1b[31m.bin", Action.TRASH, ItemState.REFUSED, "It is open in python (42)."),
            ItemResult(b"/data/old_model", Action.ARCHIVE, ItemState.FAILED, "The disk is full."),
        ),
        frees_after_purge=300 * GIB,
    )
    assert snap_compare(Harness(result_of(session, outcome)), terminal_size=size)


@pytest.mark.parametrize("size", SIZES)
def test_help(snap_compare, size):
    assert snap_compare(Harness(HelpScreen(COMMANDS)), terminal_size=size)


def test_sort_menu(snap_compare):
    assert snap_compare(Harness(SortMenu(Sort.SIZE)), terminal_size=(80, 24))
