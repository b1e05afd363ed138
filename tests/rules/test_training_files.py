"""Files of single checkpoints: Lightning, loose weights, Keras, TensorFlow and YOLO."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from dusk.rules.headers.torch_checkpoint import read_lightning, torch_format
from dusk.rules.safety import Safety

from .training_trees import hdf5, legacy_torch, lightning, pickled, safetensors, torch_zip
from .trees import judge, link, names, of, offered, only, put


def kept(path: Path) -> set[str]:
    judged = judge(path)
    return {
        name
        for finding in judged.findings()
        if finding.is_keep and finding.rule == "training-kept-checkpoint"
        for name in names(finding, path)
    }


def test_the_head_of_a_lightning_checkpoint_tells_epoch_step_and_best() -> None:
    state = read_lightning(lightning(3, 400, "/data/run/epoch=1.ckpt"))
    assert state is not None
    assert (state.epoch, state.step, state.best) == (3, 400, (b"/data/run/epoch=1.ckpt",))
    assert read_lightning(torch_zip()) is None
    cut = lightning(3, 400, "/data/run/epoch=1.ckpt")[:120]
    assert read_lightning(cut) is None or read_lightning(cut).best == ()  # type: ignore[union-attr]
    for length in range(0, len(lightning(3, 400, "x")), 7):
        read_lightning(lightning(3, 400, "x")[:length])


def test_forms_of_torch_files() -> None:
    assert torch_format(torch_zip()) == "zip"
    assert torch_format(legacy_torch()) == "legacy"
    assert torch_format(b"PK\x03\x04" + b"x" * 26 + b"word/document.xml") == ""
    assert torch_format(b"") == ""


def test_lightning_keeps_what_its_own_state_calls_the_best(tmp_path: Path) -> None:
    where = tmp_path / "lightning_logs" / "version_0" / "checkpoints"
    best = "/elsewhere/checkpoints/epoch=1-step=20.ckpt"
    for epoch in range(4):
        put(where / f"epoch={epoch}-step={epoch * 10 + 10}.ckpt", lightning(epoch, epoch * 10 + 10, best))
    put(where / "last.ckpt", lightning(3, 40, best))
    judged = judge(tmp_path)
    assert offered(judged, where) == {"epoch=0-step=10.ckpt", "epoch=2-step=30.ckpt"}
    finding = only(judged, "lightning-old-checkpoint")
    assert finding.safety is Safety.REVIEW
    assert "version_0" in finding.title
    assert "state says" in " ".join(finding.evidence)


def test_the_state_of_a_big_model_stands_far_behind_the_head(tmp_path: Path) -> None:
    where = tmp_path / "ckpt"
    for epoch in range(3):
        big = lightning(epoch, epoch, "/x/epoch=0.ckpt", big=200_000, padding=20_000)
        put(where / f"epoch={epoch}.ckpt", big)
    assert offered(judge(tmp_path), where) == {"epoch=1.ckpt"}


def test_nothing_is_offered_where_nobody_can_tell_which_is_the_best(tmp_path: Path) -> None:
    for epoch in range(3):
        # The path is a reference to a string that was pickled before: it is not followed.
        put(tmp_path / "out" / f"epoch={epoch}.ckpt", lightning(epoch, epoch, memo=b"h\x07"))
    judged = judge(tmp_path)
    assert not offered(judged, tmp_path)
    assert "which of them is the best" in " ".join(only(judged, "lightning-old-checkpoint").evidence)


def test_a_link_called_last_keeps_its_target(tmp_path: Path) -> None:
    where = tmp_path / "checkpoints"
    for epoch in range(4):
        put(where / f"e-epoch={epoch}.ckpt", lightning(epoch, epoch, "/x/e-epoch=3.ckpt"))
    link(where / "last.ckpt", "e-epoch=1.ckpt")
    assert offered(judge(tmp_path), where) == {"e-epoch=0.ckpt", "e-epoch=2.ckpt"}


def test_nemo_names_and_an_unfinished_save(tmp_path: Path) -> None:
    where = tmp_path / "nemo_experiments" / "asr" / "checkpoints"
    for step, loss in ((100, 0.5), (200, 0.2), (300, 0.4)):
        put(where / f"asr--val_loss={loss}-step={step}.ckpt", lightning(0, step))
    put(where / "asr--val_loss=0.4-step=300-last.ckpt", lightning(0, 300))
    put(where / "asr--val_loss=0.3-step=400.ckpt", lightning(1, 400))
    put(where / "asr--val_loss=0.3-step=400.ckpt-unfinished", b"")
    judged = judge(tmp_path)
    # The one of step 300 that is not called last is the same step: it stays as well.
    assert names(only(judged, "lightning-old-checkpoint"), where) == {"asr--val_loss=0.5-step=100.ckpt"}
    cut = only(judged, "checkpoint-interrupted-save")
    assert names(cut, where) == {
        "asr--val_loss=0.3-step=400.ckpt",
        "asr--val_loss=0.3-step=400.ckpt-unfinished",
    }


def test_ranks_of_one_model_are_left_alone(tmp_path: Path) -> None:
    for rank in ("mp_rank_00", "mp_rank_01"):
        for step in (1, 2, 3):
            put(tmp_path / rank / f"gpt-step={step}-val_loss=0.{step}.ckpt", lightning(0, step))
    assert not offered(judge(tmp_path), tmp_path)


@pytest.mark.parametrize(
    ("files", "going"),
    [
        (("epoch_1.pt", "epoch_2.pt", "epoch_10.pt"), {"epoch_1.pt", "epoch_2.pt"}),
        (("checkpoint1.pt", "checkpoint2.pt", "checkpoint_best.pt"), {"checkpoint1.pt"}),
        (("iter_500.pth", "iter_1000.pth", "best_mAP_iter_500.pth"), {"iter_500.pth"}),
        (("G_1000.pth", "G_2000.pth", "D_1000.pth", "D_2000.pth"), {"G_1000.pth", "D_1000.pth"}),
        (("model_000500.pt", "model_001000.pt"), {"model_000500.pt"}),
        (("e1_loss_0.9.pt", "e2_loss_0.1.pt", "e3_loss_0.5.pt"), {"e1_loss_0.9.pt"}),
        (("ep1-ba100-rank0.pt", "ep2-ba200-rank0.pt"), {"ep1-ba100-rank0.pt"}),
        (("ep1-ba100-rank0.pt", "ep2-ba200-rank0.pt", "ep2-ba200-rank1.pt"), set()),
        (("c-000002.safetensors", "c-000004.safetensors", "c.safetensors"), {"c-000002.safetensors"}),
        (("c-000002.safetensors", "c-000004.safetensors"), set()),
        (("0000100_adapters.safetensors", "0000200_adapters.safetensors"), {"0000100_adapters.safetensors"}),
        (("rl_model_1000_steps.zip", "rl_model_2000_steps.zip"), {"rl_model_1000_steps.zip"}),
        (("model_fold0.pt", "model_fold1.pt", "model_fold2.pt"), set()),
        (("seed_1.pt", "seed_2.pt", "seed_3.pt"), set()),
        (("rng_state_0.pth", "rng_state_1.pth"), set()),
        (("model-00001-of-00002.pt", "model-00002-of-00002.pt"), set()),
        (("step1.pt", "step2.pt", "step3.pt"), set()),
        (("model_0.pt", "model_1.pt", "model_2.pt"), set()),
        (("5_net_G.pth", "10_net_G.pth", "latest_net_G.pth"), {"5_net_G.pth"}),
        (("5_net_G.pth", "10_net_G.pth"), set()),
        (("0.pth", "1.pth", "final.pth"), set()),
        (("checkpoint_1_5000.pt", "checkpoint_2_10000.pt"), {"checkpoint_1_5000.pt"}),
        (("checkpoint_1_10.pt", "checkpoint_1_20.pt", "checkpoint_2_15.pt"), set()),
        (("resnet50-e1.pth", "resnet101-e2.pth"), set()),
        (("llama-3.1-epoch_1.pt", "llama-3.2-epoch_2.pt"), set()),
    ],
)  # fmt: skip
def test_series_of_loose_files(tmp_path: Path, files: tuple[str, ...], going: set[str]) -> None:
    for name in files:
        put(tmp_path / "out" / name, safetensors() if name.endswith(".safetensors") else torch_zip())
    assert offered(judge(tmp_path), tmp_path / "out") == going


def test_names_without_the_content_of_weights_are_nothing(tmp_path: Path) -> None:
    for number in (1, 2, 3):
        put(tmp_path / f"epoch_{number}.pt", "notes")
        put(tmp_path / "latents" / f"epoch_{number}.pt", torch_zip(pickled("a tensor")))
        put(tmp_path / f"checkpoint_{number}", "a talk")
    judged = judge(tmp_path)
    assert not offered(judged, tmp_path)
    assert not of(judged, "loose-weights")


def test_a_file_that_was_cut_off_is_not_the_last_one(tmp_path: Path) -> None:
    for number in (1, 2, 3):
        put(tmp_path / f"epoch_{number}.pt", torch_zip(padding=3000))
    whole = (tmp_path / "epoch_3.pt").read_bytes()
    put(tmp_path / "epoch_3.pt", whole[:2000])
    judged = judge(tmp_path)
    assert names(only(judged, "numbered-weight-files"), tmp_path) == {"epoch_1.pt"}
    assert names(only(judged, "checkpoint-interrupted-save"), tmp_path) == {"epoch_3.pt"}
    assert "epoch_2.pt" in kept(tmp_path)


@pytest.mark.parametrize("whole", [True, False])
def test_hdf5_and_safetensors_say_where_they_end(tmp_path: Path, whole: bool) -> None:
    for number in (1, 2, 3):
        put(tmp_path / "h" / f"w.epoch{number}.h5", hdf5(4000), size=4000)
        put(tmp_path / "s" / f"w-epoch{number}.safetensors", safetensors(400))
    if not whole:
        os.truncate(tmp_path / "h" / "w.epoch3.h5", 3000)
        put(tmp_path / "s" / "w-epoch3.safetensors", safetensors(400)[:-1])
    judged = judge(tmp_path)
    assert len(of(judged, "checkpoint-interrupted-save")) == (0 if whole else 2)


def test_a_run_that_began_anew_in_the_same_directory(tmp_path: Path) -> None:
    for number in (1000, 2000, 3000):
        put(tmp_path / f"step_{number}.pt", torch_zip())
    put(tmp_path / "step_500.pt", torch_zip(), age=3 * 86400.0)
    assert offered(judge(tmp_path), tmp_path) == {"step_1000.pt", "step_2000.pt"}


@pytest.mark.parametrize("pointer", ["last_checkpoint", "latest", "best.txt"])
def test_a_small_file_that_names_a_checkpoint_keeps_it(tmp_path: Path, pointer: str) -> None:
    for number in (1, 2, 3):
        put(tmp_path / f"iter_{number}000.pth", torch_zip())
    put(tmp_path / pointer, "/old/place/iter_1000.pth\n")
    assert offered(judge(tmp_path), tmp_path) == {"iter_2000.pth"}


def test_a_link_from_above_keeps_its_target(tmp_path: Path) -> None:
    for number in (1, 2, 3):
        put(tmp_path / "runs" / "a" / f"epoch_{number}.pt", torch_zip())
    link(tmp_path / "runs" / "serving.pt", "a/epoch_1.pt")
    assert offered(judge(tmp_path), tmp_path / "runs" / "a") == {"epoch_2.pt"}


def test_a_log_beside_the_run_that_grows_means_that_it_lives(tmp_path: Path) -> None:
    for number in (1, 2, 3):
        put(tmp_path / "runs" / "a" / f"epoch_{number}.pt", torch_zip())
        put(tmp_path / "runs" / "b" / f"epoch_{number}.pt", torch_zip())
    put(tmp_path / "runs" / "a.log", "step 4\n", age=60)
    assert offered(judge(tmp_path), tmp_path / "runs") == {"b/epoch_1.pt", "b/epoch_2.pt"}


def test_single_weights_are_seen_and_never_offered(tmp_path: Path) -> None:
    put(tmp_path / "model.pt", torch_zip())
    put(tmp_path / "old.pth", legacy_torch())
    put(tmp_path / "net.h5", hdf5(96))
    put(tmp_path / "train.bin", b"MMIDIDX\x00\x00")
    judged = judge(tmp_path)
    assert names(only(judged, "loose-weights"), tmp_path) == {"model.pt", "old.pth", "net.h5"}
    assert not offered(judged, tmp_path)


def test_tensorflow_files_go_together_and_the_newest_stays(tmp_path: Path) -> None:
    for number in (1, 2, 10):
        for end in ("index", "data-00000-of-00002", "data-00001-of-00002"):
            put(tmp_path / f"ckpt-{number}.{end}", size=100)
    put(tmp_path / "checkpoint", 'model_checkpoint_path: "ckpt-2"\nall_model_checkpoint_paths: "ckpt-1"\n')
    going = {f"ckpt-1.{end}" for end in ("index", "data-00000-of-00002", "data-00001-of-00002")}
    assert offered(judge(tmp_path), tmp_path) == going


def test_yolo_keeps_a_newest_epoch_where_last_is_cut_off(tmp_path: Path) -> None:
    run = tmp_path / "runs" / "detect" / "train"
    put(run / "args.yaml", "epochs: 3")
    for name in ("best.pt", "last.pt", "epoch0.pt", "epoch1.pt", "epoch2.pt"):
        put(run / "weights" / name, torch_zip(padding=500))
    assert offered(judge(tmp_path), run / "weights") == {"epoch0.pt", "epoch1.pt", "epoch2.pt"}
    os.truncate(run / "weights" / "last.pt", 300)
    put(run / "weights" / "last.pt", (run / "weights" / "last.pt").read_bytes())
    assert offered(judge(tmp_path), run / "weights") == {"epoch0.pt", "epoch1.pt"}
