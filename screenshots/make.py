"""Draw the screenshots of the README from the real app on the real practice tree.

    python screenshots/make.py

Writes one SVG and, where rsvg-convert is installed, one PNG for each screen into this folder.
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Shot:
    """One picture."""

    name: str
    size: tuple[int, int]
    keys: tuple[str, ...] = ()
    theme: str = "dusk-night"


# As long as each other, so that putting one in the place of the other moves no column.
BUILT, SHOWN = "/var/tmp", "/home/me"
_CELL = 12.2  # width of a cell in the exported picture
_TEXT = re.compile(r' x="([0-9.]+)"([^>]*)>((?:&#160;)+)')
LARGE, SMALL = (120, 36), (80, 24)
TO_FINDING = ("n",)
QUEUED = ("n", "d", "n", "d", "n", "n", "d")
SHOTS = (
    Shot("main-120x36", LARGE, TO_FINDING),
    Shot("main-80x24", SMALL, TO_FINDING),
    Shot("queue-120x36", LARGE, QUEUED),
    Shot("review-120x36", LARGE, (*QUEUED, "x")),
    Shot("review-80x24", SMALL, (*QUEUED, "x")),
    Shot("help-120x36", LARGE, ("question_mark",)),
    Shot("day-120x36", LARGE, TO_FINDING, theme="dusk-day"),
    Shot("contrast-120x36", LARGE, TO_FINDING, theme="dusk-contrast"),
)


async def draw(shot: Shot, tree: bytes) -> str:
    """Return the screen of the app as SVG after its keys."""
    from dusk.settings import Settings
    from dusk.tui.app import DuskApp
    from dusk.tui.commands import COMMANDS
    from dusk.tui.launch import LaunchOptions, open_session
    from dusk.tui.themes import load_themes

    session = open_session(LaunchOptions(tree), Settings())
    app = DuskApp(session, COMMANDS, load_themes(), theme=shot.theme)
    async with app.run_test(size=shot.size) as pilot:
        while not session.judge.finished:
            await asyncio.sleep(0.05)
        await asyncio.sleep(0.5)
        for key in shot.keys:
            await pilot.press(key)
            await asyncio.sleep(0.3)
        await asyncio.sleep(1.0)
        await pilot.pause()
        return app.export_screenshot(title="dusk")


def main() -> None:
    """Draw every screen."""
    home = tempfile.mkdtemp(prefix="dusk-screenshots-")
    os.environ |= {"HOME": home, "DUSK_STATE_DIR": f"{home}/state", "DUSK_CONFIG_DIR": f"{home}/config"}
    os.environ |= {"TEXTUAL_ANIMATIONS": "none", "TERM": "xterm-256color", "COLORTERM": "truecolor"}
    os.environ.pop("NO_COLOR", None)

    from dusk.practice.builder import build_practice_tree

    tree = f"{BUILT}/training"
    build_practice_tree(os.fsencode(tree))
    for shot in SHOTS:
        picture = asyncio.run(draw(shot, os.fsencode(tree))).replace(BUILT, SHOWN)
        (HERE / f"{shot.name}.svg").write_text(picture)
        _to_png(HERE / f"{shot.name}.svg")
        print(shot.name)
    shutil.rmtree(home)
    shutil.rmtree(tree)


def _indented(match: re.Match[str]) -> str:
    blanks = match[3].count("&#160;")
    return f' x="{float(match[1]) + blanks * _CELL:.1f}"{match[2]}>'


def _to_png(picture: Path) -> None:
    """Draw a PNG too: a page that shows the SVG may not have its font."""
    if shutil.which("rsvg-convert"):
        # The embedded font is one of the web; a local fixed-width font keeps columns aligned.
        text = picture.read_text().replace("Fira Code", "DejaVu Sans Mono")
        # rsvg drops blanks at the start of a text, whatever their kind: move the text instead.
        text = _TEXT.sub(_indented, text)
        command = ["rsvg-convert", "--zoom", "1", "--output", str(picture.with_suffix(".png"))]
        subprocess.run(command, input=text.encode(), check=True)


if __name__ == "__main__":
    main()
