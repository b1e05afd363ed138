"""Does datasets still work after what dusk offers is gone? Asked of the library itself, where it is there."""

from __future__ import annotations

from pathlib import Path

import pytest

from .trees import judge, of, only, put, remove, set_ages

datasets = pytest.importorskip("datasets", reason="Hugging Face datasets is not installed")


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    return put(
        tmp_path / "raw" / "a.csv", "text,n\n" + "\n".join(f"row {number},{number}" for number in range(99))
    )


def load(tmp_path: Path, rows: Path) -> object:
    cache = str(tmp_path / "home" / ".cache" / "huggingface" / "datasets")
    return datasets.load_dataset("csv", data_files=str(rows), cache_dir=cache)["train"]


def longer(row: dict[str, object]) -> dict[str, object]:
    return {"length": len(str(row["text"]))}


def test_a_dataset_opens_without_the_results_of_map(tmp_path: Path, rows: Path) -> None:
    load(tmp_path, rows).map(longer, load_from_cache_file=True)  # type: ignore[attr-defined]
    set_ages(tmp_path)
    judged = judge(tmp_path)
    assert not of(judged, "saved-dataset")
    remove(only(judged, "hf-map-cache"))
    again = load(tmp_path, rows)
    assert len(again.map(longer)) == 99  # type: ignore[attr-defined]


def test_a_prepared_dataset_is_prepared_again_from_its_source(tmp_path: Path, rows: Path) -> None:
    load(tmp_path, rows)
    set_ages(tmp_path)
    finding = only(judge(tmp_path), "hf-datasets-local-cache")
    assert finding.safety.value == "costly"
    remove(finding)
    assert len(load(tmp_path, rows)) == 99  # type: ignore[arg-type]


def test_a_saved_dataset_opens_without_the_results_of_map_in_it(tmp_path: Path, rows: Path) -> None:
    load(tmp_path, rows).save_to_disk(str(tmp_path / "saved"))  # type: ignore[attr-defined]
    datasets.load_from_disk(str(tmp_path / "saved")).map(longer)
    set_ages(tmp_path)
    remove(only(judge(tmp_path / "saved"), "hf-map-cache"))
    assert len(datasets.load_from_disk(str(tmp_path / "saved"))) == 99
