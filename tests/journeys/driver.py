"""The real app on a real tree, driven by keys alone."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from textual.pilot import Pilot

from dusk.settings import Settings
from dusk.tui.app import DuskApp
from dusk.tui.commands import COMMANDS
from dusk.tui.launch import LaunchOptions, open_session
from dusk.tui.screens.main import MainScreen
from dusk.tui.session import Session
from dusk.tui.themes import load_themes


class Driver:
    """A person at the keyboard."""

    def __init__(self, session: Session, app: DuskApp, pilot: Pilot[int]) -> None:
        self.session = session
        self.app = app
        self.pilot = pilot

    async def press(self, *keys: str) -> None:
        """Press keys one after another and let the app settle after each."""
        for key in keys:
            await self.pilot.press(key)
            await self.pilot.pause()

    async def until(self, condition: Callable[[], object], what: str, timeout: float = 20.0) -> None:
        """Wait until something holds, as a person waits for the screen."""
        end = time.monotonic() + timeout
        while not condition():
            assert time.monotonic() < end, f"{what} did not happen; on screen:\n{self.screen_text()}"
            await asyncio.sleep(0.02)
        await self.pilot.pause()

    async def until_screen(self, name: str) -> None:
        """Wait for a screen by the name of its class."""
        await self.until(lambda: type(self.app.screen).__name__ == name, f"screen {name}")

    async def go_to(self, path: bytes) -> None:
        """Walk the findings with `n` until the cursor stands on a path."""
        first = None
        for _ in range(60):
            await self.press("n")
            screen = self.app.screen
            assert isinstance(screen, MainScreen)
            here = self.session.tree.path(screen.list.cursor)
            if here == path:
                return
            assert here != first, f"{path!r} is no finding"
            first = first or here
        raise AssertionError(f"{path!r} is no finding")

    def screen_text(self) -> str:
        """Return what the person sees."""
        lines = self.app.screen._compositor.render_strips(self.app.size)
        return "\n".join("".join(segment.text for segment in line).rstrip() for line in lines)

    async def settled(self) -> None:
        """Wait until scan, judge and every refresh are done."""
        session = self.session
        await self.until(
            lambda: session.judge.finished and not session.scan.refreshes_pending, "the end of the scan"
        )


@asynccontextmanager
async def app_on(path: bytes, size: tuple[int, int] = (120, 36), **options: object) -> AsyncIterator[Driver]:
    """Open the app on a directory and wait until it has seen it all."""
    session = open_session(LaunchOptions(path, **options), Settings())  # type: ignore[arg-type]
    app = DuskApp(session, COMMANDS, load_themes(), theme="dusk-night")
    async with app.run_test(size=size) as pilot:
        driver = Driver(session, app, pilot)
        await driver.settled()
        await driver.until_screen("MainScreen")
        yield driver


def trash_entries(home: os.PathLike[str]) -> list[str]:
    """Return the names in the home trash."""
    files = os.path.join(home, ".local", "share", "Trash", "files")
    return sorted(os.listdir(files)) if os.path.isdir(files) else []
