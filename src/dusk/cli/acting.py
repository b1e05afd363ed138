"""Acting from the command line: choose, review, show, ask, act, say what became of it."""

from __future__ import annotations

import os
from argparse import Namespace
from collections.abc import Callable
from dataclasses import dataclass, field

from dusk.actions.executor import Executor
from dusk.actions.outcome import Outcome
from dusk.actions.progress import ExecutionProgress
from dusk.actions.review import Problem, Reviewed, review_plan
from dusk.cli import acting_text
from dusk.cli.ask import ask_word, ask_yes
from dusk.cli.background import finish
from dusk.cli.carrying_out import carry_out, exit_code, progress_text, say_sentences
from dusk.cli.choosing import Chosen, Destination, choose, destination_of
from dusk.cli.exit_codes import ExitCode, RefusalError
from dusk.cli.journal_access import open_journal
from dusk.cli.measures import measure_for
from dusk.cli.output import print_error, print_json, print_text
from dusk.cli.progress_line import ProgressLine
from dusk.cli.terminal import can_ask
from dusk.fs.protected import Protection
from dusk.plan.action_words import is_undoable
from dusk.plan.conflict import conflicts
from dusk.plan.plan import Plan
from dusk.rules.finding import NO_OPTIONS, Action, ActionOptions
from dusk.settings import Settings, load_settings


@dataclass(slots=True)
class Dealings:
    """What became of each path so far."""

    plan: Plan
    """What is left to act on."""
    refused: list[tuple[bytes, str]] = field(default_factory=list)
    """What is not acted on, with the sentence why."""

    def refuse(self, path: bytes, sentence: str) -> None:
        """Take a path out and say why."""
        self.plan = self.plan.without_path(path)
        self.refused.append((path, sentence))
        print_error(sentence)


def act(arguments: Namespace, action: Action, options: ActionOptions = NO_OPTIONS) -> int:
    """Act on the paths that were typed, one step for each, and return the exit code."""

    def choosing(settings: Settings, protection: Protection) -> Chosen:
        is_archive = action is Action.ARCHIVE
        destination = destination_of(arguments.to or "", settings) if is_archive else Destination()
        return choose(
            arguments.paths, action, destination, settings, protection,
            insist=arguments.insist, options=options,
        )  # fmt: skip

    return act_on(arguments, action, choosing)


def act_on(
    arguments: Namespace,
    action: Action,
    choosing: Callable[[Settings, Protection], Chosen],
    *,
    none_is_fine: bool = False,
) -> int:
    """Act on what ``choosing`` finds, all of it by one action, and return the exit code.

    ``none_is_fine`` where finding nothing is a good end.
    """
    settings = load_settings()
    _check_willing(arguments)
    protection = Protection.load(settings)
    chosen = choosing(settings, protection)
    journal = open_journal()
    dealings = _begin(chosen)
    reviewed = _review(dealings.plan, protection, journal.places())
    dealings.plan = reviewed.plan
    _settle_problems(dealings, reviewed.problems, arguments)
    _settle_conflicts(dealings)
    if not dealings.plan and not dealings.refused and none_is_fine:
        _say_nothing_done(arguments, action, dealings)
        return ExitCode.DONE
    if not dealings.plan:
        return _say_nothing_done(arguments, action, dealings)
    if not arguments.json:
        measure = measure_for(dealings.plan.targets[0].path)
        print_text(acting_text.plan_shown(dealings.plan, reviewed.problems, measure))
    if arguments.dry_run:
        if arguments.json:
            print_json(acting_text.document(dealings.plan, action, None, dealings.refused))
        return ExitCode.REFUSED if dealings.refused else ExitCode.DONE
    if not arguments.yes and not _confirmed(dealings.plan, action):
        raise RefusalError("Nothing was done.")
    executor = Executor(journal, protection, read_only=arguments.read_only)
    outcome = carry_out(
        lambda progress, cancelled: executor.run(dealings.plan, progress=progress, cancelled=cancelled)
    )
    return _say_outcome(arguments, action, dealings, outcome)


def _check_willing(arguments: Namespace) -> None:
    if arguments.read_only:
        raise RefusalError("Nothing was done: --read-only turns every action off.")
    if not (arguments.yes or arguments.dry_run or can_ask()):
        raise RefusalError(
            "Nothing was done: away from a terminal this needs --yes. --dry-run says what would happen."
        )


def _begin(chosen: Chosen) -> Dealings:
    dealings = Dealings(chosen.plan)
    for path, sentence in chosen.refused:
        dealings.refuse(path, sentence)
    return dealings


def _review(plan: Plan, protection: Protection, trashes: tuple[bytes, ...]) -> Reviewed:
    progress = ExecutionProgress()
    with ProgressLine() as line:
        return finish(
            lambda: review_plan(plan, protection, progress=progress, trashes=trashes),
            lambda: line.show(progress_text(progress)),
        )


def _settle_problems(dealings: Dealings, problems: tuple[Problem, ...], arguments: Namespace) -> None:
    """Take out what may not be acted on; ask about what a person may decide."""
    by_path: dict[bytes, list[Problem]] = {}
    for problem in problems:
        if problem.blocking:
            by_path.setdefault(problem.path, []).append(problem)
    for path, found in by_path.items():
        final = [problem for problem in found if not problem.may_insist]
        if final:
            dealings.refuse(path, final[0].sentence)
        elif arguments.yes or arguments.dry_run or not can_ask():
            dealings.refuse(path, f"{found[0].sentence} --insist acts all the same.")
        else:
            for problem in found:
                print_error(problem.sentence)
            if ask_yes("Act on it all the same?"):
                dealings.plan = dealings.plan.insisting(found[0].step_id)
            else:
                dealings.refuse(path, f"{acting_text.shown(path)} was left alone.")


def _settle_conflicts(dealings: Dealings) -> None:
    """Take out what contradicts the rest of the plan."""
    for conflict in conflicts(dealings.plan):
        if conflict.blocking and dealings.plan.step_of(conflict.path):
            dealings.refuse(conflict.path, conflict.sentence)


def _confirmed(plan: Plan, action: Action) -> bool:
    if not all(is_undoable(step) for step in plan.steps):
        if not ask_word(f"{acting_text.question(plan, action)} Nothing can undo that.", "run"):
            return False
    elif not ask_yes(acting_text.question(plan, action)):
        return False
    return os.geteuid() != 0 or ask_yes("You are root, and nothing of the system stops you. Really?")


def _say_nothing_done(arguments: Namespace, action: Action, dealings: Dealings) -> int:
    if arguments.json:
        print_json(acting_text.document(dealings.plan, action, None, dealings.refused))
    return ExitCode.REFUSED


def _say_outcome(arguments: Namespace, action: Action, dealings: Dealings, outcome: Outcome) -> int:
    say_sentences(outcome.results)
    if arguments.json:
        print_json(acting_text.document(dealings.plan, action, outcome, dealings.refused))
    else:
        is_shared = action is Action.DEDUPE and not outcome.frees_after_purge
        for line in acting_text.outcome_lines(outcome, action, is_shared=is_shared):
            print_text(line)
    return exit_code(outcome.results, cancelled=outcome.cancelled, refused=len(dealings.refused))
