"""What Hugging Face datasets keeps on disk: caches may go, saved data and the only copy may not."""

from __future__ import annotations

import hashlib
import json
import os
import tarfile
import zipfile
from pathlib import Path

import pytest

from dusk.rules.safety import Safety

from .trees import DAY, judge, names, of, offered, only, put, set_age

STREAM = b"\xff\xff\xff\xff"
HASH = "7067e4b2422ab4b7d61ccf25eb67c03d0df17a5264a8fa53f4593051b5adb555"


def prepared(where: Path, builder: str, size: int = 0, **info: object) -> Path:
    """Make a dataset as load_dataset prepares it."""
    text = {"builder_name": builder, "download_size": size, "splits": {"train": {}}, "features": {}} | info
    put(where / "dataset_info.json", json.dumps(text))
    put(where / f"{builder}-train.arrow", STREAM, size=9000)
    put(where.with_name(f"{where.name}_builder.lock"), "")
    return where


def saved(where: Path) -> Path:
    """Make a dataset as save_to_disk writes it."""
    put(where / "state.json", json.dumps({"_data_files": [{"filename": "data-00000-of-00001.arrow"}]}))
    put(where / "dataset_info.json", "{}")
    put(where / "data-00000-of-00001.arrow", STREAM, size=9000)
    return where


def cache(top: Path) -> Path:
    return top / "home" / ".cache" / "huggingface" / "datasets"


def test_a_dataset_of_the_hub_comes_back(tmp_path: Path) -> None:
    where = prepared(cache(tmp_path) / "acme___tiny" / "default" / "0.0.0" / ("c" * 40), "json")
    finding = only(judge(tmp_path), "hf-datasets-cache")
    assert finding.safety is Safety.COSTLY and names(finding, tmp_path) == {os.path.relpath(where, tmp_path)}
    assert any("acme/tiny on the Hub" in sentence for sentence in finding.evidence)


def test_rows_that_a_program_computed_are_for_a_person_to_decide(tmp_path: Path) -> None:
    prepared(cache(tmp_path) / "generator" / "default-27e79a588f664c79" / "0.0.0", "generator")
    assert only(judge(tmp_path), "hf-datasets-cache").safety is Safety.REVIEW


@pytest.mark.parametrize(
    ("sources", "safety"),
    [
        ({"raw/a.csv": 3386}, Safety.COSTLY),
        ({"raw/1.csv": 3000, "raw/2.csv": 386}, Safety.COSTLY),
        ({"raw/a.csv": 3387}, Safety.REVIEW),
        ({"raw/a.json": 3386}, Safety.REVIEW),
        ({}, Safety.REVIEW),
    ],
)
def test_a_dataset_of_local_files_comes_back_only_while_they_are_there(
    tmp_path: Path, sources: dict[str, int], safety: Safety
) -> None:
    for name, size in sources.items():
        put(tmp_path / name, size=size)
    prepared(cache(tmp_path) / "csv" / "default-148d48bb3c56adef" / "0.0.0" / HASH, "csv", 3386)
    finding = only(judge(tmp_path), "hf-datasets-local-cache")
    assert finding.safety is safety and finding.offers


def test_a_source_that_the_notes_name_is_looked_for_by_its_name(tmp_path: Path) -> None:
    source = put(tmp_path / "raw" / "a.csv", size=100)
    where = cache(tmp_path) / "csv" / "default-148d48bb3c56adef" / "0.0.0" / HASH
    prepared(where, "csv", 7, download_checksums={str(source): {}})
    assert only(judge(tmp_path), "hf-datasets-local-cache").safety is Safety.COSTLY
    source.unlink()
    finding = only(judge(tmp_path), "hf-datasets-local-cache")
    assert finding.safety is Safety.REVIEW
    assert any("a.csv, which it was prepared from, is gone" in sentence for sentence in finding.evidence)


def test_a_result_of_map_that_a_script_reads_by_its_name_stays(tmp_path: Path) -> None:
    where = saved(tmp_path / "tok")
    for digits in ("dd4c0e8591fccf9a", "a57fccfb3f5d68ba"):
        put(where / f"cache-{digits}.arrow", STREAM, size=5000)
    put(tmp_path / "use.py", "ds = Dataset.from_file('tok/cache-dd4c0e8591fccf9a.arrow')\n")
    assert offered(judge(tmp_path), where) == {"cache-a57fccfb3f5d68ba.arrow"}


def test_results_of_map_go_and_the_data_beside_them_stays(tmp_path: Path) -> None:
    where = saved(tmp_path / "out" / "saved")
    put(where / "cache-d4e615871fa230b3_00000_of_00002.arrow", STREAM, size=5000)
    put(where / "cache-86f2a63d1be91f03.arrow", STREAM, size=5000)
    put(where / "tmp97qr25s0", STREAM, size=5000)
    put(where / "mine.arrow", STREAM, size=5000)
    judged = judge(tmp_path)
    assert offered(judged, where) == {
        "cache-d4e615871fa230b3_00000_of_00002.arrow",
        "cache-86f2a63d1be91f03.arrow",
        "tmp97qr25s0",
    }
    assert only(judged, "hf-map-cache").safety is Safety.SAFE
    assert names(only(judged, "saved-dataset"), tmp_path) == {"out/saved"}


def test_a_result_that_state_json_lists_is_the_dataset(tmp_path: Path) -> None:
    where = saved(tmp_path / "saved")
    put(where / "cache-86f2a63d1be91f03.arrow", STREAM, size=5000)
    put(where / "state.json", json.dumps({"_data_files": [{"filename": "cache-86f2a63d1be91f03.arrow"}]}))
    assert not offered(judge(tmp_path), tmp_path)
    put(where / "state.json", "{}")  # nobody can tell what belongs to it
    assert not offered(judge(tmp_path), tmp_path)


def test_splits_of_any_name_are_saved_data(tmp_path: Path) -> None:
    put(tmp_path / "out" / "dataset_dict.json", '{"splits": ["gold"]}')
    saved(tmp_path / "out" / "gold")
    judged = judge(tmp_path)
    assert names(only(judged, "saved-dataset-splits"), tmp_path) == {"out"}
    assert not offered(judged, tmp_path)


@pytest.mark.parametrize("age", [86400.0, 60.0])
def test_an_interrupted_preparation_goes_once_it_rests(tmp_path: Path, age: float) -> None:
    where = cache(tmp_path) / "generator" / "default-27e79a588f664c79"
    put(where / "0.0.0.incomplete" / "generator-train-00000-00000-of-NNNNN.arrow", STREAM, age=age)
    put(where / "0.0.0_builder.lock", "", age=age)
    assert bool(of(judge(tmp_path), "hf-datasets-incomplete")) is (age > 3600)


def download(where: Path, url: str) -> Path:
    name = hashlib.sha256(url.encode()).hexdigest()
    put(where / "downloads" / f"{name}.json", json.dumps({"url": url, "etag": None}))
    put(where / "downloads" / f"{name}.lock", "")
    return put(where / "downloads" / name, size=9000)


def unpacked(where: Path, archive: Path) -> Path:
    name = hashlib.sha256(os.fsencode(archive)).hexdigest()
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr("data/train.jsonl", "{}\n" * 3000)
    set_age(archive, 30 * DAY)
    put(where / "downloads" / "extracted" / name / "data" / "train.jsonl", "{}\n" * 3000)
    return where / "downloads" / "extracted" / name


def test_what_was_unpacked_comes_back_by_itself_while_its_archive_is_there(tmp_path: Path) -> None:
    where = cache(tmp_path)
    archive = download(where, "https://example.org/a.zip")
    unpacked(where, archive)
    judged = judge(tmp_path)
    assert only(judged, "hf-datasets-extracted").safety is Safety.SAFE
    assert only(judged, "hf-datasets-downloads").safety is Safety.COSTLY
    archive.unlink()
    assert only(judge(tmp_path), "hf-datasets-extracted").safety is Safety.COSTLY


def test_a_hard_link_in_an_archive_is_listed_too(tmp_path: Path) -> None:
    where = cache(tmp_path)
    archive = download(where, "https://example.org/a.tar")
    copy = unpacked(where, archive)
    os.link(copy / "data" / "train.jsonl", copy / "data" / "same.jsonl")
    with tarfile.open(archive, "w") as packed:
        packed.add(copy / "data", "data")
    set_age(archive, 30 * DAY)
    assert only(judge(tmp_path), "hf-datasets-extracted").safety is Safety.SAFE


@pytest.mark.parametrize("changed", ["data/labels.csv", "data/train.jsonl", "notes"])
def test_what_somebody_put_beside_unpacked_files_or_changed_in_them_is_not_safe(
    tmp_path: Path, changed: str
) -> None:
    where = cache(tmp_path)
    put(unpacked(where, download(where, "https://example.org/a.zip")) / changed, "by hand")
    finding = only(judge(tmp_path), "hf-datasets-extracted")
    assert finding.safety is Safety.REVIEW and not finding.offers


@pytest.mark.parametrize("features", [{"image": {"_type": "Image"}}, {"path": {"_type": "Value"}}])
def test_what_a_prepared_dataset_points_at_stays(tmp_path: Path, features: dict[str, object]) -> None:
    where = cache(tmp_path)
    unpacked(where, download(where, "https://example.org/a.zip"))
    built = prepared(where / "cats" / "default" / "0.0.0" / HASH, "cats", features=features)
    put(built / "cats-train.arrow", STREAM + b"/x/datasets/downloads/extracted/0123/cat.jpg")
    put(built / "dataset_info.json", json.dumps({"features": features}))
    finding = only(judge(tmp_path), "hf-datasets-extracted")
    assert not finding.offers and finding.safety is Safety.COSTLY
