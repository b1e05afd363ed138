"""What the main screen looks like, at both sizes; accept changes with ``pytest --snapshot-update``."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from dusk.tui.app import DuskApp
from dusk.tui.commands import effective_commands
from dusk.tui.themes import load_themes
from tui.fake_tree import FakeScan
from tui.sample import sample_session

SIZES = [(120, 36), (80, 24)]
Compare = Callable[..., bool]


def app(theme: str = "dusk-night", **options: object) -> DuskApp:
    session = sample_session(**options)  # type: ignore[arg-type]
    return DuskApp(session, effective_commands({}), load_themes(), theme=theme, tick_seconds=3600.0)


@pytest.mark.parametrize("size", SIZES)
def test_tree(snap_compare: Compare, size: tuple[int, int]) -> None:
    assert snap_compare(app(), terminal_size=size, press=["l", "j", "l"])


@pytest.mark.parametrize("size", SIZES)
def test_finding_with_marks_and_queue(snap_compare: Compare, size: tuple[int, int]) -> None:
    assert snap_compare(app(), terminal_size=size, press=["n", "1", "n", "space", "N"])


@pytest.mark.parametrize("size", SIZES)
def test_scanning(snap_compare: Compare, size: tuple[int, int]) -> None:
    scanning = app(running=True)
    assert isinstance(scanning.session.scan, FakeScan)
    scanning.session.scan.current = b"/data/hf-cache/hub/models--meta-llama--Llama-3.1-70B"
    scanning.session.scan.errors = 3
    assert snap_compare(scanning, terminal_size=size)


def test_ascii(snap_compare: Compare) -> None:
    assert snap_compare(app(ascii_only=True), terminal_size=(80, 24), press=["l", "j", "d"])


def test_day(snap_compare: Compare) -> None:
    assert snap_compare(app("dusk-day"), terminal_size=(120, 36), press=["n", "d"])


def test_filter(snap_compare: Compare) -> None:
    assert snap_compare(app(), terminal_size=(80, 24), press=["l", "slash", *"llama"])


def test_list_of_findings(snap_compare: Compare) -> None:
    assert snap_compare(app(), terminal_size=(120, 36), press=["tab", "j"])
