"""Training runs: last and best stay, older ones are offered, and a run that may be alive is left alone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from dusk.rules.finding import Action
from dusk.rules.safety import Safety

from .trees import DAY, MODEL, checkpoint, index_of, judge, link, names, of, offered, only, put, set_ages


def run_of(where: Path, steps: tuple[int, ...], best: str | None = None, **kind: bool) -> Path:
    for step in steps:
        checkpoint(where, step, best if step == steps[-1] else None, **kind)
    return where


def test_last_and_best_stay_and_the_best_may_be_the_oldest(tmp_path: Path) -> None:
    run = run_of(tmp_path / "runs" / "sft", (3, 6, 9, 12), "runs/sft/checkpoint-3")
    judged = judge(tmp_path)
    older = only(judged, "trainer-old-checkpoint")
    assert names(older, run) == {"checkpoint-6", "checkpoint-9"}
    assert older.safety is Safety.REVIEW
    assert {os.path.basename(path) for path in older.members} == {b"checkpoint-3", b"checkpoint-12"}
    assert [offer.action for offer in older.offers] == [Action.TRASH, Action.ARCHIVE, Action.TRASH]
    assert offered(judged, run) == {
        "checkpoint-6", "checkpoint-9", "checkpoint-3/optimizer.pt", "checkpoint-3/scheduler.pt",
        "checkpoint-3/rng_state.pth", "checkpoint-6/optimizer.pt", "checkpoint-6/scheduler.pt",
        "checkpoint-6/rng_state.pth", "checkpoint-9/optimizer.pt", "checkpoint-9/scheduler.pt",
        "checkpoint-9/rng_state.pth",
    }  # fmt: skip


def test_the_optimizer_of_the_best_is_offered_apart_and_no_byte_counts_twice(tmp_path: Path) -> None:
    run = run_of(tmp_path / "run", (3, 6, 9), "run/checkpoint-3")
    judged = judge(tmp_path)
    state = only(judged, "trainer-optimizer-state")
    assert names(state, run) == {
        f"checkpoint-3/{name}" for name in ("optimizer.pt", "scheduler.pt", "rng_state.pth")
    }
    older = only(judged, "trainer-old-checkpoint")
    covered = [entry for finding in (state, older) for entry in finding.entries]
    tree = judged.scan.tree
    assert len({*covered}) == len(covered)
    assert state.apparent_size + older.apparent_size == sum(tree.apparent_size(entry) for entry in covered)


def test_numbers_are_compared_as_numbers(tmp_path: Path) -> None:
    run = run_of(tmp_path / "run", (900, 1000, 10000))
    assert names(only(judge(tmp_path), "trainer-old-checkpoint"), run) == {
        "checkpoint-900",
        "checkpoint-1000",
    }


def test_the_newest_state_decides_which_is_best(tmp_path: Path) -> None:
    run = run_of(tmp_path / "run", (1, 2, 3), "run/checkpoint-1")
    put(
        run / "trainer_state.json",
        json.dumps({"global_step": 4, "best_model_checkpoint": "/elsewhere/run/checkpoint-2"}),
    )
    assert names(only(judge(tmp_path), "trainer-old-checkpoint"), run) == {"checkpoint-1"}


def test_a_run_that_just_changed_is_not_offered(tmp_path: Path) -> None:
    run = run_of(tmp_path / "run", (1, 2, 3))
    put(run / "train.log", "step 4", age=60)
    judged = judge(tmp_path)
    assert not offered(judged, tmp_path)
    assert any(
        "may still be training" in sentence for sentence in only(judged, "trainer-old-checkpoint").evidence
    )


def test_a_state_that_cannot_be_read_means_that_nothing_is_offered(tmp_path: Path) -> None:
    run = run_of(tmp_path / "run", (1, 2, 3))
    put(run / "checkpoint-3" / "trainer_state.json", '{"best_model_checkpoint": "run/check')
    assert not offered(judge(tmp_path), tmp_path)


def test_a_checkpoint_that_something_points_at_stays(tmp_path: Path) -> None:
    run = run_of(tmp_path / "run", (1, 2, 3, 4))
    link(run / "good", "checkpoint-1")
    put(tmp_path / "serve.sh", "python serve.py --model run/checkpoint-2/\n")
    judged = judge(tmp_path)
    assert {path for path in offered(judged, run) if "/" not in path} == {"checkpoint-3"}
    kept = [finding for finding in of(judged, "trainer-old-checkpoint") if finding.is_keep]
    assert names(kept[0], run) == {"checkpoint-2"}
    assert "serve.sh names it on line 1" in " ".join(kept[0].evidence)


def test_what_people_write_about_a_checkpoint_keeps_it_and_what_a_run_printed_does_not(
    tmp_path: Path,
) -> None:
    run = run_of(tmp_path / "run", (1, 2, 3, 4, 5))
    put(tmp_path / "README.md", "The release is run/checkpoint-1; checkpoint-3 was worse.\n")
    cells = [{"source": ["m = load('run/checkpoint-2')"], "outputs": [{"text": ["saved run/checkpoint-3"]}]}]
    put(tmp_path / "look.ipynb", json.dumps({"cells": cells}))
    put(tmp_path / "torn.ipynb", '{"cells": [{"source": "run/checkpoint-4')
    assert {path for path in offered(judge(tmp_path), run) if "/" not in path} == {
        "checkpoint-3",
        "checkpoint-4",
    }


def test_a_config_is_read_however_many_notes_lie_above_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dusk.rules.references._FILES", 3)
    run = run_of(tmp_path / "run", (1, 2, 3))
    for number in range(9):
        put(tmp_path / f"{number}.md", "a day\n")
    put(tmp_path / "a" / "b" / "serve.sh", "python serve.py --model run/checkpoint-1\n")
    assert {path for path in offered(judge(tmp_path), run) if "/" not in path} == {"checkpoint-2"}


def test_a_longer_name_is_not_a_reference(tmp_path: Path) -> None:
    run = run_of(tmp_path / "run", (1, 10, 11))
    put(tmp_path / "serve.sh", "python serve.py --model run/checkpoint-10\n")
    assert {path for path in offered(judge(tmp_path), run) if "/" not in path} == {"checkpoint-1"}


def test_an_adapter_built_on_a_checkpoint_keeps_it(tmp_path: Path) -> None:
    run = run_of(tmp_path / "proj" / "run", (1, 2, 3))
    adapter = tmp_path / "other" / "adapter"
    put(adapter / "adapter_config.json", json.dumps({"base_model_name_or_path": str(run / "checkpoint-1")}))
    put(adapter / "adapter_model.safetensors")
    put(tmp_path / "proj" / "pyproject.toml", "")
    assert {path for path in offered(judge(tmp_path), run) if "/" not in path} == {"checkpoint-2"}


def test_a_note_in_an_older_checkpoint_keeps_it(tmp_path: Path) -> None:
    run = run_of(tmp_path / "run", (1, 2, 3))
    put(run / "checkpoint-1" / "why this one is special.md", "Ada likes it")
    judged = judge(tmp_path)
    assert {path for path in offered(judged, run) if "/" not in path} == {"checkpoint-2"}
    assert judged.keeps_below(index_of(judged, run / "checkpoint-1"))


@pytest.mark.parametrize("marker", ["zero_to_fp32.py", "global_step3/mp_rank_00_model_states.pt", "latest"])
def test_the_optimizer_of_deepspeed_is_never_offered_alone(tmp_path: Path, marker: str) -> None:
    run = run_of(tmp_path / "run", (3, 6, 9), "run/checkpoint-3")
    for step in (3, 6, 9):
        put(run / f"checkpoint-{step}" / marker)
    judged = judge(tmp_path)
    assert not of(judged, "trainer-optimizer-state")
    assert offered(judged, run) == {"checkpoint-6"}


def test_directories_of_that_name_without_a_state_are_somebodys_own(tmp_path: Path) -> None:
    for number in (1, 2, 3):
        put(tmp_path / "talk" / f"checkpoint-{number}" / "slides.odp", size=1000)
    assert not offered(judge(tmp_path), tmp_path)


def test_the_final_weights_of_a_run_are_kept(tmp_path: Path) -> None:
    run = run_of(tmp_path / "run", (1, 2), optimizer=False)
    put(run / "config.json", json.dumps(MODEL))
    put(run / "model.safetensors", size=4000)
    put(run / "final" / "config.json", json.dumps(MODEL))
    put(run / "final" / "model.safetensors", size=4000)
    put(run / "final" / "training_args.bin")
    judged = judge(tmp_path)
    kept = {name for finding in judged.findings() if finding.is_keep for name in names(finding, run)}
    assert {"model.safetensors", "final", "checkpoint-2"} <= kept
    assert offered(judged, run) == {"checkpoint-1"}


def test_files_of_a_kept_checkpoint_are_kept_with_it_but_for_what_a_rule_offers(tmp_path: Path) -> None:
    run = run_of(tmp_path / "run", (3, 6, 9), "run/checkpoint-3")
    judged = judge(tmp_path)
    for name, kept in (("model.safetensors", True), ("optimizer.pt", False)):
        file = run / "checkpoint-3" / name
        assert judged.keeps_below(index_of(judged, file)) == ((os.fsencode(file),) if kept else ())
    assert set(judged.keeps_below(index_of(judged, run))) == {
        os.fsencode(run / "checkpoint-3"), os.fsencode(run / "checkpoint-9")
    }  # fmt: skip
    assert judged.keeps_below(index_of(judged, run / "checkpoint-6")) == ()


def test_a_checkpoint_that_a_program_has_open_is_not_offered(tmp_path: Path) -> None:
    run = run_of(tmp_path / "run", (1, 2, 3))
    held = run / "checkpoint-1" / "model.safetensors"
    # As safetensors does: mapped, and the file closed again.
    program = (
        "import mmap,sys; f=open(sys.argv[1],'rb'); m=mmap.mmap(f.fileno(),0,prot=mmap.PROT_READ); f.close();"
        "print(1,flush=True); sys.stdin.read()"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program, held], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        assert process.stdout is not None and process.stdout.readline()
        judged = judge(tmp_path)
    finally:
        process.communicate()
    assert {path for path in offered(judged, run) if "/" not in path} == {"checkpoint-2"}


def test_old_names_do_not_make_a_run_old_and_ages_come_from_what_is_below(tmp_path: Path) -> None:
    run = run_of(tmp_path / "old_run", (1, 2, 3))
    set_ages(run, 400 * DAY)
    assert names(only(judge(tmp_path), "trainer-old-checkpoint"), run) == {"checkpoint-1", "checkpoint-2"}


def test_what_training_writes_into_each_checkpoint_is_no_work_of_a_person(tmp_path: Path) -> None:
    run = run_of(tmp_path / "runs" / "sft", (3, 6, 9, 12))
    for step in (3, 6, 9, 12):
        put(run / f"checkpoint-{step}" / "samples" / "image_0.png")
        put(run / f"checkpoint-{step}" / "eval_results.csv")
    put(run / "checkpoint-6" / "what_i_saw.csv")
    set_ages(tmp_path)
    assert names(only(judge(tmp_path), "trainer-old-checkpoint"), run) == {"checkpoint-3", "checkpoint-9"}


def test_a_notebook_with_pictures_in_it_is_asked_too(tmp_path: Path) -> None:
    run = run_of(tmp_path / "runs" / "sft", (3, 6, 9, 12))
    cell = {"source": ["load('runs/sft/checkpoint-6')"], "outputs": [{"data": {"image/png": "A" * 300_000}}]}
    put(tmp_path / "use.ipynb", json.dumps({"cells": [cell]}))
    set_ages(tmp_path)
    going = offered(judge(tmp_path), run)
    assert "checkpoint-3" in going and not any(path.startswith("checkpoint-6") for path in going)


def test_what_a_config_says_is_told_before_what_a_notebook_says(tmp_path: Path) -> None:
    run_of(tmp_path / "runs" / "sft", (3, 6, 9, 12))
    cell = {"source": ["load('runs/sft/checkpoint-6')"]}
    put(tmp_path / "a.ipynb", json.dumps({"cells": [cell]}))
    put(tmp_path / "serve.yaml", "model: runs/sft/checkpoint-6\n")
    set_ages(tmp_path)
    told = [
        sentence for finding in of(judge(tmp_path), "trainer-old-checkpoint") for sentence in finding.evidence
    ]
    assert any("serve.yaml" in sentence for sentence in told) and not any("a.ipynb" in one for one in told)
