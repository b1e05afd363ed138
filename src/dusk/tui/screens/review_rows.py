"""What the review shows: every path of a plan with its figures, and what stands against it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from dusk.fs.names import display_path
from dusk.fs.units import format_size
from dusk.plan.action_words import WORDS
from dusk.plan.conflict import conflicts
from dusk.plan.plan import Plan, PlanTotals
from dusk.plan.step import Step, Target
from dusk.rules.safety import Safety
from dusk.scan.entry import Measure
from dusk.tui.glyphs import Glyphs
from dusk.tui.safety_signs import safety_kind, safety_sign, safety_text
from dusk.tui.screens.line_list import NO_ITEM, Row, text_row
from dusk.tui.shared_directory import shared_directory
from dusk.tui.spans import Line, Span, fit_middle, wrap

if TYPE_CHECKING:
    from dusk.actions.review import Problem

_NARROW, _MIDDLE = 56, 74
_INDENT = 4


@dataclass(frozen=True, slots=True)
class Note:
    """Something that a person must know about one path."""

    blocking: bool
    """Whether it keeps the path from being acted on."""
    sentence: str
    """What it is."""
    may_insist: bool = False
    """Whether a person may act all the same."""


@dataclass(frozen=True, slots=True)
class ReviewItem:
    """One path of the plan."""

    step: Step
    """The step that it belongs to."""
    target: Target
    """The path with what is known of it."""
    notes: tuple[Note, ...]
    """What stands against it."""

    @property
    def is_blocked(self) -> bool:
        """Whether it is left where it is."""
        return any(note.blocking for note in self.notes)

    @property
    def can_insist(self) -> bool:
        """Whether it is a kept thing that a person may insist on."""
        kept = self.target.safety is Safety.KEEP or bool(self.target.keeps)
        return not self.step.insisted and (kept or any(note.may_insist for note in self.notes))

    def totals(self) -> PlanTotals:
        """Return its figures alone."""
        return Plan(steps=(replace(self.step, targets=(self.target,)),)).totals()


class ReviewRows:
    """The paths of one plan, in its order."""

    def __init__(
        self, plan: Plan, problems: Iterable[Problem], *, measure: Measure, glyphs: Glyphs, ascii_only: bool
    ) -> None:
        """Gather what is known of every path."""
        self.plan = plan
        self._measure = measure
        self._glyphs = glyphs
        self._ascii = ascii_only
        notes = _notes(plan, problems)
        self.items = tuple(
            ReviewItem(step, target, notes.get(target.path, ()))
            for step in plan.steps
            for target in step.targets
        )
        self.base = shared_directory(item.target.path for item in self.items)
        """Directory that all paths are in; rows show what comes after it."""
        self.blocked = tuple(item for item in self.items if item.is_blocked)
        """Paths that would be left where they are."""
        self.totals = self.executable().totals()
        """What the rest comes to."""
        self._figures: dict[int, PlanTotals] = {}

    def executable(self) -> Plan:
        """Return the plan without what is blocked: what is confirmed is what is done."""
        if not self.blocked:
            return self.plan
        stays = {item.target.path for item in self.blocked}
        steps = (
            replace(step, targets=tuple(target for target in step.targets if target.path not in stays))
            for step in self.plan.steps
        )
        return replace(self.plan, steps=tuple(step for step in steps if step.targets))

    def figures(self, number: int) -> PlanTotals:
        """Return the figures of one path."""
        if number not in self._figures:
            self._figures[number] = self.items[number].totals()
        return self._figures[number]

    def layout(self, width: int) -> Sequence[Row]:
        """Return a row for every path, with the sentences about it below."""
        rows: list[Row] = []
        for number, item in enumerate(self.items):
            rows.append(Row(number, partial(self._draw, number)))
            for note in item.notes:
                rows.extend(self._note_rows(item, note, width))
        return rows

    def number_of(self, path: bytes) -> int | None:
        """Return where a path stands, None when it is not in the plan."""
        return next((n for n, item in enumerate(self.items) if item.target.path == path), None)

    def heading(self, width: int) -> Line:
        """Return the titles of the columns."""
        size = "apparent" if self._measure is Measure.APPARENT else "size"
        if width < _NARROW:
            return ((f"{size:>8}    path", "muted"),)
        if width < _MIDDLE:
            return ((f"{size:>8}  {'emptied':>8}  safety    path", "muted"),)
        return ((f"{size:>8}  freed now  {'emptied':>8}  {'safety':<8}  {'action':<8}  path", "muted"),)

    def _draw(self, number: int, width: int) -> Line:
        item = self.items[number]
        target, figures = item.target, self.figures(number)
        apparent = self._measure is Measure.APPARENT
        size = format_size(figures.apparent_size if apparent else figures.disk_size)
        kind = safety_kind(target.safety)
        spans: list[Span] = [(f"{size:>8}  ", "problem" if item.is_blocked else "size-small")]
        if width < _NARROW:
            spans.append((safety_sign(target.safety, ascii_only=self._ascii) + " ", kind))
            taken = 12
        else:
            after = f"{format_size(figures.frees_after_purge):>8}  "
            word = f"{safety_text(target.safety, ascii_only=self._ascii):<8}  "
            if width < _MIDDLE:
                spans += [(after, "text"), (word, kind)]
                taken = 30
            else:
                now = f"{format_size(figures.frees_now):>9}  "
                spans += [(now, "text"), (after, "text"), (word, kind)]
                spans.append((f"{WORDS[item.step.action].short:<8}  ", "tag"))
                taken = 51
        below = target.path[len(self.base) :]
        path = fit_middle(display_path(below), max(8, width - taken), self._glyphs.ellipsis)
        spans.append((path, "muted" if item.is_blocked else "text"))
        return tuple(spans)

    def _note_rows(self, item: ReviewItem, note: Note, width: int) -> list[Row]:
        kind = "problem" if note.blocking else "notice"
        shown = display_path(item.target.path)
        # The path stands in the row above.
        sentence = (
            "it" + note.sentence[len(shown) :] if note.sentence.startswith(shown + " ") else note.sentence
        )
        text = f"{'stays' if note.blocking else 'note'}: {sentence}"
        lead = " " * _INDENT + self._glyphs.bullet + " "
        lines = wrap(text, width, indent=" " * len(lead), first=lead)
        return [text_row((line, kind), item=NO_ITEM) for line in lines]


def _notes(plan: Plan, problems: Iterable[Problem]) -> dict[bytes, tuple[Note, ...]]:
    """Return what is said about every path; insisting on a step lifts what may be insisted on."""
    insisted = {target.path for step in plan.steps if step.insisted for target in step.targets}
    notes: dict[bytes, dict[str, Note]] = {}
    for problem in problems:
        lifted = problem.may_insist and problem.path in insisted
        note = Note(problem.blocking and not lifted, problem.sentence, problem.may_insist)
        notes.setdefault(problem.path, {})[_gist(problem.path, problem.sentence)] = note
    for target in plan.targets:
        if target.forecast is not None and target.forecast.sentence:
            sentence = target.forecast.sentence
            notes.setdefault(target.path, {})[_gist(target.path, sentence)] = Note(False, sentence)
    for conflict in conflicts(plan):
        note = Note(conflict.blocking, conflict.sentence)
        notes.setdefault(conflict.path, {}).setdefault(_gist(conflict.path, conflict.sentence), note)
    return {path: tuple(sorted(found.values(), key=_blocking_first)) for path, found in notes.items()}


def _gist(path: bytes, sentence: str) -> str:
    """Return what a sentence is about: the queue and the disk can object to the same thing."""
    return sentence.removeprefix(display_path(path)).partition(":")[0].partition(" (")[0].rstrip(".")


def _blocking_first(note: Note) -> bool:
    return not note.blocking
