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
        colour = Color.parse(variables[_OTHER_VARIABLES.get(kind, kind)])
        looks[kind] = plain + Style(color=(background + colour).rich_color, bold=kind in _BOLD or None)
    back = background + Color.parse(variables["cursor-background"])
    front = back + Color.parse(variables["cursor-text"])
    looks["cursor"] = plain + Style(color=front.rich_color, bgcolor=back.rich_color)
    return looks
