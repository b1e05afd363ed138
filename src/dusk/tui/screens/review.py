"""The review: every path that is queued, read from the disk again before anyone says yes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.timer import Timer

from dusk.fs.names import display_path
from dusk.fs.units import count_noun, format_count
from dusk.tui.screens.dialog import Lines, keys_line
from dusk.tui.screens.line_list import LineList
from dusk.tui.screens.question import QuestionScreen
from dusk.tui.screens.review_rows import ReviewItem, ReviewRows
from dusk.tui.screens.review_text import EMPTY, detail_lines, insist_lines, totals_lines
from dusk.tui.spans import Line, fit_end, fit_middle, justify
from dusk.tui.tasks import ExecutionTask, ReviewTask

if TYPE_CHECKING:
    from dusk.actions.review import Reviewed
    from dusk.plan.plan import Plan
    from dusk.tui.session import Session

_TICK = 0.25  # seconds
_KEYS = (("esc", "Back"), ("r", "Read again"), ("D", "Drop all"))


class ReviewScreen(Screen[None]):
    """Every path with its safety, action and three figures; drop, insist, confirm."""

    DEFAULT_CSS = """
    ReviewScreen { background: $background; color: $foreground; layout: vertical; }
    ReviewScreen > Static { height: 1; padding: 0 1; }
    ReviewScreen > #title { background: $surface; }
    ReviewScreen > #columns { padding: 0 0 0 2; color: $muted; }
    ReviewScreen > #empty { height: 1fr; padding: 1 3; display: none; }
    ReviewScreen > LineList { height: 1fr; }
    ReviewScreen > #detail { height: auto; max-height: 5; border-top: solid $rule-line; padding: 0 1; }
    ReviewScreen > #totals { background: $queue-background; color: $queue-text; height: auto; }
    ReviewScreen.-ascii > #detail { border-top: ascii $rule-line; }
    ReviewScreen.-short > #detail { max-height: 2; border-top: none; }
    ReviewScreen.-tiny > #detail { display: none; }
    ReviewScreen.-bare > #empty { display: block; }
    ReviewScreen.-bare > LineList, ReviewScreen.-bare > #columns, ReviewScreen.-bare > #detail,
    ReviewScreen.-bare > #totals { display: none; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,ctrl+c", "leave", "Back", show=False),
        Binding("d,delete", "drop", "Drop", show=False),
        Binding("D", "drop_all", "Drop all", show=False),
        Binding("i", "insist", "Insist", show=False),
        Binding("r", "read_again", "Read again", show=False),
    ]

    def __init__(self, session: Session) -> None:
        """Review the queue of a session."""
        super().__init__(classes="-ascii" if session.ascii else "")
        self._session = session
        self._work: ReviewTask | None = None
        self._reviewed: Reviewed | None = None
        self._failure = ""
        self._timer: Timer | None = None
        self._rows = self._rows_of(session.plan)

    # -- what is shown

    def compose(self) -> ComposeResult:
        """Lay out title, columns, paths, what is known of the one under the cursor, and totals."""
        yield Lines(name="title")
        yield Lines(name="columns")
        yield LineList(glyphs=self._session.glyphs, name="paths")
        yield Lines(EMPTY, name="empty")
        yield Lines(name="detail")
        yield Lines(name="totals")
        yield Lines(name="keys")

    def on_mount(self) -> None:
        """Show the queue at once and begin to read the disk."""
        self._timer = self.set_interval(_TICK, self._tick, pause=True)
        self.query_one(LineList).focus()
        self._read()

    def on_unmount(self) -> None:
        """Stop reading: nobody looks any more."""
        if self._work is not None:
            self._work.cancel()

    def on_resize(self) -> None:
        """Fit everything to the new size."""
        self.set_class(self.app.size.height < 20, "-short")
        self.set_class(self.app.size.height < 14, "-tiny")
        self._show_frame()

    def on_line_list_highlighted(self) -> None:
        """Show what is known of the path under the cursor."""
        self._show_detail()

    def _rows_of(self, plan: Plan) -> ReviewRows:
        problems = self._reviewed.problems if self._reviewed is not None else ()
        return ReviewRows(
            plan,
            problems,
            measure=self._session.measure,
            glyphs=self._session.glyphs,
            ascii_only=self._session.ascii,
        )

    def _show(self, path: bytes = b"") -> None:
        """Show the plan as it is now, with the cursor on a path."""
        self._rows = self._rows_of(self._reviewed.plan if self._reviewed is not None else self._session.plan)
        self.set_class(not self._rows.items, "-bare")
        self.query_one(LineList).show(self._rows.layout, self._rows.number_of(path) if path else None)
        self._show_frame()
        self._show_detail()

    def _show_frame(self) -> None:
        if not self.is_mounted:
            return
        width = max(10, self.app.size.width - 2)
        state = self._state(width)
        title = f"Review  {count_noun(len(self._rows.items), 'path')}"
        room = width - len(title) - len(state) - 8
        base = display_path(self._rows.base.rstrip(b"/"))
        place = f" in {fit_middle(base, room)}" if base and room > 12 else ""
        self._update("title", [justify([(title, "heading"), (place, "text")], [(state, "muted")], width)])
        self._update("columns", [self._rows.heading(width - 1)])
        totals = totals_lines(self._rows, self._session.measure, width)
        if self._failure:
            totals.append(((fit_end(self._failure, width), "problem"),))
        self._update("totals", totals)
        self._update("keys", [keys_line(self._keys(), width)])

    def _keys(self) -> list[tuple[str, str]]:
        if not self._rows.items:
            return [("esc", "Back")]
        insist = [("i", "Insist")] if any(item.can_insist for item in self._rows.items) else []
        return [("enter", "Confirm"), ("d", "Drop"), *insist, *_KEYS]

    def _update(self, name: str, lines: list[Line]) -> None:
        self.query_one(f"#{name}", Lines).show(lines)

    def _state(self, width: int) -> str:
        task = self._work
        if task is not None and not task.done:
            if task.cancelled:
                return "stopping"
            progress = task.progress
            counts = (progress.items_done, progress.items_total)
            text = "reading the disk: {} of {}".format(*map(format_count, counts))
            room = width - len(text) - 26
            current = fit_middle(display_path(progress.current), room) if room > 12 else ""
            return f"{text} {current}  esc stops" if current else f"{text}  esc stops"
        if not self._rows.items:
            return ""
        if self._reviewed is None:
            return "not read"
        return "read from the disk just now" if width >= 50 else "just read"

    def _show_detail(self) -> None:
        item = self._item()
        if item is not None and self.is_mounted:
            figures = self._rows.figures(self.query_one(LineList).item)
            width = max(10, self.app.size.width - 2)
            self._update("detail", detail_lines(item, figures, self._session.measure, width))

    def _item(self) -> ReviewItem | None:
        number = self.query_one(LineList).item
        return self._rows.items[number] if 0 <= number < len(self._rows.items) else None

    # -- reading the disk

    def _read(self) -> None:
        self._reviewed, self._failure, self._work = None, "", None
        if self._session.plan.steps:
            self._work = ReviewTask(self._session, self._session.plan)
            self._work.start()
            if self._timer is not None:
                self._timer.resume()
        self._show()

    def _tick(self) -> None:
        task = self._work
        if task is None or not task.done:
            self._show_frame()
            return
        if self._timer is not None:
            self._timer.pause()
        self._reviewed, self._failure = task.result, task.error
        if task.cancelled:
            self._reviewed = None
            self._failure = "Stopped: not everything was read. Press r to read it again before confirming."
        self._show()

    @property
    def _is_reading(self) -> bool:
        return self._work is not None and not self._work.done

    # -- what a person may do

    def action_leave(self) -> None:
        """Stop reading, or go back."""
        if self._work is not None and self._is_reading and not self._work.cancelled:
            self._work.cancel()
            self._show_frame()
        else:
            self.dismiss()

    def action_read_again(self) -> None:
        """Read the disk once more."""
        if not self._is_reading:
            self._read()

    def action_drop(self) -> None:
        """Take the path under the cursor off the queue."""
        item = self._item()
        if item is None:
            return
        self._session.unqueue(item.target.path)
        if self._reviewed is not None:
            plan = self._reviewed.plan.without_path(item.target.path)
            self._reviewed = replace(self._reviewed, plan=plan)
        self._show()

    def action_drop_all(self) -> None:
        """Take everything off the queue, after a question."""
        if not self._rows.items:
            return
        lines: list[Line] = [
            ((f"{count_noun(len(self._rows.items), 'path')} leave the queue.", "text"),),
            (("Nothing on the disk is touched.", "muted"),),
        ]
        question = QuestionScreen("Empty the queue?", lines, yes="Empty it", glyphs=self._session.glyphs)
        self.app.push_screen(question, self._drop_all)

    def _drop_all(self, answer: bool | None) -> None:
        if answer:
            if self._work is not None:
                self._work.cancel()
            self._session.plan = self._session.plan.cleared()
            self._read()

    def action_insist(self) -> None:
        """Ask whether a thing that should be kept is to be acted on all the same."""
        item = self._item()
        if item is None:
            return
        if not item.can_insist:
            self.notify("Nothing here asks to be kept.", markup=False, timeout=4)
            return
        lines = insist_lines(item, 71)
        question = QuestionScreen(
            "Act on what should be kept?", lines, yes="Insist", no="Keep it", glyphs=self._session.glyphs
        )
        self.app.push_screen(question, lambda answer: self._insist(item) if answer else None)

    def _insist(self, item: ReviewItem) -> None:
        self._session.plan = _insisting(self._session.plan, item)
        if self._reviewed is not None:
            plan = _insisting(self._reviewed.plan, item)
            self._reviewed = replace(self._reviewed, plan=plan)
        self._show(item.target.path)

    def on_line_list_chosen(self) -> None:
        """Go on to the confirmation."""
        if self._is_reading:
            self.notify("Still reading the disk. Wait for it, or stop it with esc.", markup=False, timeout=4)
            return
        if self._reviewed is None:
            self.notify("Press r to read the disk first.", markup=False, timeout=4)
            return
        from dusk.tui.screens.confirm import ConfirmScreen

        blocked = len(self._rows.blocked)
        reviewed = replace(self._reviewed, plan=self._rows.executable())
        screen = ConfirmScreen(self._session, reviewed, left_out=blocked)
        self.app.push_screen(screen, lambda answer: self._go_on(reviewed) if answer else None)

    def _go_on(self, reviewed: Reviewed) -> None:
        from dusk.tui.screens.acting import progress_of

        self.app.switch_screen(progress_of(self._session, ExecutionTask(self._session, reviewed)))


def _insisting(plan: Plan, item: ReviewItem) -> Plan:
    """Return a plan in which exactly one path is insisted on."""
    step = plan.step_of(item.target.path)
    if step is None:
        return plan
    if len(step.targets) == 1:
        return plan.insisting(step.id)
    released = next(target for target in step.targets if target.path == item.target.path)
    alone = replace(step, targets=(released,), insisted=True)
    return plan.without_path(released.path).with_step(alone)
