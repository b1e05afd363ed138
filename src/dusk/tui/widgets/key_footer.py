"""The last line: the keys that matter most, as many as fit."""

from __future__ import annotations

from collections.abc import Sequence

from textual import events

from dusk.tui.commands import Command, shown_key
from dusk.tui.messages import CommandChosen
from dusk.tui.spans import Line, Span, cells
from dusk.tui.widgets.line_pane import LinePane

_MOST = 11
_GAP = 2
_AT_RIGHT = ("palette", "quit")


class KeyFooter(LinePane):
    """Keys and what they do, from the table of commands; help first, quit last."""

    def __init__(self, commands: Sequence[Command]) -> None:
        """Show the commands that have a place in the footer."""
        super().__init__(id="key-footer")
        self._commands = [command for command in commands if command.footer and command.keys]
        self._spots: list[tuple[int, int, str]] = []

    def compose_lines(self, width: int) -> Sequence[Line]:
        """Return the one line; what is clicked where is remembered."""
        shown = self._fitting(width - 2)
        left = [command for command in shown if command.id not in _AT_RIGHT]
        right = [command for command in shown if command.id in _AT_RIGHT]
        taken = sum(_cells(command) + _GAP for command in shown) - _GAP
        self._spots.clear()
        spans: list[Span] = [(" ", "text")]
        column = 1
        for command in (*left, *right):
            if right and command is right[0]:
                gap = max(0, width - 2 - taken)
                spans.append((" " * gap, "text"))
                column += gap
            spans += [(shown_key(command.keys[0]), "key"), (" " + command.title + " " * _GAP, "muted")]
            self._spots.append((column, column + _cells(command), command.id))
            column += _cells(command) + _GAP
        return [tuple(spans)]

    def on_click(self, event: events.Click) -> None:
        """Run the command that was clicked."""
        for start, end, command in self._spots:
            if start <= event.x < end:
                self.post_message(CommandChosen(command))

    def _fitting(self, width: int) -> list[Command]:
        """Return the commands that fit, in the order of the table; the least important go first."""
        by_importance = sorted(self._commands, key=lambda command: command.footer)[:_MOST]
        while by_importance and sum(_cells(command) + _GAP for command in by_importance) - _GAP > width:
            by_importance.pop()
        return [command for command in self._commands if command in by_importance]


def _cells(command: Command) -> int:
    return cells(shown_key(command.keys[0])) + 1 + cells(command.title)
