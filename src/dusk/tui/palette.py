"""The commands in the palette."""

from __future__ import annotations

from functools import partial

from textual.command import DiscoveryHit, Hit, Hits, Provider

from dusk.tui.screens.main import MainScreen

_NOT_LISTED = frozenset({"palette", "down", "up", "page_down", "page_up", "first", "last", "back"})


class CommandProvider(Provider):
    """Every command of the table, by its title."""

    async def discover(self) -> Hits:
        """List all commands before anything is typed."""
        for title, text, run in self._commands():
            yield DiscoveryHit(title, run, help=text)

    async def search(self, query: str) -> Hits:
        """List the commands that fit what was typed."""
        matcher = self.matcher(query)
        for title, text, run in self._commands():
            score = max(matcher.match(title), matcher.match(text) * 0.5)
            if score > 0:
                yield Hit(score, matcher.highlight(title), run, text=title, help=text)

    def _commands(self) -> list[tuple[str, str, partial[None]]]:
        screen = self.screen
        if not isinstance(screen, MainScreen):
            return []
        return [
            (
                f"{command.title} ({command.shown_keys})" if command.keys else command.title,
                command.help,
                partial(screen.run_command, command.id),
            )
            for command in screen.commands
            if command.id not in _NOT_LISTED and not command.id.startswith("choose_")
        ]
