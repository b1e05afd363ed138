"""The list of findings: families, totals, what matters, and queueing from it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from textual.pilot import Pilot

from dusk.rules.finding import Action, ActionOptions, Finding, Offer
from dusk.rules.safety import Safety
from dusk.rules.severity import Severity
from dusk.tui.findings_list import ListedFindings, levels_line
from dusk.tui.member_text import member_lines
from dusk.tui.screens.finding_overlay import FindingOverlay
from dusk.tui.screens.main import MainScreen
from dusk.tui.session import Session
from tui.fake_tree import FakeTree
from tui.sample import finding, sample_session
from tui.test_screen import running


def text_of(lines) -> str:
    return "\n".join("".join(text for text, _ in line) for line in lines)


def families_session() -> Session:
    session = sample_session()
    old, cached, logs, notes = session.judge.findings()
    old = replace(old, severity=Severity.CRITICAL)
    cached = replace(cached, family="model cache", severity=Severity.WORTH_DOING)
    session.judge.known = (old, cached, replace(logs, family="clutter"), notes)  # type: ignore[attr-defined]
    return session


def native(session: Session) -> Finding:
    one = session.judge.findings()[0]
    offer = Offer(
        Action.NATIVE,
        "Run uv cache prune",
        one.paths,
        one.apparent_size,
        one.disk_size,
        one.disk_size,
        0,
        options=ActionOptions(command=("uv", "cache", "prune")),
        is_at_most=True,
    )
    return replace(one, offers=(offer,))


def test_totals_are_by_safety_and_keep_is_left_out() -> None:
    text = text_of([levels_line(families_session(), 80)])
    assert text == "safe 141 GiB · costly 268 GiB · review 300 GiB"
    assert len(text_of([levels_line(families_session(), 44)])) <= 44
    ascii_only = sample_session(ascii_only=True)
    assert "o 141 GiB" in text_of([levels_line(ascii_only, 40)])


def test_families_come_in_the_order_of_their_best_finding() -> None:
    session = families_session()
    listed = ListedFindings.of(session)
    assert [group.family for group in listed.groups] == ["checkpoint", "model cache", "clutter"]
    text = text_of(listed.drawn(session, 0, len(listed.lines), 60, 1))
    assert text.index("checkpoint") < text.index("Old checkpoint") < text.index("model cache")
    assert "▲◆" in text and "△◐" in text and "notes" not in text
    assert listed.next_family(0, 1) == 1 and listed.next_family(2, -1) == 1 and listed.next_family(2, 1) == 2


@pytest.mark.parametrize("size", [(120, 36), (80, 24)])
async def test_tab_shows_the_list_and_a_digit_queues_what_is_selected_there(size: tuple[int, int]) -> None:
    async with running(families_session(), size) as (screen, pilot):
        await pilot.press("tab", "l")
        await pilot.pause()
        assert screen.is_in_panel and "model cache" in screen.panel.plain_text()
        assert screen.panel.selected is not None and screen.panel.selected.family == "model cache"
        await pilot.press("1")
        [target] = screen.session.plan.targets
        assert b"Llama" in target.path and screen.session.plan.steps[0].action is Action.TRASH
        await pilot.press("h", "d")
        assert {step.targets[0].path[-14:] for step in screen.session.plan.steps} >= {b"checkpoint-500"}
        await pilot.press("escape")
        await pilot.pause()
        assert screen.list.has_focus and screen.list.display


async def test_a_small_screen_gives_the_list_back_on_the_finding() -> None:
    async with running(families_session(), (80, 24)) as (screen, pilot):
        await pilot.press("tab", "j", "enter")
        await pilot.pause()
        assert screen.list.display and not screen.panel.display
        assert b"Llama" in screen.session.tree.name(screen.list.cursor)


async def test_the_command_of_a_tool_is_queued_from_the_list_with_its_own_words() -> None:
    session = families_session()
    session.judge.known = (native(session),)  # type: ignore[attr-defined]
    async with running(session) as (screen, pilot):
        await pilot.press("tab", "1")
        [step] = session.plan.steps
        assert step.action is Action.NATIVE and step.options.command == ("uv", "cache", "prune")
        assert "command" in screen.queue_bar.plain_text()
        assert "up to 300 GiB" in screen.queue_bar.plain_text()
        assert "≤300 GiB" in screen.panel.plain_text()


def test_a_series_is_one_finding_with_what_goes_and_what_stays_in_order() -> None:
    session = sample_session()
    tree = session.tree
    assert isinstance(tree, FakeTree)
    run = "checkpoints/llama-70b-sft/checkpoint-"
    going = [tree.at(f"{run}{step}") for step in (500, 1000)]
    series = replace(
        finding(tree, f"{run}500", members=(tree.path(tree.at(f"{run}1500")),)),
        paths=tuple(map(tree.path, going)),
        entries=tuple(going),
    )
    text = text_of(member_lines(session, series, 60))
    assert "2 may go · 1 stays" in text
    assert text.index("-500") < text.index("-1000") < text.index("-1500")
    assert "stays" in text.splitlines()[-1] and "300 GiB" in text.splitlines()[1]
    many = replace(series, paths=tuple(b"/data/f%d" % number for number in range(400)), entries=())
    assert "388 more paths may go" in text_of(member_lines(session, many, 60))


async def test_the_list_survives_hostile_titles_and_names() -> None:
    session = families_session()
    first = session.judge.findings()[0]
    session.judge.known = (  # type: ignore[attr-defined]
        replace(
            first,
            title="a\x1b[31mred[/b]",
            family="f\x1b]0;x\x07",
            evidence=("\x1b[2J",),
            members=(b"/m\x1b",),
        ),
    )
    async with running(session) as (screen, pilot):
        await pilot.press("tab")
        await pilot.pause()
        assert "\x1b" not in screen.panel.plain_text() and "\x07" not in screen.panel.plain_text()


async def explained(pilot: Pilot[int], screen: MainScreen) -> str:
    await pilot.press("e")
    await pilot.pause()
    overlay = screen.app.screen
    assert isinstance(overlay, FindingOverlay)
    return str(overlay.query_one("#facts").render())


@pytest.mark.parametrize("size", [(120, 36), (80, 24)])
async def test_e_explains_in_five_parts_what_a_rule_knows_and_what_none_does(size: tuple[int, int]) -> None:
    parts = ("WHAT IT IS", "WHY dusk thinks so", "LOSING IT COSTS", "HOW IT COMES BACK", "BY HAND")
    async with running(families_session(), size) as (screen, pilot):
        await pilot.press("n")
        text = await explained(pilot, screen)
        assert all(part in text for part in parts) and "critical" in text
        await pilot.press("escape", "g", "j")
        text = await explained(pilot, screen)
        assert all(part in text for part in parts)
        assert "Nothing recognises this" in text and "owned by alice" in text and "Treat it as yours" in text
        await pilot.press("pagedown", "pagedown")
        assert screen.app.screen.query_one("#text").scroll_offset.y > 0 or size[1] > 30
        await pilot.press("e")
        await pilot.pause()
        assert screen.is_current


async def test_the_panel_says_that_nothing_recognises_an_entry() -> None:
    async with running(families_session()) as (screen, pilot):
        await pilot.press("g", "j")
        assert "Nothing recognises this" in screen.panel.plain_text()
        assert "owner alice" in screen.panel.plain_text()


def test_safety_levels_know_only_what_is_offered() -> None:
    assert Safety.KEEP not in families_session().levels()
