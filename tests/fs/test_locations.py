"""Where dusk keeps its own things, by the environment."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from dusk.fs import locations

OWN = (
    (locations.config_directory, "DUSK_CONFIG_DIR", "XDG_CONFIG_HOME", b"/home/made/.config/dusk"),
    (locations.state_directory, "DUSK_STATE_DIR", "XDG_STATE_HOME", b"/home/made/.local/state/dusk"),
    (locations.cache_directory, "DUSK_CACHE_DIR", "XDG_CACHE_HOME", b"/home/made/.cache/dusk"),
)


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    for _, own, base, _ in OWN:
        monkeypatch.delenv(own, raising=False)
        monkeypatch.delenv(base, raising=False)
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    monkeypatch.setenv("HOME", "/home/made")
    monkeypatch.setattr(sys, "platform", "linux")


@pytest.mark.parametrize(("ask", "own", "base", "usual"), OWN)
class TestOwnDirectory:
    def test_lies_in_the_home_where_nothing_else_is_said(
        self, ask: Callable[[], bytes], own: str, base: str, usual: bytes
    ) -> None:
        assert ask() == usual

    def test_follows_the_base_directory(
        self, ask: Callable[[], bytes], own: str, base: str, usual: bytes, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv(base, "/elsewhere/base")
        assert ask() == b"/elsewhere/base/dusk"

    @pytest.mark.parametrize("broken", ["", "relative/base", "~/base"])
    def test_a_base_that_is_not_absolute_counts_as_none(
        self,
        ask: Callable[[], bytes],
        own: str,
        base: str,
        usual: bytes,
        broken: str,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setenv(base, broken)
        assert ask() == usual

    def test_is_what_the_own_variable_says(
        self, ask: Callable[[], bytes], own: str, base: str, usual: bytes, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv(base, "/elsewhere/base")
        monkeypatch.setenv(own, "/exactly/here")
        assert ask() == b"/exactly/here"


def test_where_a_name_is_no_text_it_stays_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", "/odd/\udcff")
    assert locations.state_directory() == b"/odd/\xff/dusk"


def test_the_practice_tree_is_data(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert locations.practice_directory() == b"/home/made/.local/share/dusk/practice"
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert locations.practice_directory() == bytes(tmp_path / "dusk" / "practice")


def test_macos_has_places_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert locations.config_directory() == b"/home/made/Library/Application Support/dusk"
    assert locations.cache_directory() == b"/home/made/Library/Caches/dusk"
