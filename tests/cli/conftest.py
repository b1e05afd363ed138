"""Running dusk in this process and in one of its own, each with a home of its own."""

from __future__ import annotations

import importlib
import os
import pkgutil
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

import dusk
from dusk.cli.main import main

MODULES = [
    module.name
    for module in pkgutil.walk_packages(dusk.__path__, "dusk.")
    if not module.name.startswith("dusk.tui")
] + ["json", "platform", "traceback"]
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


@pytest.fixture(autouse=True)
def own_trash(own_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the bin see the trash of this test alone: emptying must never reach the user's own."""
    from dusk.actions import trash_listing

    everywhere = trash_listing.bin_places
    base = os.fsencode(own_home.parent) + b"/"

    def here(extra: Iterable[bytes] = ()) -> tuple[bytes, ...]:
        return tuple(place for place in everywhere(extra) if place.startswith(base))

    monkeypatch.setattr(trash_listing, "bin_places", here)


@pytest.fixture
def own_mounts(own_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the doctor look only at the mounts that this test stands on; another test may hang one."""
    from dusk.cli.checks import storage
    from dusk.fs.mounts import MountTable

    base = os.fsencode(own_home)

    class OwnMounts:
        @staticmethod
        def read() -> MountTable:
            mounts = MountTable.read().mounts
            return MountTable(tuple(mount for mount in mounts if base.startswith(mount.point)))

    monkeypatch.setattr(storage, "MountTable", OwnMounts)


@pytest.fixture(name="dusk")
def dusk_process() -> Dusk:
    """Run a command line in a process of its own, away from a terminal."""

    def run(*words: str | bytes | Path, **options: object) -> subprocess.CompletedProcess[bytes]:
        options.setdefault("stdin", subprocess.DEVNULL)
        options.setdefault("capture_output", True)
        return subprocess.run(  # type: ignore[call-overload]
            [sys.executable, "-m", "dusk", *words], timeout=60, check=False, **options
        )

    return run


@pytest.fixture
def tree(own_home: Path) -> Path:
    """A small directory with two files in one directory; in the home, where judging looks no further up."""
    top = own_home / "data"
    (top / "run").mkdir(parents=True)
    (top / "run" / "weights.bin").write_bytes(b"w" * 50_000)
    (top / "run" / "part.bin").write_bytes(b"l" * 1_000)
    return top


NOBODY = 65534


@pytest.fixture
def as_user(tmp_path: Path, own_home: Path) -> Dusk:
    """Run a command line in a forked process without root's rights."""
    for name in MODULES:  # what is imported now need not be readable for nobody later
        importlib.import_module(name)
    if os.geteuid() == 0:
        for directory in {own_home, *own_home.parents, tmp_path, *tmp_path.parents}:
            if str(directory).startswith("/tmp/"):
                directory.chmod(directory.stat().st_mode | 0o055)
        os.chown(own_home, NOBODY, NOBODY)

    def run(*words: str | bytes | Path) -> subprocess.CompletedProcess[bytes]:
        out, err = tmp_path.parent / f"{tmp_path.name}-out", tmp_path.parent / f"{tmp_path.name}-err"
        with out.open("wb") as out_file, err.open("wb") as err_file:
            child = os.fork()
            if child == 0:
                _become_nobody([os.fsdecode(word) for word in words], out_file.fileno(), err_file.fileno())
        _, status = os.waitpid(child, 0)
        return subprocess.CompletedProcess(
            [], os.waitstatus_to_exitcode(status), out.read_bytes(), err.read_bytes()
        )

    return run


def _become_nobody(words: list[str], out: int, err: int) -> None:
    code = 99
    try:
        os.dup2(out, 1)
        os.dup2(err, 2)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        sys.stdin, sys.stdout, sys.stderr = (os.fdopen(number, "rw"[number > 0]) for number in range(3))
        if os.geteuid() == 0:
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)
        code = main(words)
        sys.stdout.flush()
    finally:
        os._exit(code)
