"""The result: how every path ended, what was freed, what the trash holds and how to take it back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen

from dusk.fs.names import display_path
from dusk.fs.units import count_noun, format_size
from dusk.plan.action_words import WORDS
from dusk.rules.finding import Action
from dusk.tui.screens.dialog import Lines, keys_line
from dusk.tui.screens.line_list import LineList, Row, text_row
from dusk.tui.screens.question import undo_question
from dusk.tui.shared_directory import shared_directory
from dusk.tui.spans import Line, Span, fit_middle, wrap
from dusk.tui.tasks import UndoTask

if TYPE_CHECKING:
    from dusk.actions.outcome import ItemResult, Outcome
    from dusk.actions.undo import UndoOutcome
    from dusk.tui.session import Session

_IN = " " * 11
# State by its value, because the words of acting and of undoing differ.
_WORDS = {
    "done": ("done", "good"), "refused": ("refused", "problem"), "failed": ("failed", "problem"),
    "skipped": ("not begun", "muted"), "ambiguous": ("look", "notice"),
}  # fmt: skip


class ResultScreen(Screen[None]):
    """What acting or undoing did, path by path; refused and failed ones first."""

    DEFAULT_CSS = """
    ResultScreen { background: $background; color: $foreground; }
    ResultScreen > Static { padding: 0 1; }
    ResultScreen > #title { height: 1; background: $surface; }
    ResultScreen > #summary { height: auto; max-height: 40%; padding: 1 1 0 1; }
    ResultScreen > LineList { border-top: solid $rule-line; }
    ResultScreen.-short > LineList { border-top: none; }
    ResultScreen > LineList { height: 1fr; }
    ResultScreen > #keys { height: 1; }
    ResultScreen.-ascii > LineList { border-top: ascii $rule-line; }
    ResultScreen.-short > #summary { padding: 0 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,x,ctrl+c", "leave", "Back", show=False),
        Binding("u", "undo", "Undo", show=False),
    ]

    def __init__(
        self,
        session: Session,
        outcome: Outcome | UndoOutcome,
        progress_screen: Callable[[UndoTask], Screen[None]],
    ) -> None:
        """Show an outcome. ``progress_screen`` makes what is shown while it is taken back."""
        super().__init__(classes="-ascii" if session.ascii else "")
        self._progress_screen = progress_screen
        self._session = session
        self._outcome = outcome
        self._is_undo = not hasattr(outcome, "frees_after_purge")
        self._base = shared_directory(result.path for result in outcome.results)
        self._results = sorted(outcome.results, key=_order)

    def compose(self) -> ComposeResult:
        """Lay out the summary above the paths."""
        yield Lines(name="title")
        yield Lines(name="summary")
        yield LineList(glyphs=self._session.glyphs, name="results")
        yield Lines(name="keys")

    def on_mount(self) -> None:
        """Fill the list."""
        results = self.query_one(LineList)
        results.show(self._layout)
        results.focus()

    def on_resize(self) -> None:
        """Break the sentences anew."""
        self.set_class(self.app.size.height < 20, "-short")
        width = max(10, self.app.size.width - 2)
        words, base = self._title_words(), display_path(self._base.rstrip(b"/"))
        place = (
            f"  in {fit_middle(base, width - len(words) - 5, self._session.glyphs.ellipsis)}" if base else ""
        )
        self._update("title", [((words, "heading"), (place, "text"))])
        self._update("summary", self._summary(width))
        keys = [("esc", "Back"), ("u", "Undo this")] if self._can_undo else [("esc", "Back")]
        self._update("keys", [keys_line(keys, width)])

    def action_leave(self) -> None:
        """Go back to the tree."""
        self.dismiss()

    def action_undo(self) -> None:
        """Ask whether all this is to be taken back."""
        batch = self._outcome.batch
        if not self._can_undo or batch is None:
            self.notify("There is nothing here to take back.", markup=False, timeout=4)
            return
        question = undo_question(batch, self._undoable, glyphs=self._session.glyphs)
        self.app.push_screen(question, lambda answer: self._undo(batch) if answer else None)

    def _undo(self, batch: int) -> None:
        self.app.switch_screen(self._progress_screen(UndoTask(self._session, batch)))

    @property
    def _can_undo(self) -> bool:
        has_batch = self._outcome.batch is not None and self._undoable > 0
        return has_batch and not self._is_undo and not self._session.read_only

    @property
    def _undoable(self) -> int:
        """How many paths can be taken back: not what a tool did, nor blocks that are shared now."""
        links = getattr(self._outcome, "frees_after_purge", 0) > 0
        return sum(
            result.state.value == "done"
            and WORDS[result.action].is_undoable
            and (links or result.action is not Action.DEDUPE)
            for result in self._results
        )

    def _count(self, state: str) -> int:
        return sum(result.state.value == state for result in self._results)

    def _update(self, name: str, lines: list[Line]) -> None:
        self.query_one(f"#{name}", Lines).show(lines)

    # -- the summary

    def _summary(self, width: int) -> list[Line]:
        lines: list[Line] = [self._counts()]
        outcome = self._outcome
        if getattr(outcome, "cancelled", False):
            said = "Stopped on request: what was done stays done, nothing is half done."
            lines += [((text, "notice"),) for text in wrap(said, width)]
        if self._is_undo:
            return lines
        now, later = getattr(outcome, "frees_now", 0), getattr(outcome, "frees_after_purge", 0)
        lines.append((("Freed now ", "muted"), (format_size(now), "strong")))
        change = getattr(outcome, "free_change", 0)
        if change and (now or getattr(outcome, "needs", 0)):
            way = "more" if change > 0 else "less"
            said = f"The filesystem says that {format_size(abs(change))} {way} is free than before."
            lines += [((text, "muted"),) for text in wrap(said, width)]
        if later:
            said = f"Emptying the trash would free {format_size(later)}: dusk bin empty"
            lines += [((text, "text"),) for text in wrap(said, width)]
        if self._can_undo:
            undo = f"To take it back: u here, or dusk undo {outcome.batch}"
            lines += [((text, "text"),) for text in wrap(undo, width)]
        return lines

    def _title_words(self) -> str:
        done = self._count("done")
        if not done:
            return "Nothing was done"
        if done < len(self._results):
            return "Partly done"
        return "Taken back" if self._is_undo else "Done"

    def _counts(self) -> Line:
        done = self._count("done")
        verb = "put back" if self._is_undo else "dealt with"
        spans: list[Span] = [(f"{count_noun(done, 'path')} {verb}", "good" if done else "text")]
        for state in ("refused", "failed", "ambiguous", "skipped"):
            if count := self._count(state):
                word, kind = _WORDS[state]
                spans += [("   ", "text"), (f"{count:,} {word}", kind)]
        return tuple(spans)

    # -- the list

    def _layout(self, width: int) -> Sequence[Row]:
        rows: list[Row] = []
        for number, result in enumerate(self._results):
            rows.append(Row(number, partial(self._draw, result)))
            rows += self._place_rows(result, width)
            kind = _WORDS.get(result.state.value, ("", "muted"))[1]
            kind = "muted" if kind == "good" else kind
            rows += [
                text_row((text, kind))
                for text in wrap(result.sentence, width, indent=" " * 11, first=" " * 11)
            ]
        return rows

    def _draw(self, result: ItemResult, width: int) -> Line:
        word, kind = _WORDS.get(result.state.value, (result.state.value, "text"))
        below = display_path(result.path[len(self._base) :])
        path = fit_middle(below, max(8, width - 11), self._session.glyphs.ellipsis)
        return ((f"{word:<9}  ", kind), (path, "text"))

    def _place_rows(self, result: ItemResult, width: int) -> list[Row]:
        place = getattr(result, "place", b"")
        if result.state.value != "done" or not place or place == result.path:
            return []
        lead = "from " if self._is_undo else WORDS[result.action].place + " "
        room = max(8, width - 11 - len(lead))
        shown = fit_middle(display_path(place), room, self._session.glyphs.ellipsis)
        return [text_row((_IN + lead, "muted"), (shown, "muted"))]


def _order(result: ItemResult) -> int:
    """Return the place of a result: what needs a person's eye comes first."""
    return {"failed": 0, "ambiguous": 0, "refused": 1, "done": 2}.get(result.state.value, 3)
