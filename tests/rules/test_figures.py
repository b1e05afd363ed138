"""Bytes: each inode once, and what would really come free."""

from __future__ import annotations

import os
from pathlib import Path

from dusk.rules.figures import measure, outermost

from .trees import Hub, index_of, judge, only, put, set_ages


def test_hard_links_that_stay_free_nothing(tmp_path: Path) -> None:
    hub = Hub(tmp_path / "hub")
    blob = hub.blob("models--acme--tiny", "0" * 40, 200_000)
    hub.blob("models--acme--tiny", "1" * 40, 100_000)
    hub.snapshot("models--acme--tiny", "a" * 40, {"x": "0" * 40, "y": "1" * 40}, "main")
    os.link(blob, tmp_path / "mine.bin")
    set_ages(tmp_path)
    finding = only(judge(tmp_path), "hf-hub-repository")
    offer = finding.offers[0]
    assert offer.frees_now == 0
    assert offer.disk_size - offer.frees_after_purge >= 196 * 1024
    assert finding.shared_size >= 196 * 1024
    assert any("other names of these files stay" in sentence for sentence in finding.evidence)


def test_links_that_all_go_count_once_and_come_free(tmp_path: Path) -> None:
    first = put(tmp_path / "a" / "x", b"x" * 100_000)
    put(tmp_path / "b" / "y", b"y" * 50_000)
    os.link(first, tmp_path / "a" / "z")
    os.link(first, tmp_path / "b" / "z")
    judging = judge(tmp_path)
    tree = judging.scan.tree
    a, b = index_of(judging, tmp_path / "a"), index_of(judging, tmp_path / "b")
    both, one = measure(tree, (a, b)), measure(tree, (a,))
    assert both.apparent_size == 150_000
    assert both.freed == both.disk_size
    assert one.apparent_size == 100_000
    assert one.freed < 10_000 < one.disk_size
    other = measure(tree, (b,))
    assert other.apparent_size == 150_000
    assert 50_000 <= other.freed < 80_000


def test_nested_entries_count_once(tmp_path: Path) -> None:
    put(tmp_path / "a" / "b" / "x", b"x" * 9000)
    judging = judge(tmp_path)
    tree = judging.scan.tree
    a, b = index_of(judging, tmp_path / "a"), index_of(judging, tmp_path / "a" / "b")
    assert outermost(tree, (b, a, b)) == (a,)
    assert measure(tree, (b, a)) == measure(tree, (a,))


def test_sparse_files_free_their_blocks_only(tmp_path: Path) -> None:
    put(tmp_path / "sparse", size=10_000_000)
    judging = judge(tmp_path)
    figures = measure(judging.scan.tree, (index_of(judging, tmp_path / "sparse"),))
    assert figures.apparent_size == 10_000_000
    assert figures.freed < 100_000
