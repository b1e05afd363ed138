"""The confirmation: what happens, to how much, where it goes and how it comes back."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll

from dusk.fs.names import display_path
from dusk.fs.units import count_noun, format_size
from dusk.plan.action_words import WORDS, command_text, freed_words, how, is_undoable, undo_words
from dusk.rules.finding import Action
from dusk.rules.safety import Safety
from dusk.tui.safety_signs import safety_kind, safety_text
from dusk.tui.screens.dialog import Choice, Dialog, Lines
from dusk.tui.screens.review_text import both_sizes
from dusk.tui.spans import Line, Span, fit_middle, wrap

if TYPE_CHECKING:
    from dusk.actions.review import Reviewed
    from dusk.plan.plan import Plan
    from dusk.plan.step import Step
    from dusk.tui.session import Session

_WORD = "run"
_COMMANDS_SHOWN = 5


class ConfirmScreen(Dialog[bool]):
    """Ask before acting; Cancel has the focus, and root is asked a second time with another key."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "yes", "Yes", show=False),
        Binding("r", "as_root", "Yes, as root", show=False),
        Binding("n,q", "leave", "Cancel", show=False),
        Binding("pagedown,j", "scroll(3)", "Read on", show=False),
        Binding("pageup,k", "scroll(-3)", "Read back", show=False),
    ]

    def __init__(
        self, session: Session, reviewed: Reviewed, *, left_out: int = 0, as_root: bool | None = None
    ) -> None:
        """Ask about a reviewed plan; ``left_out`` paths of the queue are not in it."""
        super().__init__(classes="-ascii" if session.ascii else "")
        self._session = session
        self._plan = reviewed.plan
        self._left_out = left_out
        self._is_root = os.geteuid() == 0 if as_root is None else as_root
        self._asked_as_root = False

    @property
    def refusal(self) -> str:
        """Why nothing can be confirmed; empty when it can."""
        if self._session.read_only:
            return "dusk was started with --read-only, so nothing is changed. Start it without to act."
        if not any(step.targets for step in self._plan.steps):
            return "Every path of the queue stays where it is; the review says why below each."
        return ""

    def compose(self) -> ComposeResult:
        """Lay out the sentences above the answers."""
        with Vertical(id="box") as box:
            box.border_title = "Nothing can be done" if self.refusal else "Confirm"
            with VerticalScroll(id="scroll", can_focus=False):
                yield Lines(name="sentences", classes="text")
            with Horizontal(id="choices"):
                yield Choice("esc", "Cancel", id="no", glyphs=self._session.glyphs)
                if not self.refusal:
                    yield Choice("y", "Yes, do it", id="yes", glyphs=self._session.glyphs)

    def on_mount(self) -> None:
        """Put the focus on Cancel: the key that opened this dialog must not answer it."""
        self.query_one("#no", Choice).focus()

    def fit(self) -> None:
        """Break the sentences anew."""
        width = self.text_width
        lines = self._root_lines(width) if self._asked_as_root else self._lines(width)
        self.query_one("#sentences", Lines).show(lines)

    def action_leave(self) -> None:
        """Change nothing."""
        self.dismiss(False)

    def action_yes(self) -> None:
        """Say yes to the question that is shown first; root is asked once more."""
        if self.refusal or self._asked_as_root:
            return
        if self._is_root:
            self._ask_as_root()
        else:
            self._go_on()

    def action_as_root(self) -> None:
        """Say yes to the second question."""
        if self._asked_as_root:
            self._go_on()

    def _go_on(self) -> None:
        """Say yes, after a typed word where something cannot be undone."""
        if not self._final_steps:
            self.dismiss(True)
            return
        from dusk.tui.screens.typed_word import TypedWordScreen

        commands = dict.fromkeys(command_text(step.options.command) for step in self._final_steps)
        lines: list[Line] = [((text, "strong"),) for one in commands for text in wrap(one, self.text_width)]
        sentences = (WORDS[step.action].undo for step in self._final_steps)
        lines += [
            ((text, "problem"),) for one in dict.fromkeys(sentences) for text in wrap(one, self.text_width)
        ]
        screen = TypedWordScreen("This cannot be undone", lines, word=_WORD, glyphs=self._session.glyphs)
        self.app.push_screen(screen, self._end_with)

    def _end_with(self, answer: bool | None) -> None:
        if answer:
            self.dismiss(True)

    def action_scroll(self, lines: int) -> None:
        """Read on, where the text is longer than the screen."""
        self.query_one("#scroll", VerticalScroll).scroll_relative(y=lines, animate=False)

    @on(Choice.Chosen)
    def _chosen(self, event: Choice.Chosen) -> None:
        if event.choice.id == "no":
            self.action_leave()
        elif event.choice.id == "yes":
            self.action_yes()
        else:
            self.action_as_root()

    def _ask_as_root(self) -> None:
        self._asked_as_root = True
        self.query_one("#box", Vertical).border_title = "Confirm once more, as root"
        self.query_one("#yes", Choice).remove()
        self.query_one("#choices", Horizontal).mount(
            Choice("r", "Yes, as root", id="root", glyphs=self._session.glyphs)
        )
        self.query_one("#no", Choice).focus()
        self.fit()

    # -- the sentences

    def _lines(self, width: int) -> list[Line]:
        if self.refusal:
            return [((text, "notice"),) for text in wrap(self.refusal, width)]
        lines: list[Line] = []
        for action in sorted(
            dict.fromkeys(step.action for step in self._plan.steps),
            key=lambda one: not WORDS[one].is_undoable,
        ):
            lines += self._action_lines(action, width)
        lines += [(), self._safety_line(), *self._figure_lines(), ()]
        lines += self._undo_lines(width)
        if self._left_out:
            text = f"Left where it is: {count_noun(self._left_out, 'path')} that the review objects to."
            lines.append(((text, "problem"),))
        insisted = sum(len(step.targets) for step in self._plan.steps if step.insisted)
        if insisted:
            text = f"{count_noun(insisted, 'path')} among them should be kept; you insisted."
            lines.append(((text, "safety-keep"),))
        if self._is_root:
            text = "You are root: other people's files are not protected from you."
            lines.append(((text, "notice"),))
        return lines

    def _action_lines(self, action: Action, width: int) -> list[Line]:
        steps = [step for step in self._plan.steps if step.action is action and step.targets]
        if not steps:
            return []
        totals = _only(self._plan, steps).totals()
        verb = WORDS[action].verb.format(count_noun(totals.targets, "path"))
        entries = count_noun(totals.entries, "entry", "entries")
        sizes = f"{both_sizes(totals, self._session.measure)}, {entries}"
        lines: list[Line] = [((verb, "strong"),)]
        lines += [((text, "text"),) for text in wrap(sizes, width)]
        for destination in dict.fromkeys(step.destination for step in steps if step.destination):
            place = fit_middle(display_path(destination), max(8, width - 4), self._session.glyphs.ellipsis)
            lines.append((("to  ", "muted"), (place, "text")))
        commands = dict.fromkeys(step.options.command for step in steps if step.options.command)
        for command in list(commands)[:_COMMANDS_SHOWN]:
            shown = fit_middle(command_text(command), max(8, width - 4), self._session.glyphs.ellipsis)
            lines.append((("run ", "muted"), (shown, "strong")))
        if len(commands) > _COMMANDS_SHOWN:
            lines.append(((f"and {len(commands) - _COMMANDS_SHOWN:,} more commands", "muted"),))
        for sentence in dict.fromkeys(how(step) for step in steps):
            lines += [((text, "muted"),) for text in wrap(sentence, width)]
        return lines

    def _undo_lines(self, width: int) -> list[Line]:
        """Say how it is taken back, and what cannot be."""
        lines: list[Line] = []
        undoable = [step for step in self._plan.steps if is_undoable(step)]
        if undoable:
            sentences = [
                "To take it back: u in dusk, or dusk undo.",
                *dict.fromkeys(undo_words(step) for step in undoable),
            ]
            lines += [((text, "text"),) for text in wrap(" ".join(sentences), width)]
        if self._final_steps:
            paths = count_noun(sum(len(step.targets) for step in self._final_steps), "path")
            sentence = f"Cannot be undone: {paths} left to another tool. Done last, after a typed word."
            lines += [((text, "problem"),) for text in wrap(sentence, width)]
        return lines

    @property
    def _final_steps(self) -> list[Step]:
        return [step for step in self._plan.steps if step.targets and not is_undoable(step)]

    def _safety_line(self) -> Line:
        counts = dict.fromkeys(Safety, 0)
        for step in self._plan.steps:
            for target in step.targets:
                counts[target.safety] += 1
        spans: list[Span] = []
        for safety, count in counts.items():
            if count:
                sign = safety_text(safety, ascii_only=self._session.ascii)
                spans += [(sign, safety_kind(safety)), (f" {count:,}   ", "text")]
        return tuple(spans)

    def _figure_lines(self) -> list[Line]:
        totals = self._plan.totals()
        return [
            (("Freed now                      ", "muted"), (freed_words(totals.frees_now, totals), "strong")),
            (
                ("Freed after emptying the trash ", "muted"),
                (freed_words(totals.frees_after_purge, totals), "strong"),
            ),
        ]

    def _root_lines(self, width: int) -> list[Line]:
        totals = self._plan.totals()
        sentence = (
            f"You act as root on {count_noun(totals.targets, 'path')}, {format_size(totals.disk_size)}: "
            "nothing but these checks keeps you from moving what belongs to other people."
        )
        lines: list[Line] = [((text, "notice"),) for text in wrap(sentence, width)]
        lines.append(())
        lines.append(
            (("r", "key"), (" does it, ", "text"), ("enter", "key"), (" or ", "text"), ("esc", "key"))
        )
        lines[-1] = (*lines[-1], (" changes nothing.", "text"))
        return lines


def _only(plan: Plan, steps: list[Step]) -> Plan:
    from dataclasses import replace

    return replace(plan, steps=tuple(steps))
