"""Trees in which nothing may be suggested: names that mean something else here, and what others installed."""

from __future__ import annotations

import importlib.util
import os
import sysconfig
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType

import pytest

from .trees import judge, offered, put, set_ages

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "false_positives"
LOOK_ALIKES = {
    "core/train.py": "import os\n",
    "core/queue/failed/handler.cc": "int main() {}\n",
    "core/queue/processing/worker.cc": "int main() {}\n",
    "build/README.md": "how the house is built",
    "build/plan.dwg": "x",
    "dist/letters.pdf": "x",
    "target/goals.txt": "goals",
    "env/prod.yaml": "a: 1",
    "venv/notes.md": "which ones I tried",
    "cache/answers.csv": "1,2",
    "node_modules/README.md": "none here",
    "models--mine/weights.bin": "x",
    "checkpoint-7/diary.md": "the seventh day",
    "blobs/sha256/" + "a" * 64: "x",
    "runs/marathon.csv": "42",
    "data/train.bin": "MMIDIDX",
    "data/train.idx": "MMIDIDX\0\0",
    "data/frames_2025-10-01.zip": "x",
    "data/frames_2025-10-02.zip": "x",
    "old/lib.so.1": "x",
    "old/page.1": "x",
    "logs/README.md": "what is logged",
    "backup/one.tar.gz": "x",
    "tmp/my-results/a.npy": "x",
    "archive-v0/1999.tar": "x",
    "pkg/mod/parse.go": "package mod",
    "registry/index/people.csv": "x",
    "lists/partial/shopping.txt": "milk",
    "kernel/vmlinuz-notes": "x",
    "info/files/a.txt": "x",
    "http/server.go": "package http",
    "wheels/round.stl": "x",
    "part.of.a.story": "x",
    "x.orig.txt": "x",
}


def test_names_that_mean_something_else_are_left_alone(tmp_path: Path) -> None:
    for name, text in LOOK_ALIKES.items():
        put(tmp_path / "work" / name, text)
    set_ages(tmp_path)
    assert not offered(judge(tmp_path), tmp_path)


@pytest.fixture
def script() -> ModuleType:
    if not SCRIPT.exists():
        pytest.skip("the scripts lie in a checkout only")
    loader = SourceFileLoader("false_positives", os.fspath(SCRIPT))
    specification = importlib.util.spec_from_loader(loader.name, loader)
    assert specification is not None
    module = importlib.util.module_from_spec(specification)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(os.fspath(SCRIPT.parent))
        loader.exec_module(module)
    return module


def test_the_script_tells_what_is_right_from_what_is_not(
    script: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put(tmp_path / "app" / "main.py")
    put(tmp_path / "app" / "__pycache__" / "main.cpython-311.pyc")
    set_ages(tmp_path)
    assert script.main([os.fspath(tmp_path)]) == 0
    put(tmp_path / "iso.crdownload", size=900)
    assert script.main([os.fspath(tmp_path)]) == 1
    assert "partial-download" in capsys.readouterr().out


def test_a_part_of_pythons_own_library_is_left_alone(script: ModuleType) -> None:
    library = Path(sysconfig.get_path("stdlib")) / "json"
    assert {rule for rule, _, _ in script.judged(library)} <= {"python-bytecode"}
