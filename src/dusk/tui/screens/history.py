"""The diary: what was done and when, and the way to take any of it back."""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen

from dusk.fs.names import display_name, display_path
from dusk.fs.units import count_noun, format_age, format_size
from dusk.plan.action_words import words_of
from dusk.report.diary import place_now, place_words, tool_sentences
from dusk.rules.finding import Action
from dusk.scan.entry import Measure
from dusk.tui.screens.dialog import Lines, keys_line
from dusk.tui.screens.line_list import NO_ITEM, LineList, Row, text_row
from dusk.tui.screens.question import undo_question
from dusk.tui.spans import Line, fit_end, fit_middle, justify, wrap
from dusk.tui.tasks import Task, UndoTask

if TYPE_CHECKING:
    from dusk.actions.record import BatchRecord, Record
    from dusk.tui.session import Session

_LIMIT = 200
_RECORDS = 500  # of one batch: more is for `dusk journal`
_TICK = 0.1
_BELOW = " " * 8
_VERBS = {"act": "acted", "undo": "undone", "restore": "restored", "empty": "emptied"}
_KINDS = {"undo": "undo", "restore": "restore", "empty": "for good"}
# The first state that a record of the batch is in says how the batch ended.
_ENDS = (
    ("ambiguous", "look at it", "notice"), ("purged", "for good", "muted"), ("undone", "taken back", "muted"),
    ("failed", "failed", "problem"),
)  # fmt: skip
_NOTHING: tuple[Line, ...] = (
    (("Nothing was done yet.", "strong"),),
    (),
    (("Whatever dusk moves is written here before it is touched, and can be taken back here.", "muted"),),
)


class DiaryTask(Task[tuple["BatchRecord", ...]]):
    """Reads the journal, which may lie on a slow home directory."""

    doing = "Reading the journal"
    failure = "The journal cannot be read"

    def __init__(self, session: Session) -> None:
        """Prepare to read the journal of a session."""
        super().__init__()
        self._session = session

    def perform(self) -> tuple[BatchRecord, ...]:
        """Read the newest batches."""
        return self._session.journal.batches(_LIMIT)


class HistoryScreen(Screen[None]):
    """Batches, newest first; enter shows what is in one, u takes it back."""

    DEFAULT_CSS = """
    HistoryScreen { background: $background; color: $foreground; }
    HistoryScreen > Static { height: 1; padding: 0 1; }
    HistoryScreen > #title { background: $surface; }
    HistoryScreen > #message { height: auto; padding: 1 3; display: none; }
    HistoryScreen > LineList { height: 1fr; }
    HistoryScreen.-bare > #message { display: block; height: 1fr; }
    HistoryScreen.-bare > LineList { display: none; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,ctrl+c", "leave", "Back", show=False),
        Binding("u", "undo", "Undo", show=False),
        Binding("r", "read_again", "Read again", show=False),
    ]

    def __init__(self, session: Session) -> None:
        """Show the journal of a session."""
        super().__init__(classes="-ascii" if session.ascii else "")
        self._session = session
        self._work = DiaryTask(session)
        self._taken: DiaryTask | None = None  # the task whose end was shown already
        self._batches: tuple[BatchRecord, ...] = ()
        self._open: dict[int, tuple[Record, ...]] = {}

    def compose(self) -> ComposeResult:
        """Lay out the list of batches."""
        yield Lines(name="title")
        yield Lines(name="message")
        yield LineList(glyphs=self._session.glyphs, name="batches")
        yield Lines(name="keys")

    def on_mount(self) -> None:
        """Begin to read the journal."""
        self.query_one(LineList).focus()
        self.set_interval(_TICK, self._tick)
        self._read()

    def on_screen_resume(self) -> None:
        """Read again: an undo may have happened meanwhile."""
        if self._work.done:
            self._read()

    def on_resize(self) -> None:
        """Fit the lines around the list."""
        self._show_frame()

    def action_leave(self) -> None:
        """Go back."""
        self.dismiss()

    def action_read_again(self) -> None:
        """Read the journal once more."""
        self._read()

    def on_line_list_highlighted(self) -> None:
        """Say which keys do something for the batch under the cursor."""
        self._show_frame()

    def on_line_list_chosen(self, event: LineList.Chosen) -> None:
        """Show or hide what is in a batch."""
        batch = self._batches[event.item].id
        if batch in self._open:
            del self._open[batch]
        else:
            from dusk.actions.journal import JournalError

            try:
                self._open[batch] = self._session.journal.records(batch)
            except JournalError as error:
                self.notify(display_name(str(error)), severity="error", markup=False)
                return
        self.query_one(LineList).show(self._layout)

    def action_undo(self) -> None:
        """Ask whether the batch under the cursor is to be taken back."""
        batch = self._batch()
        if batch is None:
            return
        if self._session.read_only:
            said = "Read-only: nothing can be taken back. Start dusk without --read-only."
            self.notify(said, markup=False, severity="warning")
        elif not batch.is_undoable:
            self.notify("Nothing of this can be taken back.", markup=False, timeout=4)
        else:
            question = undo_question(batch.id, batch.undoable, glyphs=self._session.glyphs)
            self.app.push_screen(question, lambda answer: self._undo(batch.id) if answer else None)

    def _undo(self, batch: int) -> None:
        from dusk.tui.screens.acting import progress_of

        self.app.push_screen(progress_of(self._session, UndoTask(self._session, batch)))

    def _batch(self) -> BatchRecord | None:
        number = self.query_one(LineList).item
        return self._batches[number] if 0 <= number < len(self._batches) else None

    # -- reading

    def _read(self) -> None:
        self._work = DiaryTask(self._session)
        self._work.start()
        self._show_frame()

    def _tick(self) -> None:
        task = self._work
        if not task.done or task is self._taken:
            return
        self._taken = task
        if task.result is None:
            self._say([((text, "problem"),) for text in wrap(task.error, max(10, self.app.size.width - 8))])
            return
        self._batches = task.result
        self._open.clear()
        self.set_class(not self._batches, "-bare")
        if not self._batches:
            self._say(list(_NOTHING))
        self.query_one(LineList).show(self._layout)
        self._show_frame()

    def _say(self, lines: list[Line]) -> None:
        self.add_class("-bare")
        self.query_one("#message", Lines).show(lines)

    # -- what is shown

    def _show_frame(self) -> None:
        if not self.is_mounted:
            return
        width = max(10, self.app.size.width - 2)
        state = "" if self._work.done else "reading the journal"
        title = justify((("History", "heading"),), ((state, "muted"),), width)
        self.query_one("#title", Lines).show([title])
        batch = self._batch()
        keys = [("esc", "Back")]
        if batch is not None:
            keys.insert(0, ("enter", "Hide" if batch.id in self._open else "What was in it"))
            if batch.is_undoable and not self._session.read_only:
                keys.insert(0, ("u", "Take it back"))
        self.query_one("#keys", Lines).show([keys_line(keys, width)])

    def _layout(self, width: int) -> Sequence[Row]:
        rows: list[Row] = []
        day = ""
        for number, batch in enumerate(self._batches):
            begun = time.localtime(batch.started_ns / 1e9)
            if (today := time.strftime("%A, %d %B %Y", begun)) != day:
                rows.append(text_row((today, "heading")))
                day = today
            rows.append(Row(number, partial(self._draw, batch)))
            if batch.id in self._open:
                rows += self._record_rows(self._open[batch.id], width)
        return rows

    def _draw(self, batch: BatchRecord, width: int) -> Line:
        begun = time.strftime("%H:%M", time.localtime(batch.started_ns / 1e9))
        age = format_age(max(0.0, self._session.clock() - batch.started_ns / 1e9))
        title = display_name(batch.title) or _VERBS[batch.kind.value]
        if batch.reverses:
            title = f"took back batch {batch.reverses}"
        state, kind = _state(batch)
        left: Line = (
            (f"{batch.id:>4}  ", "muted"), (f"{begun}  ", "share"),
            (f"{self._size_of(batch):>8}  ", "text"),
            (f"{state:<12} ", kind),
            (f"{title}, {count_noun(batch.items, 'path')}", "text"),
        )  # fmt: skip
        if width < 60:
            return (*left[:3], (fit_end(f"{state}: {title}" if state else title, max(4, width - 23)), kind))
        return justify(left, ((f"{age} ago", "muted"),), width, self._session.glyphs.ellipsis)

    def _size_of(self, thing: BatchRecord | Record) -> str:
        apparent = self._session.measure is Measure.APPARENT
        return format_size(thing.apparent_size if apparent else thing.disk_size)

    def _record_rows(self, records: Sequence[Record], width: int) -> list[Row]:
        rows: list[Row] = []
        for record in records[:_RECORDS]:
            rows.append(Row(NO_ITEM, partial(self._draw_record, record)))
            if place := place_now(record):
                shown = f"{place_words(record)} {display_path(place)}"
                cut = fit_middle(shown, max(8, width - len(_BELOW)), self._session.glyphs.ellipsis)
                rows.append(text_row((_BELOW + cut, "muted")))
            said = [(record.error, "problem"), *((one, "muted") for one in tool_sentences(record))]
            for sentence, kind in said:
                text = display_name(sentence)
                lines = wrap(text, width, indent=_BELOW, first=_BELOW) if text else []
                rows += [text_row((line, kind)) for line in lines]
        if len(records) > _RECORDS:
            rows.append(text_row((f"      and {len(records) - _RECORDS:,} more: dusk journal", "muted")))
        return rows

    def _draw_record(self, record: Record, width: int) -> Line:
        state = record.state.value
        kind = {"done": "good", "failed": "problem", "ambiguous": "notice"}.get(state, "muted")
        room = max(8, width - 38)
        shown = fit_middle(display_path(record.source), room, self._session.glyphs.ellipsis)
        return (
            (f"      {state:<9} ", kind),
            (f"{self._size_of(record):>8}  ", "muted"),
            (f"{_action_word(record):<8}  ", "tag"),
            (shown, "text"),
        )


def _action_word(record: Record) -> str:
    """Return what was done in one word: "compress", or "restore" for what the journal alone knows."""
    known = words_of(record.action)
    return record.action[:8] if known is words_of(Action.NONE) else known.short


def _state(batch: BatchRecord) -> tuple[str, str]:
    """Return how a batch stands now, and the kind of span that says so."""
    if batch.is_undoable:
        whole = batch.undoable == batch.items
        return ("can go back", "good") if whole else ("part of it", "notice")
    if batch.kind.value in _KINDS:
        return _KINDS[batch.kind.value], "muted"
    states = {state.value for state, count in batch.states.items() if count}
    for state, words, kind in _ENDS:
        if state in states:
            return words, kind
    return "", "muted"
