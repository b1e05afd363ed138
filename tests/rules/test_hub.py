"""Hub caches in both layouts, with huggingface_hub itself as the judge of sizes and of what still works."""

from __future__ import annotations

import fcntl
import os
import shutil
from pathlib import Path

import pytest

from dusk.rules.finding import Action
from dusk.rules.safety import Safety

from .trees import DAY, Hub, judge, link, names, of, offered, only, put, set_age

huggingface_hub = pytest.importorskip("huggingface_hub")

OLD, NEW, THIRD = "a" * 40, "b" * 40, "c" * 40
REPOSITORY = "models--acme--tiny"


@pytest.fixture
def hub(tmp_path: Path) -> Hub:
    """Return a cache with two revisions of one repository that share their weights."""
    hub = Hub(tmp_path / "hub")
    for blob, size in (("0" * 40, 11), ("1" * 40, 28), ("2" * 64, 50000), ("3" * 40, 13)):
        hub.blob(REPOSITORY, blob, size)
    hub.snapshot(
        REPOSITORY, OLD, {"README.md": "0" * 40, "config.json": "1" * 40, "sub/model.safetensors": "2" * 64}
    )
    hub.snapshot(
        REPOSITORY,
        NEW,
        {"README.md": "3" * 40, "config.json": "1" * 40, "sub/model.safetensors": "2" * 64},
        "main",
    )
    return hub


def scan(hub: Hub) -> object:
    return huggingface_hub.scan_cache_dir(hub.path)


def test_sizes_of_revisions_are_those_of_huggingface_hub(hub: Hub, tmp_path: Path) -> None:
    judged = judge(tmp_path)
    whole, old = only(judged, "hf-hub-repository"), only(judged, "hf-detached-revision")
    cache = scan(hub)
    (repository,) = cache.repos
    links = sum(entry.lstat().st_size for entry in hub.path.rglob("*") if entry.is_symlink())
    refs = len(NEW)
    assert whole.offers[0].apparent_size - links - refs == repository.size_on_disk == 50052
    strategy = cache.delete_revisions(OLD)
    own_links = sum(
        entry.lstat().st_size
        for entry in (hub.path / REPOSITORY / "snapshots" / OLD).rglob("*")
        if entry.is_symlink()
    )
    assert old.offers[0].apparent_size - own_links == strategy.expected_freed_size == 11
    assert whole.safety is Safety.COSTLY and old.safety is Safety.COSTLY


def test_an_old_revision_takes_only_what_it_alone_needs(hub: Hub, tmp_path: Path) -> None:
    old = only(judge(tmp_path), "hf-detached-revision")
    assert names(old, hub.path / REPOSITORY) == {f"snapshots/{OLD}", f"blobs/{'0' * 40}"}
    assert set(old.paths) == set(old.offers[0].paths)
    assert any("main" in sentence for sentence in old.evidence)
    assert old.members == (os.fsencode(hub.path / REPOSITORY / "snapshots" / NEW),)


def test_a_removal_that_stops_halfway_leaves_the_cache_whole(hub: Hub, tmp_path: Path) -> None:
    """Links go before what they lead to, so a stop in between leaves at worst a blob too many."""
    paths = only(judge(tmp_path), "hf-detached-revision").offers[0].paths
    for path in (None, *paths):
        if path is not None:
            remove(Path(os.fsdecode(path)))
        cache = scan(hub)
        assert not cache.warnings
        kept = next(one for one in next(iter(cache.repos)).revisions if one.commit_hash == NEW)
        assert {file.file_name for file in kept.files} == {"README.md", "config.json", "model.safetensors"}


def test_no_choice_of_its_paths_touches_what_the_kept_revision_needs(hub: Hub, tmp_path: Path) -> None:
    for path in only(judge(tmp_path), "hf-detached-revision").offers[0].paths:
        remove(Path(os.fsdecode(path)))
    for file in (hub.path / REPOSITORY / "snapshots" / NEW).rglob("*"):
        assert file.exists()


def remove(path: Path) -> None:
    shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()


def test_after_the_offer_huggingface_hub_sees_one_complete_revision(hub: Hub, tmp_path: Path) -> None:
    for path in only(judge(tmp_path), "hf-detached-revision").offers[0].paths:
        target = Path(os.fsdecode(path))
        shutil.rmtree(target) if target.is_dir() else target.unlink()
    cache = scan(hub)
    assert not cache.warnings
    (repository,) = cache.repos
    assert {revision.commit_hash for revision in repository.revisions} == {NEW}
    assert repository.size_on_disk == 13 + 28 + 50000


def test_blobs_shared_by_two_old_revisions_go_only_with_both(hub: Hub, tmp_path: Path) -> None:
    shared = "4" * 40
    hub.blob(REPOSITORY, shared, 77)
    link(hub.path / REPOSITORY / "snapshots" / OLD / "shared.json", f"../../blobs/{shared}")
    hub.snapshot(REPOSITORY, THIRD, {"shared.json": shared})
    both = only(judge(tmp_path), "hf-detached-revision")
    assert names(both, hub.path / REPOSITORY) >= {f"snapshots/{OLD}", f"snapshots/{THIRD}", f"blobs/{shared}"}
    # Something pins one of the two: it stays with all that it needs.
    put(tmp_path / "eval.yaml", f"revision: {THIRD}\n")
    judged = judge(tmp_path)
    going = offered(judged, hub.path / REPOSITORY)
    assert f"snapshots/{OLD}" in going
    assert not going & {f"snapshots/{THIRD}", f"blobs/{shared}"}
    assert not any(os.path.basename(path) == "models--acme--tiny" for path in offered(judged, tmp_path))


def test_a_repository_fetched_by_commit_hash_has_no_old_revision(tmp_path: Path) -> None:
    hub = Hub(tmp_path / "hub")
    hub.blob("datasets--acme--tiny", "5" * 40, 100)
    hub.snapshot("datasets--acme--tiny", OLD, {"a.parquet": "5" * 40})
    judged = judge(tmp_path)
    assert not of(judged, "hf-detached-revision")
    assert only(judged, "hf-hub-repository").title == "Cached dataset acme/tiny"
    assert "--repo-type dataset" in only(judged, "hf-hub-repository").recover


def test_a_link_that_leads_elsewhere_makes_revisions_unclear(hub: Hub, tmp_path: Path) -> None:
    link(hub.path / REPOSITORY / "snapshots" / OLD / "odd.bin", "/etc/hostname")
    judged = judge(tmp_path)
    assert not of(judged, "hf-detached-revision")
    assert any("cannot be told apart" in sentence for sentence in only(judged, "hf-hub-repository").evidence)


def test_snapshots_of_real_files_are_understood(tmp_path: Path) -> None:
    repository = tmp_path / "hub" / REPOSITORY
    for commit in (OLD, NEW):
        put(repository / "snapshots" / commit / "model.safetensors", commit, size=9000)
    put(repository / "refs" / "main", NEW)
    (repository / "blobs").mkdir()
    old = only(judge(tmp_path), "hf-detached-revision")
    assert names(old, repository) == {f"snapshots/{OLD}"}


@pytest.mark.parametrize("age", [30 * DAY, 60.0])
def test_a_partial_file_is_offered_only_when_it_is_old(hub: Hub, tmp_path: Path, age: float) -> None:
    put(hub.path / REPOSITORY / "blobs" / f"{'6' * 64}.8ab7c8a6.incomplete", size=4000, age=age)
    judged = judge(tmp_path)
    partial = only(judged, "hf-incomplete-download")
    assert bool(partial.offers) is (age > 3600)
    assert partial.safety is (Safety.SAFE if age > 3600 else Safety.REVIEW)
    # A repository into which something downloads is not offered as a whole either.
    assert bool(only(judged, "hf-hub-repository").offers) is (age > 3600)


def test_a_held_lock_means_that_a_download_is_running(hub: Hub, tmp_path: Path) -> None:
    put(hub.path / REPOSITORY / "blobs" / f"{'6' * 64}.8ab7c8a6.incomplete", size=4000)
    lock = put(hub.path / ".locks" / REPOSITORY / f"{'6' * 64}.lock", "")
    with lock.open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        judged = judge(tmp_path)
        assert not only(judged, "hf-incomplete-download").offers
        assert not only(judged, "hf-hub-repository").offers
    assert only(judge(tmp_path), "hf-incomplete-download").offers


def test_a_repository_that_just_changed_is_not_offered(hub: Hub, tmp_path: Path) -> None:
    set_age(hub.path / REPOSITORY / "blobs" / ("2" * 64), 60)
    judged = judge(tmp_path)
    assert not only(judged, "hf-hub-repository").offers
    assert not of(judged, "hf-detached-revision") or only(judged, "hf-detached-revision").offers


def shared_hub(where: Path, manifest: bool = True) -> tuple[Hub, str]:
    hub, digest, etag = Hub(where), "e" * 64, "7" * 64
    repositories = ["models--acme--shared-a", "models--acme--shared-b"]
    hub.payload(digest, 50000, [(repository, etag) for repository in repositories], manifest)
    for repository in repositories:
        hub.blob(repository, "8" * 40, 20)
        hub.snapshot(repository, OLD, {"model.safetensors": etag, "config.json": "8" * 40}, "main")
    return hub, digest


def test_a_payload_that_another_repository_needs_is_never_offered(tmp_path: Path) -> None:
    hub, _ = shared_hub(tmp_path / "hub")
    judged = judge(tmp_path)
    for finding in of(judged, "hf-hub-repository"):
        assert len(finding.offers) == 1
        assert finding.shared_size >= 48 * 1024
        assert finding.offers[0].frees_after_purge < 48 * 1024
        assert any("shared by 2 repositories" in sentence for sentence in finding.evidence)
    assert not any(path.startswith("hub/blobs") for path in offered(judged, tmp_path))
    cache = scan(hub)
    assert sum(repository.size_on_disk for repository in cache.repos) == 2 * 50020
    assert only(judged, "hf-shared-store").offers == ()


def test_a_payload_that_only_one_repository_needs_is_a_second_choice(tmp_path: Path) -> None:
    hub, digest = shared_hub(tmp_path / "hub")
    shutil.rmtree(hub.path / "models--acme--shared-b")
    finding = only(judge(tmp_path), "hf-hub-repository")
    first, second = finding.offers
    assert first.paths == (os.fsencode(hub.path / "models--acme--shared-a"),)
    assert {os.path.basename(path) for path in second.paths} == {
        b"models--acme--shared-a",
        digest.encode(),
        digest.encode() + b".refs",
    }
    assert second.frees_after_purge - first.frees_after_purge >= 48 * 1024
    strategy = scan(hub).delete_revisions(OLD)
    assert strategy.expected_freed_size == 50020


def test_a_payload_without_a_list_of_users_is_left_alone(tmp_path: Path) -> None:
    hub, _ = shared_hub(tmp_path / "hub", manifest=False)
    shutil.rmtree(hub.path / "models--acme--shared-b")
    judged = judge(tmp_path)
    assert not any(path.startswith("hub/blobs") for path in offered(judged, tmp_path))


def test_a_payload_that_nothing_needs_any_more_is_offered(tmp_path: Path) -> None:
    hub, digest = shared_hub(tmp_path / "hub")
    shutil.rmtree(hub.path / "models--acme--shared-a")
    shutil.rmtree(hub.path / "models--acme--shared-b")
    hub.blob(REPOSITORY, "0" * 40, 9)
    hub.snapshot(REPOSITORY, NEW, {"a": "0" * 40}, "main")
    finding = only(judge(tmp_path), "hf-shared-payload-orphan")
    assert names(finding, hub.path / "blobs" / "ee") == {digest, f"{digest}.refs"}


def test_a_busy_payload_is_not_offered(tmp_path: Path) -> None:
    hub, digest = shared_hub(tmp_path / "hub")
    shutil.rmtree(hub.path / "models--acme--shared-b")
    with (hub.path / "blobs" / "ee" / f"{digest}.lock").open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert len(only(judge(tmp_path), "hf-hub-repository").offers) == 1


def test_a_token_beside_the_hub_is_kept(hub: Hub, tmp_path: Path) -> None:
    home = tmp_path / "huggingface"
    hub.path.rename(tmp_path / "moved")
    home.mkdir()
    (tmp_path / "moved").rename(home / "hub")
    put(home / "token", "secret")
    put(home / "stored_tokens", "secret")
    judged = judge(tmp_path)
    kept = {name for finding in judged.findings() if finding.is_keep for name in names(finding, home)}
    assert {"token", "stored_tokens"} <= kept
    index = judged.scan.tree.find(os.fsencode(home))
    assert os.fsencode(home / "token") in judged.keeps_below(index)


def test_models_in_a_cache_are_described_from_their_headers(tmp_path: Path) -> None:
    hub = Hub(tmp_path / "hub")
    header = b'{"w":{"dtype":"F32","shape":[10,10],"data_offsets":[0,400]}}'
    hub.blob(REPOSITORY, "0" * 64, 1)
    put(
        hub.path / REPOSITORY / "blobs" / ("0" * 64),
        len(header).to_bytes(8, "little") + header,
        size=8 + len(header) + 400,
    )
    hub.snapshot(REPOSITORY, NEW, {"model.safetensors": "0" * 64}, "main")
    finding = only(judge(tmp_path), "hf-hub-repository")
    assert any("100 parameters, F32" in sentence for sentence in finding.evidence)
    assert finding.offers[0].action is Action.TRASH


def test_a_part_of_a_repository_may_only_go_with_it(hub: Hub, tmp_path: Path) -> None:
    judged = judge(tmp_path)
    tree = judged.scan.tree
    for part in (
        "refs",
        "refs/main",
        f"blobs/{'2' * 64}",
        f"snapshots/{NEW}",
        f"snapshots/{OLD}/config.json",
        "snapshots",
    ):
        path = os.fsencode(hub.path / REPOSITORY / part)
        index = tree.find(path)
        assert index is not None
        # What lies in an offered snapshot goes with the snapshot; everything else only with the repository.
        assert judged.keeps_below(index) == (() if f"snapshots/{OLD}" in part else (path,)), part
    whole = tree.find(os.fsencode(hub.path / REPOSITORY))
    assert whole is not None and judged.keeps_below(whole) == ()


@pytest.mark.parametrize("place", [f"snapshots/{'a' * 40}/my_eval.csv", "my_notes/plan.csv"])
def test_a_file_that_somebody_put_into_a_cached_repository_holds_it_back(tmp_path: Path, place: str) -> None:
    hub = Hub(tmp_path / "hub")
    hub.blob("models--org--name", "1" * 64, 9000)
    hub.snapshot("models--org--name", "a" * 40, {"model.safetensors": "1" * 64}, "main")
    assert only(judge(tmp_path), "hf-hub-repository").offers
    put(hub.path / "models--org--name" / place)
    finding = only(judge(tmp_path), "hf-hub-repository")
    assert not finding.offers
    assert "somebody put it there" in " ".join(finding.evidence)


def test_what_python_leaves_in_a_cached_kernel_holds_nothing_back(tmp_path: Path) -> None:
    hub = Hub(tmp_path / "hub")
    hub.blob("kernels--org--name", "1" * 64, 9000)
    hub.snapshot("kernels--org--name", "a" * 40, {"build/op.py": "1" * 64}, "main")
    put(hub.path / f"kernels--org--name/snapshots/{'a' * 40}/build/__pycache__/op.cpython-311.pyc")
    assert only(judge(tmp_path), "hf-hub-repository").offers


def test_a_link_to_an_old_revision_from_anywhere_keeps_it(tmp_path: Path) -> None:
    hub = Hub(tmp_path / "home/hub")
    for commit, ref in (("a" * 40, ""), ("b" * 40, "main")):
        hub.blob("models--org--name", commit[0] * 64, 9000)
        hub.snapshot("models--org--name", commit, {"model.safetensors": commit[0] * 64}, ref)
    assert only(judge(tmp_path), "hf-detached-revision").offers
    link(tmp_path / "srv/models/current", f"../../home/hub/models--org--name/snapshots/{'a' * 40}")
    assert not [one for one in of(judge(tmp_path), "hf-detached-revision") if one.offers]
