"""What a model's ``config.json`` and a run's ``trainer_state.json`` say.

Source: transformers 5.23 writes ``dtype`` where versions 4 wrote ``torch_dtype``.
"""

from __future__ import annotations

import msgspec


class Packing(msgspec.Struct):
    """How quantised weights are packed into tensors."""

    quant_method: str = ""
    """Such as ``gptq`` or ``bitsandbytes``."""
    bits: int | None = None
    """Bits per weight, where the method says it."""
    load_in_4bit: bool = False
    """Whether bitsandbytes packs to four bits."""


class ModelConfiguration(msgspec.Struct):
    """The few keys of config.json that tell what a model is."""

    architectures: list[str] | None = None
    """Class names; the first one counts."""
    model_type: str = ""
    """Such as ``llama``."""
    dtype: str | None = None
    """Precision, as transformers 5 writes it."""
    torch_dtype: str | None = None
    """Precision, as transformers 4 wrote it."""
    num_hidden_layers: int | None = None
    """Layers."""
    hidden_size: int | None = None
    """Width."""
    vocab_size: int | None = None
    """Tokens known."""
    quantization_config: msgspec.Raw = msgspec.Raw(b"null")
    """How the weights are packed."""

    @property
    def is_model(self) -> bool:
        """Whether these are keys of a model and not of some program's own configuration."""
        return bool(self.architectures or (self.model_type and self.hidden_size))

    @property
    def precision(self) -> str:
        """The type of the weights as a header would say it: ``BF16``."""
        said = (self.dtype or self.torch_dtype or "").removeprefix("torch.")
        return {"bfloat16": "BF16", "float16": "F16", "float32": "F32"}.get(said, "")

    @property
    def packed(self) -> str:
        """How the weights are packed: ``4-bit gptq``; empty where they are not."""
        try:
            packing = msgspec.json.decode(self.quantization_config, type=Packing | None)
        except (msgspec.DecodeError, RecursionError):
            return ""  # one of many dialects; the rest of the configuration holds all the same
        if packing is None or not packing.quant_method:
            return ""
        bits = packing.bits or (4 if packing.load_in_4bit else 0)
        return f"{bits}-bit {packing.quant_method}" if bits else packing.quant_method

    @property
    def name(self) -> str:
        """The class, or the type where no class is named."""
        return self.architectures[0] if self.architectures else self.model_type


class TrainerState(msgspec.Struct):
    """The keys of trainer_state.json that tell which checkpoint is the best."""

    best_model_checkpoint: str | None = None
    """Path relative to where training was started."""
    best_metric: float | None = None
    """Its score."""
    global_step: int = 0
    """Steps done."""
    max_steps: int = 0
    """Steps wanted."""
