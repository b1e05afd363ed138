"""Experiment trackers: what only this disk has is kept, what a server has or nobody wants is offered."""

from __future__ import annotations

import socket
import sqlite3
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from .trees import DAY, judge, link, names, of, offered, only, put, set_age, set_ages

RUN = "20261121_105841-lxuuq8xb"
ACTIVE = "424a826799fb444b8bc991b7a1849768"
GONE = "c220b02364cc4117a6d5634b06cf51b3"


def wandb_run(top: Path, name: str, *, synced: bool = False, log: str = "", age: float = 30 * DAY) -> Path:
    """Make a run as wandb writes it."""
    where = top / "wandb" / name
    identifier = name.rsplit("-", 1)[-1]
    put(where / f"run-{identifier}.wandb", b":W&B\xe1\xbe\x00rest", age=age)
    put(where / "files" / "config.yaml", "lr: 1", age=age)
    put(where / "files" / "requirements.txt", "torch", age=age)
    (where / "tmp" / "code").mkdir(parents=True)
    if log:
        put(where / "logs" / "debug-internal.log", log, age=age)
    if synced:
        put(where / f"run-{identifier}.wandb.synced", "", age=age)
    set_ages(where, age)
    return where


def record(data: bytes) -> bytes:
    return struct.pack("<Q", len(data)) + b"crc1" + data + b"crc2"


HEADER = record(b"\tabcdefgh\x1a\rbrain.Event:2")


def test_a_run_that_was_never_sent_is_kept_with_all_that_is_in_it(tmp_path: Path) -> None:
    wandb_run(tmp_path, f"offline-run-{RUN}")
    judged = judge(tmp_path)
    assert names(only(judged, "wandb-unsynced-run"), tmp_path) == {f"wandb/offline-run-{RUN}"}
    assert not offered(judged, tmp_path)


def test_a_run_that_was_sent_may_go_with_its_settings(tmp_path: Path) -> None:
    wandb_run(tmp_path, f"offline-run-{RUN}", synced=True)
    wandb_run(tmp_path, "offline-run-20261121_120000-abcd1234")
    assert offered(judge(tmp_path), tmp_path) == {f"wandb/offline-run-{RUN}"}


def test_a_run_that_went_on_after_it_was_sent_is_kept(tmp_path: Path) -> None:
    wandb_run(tmp_path, f"offline-run-{RUN}", synced=True)
    journal = next((tmp_path / "wandb").glob("*/run-*.wandb"))
    set_age(journal, 20 * DAY)
    judged = judge(tmp_path)
    assert names(only(judged, "wandb-unsynced-run"), tmp_path) == {f"wandb/offline-run-{RUN}"}
    assert not offered(judged, tmp_path)


FINISHED = '{"level":"INFO","msg":"sender: closed"}\n{"level":"INFO","msg":"stream: all finished"}\n'


@pytest.mark.parametrize(
    ("log", "age", "goes"),
    [
        (FINISHED, 30 * DAY, True),
        (FINISHED, 0.5 * DAY, False),
        ('{"level":"ERROR","msg":"filestream: 500"}\n' + FINISHED, 30 * DAY, False),
        ('{"level":"INFO","msg":"stream: starting"}\n', 30 * DAY, False),
        ("", 30 * DAY, False),
    ],
)
def test_an_online_run_goes_only_when_its_log_proves_that_all_was_sent(
    tmp_path: Path, log: str, age: float, goes: bool
) -> None:
    wandb_run(tmp_path, f"run-{RUN}", log=log, age=age)
    judged = judge(tmp_path)
    assert bool(offered(judged, tmp_path)) is goes
    assert bool(of(judged, "wandb-unproven-run")) is not goes


def test_artifacts_on_their_way_are_never_offered(tmp_path: Path) -> None:
    put(tmp_path / ".local/share/wandb/artifacts/staging/tmpabc", size=90000)
    put(tmp_path / ".cache/wandb/artifacts/obj/md5/ab/cd", size=90000)
    judged = judge(tmp_path)
    assert only(judged, "wandb-staging").offers == ()
    assert offered(judged, tmp_path) == {".cache/wandb/artifacts"}


def mlflow_database(where: Path) -> None:
    with sqlite3.connect(where) as connection:
        connection.execute("CREATE TABLE runs (run_uuid TEXT, lifecycle_stage TEXT)")
        rows = [(ACTIVE, "active"), (GONE, "deleted")]
        connection.executemany("INSERT INTO runs VALUES (?, ?)", rows)
    connection.close()


def test_with_a_database_only_the_runs_that_it_calls_deleted_are_offered(tmp_path: Path) -> None:
    for run in (ACTIVE, GONE):
        put(tmp_path / "mlruns" / "1" / run / "artifacts" / "model.safetensors", size=90000)
    put(tmp_path / "mlruns" / "1" / "models" / f"m-{ACTIVE}" / "artifacts" / "MLmodel", "x")
    mlflow_database(tmp_path / "mlflow.db")
    set_ages(tmp_path)
    judged = judge(tmp_path)
    assert offered(judged, tmp_path) == {f"mlruns/1/{GONE}"}
    assert {f"mlruns/1/{ACTIVE}", "mlruns/1/models"} == names(only(judged, "mlflow-run"), tmp_path)


@pytest.mark.parametrize("spoil", ["wal", "none", "garbage"])
def test_a_database_that_cannot_be_asked_makes_no_run_a_deleted_one(tmp_path: Path, spoil: str) -> None:
    put(tmp_path / "mlruns" / "1" / GONE / "artifacts" / "model.bin", size=90000)
    if spoil != "none":
        mlflow_database(tmp_path / "mlflow.db")
    if spoil == "wal":
        put(tmp_path / "mlflow.db-wal", "newer rows")
    if spoil == "garbage":
        put(tmp_path / "mlflow.db", "SQLite format 3\0 but no more")
    set_ages(tmp_path)
    assert not offered(judge(tmp_path), tmp_path)


def test_asking_a_database_leaves_nothing_beside_it(tmp_path: Path) -> None:
    put(tmp_path / "mlruns" / "1" / GONE / "artifacts" / "model.bin", size=90000)
    mlflow_database(tmp_path / "mlflow.db")
    before = {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    judge(tmp_path)
    assert {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == before


def test_the_file_store_says_itself_what_was_deleted(tmp_path: Path) -> None:
    for run, stage in ((ACTIVE, "active"), (GONE, "deleted")):
        where = tmp_path / "tracking" / "9718" / run
        put(where / "meta.yaml", f"artifact_uri: file:///x\nlifecycle_stage: {stage}\nrun_id: {run}\n")
        put(where / "artifacts" / "model.bin", size=90000)
    put(tmp_path / "tracking" / "9718" / "meta.yaml", "experiment_id: '9718'\nlifecycle_stage: active\n")
    assert offered(judge(tmp_path), tmp_path) == {f"tracking/9718/{GONE}"}


def test_a_deleted_run_that_a_registered_model_lies_in_stays(tmp_path: Path) -> None:
    where = tmp_path / "mlruns" / "9718" / GONE
    put(where / "meta.yaml", f"artifact_uri: file:///x\nlifecycle_stage: deleted\nrun_id: {GONE}\n")
    put(where / "artifacts" / "model" / "weights.bin", size=90000)
    version = f"name: prod\nsource: file:///srv/mlruns/9718/{GONE}/artifacts/model\nversion: 1\n"
    put(tmp_path / "mlruns" / "models" / "prod" / "version-1" / "meta.yaml", version)
    assert not offered(judge(tmp_path), tmp_path)


def test_an_event_file_is_empty_only_when_its_header_is_all(tmp_path: Path) -> None:
    put(tmp_path / "runs/a/events.out.tfevents.1795258731.vm.1.0", HEADER)
    put(tmp_path / "runs/b/events.out.tfevents.1795258731.vm.1.0", HEADER + record(b"x"))
    put(tmp_path / "runs/c/events.out.tfevents.1795258731.vm.1.0", HEADER, age=60)
    put(tmp_path / "runs/d/events.out.tfevents.1795258731.vm.1.0", HEADER + b"\x01")  # cut off while writing
    put(tmp_path / "runs/e/events.out.tfevents.1795258731.vm.1.0", b"no events at all, but long enough")
    judged = judge(tmp_path)
    name = "events.out.tfevents.1795258731.vm.1.0"
    assert names(only(judged, "tensorboard-empty-events"), tmp_path) == {f"runs/a/{name}"}
    assert names(only(judged, "tensorboard-events"), tmp_path) == {f"runs/b/{name}", f"runs/d/{name}"}
    assert names(only(judged, "tensorboard-live-events"), tmp_path) == {f"runs/c/{name}"}
    assert f"runs/e/{name}" not in offered(judged, tmp_path)


SESSION = "session_2026-11-20_21-20-04_084600_4194303"


def ray_session(top: Path, name: str = SESSION) -> Path:
    where = top / "ray" / name
    put(where / "logs" / "raylet.out", size=20000)
    put(where / "logs" / "events" / "event_RAYLET.log", "{}")
    (where / "runtime_resources" / "conda").mkdir(parents=True)
    return where


def bind(path: Path) -> None:
    """Leave a socket that nobody listens at."""
    path.parent.mkdir(parents=True)
    program = "import socket, os, sys; os.chdir(sys.argv[1]); socket.socket(socket.AF_UNIX).bind(sys.argv[2])"
    subprocess.run([sys.executable, "-c", program, str(path.parent), path.name], check=True)


def test_a_session_that_is_over_goes_whole(tmp_path: Path) -> None:
    where = ray_session(tmp_path)
    bind(where / "sockets" / "plasma_store")  # stays also after a proper end
    set_ages(tmp_path)
    finding = only(judge(tmp_path), "ray-session")
    assert finding.safety.value == "safe"
    assert names(finding, tmp_path) == {f"ray/{SESSION}"}


def test_the_latest_session_is_for_a_person_to_judge(tmp_path: Path) -> None:
    ray_session(tmp_path)
    set_ages(tmp_path)
    link(tmp_path / "ray" / "session_latest", f"/tmp/ray/{SESSION}")
    assert only(judge(tmp_path), "ray-session").safety.value == "review"


def test_a_session_with_a_socket_of_raylet_rests_for_a_while_first(tmp_path: Path) -> None:
    bind(ray_session(tmp_path) / "sockets" / "raylet")
    set_ages(tmp_path, 2 * DAY)
    young = only(judge(tmp_path), "ray-session")
    assert not young.offers
    assert any("raylet's socket" in sentence for sentence in young.evidence)
    set_ages(tmp_path, 30 * DAY)
    assert not any(
        "raylet's socket" in sentence for sentence in only(judge(tmp_path), "ray-session").evidence
    )


def test_a_session_of_a_running_process_is_not_offered_nor_what_is_empty_in_it(tmp_path: Path) -> None:
    ray_session(tmp_path)
    set_ages(tmp_path)
    program = "import sys; print('ready', flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", program, f"--session-dir=/tmp/ray/{SESSION}"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as raylet:
        assert raylet.stdout is not None
        raylet.stdout.readline()
        judged = judge(tmp_path)
        raylet.communicate(b"")
    assert not offered(judged, tmp_path)


def test_a_live_socket_holds_its_session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    where = ray_session(tmp_path)
    (where / "sockets").mkdir()
    monkeypatch.chdir(where / "sockets")
    with socket.socket(socket.AF_UNIX) as store:
        store.bind("plasma_store")
        store.listen()
        set_ages(tmp_path)
        program = "import sys; f = open(sys.argv[1]); print('ready', flush=True); sys.stdin.read()"
        log = where / "logs" / "raylet.out"
        with subprocess.Popen(
            [sys.executable, "-c", program, str(log)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as writer:
            assert writer.stdout is not None
            writer.stdout.readline()
            judged = judge(tmp_path)
            writer.communicate(b"")
    assert not offered(judged, tmp_path)


def test_a_job_of_hydra_with_results_is_not_offered(tmp_path: Path) -> None:
    for job, content in (("10-00-00", ""), ("11-00-00", "epoch 1"), ("12-00-00", "")):
        where = tmp_path / "outputs" / "2026-11-21" / job
        for name in ("config", "hydra", "overrides"):
            put(where / ".hydra" / f"{name}.yaml", "a: 1")
        put(where / "train.log", content)
    put(tmp_path / "outputs/2026-11-21/12-00-00/checkpoints/last.ckpt", size=9000)
    set_ages(tmp_path)
    judged = judge(tmp_path)
    assert names(only(judged, "hydra-empty-job"), tmp_path) == {"outputs/2026-11-21/10-00-00"}
    assert "outputs/2026-11-21/11-00-00/train.log" not in offered(judged, tmp_path)


def test_a_study_that_is_called_a_log_is_kept(tmp_path: Path) -> None:
    put(tmp_path / "study.log", '{"op_code": 0, "worker_id": "a"}\n')
    put(tmp_path / "study.db", "SQLite format 3\0")
    judged = judge(tmp_path)
    assert only(judged, "optuna-journal").is_keep
    assert not offered(judged, tmp_path)


def test_an_export_of_nsys_goes_only_beside_its_report(tmp_path: Path) -> None:
    put(tmp_path / "a.nsys-rep", size=5000, age=9 * DAY)
    put(tmp_path / "a.sqlite", "SQLite format 3\0", age=8 * DAY)
    put(tmp_path / "b.sqlite", "SQLite format 3\0")
    put(tmp_path / "c.nsys-rep", "", age=9 * DAY)
    put(tmp_path / "c.sqlite", "SQLite format 3\0", age=8 * DAY)
    judged = judge(tmp_path)
    assert names(only(judged, "nsys-export"), tmp_path) == {"a.sqlite"}
    kept = {path for finding in of(judged, "database") for path in names(finding, tmp_path)}
    assert kept == {"b.sqlite", "c.sqlite"}
