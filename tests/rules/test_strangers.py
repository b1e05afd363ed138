"""What a person put into a cache, at any depth: it is never in what is called safe."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from dusk.rules.examples import build_example, judge_directory
from dusk.rules.rule import Example, Rule
from dusk.rules.safety import Safety

from .trees import book, judge, judge_example, of, offered, only, plant, put, set_ages

BOOK = book()
STRANGERS = ("results.csv", "thesis.tex", "model.safetensors", "train.py")
# Where a name can be the tool's own, by rule, with the reason.
EXEMPT = {
    "modelscope-partial": STRANGERS,  # it downloads whole repositories there, of anybody's files
    "temporary-tool": STRANGERS,  # installers unpack there, and tests write what they like
    "hf-modules": ("train.py",),  # copies of the code that came with a model, under its own names
}
KINDS = (
    "notes.txt README.rst paper.tex refs.bib plan.org report.docx table.xlsx talk.pptx paper.pdf "
    "explore.ipynb page.html scores.csv scores.tsv rows.jsonl rows.parquet frame.feather config.yaml "
    "pyproject.toml run.ini run.cfg secrets.env train.log slurm-1.out dump.sql runs.db runs.sqlite "
    "model.pkl forest.joblib x.npy x.npz x.h5 x.mat x.nc best.pt best.pth last.ckpt adapter.safetensors "
    "llama.gguf net.onnx net.keras pytorch_model.bin figure.png IMG_0001.JPG scan.tif plot.svg "
    "poster.eps talk.mp4 take1.wav talk.mp3 old.zip old.tar old.tar.gz old.tgz old.tar.zst old.7z "
    "train.py fast.pyx run.sh kernel_edited.cu kernel.cuh ops.cpp ops.h main.rs main.go app.js app.ts "
    "fit.R fit.jl fix.patch host.pem id.key brain.nii scene.blend runs.bson state.old train.py~ train.py.bak"
)
CASES = [
    pytest.param(rule, example, name, id=f"{rule.id}-{number}-{name}")
    for rule in BOOK.rules
    for number, example in enumerate(rule.examples)
    for name in STRANGERS
    if rule.safety == "safe" and example.matches and name not in EXEMPT.get(rule.id, ())
]


def safe_paths(top: Path, example: Example, rule: str = "") -> list[str]:
    """Return what is called safe in an example's tree."""
    found = judge_example(top, example, BOOK).findings()
    return [
        os.fsdecode(path)
        for finding in found
        if finding.safety is Safety.SAFE and rule in {"", finding.rule}
        for path in finding.paths
    ]


def directories_of(top: Path, example: Example) -> list[Path]:
    """Return the directories that a rule matches in its example, each with all below it."""
    matched = [top / path for path in example.matches if (top / path).is_dir()]
    return [Path(place) for one in matched for place, _, _ in os.walk(one)]


@pytest.mark.parametrize(("rule", "example", "name"), CASES)
def test_a_file_of_ones_own_is_never_safe(tmp_path: Path, rule: Rule, example: Example, name: str) -> None:
    build_example(example, os.fsencode(tmp_path))
    for directory in directories_of(tmp_path, example):
        planted = plant(directory, name)
        taken = [path for path in safe_paths(tmp_path, example) if planted.is_relative_to(path)]
        assert not taken, f"{planted.relative_to(tmp_path)} goes with {taken[0]}"
        planted.unlink()


def test_no_kind_of_work_goes_with_a_cache(tmp_path: Path) -> None:
    for number, name in enumerate(KINDS.split()):
        built = tmp_path / f"{number}/.cache/torch_extensions/py311_cu132/fused_adam"
        put(built / "build.ninja")
        put(built / "main.cpp")
        put(built / "deep/er" / name)
    set_ages(tmp_path)
    assert offered(judge(tmp_path), tmp_path) == set()


def test_what_is_in_the_way_is_named_and_kept(tmp_path: Path) -> None:
    put(tmp_path / ".cache/torch_extensions/py311_cu132/mine/build.ninja")
    put(tmp_path / ".cache/torch_extensions/py311_cu132/mine/kernel_edited.cu")
    set_ages(tmp_path)
    judged = judge(tmp_path)
    said = only(judged, "torch-extensions")
    assert said.safety is Safety.KEEP
    path = ".cache/torch_extensions/py311_cu132/mine/kernel_edited.cu"
    assert said.evidence[0] == f"Kept: It holds {path} (a file that the tool is not known to write)."
    assert only(judged, "stranger").paths == (os.fsencode(tmp_path / path),)


def test_of_several_parts_only_the_one_stays(tmp_path: Path) -> None:
    for name in ("fxgraph/ab/fabc/x", "aotautograd/abc/y", "ab/cab" + "u" * 49 + ".so", "mine.txt"):
        put(tmp_path / "cache" / name)
    put(tmp_path / "cache/fxgraph/ab/fabc/results.csv")
    set_ages(tmp_path)
    assert offered(judge(tmp_path), tmp_path) == {"cache/aotautograd", "cache/ab"}


def test_links_and_directories_are_no_work(tmp_path: Path) -> None:
    kernel = tmp_path / ".triton/cache/ABCDEFGHIJKLMNOPQRSTUVWXYZ234567ABCDEFGHIJKLMNOPQRST"
    put(kernel / "add.cubin")
    (kernel / "odd.py").mkdir()
    (kernel / "link.csv").symlink_to("add.cubin")
    set_ages(tmp_path)
    assert offered(judge(tmp_path), tmp_path) == {".triton/cache"}


@pytest.mark.parametrize("scanner", ["native", "reference"])
def test_both_scanners_show_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scanner: str) -> None:
    monkeypatch.setenv("DUSK_SCANNER", scanner)
    put(tmp_path / ".nv/ComputeCache/index")
    put(tmp_path / ".nv/ComputeCache/0/f/results.csv")
    set_ages(tmp_path)
    assert offered(judge(tmp_path), tmp_path) == set()


def test_more_than_can_be_looked_at_is_not_called_safe(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dusk.rules.strangers._MOST", 3)
    put(tmp_path / ".nv/ComputeCache/index")
    put(tmp_path / ".nv/ComputeCache/0/f/abc")
    set_ages(tmp_path)
    found = only(judge(tmp_path), "cuda-compute-cache")
    assert found.safety is Safety.REVIEW
    assert not found.offers
    assert "whether all are its tool's cannot be told" in " ".join(found.evidence)


def test_a_file_that_comes_later_takes_the_offer_back(tmp_path: Path) -> None:
    put(tmp_path / ".nv/ComputeCache/index")
    put(tmp_path / ".nv/ComputeCache/0/f/abc")
    set_ages(tmp_path)
    judged = judge(tmp_path)
    assert offered(judged, tmp_path) == {".nv/ComputeCache"}
    put(tmp_path / ".nv/ComputeCache/0/f/results.csv")
    set_ages(tmp_path)
    judged.scan.refresh(os.fsencode(tmp_path / ".nv/ComputeCache/0/f"))
    assert judged.wait(20)
    assert offered(judged, tmp_path) == set()


def test_a_rule_of_the_user_names_what_its_tool_writes(tmp_path: Path) -> None:
    text = """
[[rule]]
id = "frames"
title = "Frames"
family = "render"
tag = "frames"
safety = "safe"
actions = ["trash"]
parts = ["*", "*.png", "proxies/*.mp4"]
match = { names = ["render-cache"], kind = "directory" }
explain = { what = "a", cost = "b", recover = "c" }
"""
    mine, problems = BOOK.with_file(os.fsencode(put(tmp_path / "mine.toml", text)))
    assert not problems.problems
    put(tmp_path / "a/render-cache/0001.png")
    put(tmp_path / "a/render-cache/low/proxies/0001.mp4")
    put(tmp_path / "b/render-cache/0001.png")
    put(tmp_path / "b/render-cache/final.mp4")
    set_ages(tmp_path)
    judged = judge_directory(os.fsencode(tmp_path), mine)
    assert offered(judged, tmp_path) == {"a/render-cache"}
    assert len(of(judged, "stranger")) == 1


@pytest.mark.parametrize(
    "name",
    ["results.csv.1", "notes.TxT", "thesis.tex.swp", "README", "Makefile", "emb.zarr/.zarray", "a.avif"],
)
def test_numbered_odd_and_bare_names_are_work_too(tmp_path: Path, name: str) -> None:
    kernel = tmp_path / ".triton/cache/ABCDEFGHIJKLMNOPQRSTUVWXYZ234567ABCDEFGHIJKLMNOPQRST"
    put(kernel / "add.cubin")
    put(kernel / name)
    set_ages(tmp_path)
    assert offered(judge(tmp_path), tmp_path) == set()
