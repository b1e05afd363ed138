"""Who is kin to whom at one moment: looked up, not searched for, because a box holds thousands of models."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from dusk.rules.facts import Facts
from dusk.rules.families import Adapter, Model

_PLAIN = re.compile(r"[^a-z0-9]+")
_CLOSE = 0.02  # tied embeddings that one format writes twice change the count by this much

Family = tuple[Model, ...]
"""Models that may be one in several forms, the one with most parameters first."""


class Kinship:
    """The families among the models that are there now, and the adapters on each."""

    def __init__(self, facts: Facts) -> None:
        """Look at what the inspectors have noted by now."""
        self._facts = facts
        gone, known = facts.tree.is_removed, facts.families
        self.families = tuple(_families(model for model in known.models.values() if not gone(model.entry)))
        """The families that have more than one member."""
        self._family = {model.entry: family for family in self.families for model in family}
        self._alike: dict[int, tuple[Family, ...]] = {}
        self._bases: dict[int, Family] = {}
        self._on: dict[int, tuple[Adapter, ...]] = {}
        self._built: dict[str, list[Adapter]] = {}
        for adapter in known.adapters.values():
            if not gone(adapter.entry):
                for key in {adapter.base, *_parts(adapter.base)[-1:]}:
                    self._built.setdefault(key, []).append(adapter)

    def alike(self, model: Model) -> tuple[Family, ...]:
        """Return the whole family of a model, those together that are of one form, precision and layout."""
        family = self._family.get(model.entry, ())
        if not family:
            return ()
        known = self._alike.get(family[0].entry)
        if known is None:
            groups: dict[tuple[str, str, str], list[Model]] = {}
            for one in family:
                groups.setdefault(_likeness(one), []).append(one)
            known = self._alike[family[0].entry] = tuple(tuple(group) for group in groups.values())
        return known

    def bases(self, model: Model) -> Family:
        """Return the members of a model's family that adapters are built on."""
        family = self._family.get(model.entry, ())
        if not family:
            return ()
        known = self._bases.get(family[0].entry)
        if known is None:
            known = tuple(one for one in family if self.adapters_on(one))
            self._bases[family[0].entry] = known
        return known

    def adapters_on(self, model: Model) -> tuple[Adapter, ...]:
        """Return the adapters that name a model, by its path or by its name on the Hub."""
        known = self._on.get(model.entry)
        if known is None:
            path = self._facts.path(model.entry)
            own = _text(path).rpartition("/")[2]
            candidates = self._built.get(model.identifier or own, ())
            known = tuple(one for one in candidates if names_model(one.base, model, path))
            self._on[model.entry] = known
        return known


def names_model(base: str, model: Model, path: bytes) -> bool:
    """Return whether an adapter's base is this model: its path's end, or its name on the Hub."""
    if not base:
        return False
    if model.identifier:
        return base == model.identifier
    wanted = _parts(base)
    own = _text(path).split("/")
    # A name on the Hub is downloaded, also where a directory here is called org_name after it.
    return bool(wanted) and own[-len(wanted) :] == wanted


def is_like(one: Model, other: Model) -> bool:
    """Return whether two models of a family are of one form, precision and layout."""
    return _likeness(one) == _likeness(other)


def _likeness(model: Model) -> tuple[str, str, str]:
    return model.form, model.precision, model.layout


def _families(models: Iterable[Model]) -> Iterator[Family]:
    shapes: dict[tuple[str, int, int], list[Model]] = {}
    for model in models:
        if model.layers and model.width:
            kind = _PLAIN.sub("", model.kind.lower())
            shapes.setdefault((kind, model.layers, model.width), []).append(model)
    for alike in shapes.values():
        left = sorted(alike, key=lambda model: model.parameters, reverse=True)
        while left:
            most = left[0].parameters
            family = tuple(model for model in left if _is_close(most, model.parameters))
            left = [model for model in left if not _is_close(most, model.parameters)]
            if len(family) > 1:
                yield family


def _is_close(one: int, other: int) -> bool:
    if not one or not other:
        return True  # a head that does not count says nothing against it
    return abs(one - other) <= _CLOSE * max(one, other)


def _parts(base: str) -> list[str]:
    return [part for part in base.split("/") if part not in ("", ".", "..")]


def _text(path: bytes) -> str:
    return path.decode("utf-8", "surrogateescape")
