"""What widgets tell their screen."""

from __future__ import annotations

from dataclasses import dataclass

from textual.message import Message


@dataclass
class CursorMoved(Message):
    """The cursor of the tree is on another entry."""

    index: int
    """The entry; negative for a row that stands for several."""

    def can_replace(self, message: Message) -> bool:
        """Only where the cursor is now matters."""
        return isinstance(message, CursorMoved)


@dataclass
class RowChosen(Message):
    """A row was clicked a second time."""

    index: int
    """The entry."""


@dataclass
class CommandChosen(Message):
    """A command was clicked in the footer."""

    command: str
    """Its id."""


@dataclass
class FindingChosen(Message):
    """A finding was chosen from the list at the side."""

    index: int
    """The entry it is about first."""


class ScanEnded(Message):
    """The scan has ended: what it came to is shown at once."""
