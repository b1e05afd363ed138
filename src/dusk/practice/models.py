"""Model directories of the practice tree: the base model, the old checkpoint and the trainer run."""

from __future__ import annotations

from dusk.practice import architectures
from dusk.practice.architectures import QWEN3_0_6B, SMOLLM2_135M, Config
from dusk.practice.headers import Tensor, safetensors, safetensors_index, torch_archive, weight_count
from dusk.practice.layout import DAY, HOUR, KIB, Content, PracticeEntry, PracticeFile

# Real starts of tokeniser files are of no interest to anyone; their sizes are.
_TOKENIZER_HEAD = (
    '{"version":"1.0","truncation":null,"padding":null,"added_tokens":[],"model":{"type":"BPE","vocab":{'
)


def tokenizer_files(directory: str, size: int, age: float) -> list[PracticeEntry]:
    """Return the tokeniser of a model, ``tokenizer.json`` having ``size`` bytes."""
    settings = Content.json({"model_max_length": 131072, "tokenizer_class": "PreTrainedTokenizerFast"})
    return [
        PracticeFile(f"{directory}/tokenizer.json", Content.headed(_TOKENIZER_HEAD, size), age),
        PracticeFile(f"{directory}/tokenizer_config.json", settings, age),
    ]


def full_model(
    directory: str, config: Config, tensors: list[Tensor], dtype: str, *, age: float, shards: int = 1
) -> list[PracticeEntry]:
    """Return a model directory: configuration and weights in one or several safetensors files."""
    generation = {
        "bos_token_id": 1,
        "eos_token_id": 2,
        "transformers_version": config.get("transformers_version"),
    }
    entries: list[PracticeEntry] = [
        PracticeFile(f"{directory}/config.json", Content.json(config), age),
        PracticeFile(f"{directory}/generation_config.json", Content.json(generation), age),
    ]
    if shards == 1:
        entries.append(PracticeFile(f"{directory}/model.safetensors", safetensors(tensors, dtype), age))
        return entries
    parts = _sharded(tensors, shards)
    for name, part in parts.items():
        entries.append(PracticeFile(f"{directory}/{name}", safetensors(part, dtype), age))
    index = safetensors_index(parts, dtype)
    entries.append(PracticeFile(f"{directory}/model.safetensors.index.json", index, age))
    return entries


def trainer_state(
    step: int, save_every: int, last: int, best: tuple[int, str] | None, losses: dict[int, float]
) -> Content:
    """Return ``trainer_state.json`` as it stood at ``step``; ``best`` is a step and its directory."""
    history: list[dict[str, float | int]] = []
    for at in range(save_every, step + 1, save_every):
        history.append(
            {"epoch": at / last, "grad_norm": 1.1, "learning_rate": 2e-05 * (1 - at / last), "step": at}
        )
        if at in losses:
            history.append({"epoch": at / last, "eval_loss": losses[at], "eval_runtime": 41.2, "step": at})
    return Content.json(
        {
            "best_global_step": best[0] if best else None,
            "best_metric": losses.get(best[0]) if best else None,
            "best_model_checkpoint": best[1] if best else None,
            "epoch": step / last,
            "eval_steps": save_every,
            "global_step": step,
            "is_hyper_param_search": False,
            "is_local_process_zero": True,
            "is_world_process_zero": True,
            "log_history": history,
            "max_steps": last,
            "num_train_epochs": 1,
            "save_steps": save_every,
            "train_batch_size": 16,
        }
    )


def trainer_files(directory: str, weights: int, age: float) -> list[PracticeEntry]:
    """Return what a trainer saves to go on from a checkpoint; AdamW keeps two F32 numbers per weight."""
    files = {
        "optimizer.pt": torch_archive("optimizer", [weights * 4, weights * 4]),
        "scheduler.pt": torch_archive("scheduler", [64]),
        "rng_state.pth": torch_archive("rng_state", [5056, 816]),
        "training_args.bin": torch_archive("training_args", []),
    }
    return [PracticeFile(f"{directory}/{name}", content, age) for name, content in files.items()]


def base_model_entries() -> list[PracticeEntry]:
    """Return models/Qwen3-0.6B: 1.5 GB that the configuration names."""
    directory, age = "models/Qwen3-0.6B", 62 * DAY
    config = architectures.decoder_config(QWEN3_0_6B, "Qwen3ForCausalLM", "qwen3", tied=True)
    tensors = architectures.decoder_tensors(QWEN3_0_6B, head=True, head_norms=True)
    entries = full_model(directory, config, tensors, "BF16", age=age) + tokenizer_files(
        directory, 11422654, age
    )
    vocabulary = Content.headed('{"!":0,"\\"":1,"#":2,"$":3,', 2776833)
    merges = Content.headed("#version: 0.2\n\u0120 \u0120\n\u0120\u0120 \u0120\u0120\ni n\n", 1671853)
    front = "license: apache-2.0\npipeline_tag: text-generation\nbase_model:\n- Qwen/Qwen3-0.6B-Base"
    readme = f"---\n{front}\n---\n# Qwen3-0.6B\n"
    entries.append(PracticeFile(f"{directory}/vocab.json", vocabulary, age))
    entries.append(PracticeFile(f"{directory}/merges.txt", merges, age))
    entries.append(PracticeFile(f"{directory}/README.md", Content.of(readme), age))
    return entries


def old_checkpoint_entries() -> list[PracticeEntry]:
    """Return current_model_small: 1.2 GB from three days ago that nothing names any more."""
    directory, age = "current_model_small", 3 * DAY + 2 * HOUR
    config = architectures.decoder_config(QWEN3_0_6B, "Qwen3ForCausalLM", "qwen3", tied=True)
    tensors = architectures.decoder_tensors(QWEN3_0_6B, head=False, head_norms=True)
    entries = full_model(directory, config, tensors, "BF16", age=age) + tokenizer_files(
        directory, 11422654, age
    )
    state = trainer_state(38000, 500, 100000, None, {})
    entries.append(PracticeFile(f"{directory}/trainer_state.json", state, age))
    entries += [
        entry
        for entry in trainer_files(directory, 1, age)
        if isinstance(entry, PracticeFile) and not entry.path.endswith("optimizer.pt")
    ]
    return entries


def run_entries() -> list[PracticeEntry]:
    """Return tara/runs/sft: three checkpoints of a finished run, the oldest the best one."""
    # The trainer notes the best checkpoint as seen from where it was started, which is tara/.
    run, best, losses = (
        "tara/runs/sft",
        (500, "runs/sft/checkpoint-500"),
        {500: 1.0412, 1000: 1.0688, 1500: 1.1127},
    )
    config = architectures.decoder_config(SMOLLM2_135M, "LlamaForCausalLM", "llama", tied=True)
    tensors = architectures.decoder_tensors(SMOLLM2_135M, head=False)
    entries: list[PracticeEntry] = []
    for step, age in ((500, 5 * DAY + 9 * HOUR), (1000, 5 * DAY + 6 * HOUR), (1500, 5 * DAY + 3 * HOUR)):
        directory = f"{run}/checkpoint-{step}"
        state = trainer_state(step, 500, 1500, best, losses)
        entries += full_model(directory, config, tensors, "BF16", age=age)
        entries += tokenizer_files(directory, 2104556, age)
        entries += trainer_files(directory, weight_count(tensors), age)
        entries.append(PracticeFile(f"{directory}/trainer_state.json", state, age))
    events = Content.headed(b"\x18\0\0\0\0\0\0\0\xa3\x7fK\x22\t\0\0\0", 38 * KIB)
    name = "events.out.tfevents.1763376000.trainer.4242.0"
    entries.append(PracticeFile(f"{run}/runs/Nov17_10-40-00_trainer/{name}", events, 5 * DAY + 3 * HOUR))
    return entries


def _sharded(tensors: list[Tensor], shards: int) -> dict[str, list[Tensor]]:
    # Shards are filled one after the other, the first ones full, as save_pretrained does.
    limit = weight_count(tensors) * 0.65 if shards == 2 else weight_count(tensors) / shards
    parts: list[list[Tensor]] = [[]]
    for tensor in tensors:
        if len(parts) < shards and weight_count(parts[-1]) + tensor.weights > limit:
            parts.append([])
        parts[-1].append(tensor)
    return {f"model-{n + 1:05d}-of-{len(parts):05d}.safetensors": part for n, part in enumerate(parts)}
