"""Where an archive goes: a path that is looked at while it is typed."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.timer import Timer
from textual.widgets import Input, Static

from dusk.fs.names import display_name, display_path
from dusk.fs.units import format_size
from dusk.scan.tree import ROOT
from dusk.tui.archive_place import CompletionTask, MakeTask, Place, PlaceTask
from dusk.tui.screens.dialog import Dialog, Lines, keys_line
from dusk.tui.spans import Line, wrap

if TYPE_CHECKING:
    from dusk.tui.session import Session

_TICK = 0.1  # seconds


class DestinationScreen(Dialog[bytes | None]):
    """Ask for the directory of archives; a bad one is explained and not accepted."""

    DEFAULT_CSS = """
    DestinationScreen Input { border: none; height: 1; padding: 0 1; background: $panel; margin: 1 0; }
    DestinationScreen #facts { height: auto; min-height: 3; }
    DestinationScreen #hint { height: 1; margin: 1 0 0 0; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "complete", "Complete", show=False, priority=True)
    ]

    def __init__(self, session: Session, default: bytes) -> None:
        """Ask, with a directory filled in."""
        super().__init__(classes="-ascii" if session.ascii else "")
        self._default = default
        self._device = session.tree.entry(ROOT).identity.device
        self._look: PlaceTask | None = None
        self._making: MakeTask | None = None
        self._completion: CompletionTask | None = None
        self._place: Place | None = None
        self._accepted = False
        self._warned = ""
        self._clock: Timer | None = None

    def compose(self) -> ComposeResult:
        """Lay out the path above what is known of it."""
        with Vertical(id="box") as box:
            box.border_title = "Archive to"
            words = "Things are copied there, read back and compared; only then the originals are trashed."
            yield Static(words, markup=False, classes="text")
            path = Input(
                _typed(self._default), placeholder="a directory, such as /mnt/cold/archive", compact=True
            )
            path.cursor_blink = False
            yield path
            yield Lines(name="facts", classes="text")
            yield Lines(name="hint")

    def on_mount(self) -> None:
        """Begin to look."""
        self._clock = self.set_interval(_TICK, self._tick)
        self.query_one(Input).focus()
        keys = (("enter", "Use it"), ("esc", "Cancel"), ("tab", "Complete"))
        self.query_one("#hint", Lines).show([keys_line(keys, self.text_width)])
        self._look_again()

    @on(Input.Changed)
    def _look_again(self) -> None:
        self._accepted, self._place = False, None
        self._look = PlaceTask(self.query_one(Input).value, self._device)
        self._look.start()

    @on(Input.Submitted)
    def _accept(self) -> None:
        self._accepted = True
        self._tick()

    def action_complete(self) -> None:
        """Put in what all directories share that begin like what was typed."""
        self._completion = CompletionTask(self.query_one(Input).value)
        self._completion.start()

    def _complete(self, completion: CompletionTask) -> None:
        box = self.query_one(Input)
        if completion.result is not None and box.value == completion.text != completion.result:
            box.value = completion.result
            box.cursor_position = len(completion.result)

    def _tick(self) -> None:
        if self._making is not None:
            self._end_making(self._making)
            return
        if self._completion is not None and self._completion.done:
            self._complete(self._completion)
            self._completion = None
        look = self._look
        if look is not None and look.done:
            self._look = None
            self._place = look.result or Place(b"", look.error)
            self._show(self._place)
        if self._place is not None and self._accepted:
            self._accepted = False
            self._decide(self._place)

    def _decide(self, place: Place) -> None:
        typed = self.query_one(Input).value
        if place.problem:
            return
        if place.same_filesystem and self._warned != typed:
            self._warned = typed
            self._show(place)
        elif place.is_new:
            self._making = MakeTask(place.path)
            self._making.start()
        else:
            self.dismiss(place.path)

    def _end_making(self, making: MakeTask) -> None:
        if not making.done:
            return
        self._making = None
        if making.result is not None:
            self.dismiss(making.result)
        else:
            self._show(Place(b"", making.error))

    def _show(self, place: Place) -> None:
        width = self.text_width
        lines: list[Line] = []
        if place.problem:
            lines += [((text, "problem"),) for text in wrap(display_name(place.problem), width)]
        else:
            free = f"{format_size(place.free)} free" if place.free >= 0 else "free space not known"
            known = f"{place.filesystem}, {free}" if place.filesystem else free
            lines += [((text, "text"),) for text in wrap(known, width)]
            if place.is_new:
                lines.append((("It does not exist yet and is made.", "notice"),))
            if place.same_filesystem:
                said = (
                    "It is on the same filesystem: archiving there frees nothing and needs room for a copy."
                )
                lines += [((text, "notice"),) for text in wrap(said, width)]
                if self._warned == self.query_one(Input).value:
                    lines.append((("Press enter once more to use it all the same.", "notice"),))
        self.query_one("#facts", Lines).show(lines)


def _typed(path: bytes) -> str:
    """Return a path for the text field; one that cannot be typed back is left out."""
    text = os.fsdecode(path)
    return text if display_path(path) == text else ""
