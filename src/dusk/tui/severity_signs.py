"""Signs of how much a finding matters, so that it is never told by colour alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dusk.rules.severity import Severity

_UNICODE = {"critical": "▲", "worth doing": "△"}
_ASCII = {"critical": "#", "worth doing": "+"}
_KINDS = {"critical": "problem", "worth doing": "notice"}


def severity_sign(severity: Severity, *, ascii_only: bool = False) -> str:
    """Return the one-cell sign of a level; a space for what is little."""
    return (_ASCII if ascii_only else _UNICODE).get(severity.value, " ")


def severity_text(severity: Severity, *, ascii_only: bool = False) -> str:
    """Return the sign and the word: ``▲ critical``; the word alone where there is no sign."""
    return f"{severity_sign(severity, ascii_only=ascii_only)} {severity.value}".lstrip()


def severity_kind(severity: Severity) -> str:
    """Return the kind of span that carries the level's colour."""
    return _KINDS.get(severity.value, "muted")
