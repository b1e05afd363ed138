"""Open the app on a directory: everything that must be settled before Textual is imported."""

from __future__ import annotations

import gc
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dusk.scan.entry import Measure

if TYPE_CHECKING:
    from dusk.fs.capacity import Capacity
    from dusk.settings import Settings
    from dusk.tui.session import Session


@dataclass(frozen=True, slots=True)
class LaunchOptions:
    """What the command line asks of the app."""

    path: bytes
    """Directory to look at."""
    cross: bool = False
    """Enter other filesystems."""
    threads: int | None = None
    """Threads that read directories; None chooses what suits the filesystem."""
    measure: Measure | None = None
    """Size to show; None chooses disk size, and apparent size in a practice tree."""
    read_only: bool = False
    """Turn every action off."""
    ascii: bool = False
    """Draw with ASCII characters only."""
    mouse: bool = True
    """Listen to the mouse."""
    theme: str | None = None
    """Theme instead of the one in the settings."""
    archive_directory: bytes = b""
    """Where archiving goes."""
    settings: Settings | None = None
    """The user's settings; None reads them."""


def launch(options: LaunchOptions) -> int:
    """Run the app until the person leaves; return the exit code.

    Raises ScanError when the directory cannot be scanned and SettingsError when the configuration cannot be
    used, each with a sentence; and whatever ended the app, after the terminal is itself again.
    """
    # Collecting garbage while everything is imported costs a tenth of the time to the first frame; the app
    # turns it on again behind that.
    gc.disable()
    from dusk.fs.locations import config_directory
    from dusk.fs.names import display_path
    from dusk.settings import SettingsError, load_settings
    from dusk.tui.commands import KeymapError, effective_commands

    settings = options.settings or load_settings()
    try:
        commands = effective_commands(settings.keys)
    except KeymapError as error:
        file = display_path(os.path.join(config_directory(), b"config.toml"))
        raise SettingsError(f"{file}: {error}") from error
    session = open_session(options, settings)
    remote = prepare_environment()

    from dusk.tui.app import LOCAL_TICK_SECONDS, REMOTE_TICK_SECONDS, DuskApp
    from dusk.tui.themes import first_themes, load_themes

    app = DuskApp(
        session,
        commands,
        first_themes(options.theme or settings.theme),
        later_themes=load_themes,
        theme=options.theme or settings.theme,
        tick_seconds=REMOTE_TICK_SECONDS if remote else LOCAL_TICK_SECONDS,
    )
    code = app.run(mouse=options.mouse and settings.mouse)
    if app.failure is not None:
        raise app.failure
    return code if code is not None else app.return_code or 0


def prepare_environment() -> bool:
    """Set what Textual reads when it is imported; return whether the terminal is far away."""
    remote = bool(os.environ.get("SSH_CONNECTION") or os.environ.get("SSH_TTY"))
    os.environ.setdefault("TEXTUAL_ANIMATIONS", "none")
    # How long what changed may wait to be drawn together with what changes next: over a slow link that saves
    # bytes, and at hand it would only hold up the answer to a key.
    os.environ.setdefault("TEXTUAL_FPS", "20" if remote else "240")
    return remote


def open_session(options: LaunchOptions, settings: Settings) -> Session:
    """Put scan, judge and queue together; nothing is started yet.

    Raises ScanError with a sentence when the directory cannot be scanned.
    """
    from dusk.practice.marker import is_practice_tree
    from dusk.scan.scanner import ScanOptions
    from dusk.scan.start import open_scan
    from dusk.tui.late_judge import LateJudge
    from dusk.tui.session import Session

    wanted = ScanOptions(cross=options.cross, awaits_report=True, threads=options.threads, watched=True)
    scan = open_scan(options.path, wanted)
    judge = LateJudge(scan, settings)
    measure = options.measure
    if measure is None:
        measure = Measure.APPARENT if is_practice_tree(options.path) else Measure.DISK
    archive = options.archive_directory or os.fsencode(os.path.expanduser(settings.archive_directory))
    session = Session(
        scan,
        judge,
        settings=settings,
        measure=measure,
        read_only=options.read_only,
        ascii_only=options.ascii or settings.ascii,
        archive_directory=archive,
        look_at_capacity=_look_at_capacity,
    )
    judge.say = session.notice
    return session


def _look_at_capacity(path: bytes) -> Capacity | None:
    from dusk.fs.capacity import capacity_of

    return capacity_of(path)
