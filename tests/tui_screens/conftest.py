"""Fixtures of the screens around the main one."""

from __future__ import annotations

import os

import pytest
from screen_harness import FakeSession


@pytest.fixture
def session(tmp_path, monkeypatch):
    monkeypatch.setenv("DUSK_CONFIG_DIR", str(tmp_path / "config"))
    monkeypatch.setenv("DUSK_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("TEXTUAL_ANIMATIONS", "none")
    return FakeSession(tmp_path / "state")


@pytest.fixture
def files(tmp_path):
    """Return paths of five small files in a directory of their own."""
    directory = tmp_path / "files"
    directory.mkdir()
    paths = []
    for number in range(5):
        file = directory / f"file-{number}.bin"
        file.write_bytes(b"x" * (5000 + number))
        paths.append(os.fsencode(file))
    return paths
