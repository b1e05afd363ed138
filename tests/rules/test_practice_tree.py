"""Every item of the cleanup report is found on the practice tree, as the report judged it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from dusk.practice.builder import build_practice_tree
from dusk.rules.finding import Action
from dusk.rules.judge import Judge
from dusk.rules.safety import Safety

from .trees import index_of, judge, names, of, offered, only


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    where = tmp_path_factory.mktemp("practice") / "tree"
    build_practice_tree(os.fsencode(where))
    return where


@pytest.fixture(scope="module")
def judged(tree: Path) -> Iterator[Judge]:
    judging = judge(tree)
    yield judging
    judging.stop()


def test_three_stuck_files(judged: Judge, tree: Path) -> None:
    assert len(only(judged, "queue-failed").paths) == 2
    assert names(only(judged, "queue-stuck"), tree) == {
        "queue/processing/syllo_autogen_20251122_035757_count100000.jsonl"
    }
    assert any("100,000 examples" in sentence for sentence in only(judged, "queue-stuck").evidence)
    assert not any("recently_completed" in path for path in offered(judged, tree))


def test_the_old_standalone_checkpoint(judged: Judge, tree: Path) -> None:
    old = only(judged, "model-old-checkpoint")
    assert names(old, tree) == {"current_model_small"}
    assert old.default_offer is not None and old.default_offer.action is Action.ARCHIVE
    assert 1.1e9 < old.apparent_size < 1.4e9


def test_the_base_model_is_kept_because_the_configuration_names_it(judged: Judge, tree: Path) -> None:
    base = next(one for one in judged.findings() if names(one, tree) == {"models/Qwen3-0.6B"})
    assert base.safety is Safety.KEEP and "config.json names it" in base.evidence[0]


def test_status_files_bytecode_and_empty_directories(judged: Judge, tree: Path) -> None:
    status = only(judged, "status-log-pile")
    assert 50e6 < status.apparent_size < 130e6
    assert {"__pycache__"} <= names(only(judged, "python-bytecode"), tree)
    assert only(judged, "python-bytecode").safety is Safety.SAFE
    empty = only(judged, "empty-directories")
    assert [offer.action.value for offer in empty.offers] == ["empty-dirs"]
    assert any("2" in sentence for sentence in empty.evidence)
    assert "inbox" not in names(empty, tree)


def test_notes_and_source_are_kept(judged: Judge, tree: Path) -> None:
    kept = {name for finding in judged.findings() if finding.is_keep for name in names(finding, tree)}
    assert {"GOTCHA_BUSINESS_MODEL", "OBSERVATIONS", "core", "config.json", "README.md"} <= kept
    notes = tree / "OBSERVATIONS"
    below = judged.keeps_below(index_of(judged, notes))
    assert below and all(path.startswith(os.fsencode(notes)) for path in below)


def test_bases_of_adapters_are_kept_and_the_other_model_copy_is_offered(judged: Judge, tree: Path) -> None:
    by_place = {
        name: finding for finding in of(judged, "model-download-copy") for name in names(finding, tree)
    }
    assert by_place["tara/models/microsoft_phi-2"].is_keep
    assert by_place["tara/models/microsoft_Phi-3.5-mini-instruct"].is_keep
    assert by_place["tara/models/microsoft_DialoGPT-medium"].safety is Safety.REVIEW
    assert not any(
        path.startswith("tara/models/adapters") and path.count("/") == 3 for path in offered(judged, tree)
    )


def test_nothing_offered_is_kept_and_bytes_count_once(judged: Judge, tree: Path) -> None:
    suggested = [finding for finding in judged.findings() if finding.offers]
    for finding in suggested:
        for offer in finding.offers:
            for path in offer.paths:
                index = judged.scan.tree.find(path)
                assert index is not None and judged.keeps_below(index) == (), path
    total = sum(finding.apparent_size for finding in suggested)
    covered = {path for finding in suggested for path in finding.paths}
    tops = [path for path in covered if not any(path.startswith(other + b"/") for other in covered)]
    tree_total = sum(judged.scan.tree.apparent_size(judged.scan.tree.find(path) or 0) for path in tops)
    assert total == tree_total


def test_the_biggest_choices_come_first(judged: Judge) -> None:
    findings = judged.findings()
    assert all(not finding.is_keep for finding in findings[:5])
    first_keep = next(number for number, finding in enumerate(findings) if finding.is_keep)
    assert all(finding.is_keep for finding in findings[first_keep:])
