"""Signs of the safety levels, so that a level is never told by colour alone."""

from __future__ import annotations

from dusk.rules.safety import Safety

_UNICODE = {Safety.SAFE: "○", Safety.COSTLY: "◐", Safety.REVIEW: "◆", Safety.KEEP: "■"}
_ASCII = {Safety.SAFE: "o", Safety.COSTLY: "c", Safety.REVIEW: "?", Safety.KEEP: "!"}
WIDTH = 8
"""Cells that the longest sign with its word takes."""


def safety_sign(safety: Safety, *, ascii_only: bool = False) -> str:
    """Return the one-cell sign of a level."""
    return (_ASCII if ascii_only else _UNICODE)[safety]


def safety_text(safety: Safety, *, ascii_only: bool = False) -> str:
    """Return the sign and the word: ``◐ costly``."""
    return f"{safety_sign(safety, ascii_only=ascii_only)} {safety.value}"


def safety_kind(safety: Safety) -> str:
    """Return the kind of span that carries the level's colour."""
    return f"safety-{safety.value}"
