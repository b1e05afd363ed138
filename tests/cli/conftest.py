"""Running dusk in this process and in one of its own, each with a home of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from dusk.cli.main import main

Dusk = Callable[..., subprocess.CompletedProcess[bytes]]


class Spoken:
    """What one command line said."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("COLORTERM", raising=False)


@pytest.fixture
def say(capsys: pytest.CaptureFixture[str]) -> Callable[..., Spoken]:
    """Run a command line in this process."""

    def run(*words: str | bytes | Path) -> Spoken:
        capsys.readouterr()
        code = main([os.fsdecode(word) for word in words])
        captured = capsys.readouterr()
        return Spoken(code, captured.out, captured.err)

    return run


@pytest.fixture
def dusk() -> Dusk:
    """Run a command line in a process of its own, away from a terminal."""

    def run(*words: str | bytes | Path, **options: object) -> subprocess.CompletedProcess[bytes]:
        options.setdefault("stdin", subprocess.DEVNULL)
        options.setdefault("capture_output", True)
        return subprocess.run(  # type: ignore[call-overload]
            [sys.executable, "-m", "dusk", *words], timeout=60, check=False, **options
        )

    return run


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A small directory with two files in one directory."""
    top = tmp_path / "data"
    (top / "run").mkdir(parents=True)
    (top / "run" / "weights.bin").write_bytes(b"w" * 50_000)
    (top / "run" / "log.txt").write_bytes(b"l" * 1_000)
    return top
