"""The main screen: it routes keys to commands and pulls news from the session; it decides nothing."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial

from textual import events, on
from textual.geometry import Size
from textual.widgets import Input

from dusk.tui.commands import Command
from dusk.tui.messages import CommandChosen, CursorMoved, FindingChosen, RowChosen, ScanEnded
from dusk.tui.screens.browsing import Browsing
from dusk.tui.screens.choosing import Choosing
from dusk.tui.session import Pulse, Session

_DRAWING_SHARE = 0.05
"""Part of one processor that looking and drawing may take, unless the last look was long ago."""
_PATIENCE = 0.3
"""Seconds after which the screen is brought up to date whatever that takes."""
# Keys are seen here before the bindings of the field that has the focus.
_WHILE_TYPING = frozenset({"escape", "up", "down", "pageup", "pagedown", "ctrl+c"})


class MainScreen(Browsing, Choosing):
    """The tree, and everything that starts from it."""

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-wide")]  # noqa: RUF012 (Textual's own declaration)
    VERTICAL_BREAKPOINTS = [(0, "-tiny"), (12, "-short"), (30, "-tall")]  # noqa: RUF012

    def __init__(self, session: Session, commands: Sequence[Command], tick_seconds: float) -> None:
        """Look at a session so many seconds apart."""
        super().__init__(session, commands)
        self._tick_seconds = tick_seconds
        self._pulse: Pulse | None = None
        self._looked = self._spent = 0.0
        self._by_key = {key: command.id for command in commands for key in command.keys}

    def fit(self, size: Size) -> None:
        """Take the classes of a size before anything is drawn: one that comes later restyles everything."""
        for breakpoints, length in (
            (self.HORIZONTAL_BREAKPOINTS, size.width),
            (self.VERTICAL_BREAKPOINTS, size.height),
        ):
            self.add_class(max(point for point in breakpoints if point[0] <= length)[1])

    def on_mount(self) -> None:
        """Begin to look."""
        self.set_focus(self.list)
        self.set_interval(self._tick_seconds, self.tick)
        self.session.say_ended = lambda: self.post_message(ScanEnded())
        self.call_after_refresh(self._complete)

    def _complete(self) -> None:
        """Add, behind the first frame, what is hidden in it: an input field costs 4 ms."""
        self.mount(self.filter_bar, after=self.status)
        self.show_all()

    def tick(self) -> None:
        """Look whether something changed, when it is time for that."""
        if self._may_look():
            self.look()

    def _may_look(self) -> bool:
        """Return whether it is time: a big screen is drawn less often, so that scan and keys come first."""
        now, spent = time.monotonic(), time.thread_time()
        waited = now - self._looked
        if waited < _PATIENCE and spent - self._spent > _DRAWING_SHARE * waited:
            return False
        self._looked, self._spent = now, spent
        return True

    def look(self) -> None:
        """Take over what changed since the last look; where nothing did, nothing is sent."""
        if not self.is_current:
            return
        self.status.settle()
        for notice in self.session.take_notices():
            self.status.announce(notice)
        pulse = self.session.pulse()
        if pulse != self._pulse or self.list.is_behind:
            self._pulse = pulse
            self.list.keep_up()
            self.show_all()

    # -- routing

    def on_key(self, event: events.Key) -> None:
        """Run the command of a key; while a filter is typed, only of keys that a text has no use for."""
        command = self._by_key.get(event.key) or self._by_key.get(event.character or "")
        if self.filter_bar.display and event.key not in _WHILE_TYPING:
            if event.character is not None and event.is_printable:
                # Typed before the field had the focus: a fast hand or a pasted text.
                event.stop()
                self.filter_bar.input.insert_text_at_cursor(event.character)
            return
        if command is not None:
            event.stop()
            event.prevent_default()
            self.run_command(command)

    def run_command(self, identifier: str) -> None:
        """Run a command by its id."""
        if identifier.startswith("choose_"):
            self.do_choose(int(identifier.removeprefix("choose_")))
            return
        action: Callable[[], None] = getattr(self, f"do_{identifier}")
        action()

    @on(CursorMoved)
    def _cursor_moved(self, event: CursorMoved) -> None:
        event.stop()
        if self.has_panel:
            self.panel.show(self.list.cursor)
        self.status.show(self.list.cursor, self.has_panel)

    @on(ScanEnded)
    def _scan_ended(self, event: ScanEnded) -> None:
        event.stop()
        self.look()

    @on(RowChosen)
    def _row_chosen(self, event: RowChosen) -> None:
        event.stop()
        rows = self.list.rows
        self.run_command("collapse" if event.index in rows.expanded else "expand")

    @on(FindingChosen)
    def _finding_chosen(self, event: FindingChosen) -> None:
        event.stop()
        self.leave_panel()
        self.list.reveal(event.index)
        self.show_all()

    @on(CommandChosen)
    def _command_chosen(self, event: CommandChosen) -> None:
        event.stop()
        self.run_command(event.command)

    @on(Input.Changed, "#filter")
    def _filter_changed(self, event: Input.Changed) -> None:
        event.stop()
        if self.filter_bar.display:
            self.apply_filter(event.value)

    @on(Input.Submitted, "#filter")
    def _filter_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.close_filter(keep=True)

    def on_resize(self, _event: events.Resize) -> None:
        """Fit the panel to the new size."""
        self.call_after_refresh(self.show_all)

    def on_screen_resume(self) -> None:
        """Show what another screen changed."""
        self._pulse = None
        self.list.rest()

    # -- commands of the whole app

    def do_help(self) -> None:
        """Show every key."""
        from dusk.tui.screens.help import HelpScreen

        self.app.push_screen(HelpScreen(self.commands, glyphs=self.session.glyphs), self._run_from_help)

    def do_palette(self) -> None:
        """Find a command by its name."""
        self.app.action_command_palette()

    def do_quit(self) -> None:
        """Leave; ask first when that loses something."""
        if not self.session.plan.steps and not self.session.is_costly_to_leave:
            self.app.exit(0)
            return
        from dusk.tui.screens.quit import QuitScreen

        self.app.push_screen(QuitScreen.of(self.session), self._leave)

    def _leave(self, answer: bool | None) -> None:
        if answer:
            self.app.exit(0)

    def _run_from_help(self, command: str | None) -> None:
        if command:
            self.call_later(partial(self.run_command, command))
