"""Acting, as it goes on: bytes, items and the path at hand as text; escape stops between items."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.timer import Timer

from dusk.fs.names import display_path
from dusk.fs.units import count_noun, format_count, format_size
from dusk.tui.bars import draw_gauge
from dusk.tui.screens.dialog import Lines, keys_line
from dusk.tui.spans import Line, fit_middle, wrap
from dusk.tui.tasks import ActingTask, TaskProgress

if TYPE_CHECKING:
    from dusk.actions.outcome import Outcome
    from dusk.actions.undo import UndoOutcome
    from dusk.tui.session import Session

_TICK = 0.2  # seconds; text only, so this costs some hundred bytes a second
_BAR = 40
# A copy stops within a block and a rename at once: what takes longer to stop waits for the system.
_STUCK_SECONDS = 3.0


class ProgressScreen(Screen[None]):
    """Watch a task that changes the disk, then show its result."""

    DEFAULT_CSS = """
    ProgressScreen { background: $background; color: $foreground; }
    ProgressScreen > Static { padding: 0 1; }
    ProgressScreen > #title { height: 1; background: $surface; }
    ProgressScreen > #body { height: 1fr; padding: 1 2; }
    ProgressScreen > #keys { height: 1; }
    ProgressScreen.-short > #body { padding: 0 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,ctrl+c", "stop", "Stop", show=False),
        Binding("q", "abandon", "Leave dusk", show=False),
    ]

    def __init__(
        self,
        session: Session,
        task: ActingTask[Any],
        result_screen: Callable[[Outcome | UndoOutcome], Screen[None]],
    ) -> None:
        """Watch a task; it is started if it was not yet. ``result_screen`` makes what is shown at its end."""
        super().__init__()
        self._result_screen = result_screen
        self._session = session
        self._work = task
        self._started = time.monotonic()
        self._timer: Timer | None = None
        self._stopping_since = 0.0
        self._failed = False
        self._settled = False

    def compose(self) -> ComposeResult:
        """Lay out title, figures and the key that stops."""
        yield Lines([((self._work.doing, "heading"),)], name="title")
        yield Lines(name="body")
        yield Lines(name="keys")

    def on_mount(self) -> None:
        """Begin to watch."""
        self._work.start()
        self._timer = self.set_interval(_TICK, self._tick)
        self._show()

    def on_resize(self) -> None:
        """Fit the text to the new size."""
        self.set_class(self.app.size.height < 16, "-short")
        self._show()

    def action_stop(self) -> None:
        """Stop after the item at hand; leave when it could not begin."""
        if self._failed:
            self.dismiss()
        else:
            self._work.cancel()
            self._stopping_since = self._stopping_since or time.monotonic()
            self._show()

    def action_abandon(self) -> None:
        """Leave dusk when the system does not answer; the next start recovers from the journal."""
        if self._is_stuck:
            self.app.exit(3)  # partly done; the journal says what

    @property
    def _is_stuck(self) -> bool:
        since = self._stopping_since
        return not self._work.done and since > 0 and time.monotonic() - since > _STUCK_SECONDS

    def _tick(self) -> None:
        if not self._work.done:
            self._show()
            return
        if not self._settled:
            self._settled = True
            self._work.settle()
        if self._work.result is None:
            self._failed = True
            self._show()
        elif self.is_current:  # another screen on top must not be replaced by the result
            self.app.switch_screen(self._result_screen(self._work.result))
        else:
            return
        if self._timer is not None:
            self._timer.stop()

    def _show(self) -> None:
        if not self.is_mounted:
            return
        width = max(10, self.app.size.width - 4)
        lines = self._failure_lines(width) if self._failed else self._lines(self._work.progress, width)
        self.query_one("#body", Lines).show(lines)
        keys = [("esc", "Back" if self._failed else "Stop after this item")]
        if self._is_stuck:
            keys = [("q", "Leave dusk")]
        self.query_one("#keys", Lines).show([keys_line(keys, width)])

    def _failure_lines(self, width: int) -> list[Line]:
        lines: list[Line] = [((text, "problem"),) for text in wrap(self._work.error, width)]
        return [*lines, (), (("Nothing of the queue was lost. The journal says what was done.", "muted"),)]

    def _lines(self, progress: TaskProgress, width: int) -> list[Line]:
        glyphs = self._session.glyphs
        seconds = int(time.monotonic() - self._started)
        filled, rest = draw_gauge(_fraction(progress), min(_BAR, width - 7), glyphs)
        percent = f"{_fraction(progress):5.0%}"
        sizes = f"{format_size(progress.bytes_done)} of {format_size(progress.bytes_total)}"
        items = f"{format_count(progress.items_done)} of {count_noun(progress.items_total, 'path')}"
        lines: list[Line] = [
            ((filled, "bar"), (rest, "bar-rest"), (percent, "strong")),
            (),
            (
                (f"{sizes}  ", "strong"),
                (f"{items}  ", "text"),
                (f"{seconds} s  {progress.pace}".rstrip(), "muted"),
            ),
            ((progress.phase or "preparing", "muted"),),
            ((fit_middle(display_path(progress.current), width, glyphs.ellipsis), "text"),),
        ]
        if self._work.cancelled:
            done = count_noun(progress.items_done, "path is", "paths are")
            said = f"Stopping after this item. {done} done and stay done; undo takes them back."
            lines += [(), *(((text, "notice"),) for text in wrap(said, width))]
        if self._is_stuck:
            said = (
                "The system does not answer, perhaps because of a mount that hangs. "
                "q leaves dusk; its next start says from the journal what was done."
            )
            lines += [(), *(((text, "problem"),) for text in wrap(said, width))]
        return [line for line in lines if line] if self.app.size.height < 16 else lines


def _fraction(progress: TaskProgress) -> float:
    if progress.bytes_total > 0:
        return min(1.0, progress.bytes_done / progress.bytes_total)
    if progress.items_total > 0:
        return min(1.0, progress.items_done / progress.items_total)
    return 0.0
