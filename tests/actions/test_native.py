"""A tool's own command: shown before, run word by word, measured after, and never called undoable."""

from __future__ import annotations

import os
import threading
import time

import pytest

from dusk.actions import own_tools
from dusk.actions.command_run import NotRun, program_path, run_command
from dusk.actions.executor import Executor
from dusk.actions.journal import State
from dusk.actions.outcome import ItemState
from dusk.actions.recovery import recover
from dusk.actions.undo import NothingToUndo, undo_batch
from dusk.rules.finding import Action, ActionOptions


@pytest.fixture
def tools(box, monkeypatch):
    """A directory of programs that stands before all others, and a way to write one."""
    place = os.path.join(box.root, b"bin")
    os.mkdir(place, 0o755)
    monkeypatch.setenv("PATH", os.fsdecode(place) + ":" + os.environ["PATH"])

    def write(name: str, script: str) -> None:
        path = os.path.join(os.fsdecode(place), name)
        with open(path, "w") as file:
            file.write("#!/bin/sh\n" + script)
        os.chmod(path, 0o755)

    return write


def plan_for(box, path: bytes, *command: str, **options):
    return box.plan(path, action=Action.NATIVE, options=ActionOptions(command=command), **options)


def test_the_dry_run_is_shown_and_what_went_is_measured(box, tools):
    cache = box.path(b"cache")
    box.file(b"cache", b"old", content=b"x" * 200_000)
    box.file(b"cache", b"new")
    tools(
        "hf",
        f'[ "$3" = --dry-run ] && echo "would free 1 revision" && exit; rm {cache.decode()}/old; echo done',
    )
    reviewed = box.review(plan_for(box, cache, "hf", "cache", "prune"))
    (target,) = reviewed.plan.targets
    assert "would free 1 revision" in target.forecast.sentence and target.forecast.is_at_most
    assert os.path.exists(box.path(b"cache", b"old"))
    outcome = box.run(reviewed.plan)
    (result,) = outcome.results
    assert result.state is ItemState.DONE and "done" in result.sentence, result
    assert 200_000 <= outcome.frees_now < 210_000 and outcome.frees_after_purge == 0
    (record,) = box.journal.records(outcome.batch)
    assert record.state is State.DONE and record.is_final and not record.is_undoable
    with pytest.raises(NothingToUndo):
        undo_batch(box.journal)


def test_words_are_words_and_output_is_harmless(box, tools):
    cache = box.file(b"cache")
    tools("uv", 'printf "%s|" "$@"; printf "\\033[31mred\\n"')
    outcome = box.run(
        box.review(plan_for(box, cache, "uv", "cache", "prune", "$(touch /x); `id`", "a b")).plan
    )
    sentence = outcome.results[0].sentence
    assert "cache|prune|$(touch /x); `id`|a b|" in sentence and "\x1b" not in sentence
    assert not os.path.exists("/x")


@pytest.mark.parametrize(
    "command",
    [
        ("sh", "-c", "true"), ("bash", "-c", "true"), ("python3", "-c", "1"), ("rm", "/x"), ("sudo", "ls"),
        ("env", "LD_PRELOAD=/x", "uv", "cache", "prune"), ("env", "-i", "uv", "cache", "prune"),
        ("find", ".", "-delete"), ("uv\0", "cache", "prune"), (),
    ],
)  # fmt: skip
def test_what_can_do_anything_is_never_run(box, command):
    path = box.file(b"x")
    plan = plan_for(box, path, *command, insisted=True)
    reviewed = box.review(plan)
    assert reviewed.problems and not reviewed.problems[0].may_insist
    assert box.run(reviewed.plan).results[0].state is ItemState.REFUSED


def test_an_unknown_command_asks_to_be_insisted_on(box, tools):
    tools("mytool", "echo ran")
    path = box.file(b"x")
    reviewed = box.review(plan_for(box, path, "mytool", "clean"))
    assert reviewed.problems[0].may_insist and "does not know what" in reviewed.problems[0].sentence
    assert box.run(reviewed.plan).results[0].state is ItemState.REFUSED
    assert box.run(reviewed.plan.insisting("one")).results[0].state is ItemState.DONE


def test_read_only_and_a_missing_tool_refuse(box, tools):
    path = box.file(b"x")
    tools("uv", f"touch {box.path(b'ran').decode()}")
    reviewed = box.review(plan_for(box, path, "uv", "cache", "prune"))
    os.path.exists(box.path(b"ran")) and os.unlink(box.path(b"ran"))
    outcome = Executor(box.journal, box.protection, read_only=True).run(reviewed.plan)
    assert outcome.results[0].state is ItemState.REFUSED and not os.path.exists(box.path(b"ran"))
    missing = box.review(plan_for(box, path, "dvc", "gc", "--workspace"))
    assert "not installed here" in missing.problems[0].sentence


def test_a_program_that_others_may_change_is_not_run(box, tools):
    tools("uv", "true")
    os.chmod(os.path.join(box.root, b"bin"), 0o777)
    with pytest.raises(NotRun, match="could be changed by other users"):
        program_path("uv")


def test_a_command_that_fails_says_what_it_said(box, tools):
    path = box.file(b"x")
    tools("uv", "echo 'cache is locked' >&2; exit 2")
    outcome = box.run(box.review(plan_for(box, path, "uv", "cache", "prune")).plan)
    (result,) = outcome.results
    assert result.state is ItemState.FAILED
    assert "code 2" in result.sentence and "cache is locked" in result.sentence
    assert box.journal.records(outcome.batch)[0].state is State.FAILED


def test_a_command_without_end_is_ended_with_all_its_children(box, tools):
    tools("uv", "sleep 60 & sleep 60")
    began = time.monotonic()
    end = run_command(("uv",), b"/", timeout=0.3)
    assert time.monotonic() - began < 5 and "took longer" in end.stopped
    asked = threading.Event()
    threading.Timer(0.2, asked.set).start()
    assert "on request" in run_command(("uv",), b"/", timeout=60, cancelled=asked.is_set).stopped


def test_one_command_for_several_paths_runs_once(box, tools):
    paths = [box.file(b"pkgs", b"a"), box.file(b"index", b"b")]
    tools("conda", f"echo run >> {box.path(b'log').decode()}")
    plan = box.plan(*paths, action=Action.NATIVE, options=ActionOptions(command=("conda", "clean", "--yes")))
    reviewed = box.review(plan)
    os.unlink(box.path(b"log"))
    outcome = box.run(reviewed.plan)
    assert outcome.count(ItemState.DONE) == 2
    with open(box.path(b"log")) as file:
        assert file.read() == "run\n"


def test_git_works_in_its_own_directory(box, tools):
    os.mkdir(box.path(b"repo"))
    tools("git", "pwd")
    outcome = box.run(box.review(plan_for(box, box.path(b"repo"), "git", "gc")).plan)
    assert box.path(b"repo").decode() in outcome.results[0].sentence


def test_a_kill_while_the_tool_ran_leaves_it_to_a_person(box, tools):
    path = box.file(b"x")
    tools("uv", "true")
    outcome = box.run(box.review(plan_for(box, path, "uv", "cache", "prune")).plan)
    (record,) = box.journal.records(outcome.batch)
    from dataclasses import replace

    box.journal.write([replace(record, state=State.INTENT)])
    assert "uv cache prune may or may not have ended" in recover(box.journal).sentences[0]
    assert box.journal.records(outcome.batch)[0].state is State.AMBIGUOUS


@pytest.mark.parametrize(
    ("command", "preview"),
    [
        (("hf", "cache", "prune"), ("hf", "cache", "prune", "--dry-run")),
        (("git", "-C", "/r", "gc"), ("git", "count-objects", "-vH")),
        (
            ("env", "GOCACHE=/c", "go", "clean", "-cache"),
            ("env", "GOCACHE=/c", "go", "clean", "-cache", "-n"),
        ),
        (("journalctl", "--vacuum-size=1G"), ("journalctl", "--disk-usage")),
        (("journalctl", "--rotate"), ()),
        (("pip", "cache", "purge", "--cache-dir", "/c"), ("pip", "cache", "info", "--cache-dir", "/c")),
        (("npm", "cache", "clean", "--force"), ()),
        (("made", "up"), ()),
    ],
)
def test_every_known_tool_is_asked_first_where_it_can_be(command, preview):
    assert own_tools.preview_of(command, ()) == preview


def test_a_preview_that_is_none_is_not_run():
    assert own_tools.preview_of(("hf", "cache", "prune"), ("hf", "cache", "rm", "model")) == ()
    assert own_tools.preview_of(("hf", "cache", "prune"), ("touch", "/x")) == ()
