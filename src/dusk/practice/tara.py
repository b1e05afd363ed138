"""The second project of the practice tree: a repository swollen by models, adapters and backups."""

from __future__ import annotations

from dataclasses import dataclass

from dusk.practice import architectures, texts
from dusk.practice.architectures import LLAMA_3_1_8B, SMOLLM2_135M, Config
from dusk.practice.headers import GGUF_FILE_TYPES, Tensor, gguf, safetensors, torch_archive, weight_count
from dusk.practice.layout import (
    DAY,
    GIB,
    KIB,
    MIB,
    Content,
    PracticeDirectory,
    PracticeEntry,
    PracticeFile,
)
from dusk.practice.models import full_model, tokenizer_files, trainer_files, trainer_state

_ROOT = "tara"
_MODELS = f"{_ROOT}/models"
_PHI3_CONFIG: Config = {
    "architectures": ["Phi3ForCausalLM"],
    "hidden_size": 3072,
    "intermediate_size": 8192,
    "model_type": "phi3",
    "num_attention_heads": 32,
    "num_hidden_layers": 32,
    "tie_word_embeddings": False,
    "torch_dtype": "bfloat16",
    "transformers_version": "4.43.3",
    "vocab_size": 32064,
}
_PHI2_CONFIG: Config = _PHI3_CONFIG | {
    "architectures": ["PhiForCausalLM"],
    "hidden_size": 2560,
    "intermediate_size": 10240,
    "model_type": "phi",
    "torch_dtype": "float16",
    "vocab_size": 51200,
}
_GPT2_CONFIG: Config = {
    "architectures": ["GPT2LMHeadModel"],
    "model_type": "gpt2",
    "n_ctx": 1024,
    "n_embd": 1024,
    "n_head": 16,
    "n_layer": 24,
    "vocab_size": 50257,
}
_OPT_CONFIG: Config = {
    "architectures": ["OPTForCausalLM"],
    "ffn_dim": 4096,
    "hidden_size": 1024,
    "model_type": "opt",
    "num_attention_heads": 16,
    "num_hidden_layers": 24,
    "torch_dtype": "float32",
    "transformers_version": "4.43.3",
    "vocab_size": 50272,
    "word_embed_proj_dim": 512,
}
_PHI3_MODULES = {
    "self_attn.qkv_proj": (3072, 9216),
    "self_attn.o_proj": (3072, 3072),
    "mlp.gate_up_proj": (3072, 16384),
    "mlp.down_proj": (8192, 3072),
}
_PHI2_MODULES = {
    "self_attn.q_proj": (2560, 2560),
    "self_attn.k_proj": (2560, 2560),
    "self_attn.v_proj": (2560, 2560),
    "self_attn.dense": (2560, 2560),
    "mlp.fc1": (2560, 10240),
    "mlp.fc2": (10240, 2560),
}


@dataclass(frozen=True, slots=True)
class Adapter:
    """One LoRA adapter with what its training left."""

    name: str
    """Its directory."""
    base: str
    """The model that it needs, as a path from the repository."""
    rank: int
    """Rank of the two matrices."""
    steps: tuple[int, ...]
    """Checkpoints that are still there, the best one first."""
    age: float
    """Seconds since it was finished."""

    @property
    def modules(self) -> dict[str, tuple[int, int]]:
        """The layers that it changes, with their inputs and outputs."""
        return _PHI2_MODULES if self.base.endswith("phi-2") else _PHI3_MODULES


_PHI3, _PHI2 = "models/microsoft_Phi-3.5-mini-instruct", "models/microsoft_phi-2"
_ADAPTERS = (
    Adapter("healthcare", _PHI3, 32, (400, 800), 152 * DAY),
    Adapter("business", _PHI2, 32, (400, 800), 150 * DAY),
    Adapter("education", _PHI3, 32, (300, 600), 148 * DAY),
    Adapter("creative", _PHI3, 32, (600,), 146 * DAY),
    Adapter("leadership", _PHI3, 32, (600,), 145 * DAY),
    Adapter("universal", _PHI3, 16, (), 141 * DAY),
)


def tara_entries() -> list[PracticeEntry]:
    """Return the whole repository: 34 GB of models, 2.9 GB of backups and a little code."""
    entries: list[PracticeEntry] = []
    for parts in (_gguf_files(), _base_models(), _domain_models(), _adapters(), _backups(), _project()):
        entries += parts
    empty = ("business", "healthcare", "universal", "checkpoints")
    return entries + [PracticeDirectory(f"{_MODELS}/{name}", 155 * DAY) for name in empty]


def _project() -> list[PracticeEntry]:
    configuration = (
        "production_model: models/gguf/Meta-Llama-3.1-8B-Instruct-Q4_K_M.gguf\n"
        "fallback_model: models/gguf/Phi-3.5-mini-instruct-Q4_K_M.gguf\n"
        "adapters:\n"
        + "".join(f"  {adapter.name}: models/adapters/{adapter.name}\n" for adapter in _ADAPTERS)
    )
    return [
        PracticeFile(f"{_ROOT}/README.md", texts.markdown("TARA Universal Model", 12 * KIB), 130 * DAY),
        PracticeFile(f"{_ROOT}/configs/tara.yaml", Content.of(configuration), 133 * DAY),
        PracticeFile(
            f"{_ROOT}/tara_universal_model/loader.py",
            texts.python_source("Model loader", 18 * KIB),
            135 * DAY,
        ),
        PracticeFile(
            f"{_ROOT}/tara_universal_model/router.py",
            texts.python_source("Domain router", 14 * KIB),
            137 * DAY,
        ),
    ]


def _gguf_files() -> list[PracticeEntry]:
    llama = architectures.decoder_tensors(LLAMA_3_1_8B, head=True)
    small = architectures.decoder_tensors(SMOLLM2_135M, head=False)
    phi3 = architectures.phi3_tensors()
    files: tuple[tuple[str, str, str, list[Tensor], str, int, int], ...] = (
        ("Meta-Llama-3.1-8B-Instruct", "llama", "8B", llama, "Q4_K_M", 32, 131072),
        ("Phi-3.5-mini-instruct", "phi3", "3.8B", phi3, "Q4_K_M", 32, 131072),
        ("Phi-3.5-mini-instruct", "phi3", "3.8B", phi3, "Q6_K", 32, 131072),
        ("SmolLM2-135M-Instruct", "llama", "135M", small, "Q8_0", 30, 8192),
    )
    entries: list[PracticeEntry] = []
    for name, architecture, label, tensors, quantisation, blocks, context in files:
        facts: dict[str, str | int | float] = {
            "general.architecture": architecture,
            "general.type": "model",
            "general.name": name.replace("-", " "),
            "general.basename": name.rsplit("-", 1)[0],
            "general.size_label": label,
            "general.file_type": GGUF_FILE_TYPES[quantisation],
            "general.quantization_version": 2,
            f"{architecture}.block_count": blocks,
            f"{architecture}.context_length": context,
            f"{architecture}.embedding_length": tensors[-1].shape[0] if name.startswith("Smol") else 4096,
            "tokenizer.ggml.model": "gpt2",
        }
        content = gguf(facts, architectures.gguf_tensors(tensors, quantisation))
        entries.append(PracticeFile(f"{_MODELS}/gguf/{name}-{quantisation}.gguf", content, 158 * DAY))
    return entries


def _base_models() -> list[PracticeEntry]:
    phi3, phi2 = f"{_MODELS}/microsoft_Phi-3.5-mini-instruct", f"{_MODELS}/microsoft_phi-2"
    entries = full_model(phi3, _PHI3_CONFIG, architectures.phi3_tensors(), "BF16", age=165 * DAY, shards=2)
    entries += tokenizer_files(phi3, 1844878, 165 * DAY)
    entries += full_model(phi2, _PHI2_CONFIG, architectures.phi2_tensors(), "F16", age=171 * DAY, shards=2)
    entries += tokenizer_files(phi2, 2114924, 171 * DAY)
    return entries + _framework_twins(f"{_MODELS}/microsoft_DialoGPT-medium", 174 * DAY)


def _framework_twins(directory: str, age: float) -> list[PracticeEntry]:
    """Return one model of 355 million weights, saved once for each of three frameworks."""
    weights = 354_823_168 * 4
    masks = 24 * 1024 * 1024 * 4  # old PyTorch files also hold the attention masks
    hdf5 = b"\x89HDF\r\n\x1a\n" + bytes(8)
    files = {
        "config.json": Content.json(_GPT2_CONFIG),
        "merges.txt": Content.headed("#version: 0.2\n\u0120 t\n", 456318),
        "vocab.json": Content.headed('{"!": 0, "\\"": 1, ', 1042301),
        "pytorch_model.bin": torch_archive("archive", [weights, masks]),
        "tf_model.h5": Content.headed(hdf5, weights + 412_064),
        "flax_model.msgpack": Content.headed(b"\x81\xabtransformer\x84\xa1h\xde\x00\x18", weights + 9_216),
    }
    return [PracticeFile(f"{directory}/{name}", content, age) for name, content in files.items()]


def _domain_models() -> list[PracticeEntry]:
    entries: list[PracticeEntry] = []
    for order, domain in enumerate(("leadership", "creative", "education")):
        directory, age = f"{_MODELS}/{domain}", (160 - order) * DAY
        entries += full_model(directory, _OPT_CONFIG, architectures.opt_350m_tensors(), "F32", age=age)
        entries += tokenizer_files(directory, 2108619, age)
    return entries


def _adapters() -> list[PracticeEntry]:
    entries: list[PracticeEntry] = []
    for adapter in _ADAPTERS:
        directory = f"{_MODELS}/adapters/{adapter.name}"
        tensors = architectures.lora_tensors(32, adapter.modules, adapter.rank)
        entries += _adapter_files(adapter, directory, tensors, adapter.age)
        losses = {step: 1.21 + order * 0.07 for order, step in enumerate(adapter.steps)}
        for step in adapter.steps:
            # The trainer was started in the repository, so the path that it noted begins there.
            best = (adapter.steps[0], f"models/adapters/{adapter.name}/checkpoint-{adapter.steps[0]}")
            checkpoint, age = (
                f"{directory}/checkpoint-{step}",
                adapter.age + (adapter.steps[-1] - step) * 20 + 600,
            )
            entries += _adapter_files(adapter, checkpoint, tensors, age)
            entries += trainer_files(checkpoint, weight_count(tensors), age)
            state = trainer_state(step, adapter.steps[0], adapter.steps[-1], best, losses)
            entries.append(PracticeFile(f"{checkpoint}/trainer_state.json", state, age))
    return entries


def _adapter_files(
    adapter: Adapter, directory: str, tensors: list[Tensor], age: float
) -> list[PracticeEntry]:
    config = {
        "base_model_name_or_path": adapter.base,
        "bias": "none",
        "inference_mode": True,
        "lora_alpha": adapter.rank * 2,
        "lora_dropout": 0.05,
        "modules_to_save": None,
        "peft_type": "LORA",
        "peft_version": "0.11.1",
        "r": adapter.rank,
        "revision": None,
        "target_modules": sorted(module.split(".")[-1] for module in adapter.modules),
        "task_type": "CAUSAL_LM",
        "use_dora": False,
    }
    return [
        PracticeFile(f"{directory}/adapter_config.json", Content.json(config), age),
        PracticeFile(f"{directory}/adapter_model.safetensors", safetensors(tensors, "BF16"), age),
        *tokenizer_files(directory, 1844878, age),
    ]


def _backups() -> list[PracticeEntry]:
    gzip_head = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03"
    sizes = {
        "models_20250604.tar.gz": 1.31 * GIB,
        "models_20250611.tar.gz": 1.22 * GIB,
        "data_20250618.tar.gz": 389 * MIB,
    }
    return [
        PracticeFile(f"{_ROOT}/backups/{name}", Content.headed(gzip_head, int(size)), (171 - order * 7) * DAY)
        for order, (name, size) in enumerate(sizes.items())
    ]
