"""Where an archive goes, asked once for a whole run of the app."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from textual.screen import Screen

    from dusk.tui.session import Session


def with_destination(screen: Screen[Any], session: Session, queue: Callable[[bytes], None]) -> None:
    """Ask where archives go, when that was not said yet, and then queue."""
    if session.read_only or session.archive_directory:
        queue(session.archive_directory)
        return
    from dusk.tui.screens.destination import DestinationScreen

    def chosen(place: bytes | None) -> None:
        if place:
            session.archive_directory = place
            queue(place)

    default = session.settings.archive_directory.encode("utf-8", "surrogateescape")
    screen.app.push_screen(DestinationScreen(session, default), chosen)
