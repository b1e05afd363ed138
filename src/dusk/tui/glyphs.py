"""The signs that the interface draws, in Unicode and in plain ASCII."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Glyphs:
    """One set of signs; every state has one, so that colour never carries it alone."""

    blocks: str
    """Parts of a bar cell from empty to full."""
    bar_rest: str
    """The empty part of a bar that shows its whole length."""
    expanded: str
    """Before a directory whose children are shown."""
    collapsed: str
    """Before a directory whose children are not shown."""
    leaf: str
    """Before anything that is no directory."""
    more: str
    """Before the row that stands for children not shown yet."""
    cursor: str
    """Before the row under the cursor."""
    mark: str
    """A marked entry."""
    ellipsis: str
    """Where text was cut."""
    crumb: str
    """Between the parts of the breadcrumb."""
    dot: str
    """Between facts on one line."""
    bullet: str
    """Before one of several sentences."""
    border: str
    """Between the list and the panel."""
    enter: str
    """The enter key."""
    arrow: str
    """From here to there."""
    thumb: str
    """The part of a scroll bar that shows where one is."""


UNICODE = Glyphs(
    blocks=" ▏▎▍▌▋▊▉█",
    bar_rest="░",
    expanded="▾",
    collapsed="▸",
    leaf="·",
    more="…",
    cursor="▌",
    mark="●",
    ellipsis="…",
    crumb=" › ",
    dot=" · ",
    bullet="•",
    border="│",
    enter="⏎",
    arrow="→",
    thumb="▐",
)
ASCII = Glyphs(
    blocks=" #",
    bar_rest="-",
    expanded="v",
    collapsed=">",
    leaf=" ",
    more="+",
    cursor=">",
    mark="*",
    ellipsis="~",
    crumb=" / ",
    dot=", ",
    bullet="-",
    border="|",
    enter="enter",
    arrow="->",
    thumb="|",
)
