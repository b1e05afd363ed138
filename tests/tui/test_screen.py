"""The app driven by keys on a made-up tree; what counts is the state of the session."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from textual.events import Key
from textual.pilot import Pilot

from dusk.rules.finding import Action
from dusk.scan.entry import Measure, Sort
from dusk.tui.app import LOCAL_TICK_SECONDS, DuskApp
from dusk.tui.commands import COMMANDS, effective_commands
from dusk.tui.screens.main import MainScreen
from dusk.tui.session import Session
from dusk.tui.themes import load_themes
from tui.fake_tree import FakeJudge, FakeScan, FakeTree
from tui.sample import GIB, finding, sample_session


@asynccontextmanager
async def running(
    session: Session | None = None,
    size: tuple[int, int] = (120, 36),
    keys: dict[str, str] | None = None,
    tick_seconds: float = LOCAL_TICK_SECONDS,
) -> AsyncIterator[tuple[MainScreen, Pilot[int]]]:
    commands = effective_commands(keys or {})
    app = DuskApp(session or sample_session(), commands, load_themes(), tick_seconds=tick_seconds)
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        assert isinstance(app.screen, MainScreen)
        yield app.screen, pilot


def tree_of(screen: MainScreen) -> FakeTree:
    assert isinstance(screen.session.tree, FakeTree)
    return screen.session.tree


async def test_space_marks_by_entry_and_goes_down() -> None:
    async with running() as (screen, pilot):
        await pilot.press("j", "space")
        assert screen.session.choices.marks == {tree_of(screen).at("hf-cache")}
        assert screen.list.cursor == tree_of(screen).at("datasets")


async def test_d_queues_and_never_acts_and_takes_off_again() -> None:
    async with running() as (screen, pilot):
        await pilot.press("d")
        [step] = screen.session.plan.steps
        assert step.action is Action.TRASH
        assert [target.path for target in step.targets] == [b"/data/checkpoints"]
        await pilot.press("d")
        assert not screen.session.plan.steps


async def test_several_marks_are_queued_together_without_what_is_to_be_kept() -> None:
    async with running() as (screen, pilot):
        tree = tree_of(screen)
        screen.session.choices.mark_all([tree.at("wandb"), tree.at("conda"), tree.at("notes.md")])
        await pilot.press("d")
        paths = {target.path for target in screen.session.plan.targets}
        assert paths == {b"/data/wandb", b"/data/conda"}
        assert "left out" in screen.status.plain_text()
        assert screen.session.choices.marks == {tree.at("notes.md")}


async def test_what_lies_in_a_queued_directory_is_not_queued_again() -> None:
    async with running() as (screen, pilot):
        await pilot.press("d", "l", "l", "d")
        assert len(screen.session.plan.targets) == 1
        assert "Already queued with /data/checkpoints" in screen.status.plain_text()


async def test_the_root_cannot_be_queued() -> None:
    async with running() as (screen, pilot):
        await pilot.press("g", "d", "space")
        assert not screen.session.plan.steps
        assert not screen.session.choices.marks


async def test_read_only_queues_nothing_and_says_so() -> None:
    async with running(sample_session(read_only=True)) as (screen, pilot):
        await pilot.press("d", "x", "a")
        assert not screen.session.plan.steps
        assert "ead-only" in screen.status.plain_text()
        assert screen.is_current


async def test_n_goes_to_findings_and_a_number_takes_up_an_offer() -> None:
    async with running() as (screen, pilot):
        await pilot.press("n")
        assert screen.list.cursor == tree_of(screen).at("checkpoints/llama-70b-sft/checkpoint-500")
        assert "Old checkpoint of a training run" in screen.panel.plain_text()
        assert "trash emptied" in screen.panel.plain_text()
        await pilot.press("1")
        [target] = screen.session.plan.targets
        assert target.path.endswith(b"checkpoint-500")
        assert "300 GiB" in screen.queue_bar.plain_text()


async def test_big_x_marks_every_path_of_the_finding() -> None:
    session = sample_session()
    tree = session.tree
    assert isinstance(tree, FakeTree)
    one = finding(tree, "checkpoints/llama-70b-sft/checkpoint-500")
    other = finding(tree, "checkpoints/llama-70b-sft/checkpoint-1000")
    from dataclasses import replace

    session.judge.known = (replace(one, entries=one.entries + other.entries),)  # type: ignore[attr-defined]
    async with running(session) as (screen, pilot):
        await pilot.press("n", "X")
        assert screen.session.choices.marks == set(one.entries + other.entries)


async def test_tab_chooses_a_finding_and_enter_goes_there() -> None:
    async with running() as (screen, pilot):
        await pilot.press("tab", "j", "enter")
        await pilot.pause()
        assert screen.list.has_focus
        assert b"Llama" in tree_of(screen).name(screen.list.cursor)


async def test_the_cursor_follows_the_biggest_until_the_first_key_then_never_jumps() -> None:
    session = sample_session(running=True)
    tree = session.tree
    assert isinstance(tree, FakeTree)
    async with running(session) as (screen, pilot):
        tree.grow(tree.at("wandb"), 9_000 * GIB)
        screen.list.rest()
        screen.look()
        await pilot.pause()
        assert screen.list.cursor == tree.at("wandb")
        await pilot.press("j")
        under = screen.list.cursor
        tree.grow(tree.at("conda"), 99_000 * GIB)
        screen.look()
        assert screen.list.rows.ids[1] == tree.at("wandb"), "the order rests while somebody moves"
        screen.list.rest()
        screen.look()
        assert screen.list.rows.ids[1] == tree.at("conda")
        assert screen.list.cursor == under


async def test_a_key_changes_the_cursor_alone_and_the_next_look_the_sizes() -> None:
    session = sample_session(running=True)
    tree = session.tree
    assert isinstance(tree, FakeTree)

    def sizes(screen: MainScreen) -> list[int]:
        rows = (screen.list._drawn[y][0] for y in range(5))
        return [row.size for row in rows if row is not None]

    async with running(session, tick_seconds=3600) as (screen, pilot):
        await pilot.pause()
        before = sizes(screen)
        tree.grow(screen.list.rows.ids[2], 9_000 * GIB)
        await pilot.press("j")
        await pilot.pause()
        assert sizes(screen) == before, "what is read at one moment adds up"
        marked = [y for y in range(5) if (row := screen.list._drawn[y][0]) is not None and row.under_cursor]
        assert marked == [screen.list.rows.cursor_row]
        screen.look()
        await pilot.pause()
        assert sizes(screen)[0] == before[0] + 9_000 * GIB


async def test_the_end_of_the_scan_is_shown_at_once() -> None:
    session = sample_session(running=True)
    async with running(session, tick_seconds=3600) as (screen, pilot):
        assert "scanned in" not in screen.breadcrumb.plain_text()
        session.scan.running = False  # type: ignore[attr-defined]
        threading.Thread(target=session.say_ended).start()
        for _ in range(100):
            await pilot.pause(0.02)
            if "scanned in" in screen.breadcrumb.plain_text():
                break
        assert "scanned in" in screen.breadcrumb.plain_text()


async def test_enter_backspace_and_the_breadcrumb() -> None:
    async with running() as (screen, pilot):
        await pilot.press("j", "enter", "enter")
        assert "/data › hf-cache › hub" in screen.breadcrumb.plain_text()
        await pilot.press("backspace", "backspace")
        assert screen.list.cursor == tree_of(screen).at("hf-cache")
        await pilot.press("backspace")
        assert "scan began here" in screen.status.plain_text()


async def test_left_and_right_open_close_and_climb() -> None:
    async with running() as (screen, pilot):
        tree = tree_of(screen)
        await pilot.press("right", "right")
        assert screen.list.cursor == tree.at("checkpoints/llama-70b-sft")
        await pilot.press("left")
        assert screen.list.cursor == tree.at("checkpoints")
        await pilot.press("left")
        assert tree.at("checkpoints") not in screen.list.rows.expanded


async def test_sorting_by_the_menu_and_measuring() -> None:
    async with running() as (screen, pilot):
        await pilot.press("s", "n")
        await pilot.pause()
        assert screen.session.sort is Sort.NAME
        assert screen.list.rows.ids[1] == tree_of(screen).at("checkpoints")
        await pilot.press("m")
        assert screen.session.measure is Measure.APPARENT


async def test_the_filter_shows_less_and_escape_shows_all_and_never_quits() -> None:
    async with running() as (screen, pilot):
        before = len(screen.list.rows)
        await pilot.press("/", *"notes")
        assert len(screen.list.rows) == 2
        await pilot.press("enter")
        assert screen.list.has_focus
        assert "Filter: notes" in screen.status.plain_text()
        await pilot.press("escape", "escape", "escape")
        assert len(screen.list.rows) == before
        assert screen.app.is_running


async def test_keys_typed_faster_than_the_focus_moves_are_not_lost() -> None:
    async with running() as (screen, pilot):
        for character in "/notes":
            key = "slash" if character == "/" else character
            screen.post_message(Key(key, character))
        await pilot.pause()
        await pilot.pause()
        assert screen.list.rows.filter == "notes"


async def test_queueing_a_parent_says_what_the_filter_hides() -> None:
    async with running() as (screen, pilot):
        await pilot.press("l", "/", *"moe", "enter", "g", "j", "d")
        assert "2 entries that the filter hides" in screen.status.plain_text()


@pytest.mark.parametrize("size", [(120, 36), (80, 24), (60, 16), (40, 10), (20, 6), (5, 3)])
async def test_no_size_breaks_it(size: tuple[int, int]) -> None:
    async with running(size=size) as (screen, pilot):
        await pilot.press("l", "j", "d", "n", "space", "G", "tab", "/", "a", "escape")
        await pilot.resize_terminal(100, 30)
        await pilot.resize_terminal(*size)
        await pilot.press("j")
        assert screen.app.is_running


async def test_a_terminal_that_grows_again_shows_the_rows_above_again() -> None:
    async with running(size=(120, 36)) as (screen, pilot):
        await pilot.press("G")
        await pilot.resize_terminal(120, 8)
        await pilot.pause()
        assert screen.list.top > 0
        await pilot.resize_terminal(120, 36)
        await pilot.pause()
        assert screen.list.top == 0


async def test_a_narrow_terminal_hints_at_the_finding_and_shows_it_over_the_list() -> None:
    async with running(size=(80, 24)) as (screen, pilot):
        assert not screen.panel.display
        await pilot.press("n")
        assert "Old checkpoint" in screen.status.plain_text()
        await pilot.press("i")
        await pilot.pause()
        assert type(screen.app.screen).__name__ == "FindingOverlay"
        await pilot.press("escape")
        assert screen.is_current


async def test_quitting_asks_only_when_something_is_lost() -> None:
    async with running() as (screen, pilot):
        await pilot.press("d", "q")
        await pilot.pause()
        assert type(screen.app.screen).__name__ == "QuitScreen"
        await pilot.press("escape")
        assert screen.is_current
        await pilot.press("d", "q")
        await pilot.pause()
        assert not screen.app.is_running or screen.app.return_value == 0


async def test_a_long_scan_is_not_thrown_away_by_one_key() -> None:
    session = sample_session()
    assert isinstance(session.scan, FakeScan)
    session.scan.seconds = 42.0
    async with running(session) as (screen, pilot):
        await pilot.press("q")
        await pilot.pause()
        assert type(screen.app.screen).__name__ == "QuitScreen"


async def test_users_keys_take_the_place_of_the_shipped_ones() -> None:
    async with running(keys={"trash": "t", "mark": "d"}) as (screen, pilot):
        await pilot.press("t")
        assert screen.session.plan.steps
        assert "t Trash" in screen.footer.plain_text()
        await pilot.press("d")
        assert len(screen.session.plan.steps) == 1


async def test_every_command_can_be_run() -> None:
    async with running() as (screen, pilot):
        for command in COMMANDS:
            if command.id in ("quit", "palette"):
                continue
            screen.run_command(command.id)
            await pilot.pause()
            while not screen.is_current:
                await pilot.press("escape")
                await pilot.pause()


async def test_an_unchanged_tick_refreshes_nothing() -> None:
    async with running() as (screen, pilot):
        await pilot.press("j")
        screen.list.rest()
        screen.look()
        await pilot.pause(0.3)
        asked: list[object] = []
        for part in (screen.breadcrumb, screen.disk_line, screen.list, screen.panel, screen.status):
            part.refresh = lambda *regions, part=part, **_: asked.append((part, regions))  # type: ignore[method-assign]
        for _ in range(5):
            screen._pulse = None
            screen.look()
        assert asked == []


async def test_a_name_with_markup_is_shown_as_it_is() -> None:
    session = sample_session()
    tree = session.tree
    assert isinstance(tree, FakeTree)
    tree.add(0, "x[/red].bin", 90_000 * GIB)
    async with running(session) as (screen, pilot):
        screen.list.rest()
        screen.look()
        await pilot.pause()
        await pilot.press("g", "j", "d")
        assert "x[/red].bin" in screen.status.plain_text()


async def test_the_mouse_moves_opens_and_runs_commands() -> None:
    async with running() as (screen, pilot):
        tree = tree_of(screen)
        await pilot.click(screen.list, offset=(40, 2))
        assert screen.list.cursor == tree.at("hf-cache")
        await pilot.click(screen.list, offset=(40, 2))
        assert tree.at("hf-cache") in screen.list.rows.expanded
        await pilot.click(screen.footer, offset=(screen.footer.plain_text().index("Trash") + 1, 0))
        assert [target.path for target in screen.session.plan.targets] == [b"/data/hf-cache"]


async def test_the_first_entries_come_at_once_also_under_a_moving_hand() -> None:
    tree = FakeTree({})
    session = Session(
        FakeScan(tree, running=True),
        FakeJudge([]),  # type: ignore[arg-type]
        open_journal=lambda: (None, ()),  # type: ignore[arg-type, return-value]
    )
    async with running(session) as (screen, pilot):
        await pilot.press("j", "j")
        tree.add(0, "weights.bin", GIB)
        screen.list.touched()
        screen.look()
        assert len(screen.list.rows) == 2
