"""What dusk offers in trees that Chroma, MLflow and JAX made is gone, and the tool goes on."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from dusk.rules.judge import Judge

from .trees import judge, names, offered, only, set_ages


def remove_what_is_offered(judged: Judge, top: Path) -> set[str]:
    """Remove what the first offer of each finding names; return it."""
    gone = set()
    for finding in judged.findings():
        for path in finding.default_offer.paths if finding.default_offer else ():
            shutil.rmtree(path) if os.path.isdir(path) else os.unlink(path)
            gone.add(os.path.relpath(os.fsdecode(path), top))
    return gone


def run(program: str, *arguments: str, **variables: str) -> str:
    """Run a Python program in a process of its own: none of these tools ends before its process does."""
    environment = {**os.environ, **variables}
    command = [sys.executable, "-c", program, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout


CHROMA = """
import sys, chromadb
client = chromadb.PersistentClient(path=sys.argv[1])
for name in ("docs", "old"):
    one = client.create_collection(name)
    one.add(ids=[str(i) for i in range(1500)], embeddings=[[i, 1, 2] for i in range(1500)])
    one.query(query_embeddings=[[1, 2, 3]], n_results=1)
client.delete_collection("old")
"""
ASK_CHROMA = """
import sys, chromadb
docs = chromadb.PersistentClient(path=sys.argv[1]).get_collection("docs")
print(docs.count(), len(docs.query(query_embeddings=[[1, 2, 3]], n_results=2)["ids"][0]))
"""


def test_chroma_answers_without_the_index_of_a_deleted_collection(tmp_path: Path) -> None:
    pytest.importorskip("chromadb", reason="Chroma is not installed")
    run(CHROMA, str(tmp_path / "store"))
    set_ages(tmp_path)
    judged = judge(tmp_path)
    left_over = names(only(judged, "chroma-orphan-index"), tmp_path)
    assert remove_what_is_offered(judged, tmp_path) == left_over
    assert run(ASK_CHROMA, str(tmp_path / "store")).split() == ["1500", "2"]


MLFLOW = """
import os, sys, mlflow
mlflow.set_tracking_uri("sqlite:///mlflow.db")
mlflow.set_experiment("one")
for number in range(2):
    with mlflow.start_run() as current:
        mlflow.log_param("number", number)
        mlflow.log_text("x" * 9000, "notes.log")
mlflow.delete_run(current.info.run_id)
"""
ASK_MLFLOW = """
import mlflow
client = mlflow.MlflowClient(tracking_uri="sqlite:///mlflow.db")
runs = client.search_runs([one.experiment_id for one in client.search_experiments()])
print(len(runs), *(file.path for file in client.list_artifacts(runs[0].info.run_id)))
"""


def test_mlflow_lists_what_is_left_without_the_files_of_a_deleted_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("mlflow", reason="MLflow is not installed")
    monkeypatch.chdir(tmp_path)
    run(MLFLOW)
    set_ages(tmp_path)
    gone = remove_what_is_offered(judge(tmp_path), tmp_path)
    assert len(gone) == 1
    assert next(iter(gone)).startswith("mlruns/1/")
    assert run(ASK_MLFLOW).split() == ["1", "notes.log"]


JAX = "import jax, jax.numpy as n; print(float(jax.jit(lambda x: (x @ x.T).sum())(n.ones((9, 9)))))"


def test_jax_compiles_again_what_was_removed(tmp_path: Path) -> None:
    pytest.importorskip("jax", reason="JAX is not installed")
    cache = tmp_path / "compiled"
    variables = {
        "JAX_COMPILATION_CACHE_DIR": str(cache),
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
        "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
    }
    first = run(JAX, **variables)
    set_ages(tmp_path)
    judged = judge(tmp_path)
    assert offered(judged, tmp_path) == {"compiled"}
    remove_what_is_offered(judged, tmp_path)
    assert run(JAX, **variables) == first
    assert any(cache.iterdir())
