"""Caches of compiled code: known by their entries wherever they lie, and never with what is not theirs."""

from __future__ import annotations

from pathlib import Path

import pytest

from .trees import judge, names, of, offered, only, put, set_ages

KERNEL = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567ABCDEFGHIJKLMNOPQRST"
REST = "u" * 49  # of a hash of TorchInductor, behind the two letters that name its shard
HASH = "50c637b35ecda2e88d8aaadec3e1e402ef680359f806a9cdeda7c4c157cfc080"


def inductor(cache: Path) -> None:
    for name in (
        "fxgraph/pc/fpctbflt/ipmg5y5g",
        "aotautograd/ajwt2lt6/wfkq3rrc",
        "locks/c5au.lock",
        f"5a/c5a{REST}.cpp",
        f"5a/c5a{REST}.so",
        f"zg/czg{REST}.py",
        f"triton/0/{KERNEL}/__grp__triton_poi_fused_0.json",
        f"triton/0/{KERNEL}/triton_poi_fused_0.cubin",
        f"precompiled_headers/cab{REST}.h.gch",
    ):
        put(cache / name)


@pytest.mark.parametrize("where", ["tmp/torchinductor_ann", "scratch/compiled", ".cache/vllm/inductor_cache"])
def test_a_cache_of_inductor_is_one_thing_with_its_kernels(tmp_path: Path, where: str) -> None:
    inductor(tmp_path / where)
    set_ages(tmp_path)
    assert offered(judge(tmp_path), tmp_path) == {where}


def test_a_strange_file_in_a_cache_stays_and_so_does_the_directory(tmp_path: Path) -> None:
    inductor(tmp_path / "mixed")
    put(tmp_path / "mixed" / "measurements.csv", size=5000)
    set_ages(tmp_path)
    going = offered(judge(tmp_path), tmp_path)
    assert "mixed/fxgraph" in going
    assert "mixed/zg" in going
    assert not {"mixed", "mixed/measurements.csv"} & going


def test_a_shard_with_a_file_of_ones_own_stays_whole(tmp_path: Path) -> None:
    inductor(tmp_path / "mixed")
    put(tmp_path / "mixed" / "5a" / "best_kernel.py", size=5000)
    set_ages(tmp_path)
    going = offered(judge(tmp_path), tmp_path)
    assert "mixed/zg" in going
    assert not {"mixed", "mixed/5a", "mixed/5a/best_kernel.py"} & going


def test_what_vllm_compiled_is_one_finding(tmp_path: Path) -> None:
    cache = tmp_path / ".cache/vllm/torch_compile_cache/1a2b3c4d5e/rank_0_0"
    inductor(cache / "inductor_cache")
    put(cache / "triton_cache" / KERNEL / "__grp__add.json")
    put(cache / "backbone" / "computation_graph.py")
    set_ages(tmp_path)
    judged = judge(tmp_path)
    assert offered(judged, tmp_path) == {".cache/vllm/torch_compile_cache"}
    assert not of(judged, "torchinductor-cache")


def test_edited_kernels_stay_beside_compiled_ones(tmp_path: Path) -> None:
    for place in ("cache", "override", "dump"):
        put(tmp_path / ".triton" / place / KERNEL / "add.ttgir")
        put(tmp_path / ".triton" / place / KERNEL / "__grp__add.json")
    set_ages(tmp_path)
    judged = judge(tmp_path)
    assert offered(judged, tmp_path) == {".triton/cache", ".triton/dump"}
    assert only(judged, "triton-default-cache").safety.value == "safe"
    assert only(judged, "triton-dump").safety.value == "review"


def test_kernels_are_known_where_a_variable_put_them(tmp_path: Path) -> None:
    put(tmp_path / "fast" / "kernels" / KERNEL / "__grp__add.json")
    put(tmp_path / "fast" / "kernels" / ("a" * 64) / "__grp__mul.json")
    put(tmp_path / "fast" / "kernels" / "tmp.pid_123_abc" / "x")
    set_ages(tmp_path)
    assert names(only(judge(tmp_path), "triton-cache"), tmp_path) == {"fast/kernels"}


def test_a_compiler_at_work_is_left_alone(tmp_path: Path) -> None:
    inductor(tmp_path / "compiled")
    set_ages(tmp_path)
    put(tmp_path / "compiled" / "zz" / "czz.so", age=60)
    finding = only(judge(tmp_path), "torchinductor-cache")
    assert not finding.offers
    assert "compiling" in " ".join(finding.evidence)


def test_what_jax_compiled_goes_without_the_files_around_it(tmp_path: Path) -> None:
    put(tmp_path / "cc" / f"jit_step-{HASH}-cache", size=5000)
    put(tmp_path / "cc" / f"jit_step-{HASH}-atime")
    put(tmp_path / "cc" / f"convert_element_type-{HASH}-cache")
    put(tmp_path / "work" / f"jit_step-{HASH}-cache", size=5000)
    put(tmp_path / "work" / "results.npz", size=5000)
    set_ages(tmp_path)
    judged = judge(tmp_path)
    found = {path for finding in of(judged, "jax-cache") for path in names(finding, tmp_path)}
    assert found == {"cc", f"work/jit_step-{HASH}-cache"}


def test_numba_is_known_beside_its_source_and_in_a_directory_of_its_own(tmp_path: Path) -> None:
    for where in ("app/__pycache__", "nb/app_d5ef790d"):
        put(tmp_path / where / "main.f-2.py311.nbi")
        put(tmp_path / where / "main.f-2.py311.1.nbc")
    put(tmp_path / "app" / "main.py")
    set_ages(tmp_path)
    judged = judge(tmp_path)
    assert names(only(judged, "numba-cache"), tmp_path) == {"nb/app_d5ef790d"}
    assert names(only(judged, "python-bytecode"), tmp_path) == {"app/__pycache__"}


@pytest.mark.parametrize(
    "tree",
    [
        ("papers/fxgraph/figure.svg", "papers/text.odt"),
        ("git/triton/cache/a.bin",),
        ("git/flashinfer/csrc/a.bin",),
        ("game/ComputeCache/level1",),
        ("cc/jit_notes-cache",),
        ("data/index.nbi.txt",),
        ("work/torch_extensions/a.bin",),
        ("work/torchinductor_talk/slides.odp",),
        ("vllm/assets/logo.png",),
    ],
)
def test_names_alone_are_no_cache(tmp_path: Path, tree: tuple[str, ...]) -> None:
    for name in tree:
        put(tmp_path / name, size=5000)
    set_ages(tmp_path)
    assert not offered(judge(tmp_path), tmp_path)
