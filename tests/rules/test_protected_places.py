"""What the gate would refuse is not suggested, and said to be so."""

from __future__ import annotations

import os
from pathlib import Path

from dusk.rules.examples import judge_directory
from dusk.rules.explain import explain
from dusk.settings import Settings

from .trees import book, put, set_ages


def judged(top: Path, *protected: Path):
    settings = Settings(protected=tuple(str(path) for path in protected))
    return judge_directory(os.fsencode(top), book(), settings)


def plant(tmp_path: Path) -> Path:
    for project in ("mine", "other"):
        put(tmp_path / project / "tool.py", "import os\n")
        put(tmp_path / project / "__pycache__" / "tool.cpython-311.pyc", size=5000)
    set_ages(tmp_path)
    return tmp_path


def offered(judge) -> set[str]:
    paths = [path for one in judge.findings() for offer in one.offers for path in offer.paths]
    return {os.fsdecode(path) for path in paths}


def test_a_protected_path_and_what_is_in_it_are_not_offered(tmp_path: Path) -> None:
    top = plant(tmp_path)
    cache = "__pycache__"
    assert offered(judged(top)) == {str(top / "mine" / cache), str(top / "other" / cache)}
    judge = judged(top, top / "mine")
    assert offered(judge) == {str(top / "other" / cache)}
    told = explain(os.fsencode(top / "mine" / cache), judge)
    assert "No action of dusk touches it: it is in" in " ".join(told.evidence)


def test_what_holds_a_protected_path_is_not_offered(tmp_path: Path) -> None:
    top = plant(tmp_path)
    judge = judged(top, top / "other" / "__pycache__" / "tool.cpython-311.pyc")
    assert offered(judge) == {str(top / "mine" / "__pycache__")}
