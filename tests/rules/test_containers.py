"""Containers as files: nothing that a daemon manages is ever offered, and its logs are spoken of."""

from __future__ import annotations

from pathlib import Path

import pytest

from .trees import checkpoint, judge, names, of, offered, only, put, set_ages

ID = "0453afb74ddeab3fc37913a428891ad4caa67ab78714d575c6b76da1ec2d6e45"
LAYER = "47a1043ac0aff7a72bd8f49e6e6ffcd263a2151d433129bcdd54fd86dabbcb3e"


def data_root(top: Path, driver: str = "overlay2") -> None:
    """Make a data directory of Docker with a model in a layer, in a build cache and in a volume."""
    put(top / "engine-id", "ABCD")
    put(top / "image" / driver / "repositories.json", "{}")
    put(top / "buildkit" / "cache.db", size=5000)
    put(top / driver / LAYER / "diff" / "models" / "m.gguf", b"GGUF\x03\0\0\0", size=90000)
    put(top / driver / "r8zi4k2xd0y9u6w3pq7s1tjmv" / "diff" / "hub" / "app.log", size=9000)
    put(top / "volumes" / "ollama" / "_data" / "models" / "model.safetensors", size=90000)
    put(top / "volumes" / "app" / "_data" / "app" / "__pycache__" / "main.cpython-311.pyc")
    put(top / "volumes" / "app" / "_data" / "app" / "main.py")
    put(top / "volumes" / "metadata.db", size=5000)
    (top / "volumes" / ("a" * 64) / "_data").mkdir(parents=True)
    put(top / "containers" / ID / f"{ID}-json.log", size=90000)
    put(top / "containers" / ID / f"{ID}-json.log.1", size=90000)
    put(top / "containers" / ID / "config.v2.json", "{}")
    (top / "containers" / ID / "checkpoints").mkdir()
    (top / "swarm").mkdir()
    set_ages(top)


@pytest.mark.parametrize("driver", ["overlay2", "vfs", "fuse-overlayfs"])
def test_nothing_of_a_daemon_is_offered(tmp_path: Path, driver: str) -> None:
    data_root(tmp_path / "docker", driver)
    judged = judge(tmp_path)
    assert not offered(judged, tmp_path)
    kept = names(only(judged, "docker-store"), tmp_path)
    assert {f"docker/{driver}", "docker/volumes", "docker/image", "docker/buildkit"} <= kept
    assert f"docker/containers/{ID}/checkpoints" in kept


def test_what_lies_in_images_and_volumes_is_not_spoken_of_one_by_one(tmp_path: Path) -> None:
    data_root(tmp_path / "docker")
    put(tmp_path / "docker/overlay2" / LAYER / "diff/app/.env", "KEY=1")
    for number in (3, 6, 9):
        checkpoint(tmp_path / "docker/overlay2" / LAYER / "diff/run", number)
    set_ages(tmp_path)
    spoken = {finding.rule for finding in judge(tmp_path).findings()}
    assert spoken <= {"docker-store", "docker-container-log", "secret"}


def test_a_repository_in_an_image_is_not_git_s_to_clean(tmp_path: Path) -> None:
    data_root(tmp_path / "docker")
    for top in (tmp_path / "docker/overlay2" / LAYER / "diff/src/.git", tmp_path / "own/.git"):
        put(top / "HEAD", "ref: refs/heads/main\n")
        put(top / "config", "[core]\n")
        put(top / "refs/heads/main", "a" * 40)
        put(top / "objects/pack/tmp_pack_abc123", size=90000)
    set_ages(tmp_path)
    assert all(path.startswith("own/") for path in offered(judge(tmp_path), tmp_path))


def test_the_log_of_a_container_is_shown_with_how_to_empty_it(tmp_path: Path) -> None:
    data_root(tmp_path / "docker")
    found = of(judge(tmp_path), "docker-container-log")
    logs = {path for finding in found for path in names(finding, tmp_path)}
    assert logs == {f"docker/containers/{ID}/{ID}-json.log", f"docker/containers/{ID}/{ID}-json.log.1"}
    assert all(finding.command.startswith("truncate -s 0 ") for finding in found)
    assert {finding.safety.value for finding in found} == {"review"}


def test_the_data_of_containerd_and_podman_is_kept(tmp_path: Path) -> None:
    put(tmp_path / "containerd/io.containerd.snapshotter.v1.overlayfs/snapshots/1/fs/a.log", size=9000)
    put(tmp_path / "containerd/io.containerd.metadata.v1.bolt/meta.db", size=9000)
    store = tmp_path / ".local/share/containers/storage"
    put(store / "overlay-images/images.json", "[]")
    put(store / "overlay-layers/layers.json", "[]")
    put(store / "overlay" / LAYER / "diff" / "m.safetensors", size=90000)
    put(store / "volumes/data/_data/x.bak", size=9000)
    set_ages(tmp_path)
    judged = judge(tmp_path)
    assert not offered(judged, tmp_path)
    assert names(only(judged, "podman-store"), tmp_path) == {".local/share/containers/storage"}


def test_the_cache_of_apptainer_may_go_and_its_keys_not(tmp_path: Path) -> None:
    put(tmp_path / ".apptainer/cache/blob/blobs/sha256/abc", size=90000)
    put(tmp_path / ".apptainer/keys/pgp-secret", "secret")
    put(tmp_path / ".apptainer/remote.yaml", "x: 1")
    set_ages(tmp_path)
    assert offered(judge(tmp_path), tmp_path) == {".apptainer/cache"}


def test_an_image_that_a_batch_script_starts_stays(tmp_path: Path) -> None:
    put(tmp_path / "images/train_env.sif", size=90000)
    put(tmp_path / "images/forgotten.sif", size=90000)
    put(tmp_path / "job.sh", "apptainer exec --nv images/train_env.sif python train.py\n")
    set_ages(tmp_path)
    assert offered(judge(tmp_path), tmp_path) == {"images/forgotten.sif"}
