"""The main screen's parts and what its commands have in common."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.screen import Screen
from textual.widgets import Input, Label

from dusk.tui.commands import Command
from dusk.tui.session import Session
from dusk.tui.widgets.breadcrumb import Breadcrumb
from dusk.tui.widgets.disk_line import DiskLine
from dusk.tui.widgets.finding_panel import FindingPanel
from dusk.tui.widgets.key_footer import KeyFooter
from dusk.tui.widgets.queue_bar import QueueBar
from dusk.tui.widgets.size_list import SizeList
from dusk.tui.widgets.status_line import StatusLine

if TYPE_CHECKING:
    from dusk.rules.finding import Finding

PANEL_FROM_WIDTH = 100
"""Columns from which the panel has room beside the list."""


class FilterBar(Horizontal):
    """Where the text of the filter is typed; shown in place of the status line."""

    def __init__(self) -> None:
        """Wait, hidden."""
        super().__init__(id="filter-bar")
        self.display = False

    @cached_property
    def input(self) -> Input:
        """The field; made behind the first frame, because it takes longer than any other part."""
        field = Input(placeholder="part of a name; enter keeps it, esc shows all", id="filter", compact=True)
        field.cursor_blink = False
        return field

    def compose(self) -> ComposeResult:
        """Put the field behind its name."""
        yield Label(" Filter: ", markup=False)
        yield self.input


class TreeScreen(Screen[None], inherit_bindings=False):
    """List, panel and lines; commands are methods of the parts that build on this."""

    def __init__(self, session: Session, commands: Sequence[Command]) -> None:
        """Show a session with a table of commands."""
        super().__init__(id="main", classes="-ascii" if session.ascii else "")
        self.session = session
        self.commands = tuple(commands)
        self.breadcrumb = Breadcrumb(session)
        self.disk_line = DiskLine(session)
        self.list = SizeList(session)
        self.panel = FindingPanel(session)
        self.status = StatusLine(session)
        self.filter_bar = FilterBar()
        self.queue_bar = QueueBar(session)
        self.footer = KeyFooter(self.commands)
        self.wants_panel = True

    def compose(self) -> ComposeResult:
        """Stack the lines around list and panel."""
        yield self.breadcrumb
        yield self.disk_line
        with Horizontal(id="body"):
            yield self.list
            yield self.panel
        yield self.status
        yield self.queue_bar
        yield self.footer

    @property
    def has_panel(self) -> bool:
        """Whether the panel is on screen."""
        return (self.wants_panel and self.app.size.width >= PANEL_FROM_WIDTH) or not self.list.display

    @property
    def is_in_panel(self) -> bool:
        """Whether the keys go to the panel; known at once, before the panel itself hears of it."""
        return self.focused is self.panel

    def enter_panel(self) -> None:
        """Give the keys to the panel; where there is no side for it, it takes the place of the list."""
        if not self.has_panel:
            self.add_class("-alone")
            self.list.display = False
            self.panel.display = True
        self.set_focus(self.panel)

    def leave_panel(self) -> None:
        """Give the keys back to the list."""
        was_alone = not self.list.display
        self.remove_class("-alone")
        self.list.display = True
        self.set_focus(self.list)
        if was_alone:
            self.show_all()

    @property
    def finding_in_hand(self) -> Finding | None:
        """The finding that keys are about: the one selected in the panel, or the one under the cursor."""
        return self.panel.selected if self.is_in_panel else self.session.finding_for(self.list.cursor)

    def say(self, sentence: str, kind: str = "text") -> None:
        """Tell the person something, in the status line."""
        self.status.say(sentence, kind)

    def show_all(self) -> None:
        """Bring every part up to date; each draws only what changed."""
        if self.panel.display is not self.has_panel:
            self.panel.display = self.has_panel
        index = self.list.cursor
        self.breadcrumb.place = self.list.rows.root
        self.breadcrumb.update_lines()
        self.disk_line.update_lines()
        self.list.redraw_changed()
        if self.has_panel:
            self.panel.show(index)
        self.status.show(index, self.has_panel)
        self.queue_bar.update_lines()
