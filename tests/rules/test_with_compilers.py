"""Stores that real compilers' caches fill: found wherever they lie, and emptied without harm."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from dusk.rules.finding import Action

from .trees import judge, names, only, put, set_ages


def test_what_ccache_kept_goes_by_its_own_command_and_its_settings_stay(tmp_path: Path) -> None:
    if shutil.which("ccache") is None or shutil.which("cc") is None:
        pytest.skip("ccache or a compiler is not installed")
    store = tmp_path / "disk" / "compiled"
    put(tmp_path / "work" / "twice.c", "int twice(int number) { return number * 2; }\n")
    environment = {**os.environ, "CCACHE_DIR": os.fspath(store), "HOME": os.fspath(tmp_path)}

    def build() -> None:
        command = ["ccache", "cc", "-c", "twice.c", "-o", "twice.o"]
        subprocess.run(command, cwd=tmp_path / "work", env=environment, check=True)

    build()
    put(store / "ccache.conf", "max_size = 20G\n")
    set_ages(tmp_path)
    finding = only(judge(tmp_path), "compiler-cache")
    assert finding.safety.value == "safe"
    assert all(name.startswith("disk/compiled/") for name in names(finding, tmp_path))
    offer = finding.default_offer
    assert offer is not None and offer.action is Action.NATIVE
    subprocess.run(offer.options.command, env={"PATH": os.environ["PATH"]}, check=True, capture_output=True)
    kept = [path for path in store.rglob("*") if path.is_file() and path.stat().st_size > 200]
    assert not [path for path in kept if path.name not in ("stats", "CACHEDIR.TAG")]
    assert (store / "ccache.conf").read_text() == "max_size = 20G\n"
    build()
    assert (tmp_path / "work" / "twice.o").stat().st_size > 0
