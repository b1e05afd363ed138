"""The shipped catalogue and its fast copy: never an old one, never somebody else's, never needed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from dusk.rules import shipped
from dusk.rules.shipped import shipped_files


@pytest.fixture
def copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DUSK_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache" / "catalogue.msgpack"


def test_the_copy_says_what_the_catalogue_says(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = shipped_files()
    assert copy.stat().st_mode & 0o777 == 0o600
    monkeypatch.setattr(shipped, "check_rule", lambda *_: pytest.fail("it was read anew"))
    assert shipped_files() == first


@pytest.mark.parametrize(
    "kind", ["old", "cut off", "noise", "empty", "writable by others", "a link", "a pipe"]
)
def test_a_copy_that_is_not_the_one_is_not_used(
    copy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    first = shipped_files()
    whole = copy.read_bytes()
    if kind == "old":
        copy.write_bytes(b"\0" * 32 + whole[32:])
    elif kind == "cut off":
        copy.write_bytes(whole[:-100])
    elif kind == "noise":
        copy.write_bytes(whole[:32] + os.urandom(1000))
    elif kind == "empty":
        copy.write_bytes(b"")
    elif kind == "writable by others":
        copy.chmod(0o666)
    elif kind == "a link":
        copy.rename(tmp_path / "elsewhere")
        copy.symlink_to(tmp_path / "elsewhere")
    else:
        copy.unlink()
        os.mkfifo(copy)
    read = []
    real = shipped.check_rule
    monkeypatch.setattr(shipped, "check_rule", lambda *given: read.append(given) or real(*given))
    assert shipped_files() == first
    assert read
    assert copy.read_bytes() == whole, "it is put right"


def test_where_nothing_can_be_written_the_catalogue_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("DUSK_CACHE_DIR", str(tmp_path / "file" / "cache"))
    assert shipped_files() == shipped_files()
