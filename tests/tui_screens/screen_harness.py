"""A small app around one screen, with a session that needs no scan."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace

from textual.app import App

from dusk.actions.journal import Journal
from dusk.fs.identity import Identity
from dusk.fs.protected import Protection
from dusk.plan.plan import Plan
from dusk.plan.step import Step, Target
from dusk.rules.finding import Action
from dusk.rules.safety import Safety
from dusk.scan.entry import Measure
from dusk.settings import Settings
from dusk.tui.glyphs import ASCII, UNICODE
from dusk.tui.themes import load_themes, variable_defaults

APP_CSS = Path(__file__).parents[2] / "src" / "dusk" / "tui" / "app.tcss"


class FakeSession:
    """What the screens ask of a session, with a real plan, a real journal and real files."""

    def __init__(self, state: Path, plan: Plan | None = None) -> None:
        self.plan = plan or Plan()
        self.protection = Protection((), mounts=None)
        self.settings = Settings()
        self.read_only = False
        self.measure = Measure.DISK
        self.ascii = False
        self.archive_directory = b""
        self.clock = lambda: 1_700_000_000.0
        self.settled: list[tuple[list[bytes], list[bytes]]] = []
        self.tree = SimpleNamespace(entry=lambda _: SimpleNamespace(identity=SimpleNamespace(device=0)))
        self._state = os.fsencode(state)
        self._journal: Journal | None = None

    @property
    def glyphs(self):
        return ASCII if self.ascii else UNICODE

    @property
    def journal(self) -> Journal:
        if self._journal is None:
            self._journal = Journal.open(self._state)
        return self._journal

    def unqueue(self, path: bytes) -> None:
        self.plan = self.plan.without_path(path)

    def acted(self, done, touched=()) -> None:
        self.settled.append((list(done), list(touched)))
        for path in self.settled[-1][0]:
            self.plan = self.plan.without_path(path)


class Harness(App[None]):
    """One screen over an empty one, dressed as the real app is."""

    CSS_PATH = str(APP_CSS)

    def __init__(self, screen) -> None:
        super().__init__()
        self.first = screen
        self.answers: list[object] = []
        for theme in load_themes(b"/nonexistent").themes:
            self.register_theme(theme)
        self.theme = "dusk-night"

    def get_theme_variable_defaults(self):
        return variable_defaults(self.current_theme)

    def on_mount(self) -> None:
        self.push_screen(self.first, self.answers.append)


def target_of(path: bytes, safety: Safety = Safety.COSTLY, **more) -> Target:
    status = os.lstat(path)
    return Target(
        path=path,
        identity=Identity.from_stat(status),
        apparent_size=status.st_size,
        disk_size=status.st_blocks * 512,
        entries=1,
        safety=safety,
        title=more.pop("title", "Old revision"),
        **more,
    )


def plan_of(*paths: bytes, action: Action = Action.TRASH, **more) -> Plan:
    return Plan((Step("one", action, tuple(target_of(path, **more) for path in paths)),))


def shown(app: App) -> str:
    """Return what the terminal would show, as text."""
    lines = app.screen._compositor.render_strips(app.size)
    return "\n".join("".join(segment.text for segment in strip).rstrip() for strip in lines)


async def until(pilot, condition, seconds: float = 8.0) -> None:
    """Let the app run until something holds."""
    for _ in range(int(seconds / 0.05)):
        await pilot.pause(0.05)
        if condition():
            await pilot.pause()  # what follows from it is drawn as well
            return
    raise AssertionError("it never came:\n" + shown(pilot.app))


def contents_of(paths) -> list[bytes]:
    """Return what the files hold."""
    contents = []
    for path in paths:
        with open(path, "rb") as file:
            contents.append(file.read())
    return contents
