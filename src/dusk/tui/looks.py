"""How each kind of span looks: colours of the theme, without a style sheet's help.

Component classes would say the same, but Textual makes a node for each of them in every widget: 750 nodes
and 65 ms before the first frame.
"""

from __future__ import annotations

from collections.abc import Mapping

from rich.style import Style
from textual.color import Color

from dusk.tui.spans import KINDS

_BOLD = frozenset({"strong", "heading", "size-huge", "mark", "key"})
_OTHER_VARIABLES = {"text": "foreground", "strong": "foreground"}


def looks_of(variables: Mapping[str, str], plain: Style, background: Color) -> dict[str, Style]:
    """Return the style of every kind, and ``cursor`` for the row under the cursor.

    ``plain`` is the style of the widget that draws; a colour that lets something through lets its
    ``background`` through.
    """
    looks = {}
    for kind in KINDS:
        colour = background + _colour(variables[_OTHER_VARIABLES.get(kind, kind)])
        looks[kind] = plain + Style(color=colour.rich_color, bold=kind in _BOLD or None)
    back = background + _colour(variables["cursor-background"])
    front = back + _colour(variables["cursor-text"])
    looks["cursor"] = plain + Style(color=front.rich_color, bgcolor=back.rich_color)
    return looks


def _colour(value: str) -> Color:
    """Return a colour as themes write it, ``#a0b0c0`` or ``#a0b0c0 60%``; one that says nothing is clear."""
    colour, _, share = value.partition(" ")
    if colour == "initial":
        return Color(0, 0, 0, 0)
    parsed = Color.parse(colour)
    return parsed.multiply_alpha(float(share.strip().removesuffix("%")) / 100) if share.strip() else parsed
