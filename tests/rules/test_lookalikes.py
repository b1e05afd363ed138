"""Somebody's own files in directories with the names that tools use: nothing of it is ever called safe."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from dusk.rules.safety import Safety

from .trees import judge, put, set_ages

TAG = "Signature: 8a477f597d28d172789f06886806bc55\n"
GO = "This directory holds cached build artifacts from the Go build system.\n"
BLOCKS = "blockmgr-59477f9b-4d9a-4c9b-b010-526865a95380"
SESSION = "spark-06d97581-8f45-4cee-ae7e-89f2d994958f"

TREES: dict[str, dict[str, str]] = {
    "layers of a microscope": {"data/overlay2/scan1.nii.gz": "", "data/overlay2/l/label.png": ""},
    "runs of an interview": {"runs/interview.wav": "", "runs/detect/person.csv": "", "runs/train/me.jpg": ""},
    "a cache of photographs": {"cache/family.sqlite": "", "home/.cache/family/photo.jpg": ""},
    "letters in ccache's place": {
        "home/.bashrc": "", "home/.ccache/diary.odt": "", "home/.ccache/a/stats": "won 3\n",
        "home/.ccache/a/CACHEDIR.TAG": TAG, "home/.cache/ccache/my-patches/fix.diff": "",
    },
    "patches in sccache's place": {"home/.cache/sccache/patch/fix.diff": ""},
    "results in Spark's scratch": {f"tmp/{BLOCKS}/results.xlsx": "", f"tmp/{SESSION}/thesis.odt": ""},
    "results in catboost_info": {"lab/catboost_info/results.xlsx": ""},
    "substances by their number": {"chem/ac/a1/spectrum.dx": "", "chem/cas/a1/7732-18-5.mol": ""},
    "a picture in Gradle's": {
        "p/.gradle/photo.jpg": "", "p/.gradle/8.5/fileHashes/x.bin": "", "p/.gradle/buildOutputCleanup/x": "",
    },
    "a poem in __pycache__": {"p/__pycache__/poem.odt": "", "p/__pycache__/lost.cpython-311.pyc": ""},
    "results in caches of checkers": {
        "p/.pytest_cache/v/results.xlsx": "", "p/.mypy_cache/3.11/a.json": "", "p/.mypy_cache/plot.pdf": "",
        "p/.ruff_cache/CACHEDIR.TAG": TAG, "p/.ruff_cache/results.csv": "",
    },
    "pictures in Go's cache": {
        "home/go-build/README": GO, "home/go-build/trim.txt": "1", "home/go-build/00/a": "",
        "home/go-build/ff/b": "", "home/go-build/family/photo.jpg": "",
    },
    "a diary among npm's logs": {"home/.npm/_logs/diary.log": "", "home/.npm/_cacache/index-v5/ab": ""},
    "pictures among thumbnails": {"home/.cache/thumbnails/holiday/photo.jpg": ""},
    "a figure beside the fonts": {
        "home/.cache/matplotlib/fontlist-v390.json": "{}", "home/.cache/matplotlib/figure.pdf": "",
    },
    "words in a file called core": {"trip/core": "the core idea\n", "trip/core.1234": "notes\n"},
    "pictures among kernels": {
        "home/.triton/cache/photo.jpg": "", "home/.nv/ComputeCache/photo.jpg": "",
        "tmp/torchinductor_kim/fxgraph/photo.jpg": "", "home/.cache/vllm/torch_compile_cache/photo.jpg": "",
    },
    "a talk in a run": {
        "lightning_logs/version_0/talk.mp4": "", "wandb/run-20260101_101010-abc/photo.jpg": "",
    },
    "a book in parts": {"home/Downloads/taxes.txt.part": "x", "dl/film.mkv.part": "", "dl/film.mkv": ""},
    "a session that nobody uploaded": {"home/.clearml/cache/offline/offline-1.zip": ""},
    "a notebook's last copy": {"nb/.ipynb_checkpoints/only-checkpoint.ipynb": '{"cells": []}'},
}  # fmt: skip


@pytest.mark.parametrize("name", TREES)
def test_somebodys_files_under_a_tools_name_are_not_safe(name: str, tmp_path: Path) -> None:
    for path, text in TREES[name].items():
        put(tmp_path / path, text or os.urandom(3000))
    set_ages(tmp_path)
    judged = judge(tmp_path)
    safe = [(one.rule, one.paths) for one in judged.findings() if one.safety is Safety.SAFE]
    assert not safe


def test_directories_that_a_program_may_fill_again_are_not_nobodys(tmp_path: Path) -> None:
    for path in (
        f"tmp/{BLOCKS}/0e", "job/ckpt/sources", "lab/dask-scratch-space/worker-1", "store/00", "store/01",
        "store/a4", "store/ff", "box/exec-run/netns", "app/sessions", "server/needed", "server/parts/needed",
        "plan/drafts",
    ):  # fmt: skip
        (tmp_path / path).mkdir(parents=True)
    put(tmp_path / "tmp" / BLOCKS / "17" / "shuffle_1_2_0.data", size=5000)
    for name in ("metadata", "offsets/0", "commits/0"):
        put(tmp_path / "job" / "ckpt" / name)
    put(tmp_path / "lab" / "dask-scratch-space" / "global.lock")
    put(tmp_path / "store" / "0a" / "0a12")
    put(tmp_path / "server" / "state.0001")
    put(tmp_path / "plan" / "plan.md")
    put(tmp_path / "app" / "server.pid", "12\n")
    set_ages(tmp_path)
    found = [one for one in judge(tmp_path).findings() if one.rule == "empty-directories"]
    paths = {os.path.relpath(os.fsdecode(path), tmp_path) for one in found for path in one.paths}
    assert paths == {"plan/drafts"}


def test_a_directory_that_was_made_just_now_is_waited_for(tmp_path: Path) -> None:
    for name in ("old", "new", "busy/empty"):
        (tmp_path / name).mkdir(parents=True)
    set_ages(tmp_path)
    os.utime(tmp_path / "new")
    put(tmp_path / "busy" / "train.bin", age=60)
    found = [one for one in judge(tmp_path).findings() if one.rule == "empty-directories"]
    assert [os.path.basename(path) for one in found for path in one.paths] == [b"old"]
