"""An answer for any path: found, inside of something found, kept, unknown, not scanned, not there."""

from __future__ import annotations

import os
from pathlib import Path

from dusk.rules.explain import explain
from dusk.rules.safety import Safety

from .trees import DAY, Hub, checkpoint, judge, model, put, set_ages


def test_every_kind_of_path_gets_an_answer(tmp_path: Path) -> None:
    hub = Hub(tmp_path / "tree" / "hub")
    blob = hub.blob("models--acme--tiny", "0" * 40, 100)
    hub.snapshot("models--acme--tiny", "a" * 40, {"x": "0" * 40}, "main")
    model(tmp_path / "tree" / "models" / "merged")
    notes = put(tmp_path / "tree" / "notes" / "plan.md")
    for step in (1, 2):
        checkpoint(tmp_path / "tree" / "run", step)
    strange = put(tmp_path / "tree" / "things" / "blob.xyz", size=5000, age=11 * DAY)
    judging = judge(tmp_path / "tree")

    def ask(path: Path) -> object:
        return explain(os.fsencode(path), judging)

    found = ask(tmp_path / "tree" / "models" / "merged")
    assert found.finding is not None and found.safety is Safety.REVIEW and found.title == "Model merged"
    inside = ask(blob)
    assert inside.finding is None and inside.inside is not None
    assert inside.title == "Part of: Cached model acme/tiny" and inside.safety is Safety.REVIEW
    assert "as a whole" in inside.cost
    kept = ask(notes)
    assert kept.safety is Safety.KEEP
    best = ask(tmp_path / "tree" / "run" / "checkpoint-2" / "model.safetensors")
    assert best.safety is Safety.KEEP
    unknown = ask(strange)
    assert unknown.title == "Nothing recognises this" and unknown.safety is Safety.REVIEW
    assert any("11 d ago" in sentence and "owned by" in sentence for sentence in unknown.evidence)
    holder = ask(tmp_path / "tree" / "notes")
    assert holder.safety is Safety.KEEP
    run = ask(tmp_path / "tree")
    assert any("that may go" in sentence for sentence in run.evidence)
    outside = ask(put(tmp_path / "elsewhere"))
    assert "does not hold it" in outside.evidence[0]
    missing = ask(tmp_path / "tree" / "gone")
    assert missing.title == "Not there"
    for answer in (found, inside, kept, unknown, outside, missing):
        assert answer.what and answer.cost and answer.recover and answer.command


def test_an_unknown_directory_says_where_its_bytes_are(tmp_path: Path) -> None:
    put(tmp_path / "tree" / "things" / "big" / "a.xyz", size=600_000)
    (tmp_path / "tree" / "things" / "big" / "a.xyz").write_bytes(os.urandom(500_000))
    put(tmp_path / "tree" / "things" / "small.xyz")
    answer = explain(os.fsencode(tmp_path / "tree" / "things"), judge(tmp_path / "tree"))
    assert any(sentence.startswith("Most of it is in big ") for sentence in answer.evidence)
    assert "small.xyz" not in " ".join(answer.evidence)
    assert "Treat it as yours." in answer.what
    assert any("owned by" in sentence and "Newest change" in sentence for sentence in answer.evidence)


def test_what_a_plain_rule_found_is_said_in_sentences(tmp_path: Path) -> None:
    put(tmp_path / "app" / ".ruff_cache" / "CACHEDIR.TAG", age=3 * DAY)
    put(tmp_path / "app" / "main.py")
    (found,) = [one for one in judge(tmp_path).findings() if one.rule == "python-tool-cache"]
    assert "It holds CACHEDIR.TAG." in found.evidence


def test_every_finding_has_five_parts(tmp_path: Path) -> None:
    from dusk.practice.builder import build_practice_tree

    build_practice_tree(os.fsencode(tmp_path / "practice"))
    for finding in judge(tmp_path / "practice").findings():
        for part in (finding.what, finding.cost, finding.recover, finding.command):
            assert part and "{" not in part, (finding.rule, part)
        assert finding.evidence, finding.rule


def test_a_store_that_was_scanned_by_itself_is_named_for_what_it_is(tmp_path: Path) -> None:
    store = tmp_path / ".cache" / "go-build"
    put(store / "README", "This directory holds cached build artifacts from the Go build system.\n")
    for name in ("trim.txt", "00/00ab-a", "ff/ffab-d"):
        put(store / name)
    set_ages(tmp_path)
    found = explain(os.fsencode(store), judge(store))
    assert found.title == "Build cache of Go"
    assert found.safety is Safety.REVIEW
    assert found.finding is not None
    assert not found.finding.offers
    assert any("scan the directory above" in sentence for sentence in found.evidence)
