"""Directories of checkpoints: DeepSpeed, Accelerate, FSDP, Megatron, Orbax, Ray, and loops of one's own."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from dusk.rules.examples import judge_directory
from dusk.rules.finding import Action
from dusk.rules.safety import Safety
from dusk.settings import Retention, Settings

from .training_trees import accelerate, deepspeed, orbax, safetensors, sharded, torch_zip
from .trees import MODEL, book, checkpoint, judge, link, names, of, offered, only, put


def test_deepspeed_keeps_the_tag_that_latest_names_and_never_parts_a_step(tmp_path: Path) -> None:
    for step in (500, 1000, 1500):
        deepspeed(tmp_path / "ds", f"global_step{step}")
    judged = judge(tmp_path)
    finding = only(judged, "deepspeed-old-checkpoint")
    assert offered(judged, tmp_path / "ds") == {"global_step500", "global_step1000"}
    assert [offer.action for offer in finding.offers] == [Action.TRASH, Action.ARCHIVE]
    put(tmp_path / "ds" / "latest", "global_step500")
    assert offered(judge(tmp_path), tmp_path / "ds") == {"global_step1000"}


@pytest.mark.parametrize("text", ["global_step77", ""])
def test_deepspeed_offers_nothing_when_latest_leads_nowhere(tmp_path: Path, text: str) -> None:
    for step in (500, 1000):
        deepspeed(tmp_path / "ds", f"global_step{step}")
    put(tmp_path / "ds" / "latest", text)
    assert not offered(judge(tmp_path), tmp_path)


def test_tags_that_count_nothing_stay(tmp_path: Path) -> None:
    for tag in ("warm", "main", "cooldown"):
        deepspeed(tmp_path / "ds", tag)
    assert not offered(judge(tmp_path), tmp_path)


@pytest.mark.parametrize("outer", ["trainer", "accelerate", "lightning"])
def test_deepspeed_inside_of_another_tools_checkpoint_goes_with_it(tmp_path: Path, outer: str) -> None:
    for step in (1, 2, 3):
        if outer == "trainer":
            where = checkpoint(tmp_path / "run", step)
            deepspeed(where, f"global_step{step}")
        elif outer == "accelerate":
            where = accelerate(tmp_path / "run" / f"checkpoint_{step}", optimizer=False)
            deepspeed(where, "pytorch_model")
        else:
            where = tmp_path / "run" / f"epoch={step}-val_loss=0.{step}.ckpt"
            deepspeed(where, "checkpoint")
    going = {name.split("/")[0] for name in offered(judge(tmp_path), tmp_path / "run")}
    assert (
        going
        == {
            "trainer": {"checkpoint-1", "checkpoint-2"},
            "accelerate": {"checkpoint_1", "checkpoint_2"},
            "lightning": {"epoch=2-val_loss=0.2.ckpt"},
        }[outer]
    )
    assert all("/" not in name for name in offered(judge(tmp_path), tmp_path / "run"))


def test_accelerate_offers_whole_states_or_their_optimizer_alone(tmp_path: Path) -> None:
    for step in (8, 9, 10):
        accelerate(tmp_path / "proj" / "checkpoints" / f"checkpoint_{step}")
    finding = only(judge(tmp_path), "accelerate-old-checkpoint")
    assert "proj" in finding.title
    assert names(finding, tmp_path / "proj" / "checkpoints") == {"checkpoint_8", "checkpoint_9"}
    assert {path.rsplit(b"/", 1)[-1] for path in finding.offers[2].paths} == {
        b"optimizer.bin",
        b"scheduler.bin",
        b"random_states_0.pkl",
    }


def test_accelerate_with_shards_is_never_parted(tmp_path: Path) -> None:
    for step in (1, 2, 3):
        where = accelerate(tmp_path / f"epoch_{step}")
        sharded(where / "pytorch_model_fsdp_0")
        sharded(where / "optimizer_0")
    judged = judge(tmp_path)
    assert offered(judged, tmp_path) == {"epoch_1", "epoch_2"}
    assert not of(judged, "dcp-old-checkpoint")


def test_diffusers_training_with_its_result_in_the_run(tmp_path: Path) -> None:
    run = tmp_path / "sd-out"
    for step in (500, 1000, 1500):
        accelerate(run / f"checkpoint-{step}", optimizer=True)
        put(run / f"checkpoint-{step}" / "unet" / "config.json", '{"_class_name": "UNet2DConditionModel"}')
        put(run / f"checkpoint-{step}" / "unet" / "diffusion_pytorch_model.safetensors", safetensors())
    put(run / "model_index.json", '{"_class_name": "StableDiffusionPipeline"}')
    put(run / "unet" / "diffusion_pytorch_model.safetensors", safetensors())
    going = {name.split("/")[0] for name in offered(judge(tmp_path), run)}
    assert {"checkpoint-500", "checkpoint-1000"} <= going
    assert "checkpoint-1500" not in going


def test_sharded_checkpoints_keep_the_last_and_what_counts_nothing(tmp_path: Path) -> None:
    for step in (100, 200, 1000):
        sharded(tmp_path / "outputs" / "checkpoint" / f"step-{step}")
    for seed in (1, 2):
        sharded(tmp_path / "ensemble" / f"seed_{seed}")
    sharded(tmp_path / "single" / "weights")
    assert offered(judge(tmp_path), tmp_path / "outputs" / "checkpoint") == {"step-100", "step-200"}


@pytest.mark.parametrize(
    ("tracker", "going"),
    [("3000", {"iter_0001000", "iter_0002000"}), ("1000", {"iter_0002000"}), ("9000", set()), ("", set())],
)
def test_megatron_follows_its_tracker(tmp_path: Path, tracker: str, going: set[str]) -> None:
    for step in (1000, 2000, 3000):
        put(tmp_path / "ckpt" / f"iter_{step:07d}" / "mp_rank_00" / "model_optim_rng.pt", torch_zip())
    put(tmp_path / "ckpt" / "release" / "mp_rank_00" / "model_optim_rng.pt", torch_zip())
    put(tmp_path / "ckpt" / "latest_checkpointed_iteration.txt", tracker)
    assert offered(judge(tmp_path), tmp_path / "ckpt") == going


def test_verl_with_configurations_deep_inside(tmp_path: Path) -> None:
    for step in (10, 20, 30):
        where = tmp_path / "ckpt" / f"global_step_{step}"
        put(where / "actor" / "model_world_size_1_rank_0.pt", torch_zip())
        put(where / "actor" / "huggingface" / "config.json", json.dumps(MODEL))
        put(where / "actor" / "huggingface" / "tokenizer_config.json", "{}")
        put(where / "data.pt", torch_zip())
    put(tmp_path / "ckpt" / "latest_checkpointed_iteration.txt", "30")
    assert offered(judge(tmp_path), tmp_path / "ckpt") == {"global_step_10", "global_step_20"}


def test_orbax_keeps_last_and_best_and_judges_what_never_ended(tmp_path: Path) -> None:
    for step, loss in ((100, 0.5), (200, 0.1), (300, 0.4), (400, 0.3)):
        orbax(tmp_path / "ckpts" / str(step), loss)
    for name in ("150.orbax-checkpoint-tmp", "500.orbax-checkpoint-tmp-1700000000"):
        orbax(tmp_path / "ckpts" / name)
    judged = judge(tmp_path)
    assert names(only(judged, "orbax-old-step"), tmp_path / "ckpts") == {"100", "300"}
    levels = {
        name: one.safety for one in of(judged, "orbax-unfinished-save") for name in names(one, tmp_path)
    }
    assert levels == {
        "ckpts/150.orbax-checkpoint-tmp": Safety.SAFE,
        "ckpts/500.orbax-checkpoint-tmp-1700000000": Safety.REVIEW,
    }


def test_an_unfinished_save_that_may_be_written_now_is_not_offered(tmp_path: Path) -> None:
    orbax(tmp_path / "ckpts" / "100")
    orbax(tmp_path / "ckpts" / "200.orbax-checkpoint-tmp", age=120)
    assert not offered(judge(tmp_path), tmp_path)


def test_ray_keeps_the_best_by_each_metric(tmp_path: Path) -> None:
    trial = tmp_path / "ray_results" / "exp" / "trial_1"
    lines = []
    for number, (loss, accuracy) in enumerate([(0.9, 0.1), (0.1, 0.2), (0.8, 0.9), (0.7, 0.3), (0.6, 0.4)]):
        put(trial / f"checkpoint_{number:06d}" / "state.bin", size=100)
        name = f"checkpoint_{number:06d}"
        lines.append(json.dumps({"checkpoint_dir_name": name, "loss": loss, "accuracy": accuracy}))
    put(trial / "result.json", "\n".join(lines))
    assert offered(judge(tmp_path), trial) == {"checkpoint_000000", "checkpoint_000003"}


def test_epochs_of_save_pretrained_are_one_finding_and_the_result_stays(tmp_path: Path) -> None:
    for name in ("epoch_1", "epoch_2", "epoch_3", "final"):
        put(tmp_path / "out" / name / "config.json", json.dumps(MODEL))
        put(tmp_path / "out" / name / "model.safetensors", safetensors())
    judged = judge(tmp_path)
    assert offered(judged, tmp_path / "out") == {"epoch_1", "epoch_2"}
    assert not of(judged, "model-directory") and not of(judged, "model-download-copy")


def test_a_step_that_lacks_a_shard_is_not_the_last_one(tmp_path: Path) -> None:
    for step in (100, 200, 300):
        for shard in (1, 2):
            put(tmp_path / f"step_{step}" / f"model-0000{shard}-of-00002.safetensors", safetensors())
    (tmp_path / "step_300" / "model-00002-of-00002.safetensors").unlink()
    judged = judge(tmp_path)
    assert names(only(judged, "step-directories"), tmp_path) == {"step_100"}
    cut = only(judged, "checkpoint-interrupted-save")
    assert names(cut, tmp_path) == {"step_300"}
    assert "1 of the 2 shards" in " ".join(cut.evidence)


@pytest.mark.parametrize("name", ["run", "seed_", "fold", "v", "stage", "exp_"])
def test_directories_that_count_something_else_than_steps(tmp_path: Path, name: str) -> None:
    for number in (1, 2, 3):
        accelerate(tmp_path / "a" / f"{name}{number}")
        put(tmp_path / "b" / f"{name}{number}" / "model.pt", torch_zip())
    assert not offered(judge(tmp_path), tmp_path)


def test_a_checkpoint_of_the_trainer_that_was_cut_off(tmp_path: Path) -> None:
    run = tmp_path / "run"
    for step in (100, 200, 300):
        where = checkpoint(run, step)
        put(where / "model.safetensors", safetensors(4000))
    put(run / "checkpoint-400" / "model.safetensors", safetensors(4000)[:1000])
    put(run / "tmp-checkpoint-500" / "model.safetensors", safetensors(4000))
    judged = judge(tmp_path)
    assert names(only(judged, "trainer-old-checkpoint"), run) == {"checkpoint-100", "checkpoint-200"}
    assert names(only(judged, "checkpoint-interrupted-save"), run) == {"checkpoint-400", "tmp-checkpoint-500"}
    assert "checkpoint-300" in {
        name for one in of(judged, "trainer-kept-checkpoint") for name in names(one, run)
    }


def test_the_last_checkpoint_with_a_state_may_be_cut_off_as_well(tmp_path: Path) -> None:
    run = tmp_path / "run"
    for step in (100, 200, 300):
        put(checkpoint(run, step) / "model.safetensors", safetensors(4000))
    put(run / "checkpoint-300" / "model.safetensors", safetensors(4000)[:1000])
    judged = judge(tmp_path)
    whole = {name for name in offered(judged, run) if "/" not in name}
    assert whole == {"checkpoint-100", "checkpoint-300"}
    assert names(only(judged, "trainer-old-checkpoint"), run) == {"checkpoint-100"}


def test_weights_beside_a_state_that_was_cut_off_stay_with_the_one_to_resume_from(tmp_path: Path) -> None:
    run = tmp_path / "run"
    for step in (100, 200, 300, 400):
        put(checkpoint(run, step) / "model.safetensors", safetensors(4000))
        put(run / f"checkpoint-{step}" / "optimizer.pt", torch_zip(padding=8000))
    put(run / "checkpoint-400" / "optimizer.pt", torch_zip(padding=8000)[:3000])
    judged = judge(tmp_path)
    assert names(only(judged, "trainer-old-checkpoint"), run) == {"checkpoint-100", "checkpoint-200"}
    assert not of(judged, "checkpoint-interrupted-save")
    kept = {name for one in of(judged, "trainer-kept-checkpoint") for name in names(one, run)}
    assert {"checkpoint-300", "checkpoint-400"} <= kept


@pytest.mark.parametrize("name", ["eval/human_ratings.csv", "picked.PNG", "talk.wav"])
def test_what_a_person_put_into_an_older_checkpoint_keeps_it(tmp_path: Path, name: str) -> None:
    run = tmp_path / "run"
    for step in (100, 200, 300):
        put(checkpoint(run, step) / "model.safetensors", safetensors(4000))
    put(run / "checkpoint-100" / name)
    put(run / "checkpoint-200" / "vocab.txt")
    judged = judge(tmp_path)
    assert {path.split("/")[0] for path in offered(judged, run)} == {"checkpoint-200"}


def test_results_in_the_run_itself_stay_where_no_configuration_makes_a_model_of_them(tmp_path: Path) -> None:
    run = tmp_path / "run"
    for step in (1, 2, 3):
        checkpoint(run, step)
    put(run / "model.safetensors", safetensors())
    put(run / "training_args.bin", torch_zip())
    judged = judge(tmp_path)
    stays = {name for one in of(judged, "trainer-kept-checkpoint") for name in names(one, run)}
    assert {"checkpoint-3", "model.safetensors", "training_args.bin"} <= stays


def test_a_link_above_the_run_that_serves_a_checkpoint_keeps_it(tmp_path: Path) -> None:
    run = tmp_path / "runs" / "sft"
    for step in (1, 2, 3, 4):
        checkpoint(run, step)
    link(tmp_path / "runs" / "serving", "sft/checkpoint-2")
    whole = {name for name in offered(judge(tmp_path), run) if "/" not in name}
    assert whole == {"checkpoint-1", "checkpoint-3"}


def test_models_with_code_of_their_own_are_still_checkpoints(tmp_path: Path) -> None:
    for step in (1, 2, 3):
        put(checkpoint(tmp_path, step) / "modeling_mine.py", "class Mine: ...\n")
    whole = {name for name in offered(judge(tmp_path), tmp_path) if "/" not in name}
    assert whole == {"checkpoint-1", "checkpoint-2"}


def test_steps_of_torchtune_hold_an_adapter_each_and_go_all_the_same(tmp_path: Path) -> None:
    for epoch in (0, 1, 2):
        where = tmp_path / "out" / f"epoch_{epoch}"
        put(where / "adapter_config.json", '{"base_model_name_or_path": "acme/base", "r": 8}')
        put(where / "adapter_model.safetensors", safetensors())
        put(where / "config.json", json.dumps(MODEL))
        put(where / "model-00001-of-00001.safetensors", safetensors(4000))
    judged = judge(tmp_path)
    assert offered(judged, tmp_path / "out") == {"epoch_0", "epoch_1"}
    assert not of(judged, "loose-weights") and not of(judged, "adapter")


def test_weights_just_below_a_step_count_for_it_and_no_byte_counts_twice(tmp_path: Path) -> None:
    for step in (100, 200, 300):
        put(tmp_path / f"epoch-0_step-{step}" / "model" / "pytorch_model-00001.bin", torch_zip(padding=900))
        put(tmp_path / f"epoch-0_step-{step}" / "model" / "extra.pt", torch_zip(padding=900))
    judged = judge(tmp_path)
    finding = only(judged, "step-directories")
    assert names(finding, tmp_path) == {"epoch-0_step-100", "epoch-0_step-200"}
    assert not of(judged, "loose-weights")


def test_the_user_says_how_many_stay(tmp_path: Path) -> None:
    for step in (100, 200, 300, 400):
        sharded(tmp_path / f"step-{step}")
    settings = Settings(retention={"dcp-old-checkpoint": Retention(newest=3)})
    judged = judge_directory(os.fsencode(tmp_path), book(), settings)
    assert offered(judged, tmp_path) == {"step-100"}


@pytest.mark.parametrize("place", ["hub/models--a--b/snapshots/0", "mlruns/0/1/artifacts", "download"])
def test_what_a_cache_or_a_tracker_holds_is_left_to_it(tmp_path: Path, place: str) -> None:
    for step in (100, 200, 300):
        checkpoint(tmp_path / place, step)
        sharded(tmp_path / place / "dcp" / f"step-{step}")
        put(tmp_path / place / "files" / f"epoch_{step}.pt", torch_zip())
    put(tmp_path / "download" / ".cache" / "huggingface" / "download" / "x.metadata", "a")
    assert not offered(judge(tmp_path), tmp_path / place / "dcp") & {"step-100", "step-200"}
    assert not of(judge(tmp_path), "trainer-old-checkpoint")
    assert not of(judge(tmp_path), "numbered-weight-files")
