"""Models that belong together across formats and places: what is told of one by the others.

Base, fine-tuned and merged models have tensors of the same names and shapes. Only a checksum makes two files
duplicates; everything else here is kinship, said as such.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

_PLAIN = re.compile(r"[^a-z0-9]+")
_CLOSE = 0.02  # tied embeddings that one format writes twice change the count by this much


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
    _known: tuple[tuple[Model, ...], ...] | None = None

    def note_model(self, model: Model) -> None:
        """Remember a model, or what it is now."""
        if self.models.get(model.entry) != model:
            self.models[model.entry] = model
            self._known = None

    def note_adapter(self, adapter: Adapter) -> None:
        """Remember an adapter with the model that it needs."""
        self.adapters[adapter.entry] = adapter

    def note_link(self, repository: bytes, entry: int) -> None:
        """Remember a directory that holds links into a repository of the hub cache."""
        self.links.setdefault(repository, {})[entry] = None

    def note_content(self, digest: str, entry: int) -> None:
        """Remember the checksum of a file that a tool wrote down; nothing is read for it."""
        self.contents.setdefault(digest, {})[entry] = None

    def groups(self) -> tuple[tuple[Model, ...], ...]:
        """Return the families that have more than one member, biggest model first."""
        if self._known is None:
            self._known = tuple(self._grouped())
        return self._known

    def _grouped(self) -> Iterator[tuple[Model, ...]]:
        shapes: dict[tuple[str, int, int], list[Model]] = {}
        for model in self.models.values():
            if model.layers and model.width:
                kind = _PLAIN.sub("", model.kind.lower())
                shapes.setdefault((kind, model.layers, model.width), []).append(model)
        for alike in shapes.values():
            left = sorted(alike, key=lambda model: model.parameters, reverse=True)
            while left:
                first = left[0]
                family = [model for model in left if _close(first.parameters, model.parameters)]
                left = [model for model in left if model not in family]
                if len(family) > 1:
                    yield tuple(family)

    def family_of(self, entry: int) -> tuple[Model, ...]:
        """Return the family of a model; empty for one without kin."""
        if entry not in self.models:
            return ()
        return next((one for one in self.groups() if any(model.entry == entry for model in one)), ())

    def adapters_on(self, model: Model, path: bytes) -> list[Adapter]:
        """Return the adapters that name a model, by its path or by its name on the Hub."""
        return [one for one in self.adapters.values() if names_model(one.base, model, path)]


def names_model(base: str, model: Model, path: bytes) -> bool:
    """Return whether an adapter's base is this model: its path's end, or its name on the Hub."""
    if not base:
        return False
    if model.identifier:
        return base == model.identifier
    wanted = [part for part in base.split("/") if part not in ("", ".", "..")]
    own = path.decode("utf-8", "surrogateescape").split("/")
    # A name on the Hub is downloaded, also where a directory here is called org_name after it.
    return bool(wanted) and own[-len(wanted) :] == wanted


def _close(one: int, other: int) -> bool:
    if not one or not other:
        return True  # a head that does not count says nothing against it
    return abs(one - other) <= _CLOSE * max(one, other)
