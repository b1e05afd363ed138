"""The tensor tables and configurations of the models in the practice tree, as their authors publish them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from dusk.practice.headers import Tensor

Config = dict[str, object]


@dataclass(frozen=True, slots=True)
class Decoder:
    """The measures of a Llama-like decoder."""

    hidden: int
    """Width of the residual stream."""
    layers: int
    """How many blocks."""
    feed_forward: int
    """Width inside the feed-forward part."""
    heads: int
    """Query heads."""
    key_value_heads: int
    """Key and value heads."""
    head_size: int
    """Width of one head."""
    vocabulary: int
    """Rows of the embedding."""


QWEN3_0_6B = Decoder(1024, 28, 3072, 16, 8, 128, 151936)
SMOLLM2_135M = Decoder(576, 30, 1536, 9, 3, 64, 49152)
LLAMA_3_1_8B = Decoder(4096, 32, 14336, 32, 8, 128, 128256)


def decoder_tensors(decoder: Decoder, *, head: bool, head_norms: bool = False) -> list[Tensor]:
    """Return the tensors of a Llama-like model; ``head_norms`` is what Qwen3 adds."""
    hidden, inner = decoder.hidden, decoder.feed_forward
    queries = decoder.heads * decoder.head_size
    keys = decoder.key_value_heads * decoder.head_size
    block: dict[str, tuple[int, ...]] = {
        "input_layernorm": (hidden,),
        "mlp.down_proj": (hidden, inner),
        "mlp.gate_proj": (inner, hidden),
        "mlp.up_proj": (inner, hidden),
        "post_attention_layernorm": (hidden,),
        "self_attn.k_proj": (keys, hidden),
        "self_attn.o_proj": (hidden, queries),
        "self_attn.q_proj": (queries, hidden),
        "self_attn.v_proj": (keys, hidden),
    }
    if head_norms:
        block |= {"self_attn.k_norm": (decoder.head_size,), "self_attn.q_norm": (decoder.head_size,)}
    tensors = [Tensor("lm_head.weight", (decoder.vocabulary, hidden))] if head else []
    tensors.append(Tensor("model.embed_tokens.weight", (decoder.vocabulary, hidden)))
    tensors += _blocks(
        "model.layers", decoder.layers, {f"{name}.weight": shape for name, shape in block.items()}
    )
    return [*tensors, Tensor("model.norm.weight", (hidden,))]


def phi3_tensors() -> list[Tensor]:
    """Return the tensors of Phi-3.5-mini: 3.82 billion weights."""
    block = {
        "input_layernorm.weight": (3072,),
        "mlp.down_proj.weight": (3072, 8192),
        "mlp.gate_up_proj.weight": (16384, 3072),
        "post_attention_layernorm.weight": (3072,),
        "self_attn.o_proj.weight": (3072, 3072),
        "self_attn.qkv_proj.weight": (9216, 3072),
    }
    return [
        Tensor("model.embed_tokens.weight", (32064, 3072)),
        *_blocks("model.layers", 32, block),
        Tensor("model.norm.weight", (3072,)),
        Tensor("lm_head.weight", (32064, 3072)),
    ]


def phi2_tensors() -> list[Tensor]:
    """Return the tensors of phi-2: 2.78 billion weights."""
    block: dict[str, tuple[int, ...]] = {}
    for name in ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.dense"):
        block |= {f"{name}.weight": (2560, 2560), f"{name}.bias": (2560,)}
    block |= {"mlp.fc1.weight": (10240, 2560), "mlp.fc1.bias": (10240,)}
    block |= {"mlp.fc2.weight": (2560, 10240), "mlp.fc2.bias": (2560,)}
    block |= {"input_layernorm.weight": (2560,), "input_layernorm.bias": (2560,)}
    return [
        Tensor("model.embed_tokens.weight", (51200, 2560)),
        *_blocks("model.layers", 32, block),
        Tensor("model.final_layernorm.weight", (2560,)),
        Tensor("model.final_layernorm.bias", (2560,)),
        Tensor("lm_head.weight", (51200, 2560)),
        Tensor("lm_head.bias", (51200,)),
    ]


def opt_350m_tensors() -> list[Tensor]:
    """Return the tensors of OPT-350M: 331 million weights."""
    block: dict[str, tuple[int, ...]] = {}
    for name in ("self_attn.k_proj", "self_attn.v_proj", "self_attn.q_proj", "self_attn.out_proj"):
        block |= {f"{name}.weight": (1024, 1024), f"{name}.bias": (1024,)}
    for name in ("self_attn_layer_norm", "final_layer_norm"):
        block |= {f"{name}.weight": (1024,), f"{name}.bias": (1024,)}
    block |= {
        "fc1.weight": (4096, 1024),
        "fc1.bias": (4096,),
        "fc2.weight": (1024, 4096),
        "fc2.bias": (1024,),
    }
    return [
        Tensor("model.decoder.embed_tokens.weight", (50272, 512)),
        Tensor("model.decoder.embed_positions.weight", (2050, 1024)),
        Tensor("model.decoder.project_out.weight", (512, 1024)),
        Tensor("model.decoder.project_in.weight", (1024, 512)),
        *_blocks("model.decoder.layers", 24, block),
    ]


def bert_tensors(hidden: int, layers: int, inner: int) -> list[Tensor]:
    """Return the tensors of a sentence encoder with a vocabulary of 30,522."""
    block: dict[str, tuple[int, ...]] = {}
    for name in ("self.query", "self.key", "self.value", "output.dense"):
        block |= {f"attention.{name}.weight": (hidden, hidden), f"attention.{name}.bias": (hidden,)}
    for name in ("attention.output.LayerNorm", "output.LayerNorm"):
        block |= {f"{name}.weight": (hidden,), f"{name}.bias": (hidden,)}
    block |= {"intermediate.dense.weight": (inner, hidden), "intermediate.dense.bias": (inner,)}
    block |= {"output.dense.weight": (hidden, inner), "output.dense.bias": (hidden,)}
    return [
        Tensor("embeddings.word_embeddings.weight", (30522, hidden)),
        Tensor("embeddings.position_embeddings.weight", (512, hidden)),
        Tensor("embeddings.token_type_embeddings.weight", (2, hidden)),
        Tensor("embeddings.LayerNorm.weight", (hidden,)),
        Tensor("embeddings.LayerNorm.bias", (hidden,)),
        *_blocks("encoder.layer", layers, block),
        Tensor("pooler.dense.weight", (hidden, hidden)),
        Tensor("pooler.dense.bias", (hidden,)),
    ]


def lora_tensors(layers: int, modules: dict[str, tuple[int, int]], rank: int) -> list[Tensor]:
    """Return the tensors of a LoRA adapter; ``modules`` are names with their inputs and outputs."""
    tensors = []
    for layer in range(layers):
        for name, (inputs, outputs) in modules.items():
            prefix = f"base_model.model.model.layers.{layer}.{name}"
            tensors.append(Tensor(f"{prefix}.lora_A.weight", (rank, inputs)))
            tensors.append(Tensor(f"{prefix}.lora_B.weight", (outputs, rank)))
    return tensors


def gguf_tensors(tensors: Iterable[Tensor], quantisation: str) -> list[tuple[Tensor, str]]:
    """Return each tensor with its GGUF name and type.

    Vectors stay F32. ``Q4_K_M`` keeps the output, and the value and down projections of every other
    layer, in Q6_K.
    """
    plain = "Q4_K" if quantisation == "Q4_K_M" else quantisation
    result = []
    for tensor in tensors:
        name = _gguf_name(tensor.name)
        finer = "output" in name or (_layer(name) % 2 == 0 and ("attn_v" in name or "ffn_down" in name))
        kind = "F32" if len(tensor.shape) == 1 else "Q6_K" if quantisation == "Q4_K_M" and finer else plain
        result.append((Tensor(name, tensor.shape), kind))
    return result


def decoder_config(decoder: Decoder, architecture: str, model_type: str, *, tied: bool) -> Config:
    """Return ``config.json`` of a Llama-like model."""
    return {
        "architectures": [architecture],
        "attention_bias": False,
        "attention_dropout": 0.0,
        "head_dim": decoder.head_size,
        "hidden_act": "silu",
        "hidden_size": decoder.hidden,
        "intermediate_size": decoder.feed_forward,
        "max_position_embeddings": 40960,
        "model_type": model_type,
        "num_attention_heads": decoder.heads,
        "num_hidden_layers": decoder.layers,
        "num_key_value_heads": decoder.key_value_heads,
        "rms_norm_eps": 1e-06,
        "tie_word_embeddings": tied,
        "torch_dtype": "bfloat16",
        "transformers_version": "4.51.0",
        "vocab_size": decoder.vocabulary,
    }


def _blocks(prefix: str, count: int, block: dict[str, tuple[int, ...]]) -> list[Tensor]:
    return [Tensor(f"{prefix}.{n}.{name}", shape) for n in range(count) for name, shape in block.items()]


_GGUF_NAMES = {
    "model.embed_tokens": "token_embd",
    "model.norm": "output_norm",
    "model.final_layernorm": "output_norm",
    "lm_head": "output",
    "model.layers": "blk",
    "input_layernorm": "attn_norm",
    "post_attention_layernorm": "ffn_norm",
    "self_attn.qkv_proj": "attn_qkv",
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "self_attn.dense": "attn_output",
    "mlp.gate_up_proj": "ffn_up",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
    "mlp.fc1": "ffn_up",
    "mlp.fc2": "ffn_down",
}


def _gguf_name(name: str) -> str:
    for ours, theirs in _GGUF_NAMES.items():
        name = name.replace(ours, theirs)
    return name


def _layer(name: str) -> int:
    parts = name.split(".")
    return int(parts[1]) if parts[0] == "blk" else -1
