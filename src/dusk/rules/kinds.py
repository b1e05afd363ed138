"""The kinds of disk hog that dusk knows of, by number, and which rules cover each."""

from __future__ import annotations

import importlib.resources
from collections.abc import Iterable

import msgspec

from dusk.rules.rule import Rule


class Kind(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One kind of thing that fills disks."""

    id: str
    """Its number, such as ``K07``."""
    group: str
    """What kinds it stands among."""
    title: str
    """What it is, in a few words."""
    none: str = ""
    """Why no rule recognises it; empty where one does."""


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    kind: tuple[Kind, ...]


def all_kinds() -> tuple[Kind, ...]:
    """Return all kinds in the order of their numbers."""
    text = importlib.resources.files("dusk.rules").joinpath("kinds.toml").read_bytes()
    return msgspec.toml.decode(text, type=_File).kind


def covering(rules: Iterable[Rule]) -> dict[str, list[Rule]]:
    """Return the rules of each kind, by its number, in the order given."""
    found: dict[str, list[Rule]] = {}
    for rule in rules:
        for kind in rule.kinds:
            found.setdefault(kind, []).append(rule)
    return found
