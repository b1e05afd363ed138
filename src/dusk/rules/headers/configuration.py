"""What a model's ``config.json`` and a run's ``trainer_state.json`` say.

Source: transformers 5.23 writes ``dtype`` where versions 4 wrote ``torch_dtype``.
"""

from __future__ import annotations

import msgspec


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

    @property
    def is_model(self) -> bool:
        """Whether these are keys of a model and not of some program's own configuration."""
        return bool(self.architectures or (self.model_type and self.hidden_size))

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
