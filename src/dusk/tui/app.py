"""The Textual app: themes, colours, signals, and which screen comes first."""

from __future__ import annotations

import asyncio
import gc
import signal
import sys
from collections.abc import Callable, Iterable, Sequence

from textual.app import App, SystemCommand
from textual.command import Provider
from textual.filter import LineFilter
from textual.screen import Screen
from textual.theme import BUILTIN_THEMES

from dusk.fs.names import display_name
from dusk.scan.turns import take_short_turns
from dusk.tui.commands import Command
from dusk.tui.continuing import repair_when_continued
from dusk.tui.screens.main import MainScreen
from dusk.tui.session import Session
from dusk.tui.themes import ThemeShelf, suitable_theme, variable_defaults

LOCAL_TICK_SECONDS = 0.1
REMOTE_TICK_SECONDS = 0.25
_TURN_SECONDS = 0.0005
"""How long other threads keep the interpreter when a key wants it: it asks for it several times a key."""


def _command_provider() -> type[Provider]:
    from dusk.tui.palette import CommandProvider

    return CommandProvider


class DuskApp(App[int], inherit_bindings=False):
    """One session on one terminal."""

    TITLE = "dusk"
    CSS_PATH = "app.tcss"
    COMMANDS = App.COMMANDS | {_command_provider}
    ENABLE_COMMAND_PALETTE = True

    def __init__(
        self,
        session: Session,
        commands: Sequence[Command],
        shelf: ThemeShelf,
        *,
        theme: str = "",
        later_themes: Callable[[], ThemeShelf] | None = None,
        tick_seconds: float = LOCAL_TICK_SECONDS,
    ) -> None:
        """Dress for the terminal before the first frame."""
        super().__init__()
        self.session = session
        self.failure: Exception | None = None
        """What ended the app, when that was an error."""
        self._commands_table = tuple(commands)
        self._tick_seconds = tick_seconds
        self._later_themes = later_themes
        self._nearest: LineFilter | None = None
        for each in shelf.themes:
            self.register_theme(each)
        available = {each.name: each for each in shelf.themes}
        self._dress(suitable_theme(theme, available, self.console.color_system))
        if theme and theme not in available:
            session.notice(f"There is no theme {display_name(theme)}; {self.theme} is used.")
        session.notice(*(f"Theme left out: {problem}" for problem in _first_of_each_file(shelf)))

    def _dress(self, name: str) -> None:
        """Set the first theme while nothing is drawn: its watcher would read every style sheet again."""
        self.set_reactive(App.theme, name)
        dark = self.current_theme.dark
        classes = {worn: False for worn in self.classes if worn.startswith("-theme-")}
        classes |= {f"-theme-{name}": True, "-dark-mode": dark, "-light-mode": not dark}
        self.update_classes(classes, update=False)
        self._refresh_truecolor_filter(self.ansi_theme)
        self.stylesheet.set_variables(self.get_css_variables())

    def get_default_screen(self) -> Screen[None]:
        """Return the tree as the first screen: pushing it would send one more whole frame."""
        screen = MainScreen(self.session, self._commands_table, self._tick_seconds)
        screen.fit(self.size)
        return screen

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Return Textual's own commands that make sense here; its quit would not ask."""
        return (command for command in super().get_system_commands(screen) if command.title == "Theme")

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Return dusk's own colours for themes that know nothing of them, such as Textual's."""
        theme = self.current_theme
        ansi = BUILTIN_THEMES["ansi-dark"].variables if theme.ansi else {}
        return {**ansi, **variable_defaults(theme)}

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Add the filter for 256 colours where the terminal has no more."""
        filters = super().get_line_filters()
        if self.console.color_system != "256":
            return filters
        from dusk.tui.palette_filter import NearestOf256

        self._nearest = self._nearest or NearestOf256()
        return [*filters, self._nearest]

    def _handle_exception(self, error: Exception) -> None:
        self.failure = self.failure or error
        super()._handle_exception(error)

    def _fatal_error(self) -> None:
        # Textual would print a traceback with the values of all variables, raw file names among them.
        self._close_messages_no_wait()

    def on_mount(self) -> None:
        """Listen to signals, and begin to scan once there is something to look at."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGHUP):
            # Textual has no handler for these and would leave the terminal in its own modes.
            loop.add_signal_handler(number, self.exit, 128 + number)
        self.app_resume_signal.subscribe(self, self._repaint)
        repair_when_continued(self._driver)
        # Threads that import and walk would hold up the first frame by 100 ms.
        self.call_after_refresh(self._begin)

    def _begin(self) -> None:
        """Begin to scan behind the first frame; what was imported so far is never looked through again."""
        sys.setswitchinterval(_TURN_SECONDS)
        take_short_turns()
        self.session.start()
        if self._later_themes is not None:
            for each in self._later_themes().themes:
                if each.name not in self.available_themes:
                    self.register_theme(each)
        gc.freeze()
        gc.enable()

    def _repaint(self, _app: object) -> None:
        """Draw everything again after the shell had the terminal: Textual sends only what changed."""
        self.call_later(self.screen.refresh, repaint=True, layout=True)

    def on_unmount(self) -> None:
        """Let every thread end; none is waited for."""
        self.session.stop()


def _first_of_each_file(shelf: ThemeShelf) -> list[str]:
    first: dict[str, str] = {}
    for problem in shelf.problems:
        first.setdefault(problem.file, str(problem))
    return list(first.values())
