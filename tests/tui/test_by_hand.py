"""Other actions, chosen by hand: which are for what, what they ask, and what is queued then."""

from __future__ import annotations

import pytest

from dusk.fs.identity import EntryKind
from dusk.plan.by_hand import BY_HAND, ByHand
from dusk.rules.finding import Action
from dusk.tui.commands import COMMANDS
from dusk.tui.screens.by_hand import ActionMenu
from dusk.tui.screens.number import NumberScreen
from tui.sample import GIB, sample_session
from tui.test_screen import running, tree_of

FILE, DIRECTORY = EntryKind.FILE, EntryKind.DIRECTORY


def named(key: str) -> ByHand:
    return next(one for one in BY_HAND if one.key == key)


def test_every_action_has_its_own_letter_and_none_opens_the_menu() -> None:
    keys = [one.key for one in BY_HAND]
    opener = next(command for command in COMMANDS if command.id == "other")
    assert len(set(keys)) == len(keys) and not set(keys) & {*opener.keys, "j", "k", "g"}


def test_actions_are_for_kinds_of_entries() -> None:
    assert named("c").refusal([FILE, FILE]) == "" and "files only" in named("c").refusal([FILE, DIRECTORY])
    assert named("e").refusal([DIRECTORY]) == "" and named("e").refusal([FILE])
    assert "2 entries" in named("b").refusal([FILE]) and named("b").refusal([FILE, FILE]) == ""
    assert all(one.refusal([EntryKind.SYMLINK]) and one.refusal([]) for one in BY_HAND)


async def at(pilot, screen, path: str) -> None:
    screen.list.reveal(tree_of(screen).at(path))
    await pilot.pause()


@pytest.mark.parametrize("size", [(120, 36), (80, 24), (60, 20)])
async def test_o_offers_and_a_letter_queues(size: tuple[int, int]) -> None:
    async with running(size=size) as (screen, pilot):
        await at(pilot, screen, "nohup.out")
        await pilot.press("o")
        await pilot.pause()
        assert isinstance(screen.app.screen, ActionMenu)
        await pilot.press("e")  # for directories only: nothing happens
        await pilot.pause()
        assert isinstance(screen.app.screen, ActionMenu)
        await pilot.press("c")
        await pilot.pause()
        [step] = screen.session.plan.steps
        assert step.action is Action.COMPRESS and screen.session.totals().is_at_most
        assert "up to 12.0" in screen.queue_bar.plain_text()
        await pilot.press("o", "c")
        await pilot.pause()
        assert not screen.session.plan.steps


async def test_escape_and_a_closed_menu_queue_nothing() -> None:
    async with running() as (screen, pilot):
        await pilot.press("o", "escape")
        await pilot.pause()
        assert screen.is_current and not screen.session.plan.steps


@pytest.mark.parametrize(("typed", "lines"), [("", 100_000), ("50k", 50_000), ("2,500", 2_500)])
async def test_splitting_asks_for_lines(typed: str, lines: int) -> None:
    async with running() as (screen, pilot):
        await at(pilot, screen, "nohup.out")
        await pilot.press("o", "s")
        await pilot.pause()
        assert isinstance(screen.app.screen, NumberScreen)
        await pilot.press("x", "enter")
        await pilot.pause()
        assert isinstance(screen.app.screen, NumberScreen), "x is no number"
        if not typed:
            await pilot.press("escape", "o", "s")
            await pilot.pause()
        else:
            await pilot.press("backspace", *("comma" if sign == "," else sign for sign in typed))
        await pilot.press("enter")
        await pilot.pause()
        [step] = screen.session.plan.steps
        assert step.action is Action.SPLIT and step.options.lines == lines
        assert screen.session.totals().frees_after_purge == 0


async def test_marked_files_are_deduplicated_in_one_step_and_links_only_when_asked() -> None:
    async with running() as (screen, pilot):
        tree = tree_of(screen)
        files = [tree.at("nohup.out"), tree.at("datasets/web/part-00000.parquet")]
        screen.session.choices.mark_all(files)
        await pilot.press("o", "b")
        await pilot.pause()
        [step] = screen.session.plan.steps
        assert step.action is Action.DEDUPE and len(step.targets) == 2 and step.options.form == ""
        assert screen.session.totals().frees_now == 12 * GIB
        screen.session.choices.mark_all(files)
        await pilot.press("o", "h")
        await pilot.pause()
        [step] = screen.session.plan.steps
        assert step.options.form == "hard-link" and screen.session.totals().frees_now == 0


async def test_a_packed_archive_asks_where_to_and_replaces_a_plain_one() -> None:
    session = sample_session(archive_directory=b"/mnt/cold")
    async with running(session) as (screen, pilot):
        await at(pilot, screen, "wandb")
        await pilot.press("a", "o", "z")
        await pilot.pause()
        [step] = session.plan.steps
        assert step.action is Action.ARCHIVE and step.options.form == "tar.zst"
        assert step.destination == b"/mnt/cold"


async def test_read_only_queues_nothing_by_hand() -> None:
    async with running(sample_session(read_only=True)) as (screen, pilot):
        await at(pilot, screen, "nohup.out")
        await pilot.press("o", "c")
        await pilot.pause()
        assert not screen.session.plan.steps and "ead-only" in screen.status.plain_text()


async def test_the_overlay_has_the_menu_too() -> None:
    async with running(size=(80, 24)) as (screen, pilot):
        await at(pilot, screen, "nohup.out")
        await pilot.press("i", "o", "c")
        await pilot.pause()
        assert [step.action for step in screen.session.plan.steps] == [Action.COMPRESS]
