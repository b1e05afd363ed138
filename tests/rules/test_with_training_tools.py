"""Do training tools still go on after what dusk offers is gone? Asked of the tools, where they are."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from .trees import judge, names, only, remove, set_ages


def parts(accelerator: Any) -> tuple[Any, ...]:
    import torch

    torch.manual_seed(1)
    model = torch.nn.Linear(16, 4)
    optimizer = torch.optim.AdamW(model.parameters())
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 1)
    data = torch.utils.data.TensorDataset(torch.randn(8, 16))
    loader = torch.utils.data.DataLoader(data, batch_size=4)
    return tuple(accelerator.prepare(model, optimizer, scheduler, loader))


def test_accelerate_goes_on_from_the_last_state(tmp_path: Path) -> None:
    accelerate = pytest.importorskip("accelerate", reason="Accelerate is not installed")
    accelerator = accelerate.Accelerator(cpu=True)
    model, optimizer, scheduler, loader = parts(accelerator)
    for epoch in range(3):
        for (batch,) in loader:
            accelerator.backward(model(batch).pow(2).mean())
            optimizer.step()
            optimizer.zero_grad()
        scheduler.step()
        accelerator.save_state(str(tmp_path / "run" / f"epoch_{epoch}"))
    set_ages(tmp_path)
    finding = only(judge(tmp_path), "accelerate-old-checkpoint")
    assert names(finding, tmp_path / "run") == {"epoch_0", "epoch_1"}
    remove(finding)
    accelerator.load_state(str(tmp_path / "run" / "epoch_2"))


def test_lightning_goes_on_from_last_and_loads_the_best(tmp_path: Path) -> None:
    lightning = pytest.importorskip("lightning", reason="Lightning is not installed")
    import torch

    class Module(lightning.LightningModule):  # type: ignore[name-defined,misc]
        def __init__(self) -> None:
            super().__init__()
            self.layer = torch.nn.Linear(16, 1)

        def training_step(self, batch: Any, _: int) -> Any:
            loss = self.layer(batch[0]).pow(2).mean()
            # The third epoch has the smallest: the best is neither the first nor the last.
            self.log("score", torch.tensor([5.0, 4.0, 1.0, 3.0][min(self.current_epoch, 3)]))
            return loss

        def configure_optimizers(self) -> Any:
            return torch.optim.AdamW(self.parameters())

    data = torch.utils.data.TensorDataset(torch.randn(8, 16))
    loader = torch.utils.data.DataLoader(data, batch_size=4)
    where = tmp_path / "run" / "checkpoints"

    def trainer(epochs: int, *callbacks: Any) -> Any:
        return lightning.Trainer(
            max_epochs=epochs, accelerator="cpu", logger=False, callbacks=list(callbacks),
            enable_checkpointing=bool(callbacks), enable_progress_bar=False, enable_model_summary=False,
        )  # fmt: skip

    keep = lightning.pytorch.callbacks.ModelCheckpoint(
        dirpath=where, monitor="score", save_top_k=-1, save_last=True, filename="{epoch}"
    )
    trainer(4, keep).fit(Module(), loader)
    set_ages(tmp_path)
    finding = only(judge(tmp_path), "lightning-old-checkpoint")
    assert names(finding, where) == {"epoch=0.ckpt", "epoch=1.ckpt"}
    remove(finding)
    again = trainer(5)
    again.fit(Module(), loader, ckpt_path=str(where / "last.ckpt"))
    assert again.current_epoch == 5
    Module.load_from_checkpoint(where / "epoch=2.ckpt")


def test_orbax_restores_the_best_and_the_latest_step(tmp_path: Path) -> None:
    orbax = pytest.importorskip("orbax.checkpoint", reason="Orbax is not installed")
    numpy = pytest.importorskip("numpy", reason="numpy is not installed")
    options = orbax.CheckpointManagerOptions(best_fn=lambda scores: scores["loss"], best_mode="min")
    state = {"w": numpy.ones((8, 8))}
    with orbax.CheckpointManager(tmp_path / "run", options=options) as manager:
        for step, loss in ((10, 0.5), (20, 0.1), (30, 0.9), (40, 0.4)):
            manager.save(step, args=orbax.args.StandardSave(state), metrics={"loss": loss})
            manager.wait_until_finished()
    set_ages(tmp_path)
    finding = only(judge(tmp_path), "orbax-old-step")
    assert names(finding, tmp_path / "run") == {"10", "30"}
    remove(finding)
    with orbax.CheckpointManager(tmp_path / "run", options=options) as manager:
        assert (manager.best_step(), manager.latest_step()) == (20, 40)
        assert manager.restore(40, args=orbax.args.StandardRestore())["w"].shape == (8, 8)


def test_tensorflow_restores_the_newest(tmp_path: Path) -> None:
    tensorflow = pytest.importorskip("tensorflow", reason="TensorFlow is not installed")
    kept = tensorflow.train.Checkpoint(weights=tensorflow.Variable(tensorflow.ones((8, 8))))
    manager = tensorflow.train.CheckpointManager(kept, str(tmp_path / "run"), max_to_keep=None)
    for _ in range(3):
        manager.save()
    set_ages(tmp_path)
    finding = only(judge(tmp_path), "tensorflow-old-checkpoint")
    assert not any("ckpt-3" in name for name in names(finding, tmp_path))
    remove(finding)
    newest = tensorflow.train.latest_checkpoint(str(tmp_path / "run"))
    assert newest is not None and newest.endswith("ckpt-3")
    kept.restore(newest).assert_existing_objects_matched()


def test_sharded_checkpoints_load_from_the_last(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    import torch.distributed.checkpoint as sharded

    state = {"model": torch.nn.Linear(16, 4).state_dict()}
    for step in (100, 200, 300):
        sharded.save(state, checkpoint_id=str(tmp_path / "run" / f"step-{step}"))
    set_ages(tmp_path)
    finding = only(judge(tmp_path), "dcp-old-checkpoint")
    assert names(finding, tmp_path / "run") == {"step-100", "step-200"}
    remove(finding)
    sharded.load(state, checkpoint_id=str(tmp_path / "run" / "step-300"))


def test_what_torch_saves_is_told_from_what_was_cut_off(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    state = {"model": torch.nn.Linear(64, 64).state_dict()}
    for epoch in (1, 2, 3):
        torch.save(state, tmp_path / f"epoch_{epoch}.pt")
    os.truncate(tmp_path / "epoch_3.pt", 5000)
    set_ages(tmp_path)
    judged = judge(tmp_path)
    assert names(only(judged, "checkpoint-interrupted-save"), tmp_path) == {"epoch_3.pt"}
    assert names(only(judged, "numbered-weight-files"), tmp_path) == {"epoch_1.pt"}
    torch.load(tmp_path / "epoch_2.pt")
    with pytest.raises((RuntimeError, OSError, EOFError)):
        torch.load(tmp_path / "epoch_3.pt")


def test_the_trainer_goes_on_past_an_interrupted_save(tmp_path: Path) -> None:
    transformers = pytest.importorskip("transformers", reason="transformers is not installed")
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    rows = [{"input_ids": torch.arange(8), "labels": torch.arange(8)} for _ in range(16)]
    sizes = {"vocab_size": 16, "hidden_size": 8, "intermediate_size": 8, "num_hidden_layers": 1}
    configuration = transformers.LlamaConfig(**sizes, num_attention_heads=2, num_key_value_heads=2)

    def trainer(steps: int) -> Any:
        arguments = transformers.TrainingArguments(
            output_dir=str(tmp_path / "run"), max_steps=steps, save_steps=2, per_device_train_batch_size=4,
            report_to=[], use_cpu=True, disable_tqdm=True,
        )  # fmt: skip
        model = transformers.LlamaForCausalLM(configuration)
        return transformers.Trainer(model, arguments, train_dataset=rows)

    trainer(6).train()
    spoilt = tmp_path / "run" / "checkpoint-8"
    spoilt.mkdir()
    shutil.copy(tmp_path / "run" / "checkpoint-6" / "model.safetensors", spoilt)
    os.truncate(spoilt / "model.safetensors", 1500)
    set_ages(tmp_path)
    judged = judge(tmp_path)
    older = only(judged, "trainer-old-checkpoint")
    assert names(older, tmp_path / "run") == {"checkpoint-2", "checkpoint-4"}
    cut = only(judged, "checkpoint-interrupted-save")
    assert names(cut, tmp_path / "run") == {"checkpoint-8"}
    remove(older)
    remove(cut)
    again = trainer(10)
    again.train(resume_from_checkpoint=True)
    assert again.state.global_step == 10
