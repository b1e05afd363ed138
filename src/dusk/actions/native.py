"""The act of leaving a cleanup to the tool that owns the files: shown before, measured after."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from dusk.actions import own_tools
from dusk.actions.act import (
    Act,
    Admission,
    Demands,
    End,
    Gathering,
    Objection,
    Returned,
    Situation,
    Tools,
    Work,
)
from dusk.actions.command_run import CommandEnd, NotRun, program_path, run_command
from dusk.actions.gate import Gate
from dusk.actions.outcome import ItemState
from dusk.actions.record import Record, State
from dusk.actions.settling import Settling
from dusk.fs.cancellation import Cancelled, Cancelling, stop_if
from dusk.fs.names import display_path
from dusk.fs.survey import Survey
from dusk.fs.surveyor import survey
from dusk.fs.units import format_size
from dusk.plan.action_words import command_text
from dusk.plan.step import Forecast, Step
from dusk.rules.finding import Action

_PREVIEW_SECONDS = 60.0
_RUN_SECONDS = 3600.0
_SAID = 600  # characters of a tool's words that a sentence repeats


class Native(Act):
    """Native: argument by argument, as this user, never undone; what it freed is measured."""

    action = Action.NATIVE
    gathering = Gathering.STEP

    @property
    def demands(self) -> Demands:
        """The tool knows its files better than the gate: only what keeps and hides is asked."""
        return Demands(outside_protected=False, moves=False, trash=False, steady=False, unheld=False)

    def objections(self, situation: Situation, survey: Survey, gate: Gate) -> Iterator[Objection]:
        """Yield why the command is not run, or only when a person insists."""
        command = situation.step.options.command
        shown = command_text(command)
        reason = own_tools.refusal(command)
        if reason is not None:
            yield Objection(f"{situation.shown}: {reason}.")
            return
        plain = own_tools.without_environment(command) or command
        try:
            program_path(plain[0])
        except (NotRun, OSError) as problem:
            yield Objection(f"{situation.shown}: {problem}.")
            return
        if own_tools.tool_of(command) is None:
            yield Objection(f"{situation.shown}: dusk does not know what “{shown}” does.", may_insist=True)

    def preview(
        self, step: Step, surveys: Mapping[bytes, Survey], cancelled: Cancelling
    ) -> dict[bytes, Forecast]:
        """Return what the tool itself says that it would do, and what it could free at most."""
        said: dict[bytes, str] = {}
        forecasts: dict[bytes, Forecast] = {}
        for path, found in surveys.items():
            stop_if(cancelled)
            directory = _directory(step, path)
            first = directory not in said
            if first:
                said[directory] = _previewed(step, directory, cancelled)
            forecasts[path] = Forecast(
                frees_now=found.disk_size, is_at_most=True, sentence=said[directory] if first else ""
            )
        return forecasts

    def run(self, items: Sequence[Admission], work: Work) -> Sequence[End]:
        """Run the command of one step, once for each directory that it works on; measure on the disk."""
        together: dict[bytes, list[Admission]] = {}
        for item in items:
            together.setdefault(_directory(item.step, item.record.source), []).append(item)
        ends = {id(item): end for lot in together.items() for item, end in _run_in(*lot, work)}
        return [ends[id(item)] for item in items]

    def take_back(self, original: Record, record: Record, tools: Tools) -> Returned:
        """Say that there is no way back."""
        return Returned(
            ItemState.REFUSED, f"{display_path(original.source)}: a tool's own command has no undo."
        )

    def settle(self, record: Record, settling: Settling) -> None:
        """Nobody can tell how far a tool came that dusk did not see end."""
        settling.unclear(record, f"{_shown_command(record)} may or may not have ended")


def _previewed(step: Step, directory: bytes, cancelled: Cancelling) -> str:
    command = own_tools.preview_of(step.options.command, step.options.preview)
    shown = command_text(step.options.command)
    if not command:
        return f"{shown} cannot say beforehand what it will remove; the figure is the most that it can free."
    try:
        end = run_command(command, directory, timeout=_PREVIEW_SECONDS, cancelled=cancelled)
    except NotRun as problem:
        return f"{shown}: {problem}."
    if cancelled():
        raise Cancelled
    words = end.last_lines(4)[:_SAID] or "nothing"
    return f"{command_text(command)} says: {words}"


def _run_in(directory: bytes, items: list[Admission], work: Work) -> Iterator[tuple[Admission, End]]:
    """Run a command once and yield each of its targets with how that ended for it."""
    command = items[0].step.options.command
    shown = command_text(command)
    detail = _detail(command)
    records = [replace(item.record, batch=work.begin(), is_final=True, detail=detail) for item in items]
    records = list(work.journal.write(records))
    work.progress.at("running its own tool", records[0].source)
    before = _free_space(records[0].source)
    try:
        end = run_command(command, directory, timeout=_RUN_SECONDS, cancelled=work.cancelled)
    except NotRun as problem:
        sentence = f"{shown}: {problem}. Nothing was changed."
        failed = [replace(record, state=State.FAILED, error=sentence) for record in records]
        work.journal.write(failed, closing=True)
        yield from ((item, End(ItemState.FAILED, sentence)) for item in items)
        return
    freed = [_went(item) for item in items]
    if not any(freed) and any(item.survey.unreadable for item in items):
        # What this user cannot look into is measured by what the filesystem has free now.
        freed[0] = max(0, _free_space(records[0].source) - before)
    sentences = [_sentence(shown, end, size, is_first=not number) for number, size in enumerate(freed)]
    went_well = end.code == 0 and not end.stopped
    written = []
    for record, size, sentence in zip(records, freed, sentences, strict=True):
        state = State.DONE if went_well or size else State.FAILED
        error = "" if went_well else sentence
        written.append(replace(record, state=state, error=error, detail=_detail_of(record, end, size)))
    work.journal.write(written, closing=True)
    ended = ItemState.DONE if went_well else ItemState.FAILED
    for item, size, sentence in zip(items, freed, sentences, strict=True):
        yield item, End(ended, sentence, frees_now=size, frees_after_purge=0)


def _sentence(shown: str, end: CommandEnd, freed: int, *, is_first: bool) -> str:
    words = end.last_lines()[:_SAID] if is_first else ""
    said = f" It said: {words}" if words else ""
    if end.code == 0 and not end.stopped:
        return f"{shown} freed {format_size(freed)}.{said}"
    why = end.stopped or f"it ended with code {end.code}"
    rest = f"It freed {format_size(freed)} before that." if freed else "Nothing was freed."
    return f"{shown} did not end well: {why}. {rest}{said}"


def _directory(step: Step, path: bytes) -> bytes:
    """Return where a command is started: in the target only where it works on that."""
    if not own_tools.works_in_target(step.options.command):
        return b"/"
    return path if stat.S_ISDIR(os.lstat(path).st_mode) else os.path.dirname(path)


def _went(item: Admission) -> int:
    """Return by how many disk bytes the target is smaller than it was."""
    try:
        now = survey(item.record.source)
    except FileNotFoundError:
        return item.survey.disk_size
    except (OSError, ValueError):
        return 0
    return max(0, item.survey.disk_size - now.disk_size)


def _free_space(path: bytes) -> int:
    while path not in (b"/", b"") and not os.path.lexists(path):
        path = os.path.dirname(path)
    try:
        space = os.statvfs(path)
    except OSError:
        return 0
    return space.f_bfree * space.f_frsize


def _detail(command: tuple[str, ...]) -> str:
    return json.dumps({"command": list(command)})


def _detail_of(record: Record, end: CommandEnd, freed: int) -> str:
    known = json.loads(record.detail or "{}")
    told = {"code": end.code, "seconds": round(end.seconds, 1), "freed": freed, "output": end.output[-4000:]}
    return json.dumps(known | told)


def _shown_command(record: Record) -> str:
    try:
        return command_text(tuple(json.loads(record.detail)["command"]))
    except (ValueError, KeyError, TypeError):
        return "the command"
