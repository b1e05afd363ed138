"""What is noted of models and of what belongs to them, while a tree is judged.

Base, fine-tuned and merged models have tensors of the same names and shapes. Only a checksum makes two files
duplicates; everything else here is kinship, said as such.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Model:
    """One model as its headers say it."""

    entry: int
    """Its directory, or its first file."""
    form: str
    """``directory``, ``GGUF`` or ``hub``."""
    kind: str
    """Architecture: ``llama``."""
    layers: int
    """Blocks of the network."""
    width: int
    """Length of an embedding."""
    parameters: int
    """Numbers in all tensors; 0 where nobody can tell."""
    precision: str
    """``BF16`` or ``Q4_K_M``."""
    layout: str = ""
    """Hash over names and shapes of tensors."""
    identifier: str = ""
    """Its name on the Hub, where it is known."""


@dataclass(frozen=True, slots=True)
class Adapter:
    """A small addition to a model."""

    entry: int
    """Its directory."""
    base: str
    """The model that it adds to: a path, or a name on the Hub."""


@dataclass(slots=True)
class Families:
    """Everything that is known of models in one tree. Only the judge's thread uses it."""

    models: dict[int, Model] = field(default_factory=dict)
    """Models by entry."""
    adapters: dict[int, Adapter] = field(default_factory=dict)
    """Adapters by entry."""
    contents: dict[str, dict[int, None]] = field(default_factory=dict)
    """SHA-256 of files, known from names and notes and never computed, each with the files that have it."""
    links: dict[bytes, dict[int, None]] = field(default_factory=dict)
    """Names of repositories in the hub cache, each with the directories that hold links into it."""

    def note_model(self, model: Model) -> None:
        """Remember a model, or what it is now."""
        self.models[model.entry] = model

    def note_adapter(self, adapter: Adapter) -> None:
        """Remember an adapter with the model that it needs."""
        self.adapters[adapter.entry] = adapter

    def note_link(self, repository: bytes, entry: int) -> None:
        """Remember a directory that holds links into a repository of the hub cache."""
        self.links.setdefault(repository, {})[entry] = None

    def note_content(self, digest: str, entry: int) -> None:
        """Remember the checksum of a file that a tool wrote down; nothing is read for it."""
        self.contents.setdefault(digest, {})[entry] = None
