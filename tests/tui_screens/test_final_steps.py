"""What cannot be undone: shown apart, and confirmed by a typed word only."""

from __future__ import annotations

from dataclasses import replace

import pytest
from screen_harness import Harness, plan_of, shown

from dusk.actions.outcome import ItemResult, ItemState, Outcome
from dusk.actions.review import Reviewed
from dusk.plan.step import Step
from dusk.rules.finding import Action, ActionOptions
from dusk.tui.screens.acting import result_of
from dusk.tui.screens.confirm import ConfirmScreen
from dusk.tui.screens.typed_word import TypedWordScreen

COMMAND = ("uv", "cache", "prune")


def with_command(files):
    plan = plan_of(*files[:2])
    native = Step(
        "native", Action.NATIVE, plan_of(files[2]).steps[0].targets, options=ActionOptions(command=COMMAND)
    )
    return replace(plan, steps=(*plan.steps, native))


def confirm(session, plan, *, as_root=False):
    return Harness(ConfirmScreen(session, Reviewed(plan, ()), as_root=as_root))


@pytest.mark.parametrize("size", [(120, 36), (80, 24), (60, 20)])
async def test_the_question_says_the_command_and_that_nothing_undoes_it(session, files, size):
    app = confirm(session, with_command(files))
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        text = shown(app)
        assert getattr(app.focused, "id", None) == "no"
        if size[1] >= 24:
            assert "Run a command for 1 path" in text and "uv cache prune" in text
            assert "Cannot be undone" in text and text.index("to the trash") < text.index("Run a command")


@pytest.mark.parametrize("as_root", [False, True])
async def test_only_the_typed_word_says_yes(session, files, as_root):
    app = confirm(session, with_command(files), as_root=as_root)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("y", *(["r"] if as_root else []))
        await pilot.pause()
        assert isinstance(app.screen, TypedWordScreen)
        await pilot.press("y", "enter")
        await pilot.pause()
        assert isinstance(app.screen, TypedWordScreen) and "Only run goes on" in shown(app)
        await pilot.press("r", "u", "n", "enter")
        await pilot.pause()
        assert app.answers == [True]


async def test_escape_at_the_word_changes_nothing(session, files):
    app = confirm(session, with_command(files))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("y", "escape")
        await pilot.pause()
        assert app.answers == [] and isinstance(app.screen, ConfirmScreen)
        await pilot.press("escape")
        await pilot.pause()
        assert app.answers == [False]


@pytest.mark.parametrize(
    ("action", "undoable"), [(Action.NATIVE, False), (Action.DEDUPE, False), (Action.TRASH, True)]
)
async def test_the_result_offers_undo_only_where_there_is_one(session, files, action, undoable):
    results = (ItemResult(files[0], action, ItemState.DONE),)
    app = Harness(result_of(session, Outcome(3, results, 10, 10 if undoable else 0)))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        assert ("dusk undo 3" in shown(app)) is undoable
        await pilot.press("u")
        await pilot.pause()
        assert ("Take it back?" in shown(app)) is undoable


async def test_what_can_be_undone_asks_for_no_word(session, files):
    app = confirm(session, plan_of(*files[:2]))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("y")
        await pilot.pause()
        assert app.answers == [True]
