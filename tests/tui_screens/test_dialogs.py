"""The small screens: sort, help, destination, quit, and what is known of an entry."""

from __future__ import annotations

import os
from types import SimpleNamespace

import pytest
from screen_harness import Harness, shown, until

from dusk.rules.finding import Action, Finding, Offer
from dusk.rules.safety import Safety
from dusk.scan.entry import Sort
from dusk.tui.archive_place import completed, look_at
from dusk.tui.choices import Said
from dusk.tui.commands import COMMANDS
from dusk.tui.glyphs import ASCII
from dusk.tui.screens.destination import DestinationScreen
from dusk.tui.screens.finding_overlay import FindingOverlay
from dusk.tui.screens.help import HelpScreen
from dusk.tui.screens.question import QuestionScreen
from dusk.tui.screens.quit import QuitScreen
from dusk.tui.screens.which_key import SortMenu

SIZES = [(120, 36), (80, 24), (40, 12)]


def focused(app):
    return getattr(app.focused, "id", None)


# -- sort


@pytest.mark.parametrize(
    ("keys", "answer"),
    [
        (["s"], Sort.SIZE), (["n"], Sort.NAME), (["i"], Sort.ITEMS), (["c"], Sort.NEWEST),
        (["enter"], Sort.NAME), (["j", "enter"], Sort.ITEMS), (["escape"], None),
    ],
)  # fmt: skip
async def test_sort_is_answered_by_one_key(keys, answer):
    app = Harness(SortMenu(Sort.NAME))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        assert "name, A first → now" in shown(app)
        await pilot.press(*keys)
        await pilot.pause()
        assert app.answers == [answer]


# -- help


@pytest.mark.parametrize("size", SIZES)
async def test_help_lists_every_command_and_finds_by_typing(size):
    app = Harness(HelpScreen(COMMANDS))
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        assert "Help" in shown(app)
        await pilot.press(*"disk size")
        await pilot.pause()
        text = shown(app)
        assert "Measure" in text and "Mark" not in text
        await pilot.press("enter")
        await pilot.pause()
        assert app.answers == ["measure"]


async def test_help_moves_with_arrows_while_typing_and_escape_clears_first():
    app = Harness(HelpScreen(COMMANDS))
    async with app.run_test(size=(100, 40)) as pilot:
        await pilot.pause()
        await pilot.press(*"queue", "down", "down", "up", "escape")
        await pilot.pause()
        assert not app.answers
        await pilot.press(*"zzz")
        await pilot.pause()
        assert "No command has that" in shown(app)
        await pilot.press("enter", "escape")
        assert not app.answers
        await pilot.press("escape")
        await pilot.pause()
        assert app.answers == [None]


async def test_the_key_that_opened_help_closes_it():
    app = Harness(HelpScreen(COMMANDS))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        await pilot.press("question_mark")
        await pilot.pause()
        assert app.answers == [None]


async def test_help_explains_the_signs():
    app = Harness(HelpScreen(COMMANDS))
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.pause()
        for _ in range(12):
            await pilot.press("pagedown")
        await pilot.press("down", "down", "down", "down", "down", "down", "down", "down", "down", "down")
        await pilot.press("down", "down", "down", "down", "down", "down")
        await pilot.pause()
        assert "hard link" in shown(app) or "more names" in shown(app)


# -- question and quit


@pytest.mark.parametrize("size", [(40, 12)])
@pytest.mark.parametrize(("keys", "answer"), [(["enter"], False), (["escape"], False), (["n"], False),
                                              (["y"], True), (["tab", "enter"], True),
                                              (["right", "space"], True)])  # fmt: skip
async def test_a_question_has_its_careful_answer_focused(size, keys, answer):
    app = Harness(QuestionScreen("Really?", [(("A [b]thing[/b]", "text"),)] * 20, yes="Yes"))
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        assert focused(app) == "no"
        assert "[b]thing[/b]" in shown(app) and "Cancel" in shown(app)
        await pilot.press(*keys)
        await pilot.pause()
        assert app.answers == [answer]


async def test_quit_says_what_is_lost_and_stays_by_default():
    app = Harness(QuitScreen(3, 5 << 30, 42.4))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        text = shown(app)
        assert "3 paths queued, 5.00 GiB" in text and "42 s" in text
        await pilot.press("q")
        await pilot.pause()
        assert app.answers == [False]


async def test_dialogs_draw_ascii_frames_on_request():
    app = Harness(QuestionScreen("Really?", [(("x", "text"),)], yes="Yes", glyphs=ASCII))
    async with app.run_test(size=(60, 15)) as pilot:
        await pilot.pause()
        assert shown(app).isascii()


# -- destination


def device_of(path) -> int:
    return os.stat(path).st_dev


def test_a_place_is_looked_at(tmp_path):
    text = str(tmp_path)
    other = device_of(tmp_path) + 1
    assert look_at(text, other).path == os.fsencode(os.path.realpath(text))
    assert look_at(text, other).free > 0 and not look_at(text, other).same_filesystem
    assert look_at(text, device_of(tmp_path)).same_filesystem
    assert look_at(text + "/new", other).is_new
    assert "does not exist" in look_at(text + "/a/b", other).problem
    assert "begins with /" in look_at("relative", other).problem
    assert "Type the directory" in look_at("  ", other).problem
    (tmp_path / "file").write_text("x")
    assert "is a file" in look_at(text + "/file", other).problem


def test_a_path_is_completed_as_a_shell_would(tmp_path):
    for name in ("archive-old", "archive-new", "zebra", "bad\x1bname"):
        (tmp_path / name).mkdir()
    (tmp_path / "archive-file").write_text("x")
    assert completed(f"{tmp_path}/arch") == f"{tmp_path}/archive-"
    assert completed(f"{tmp_path}/z") == f"{tmp_path}/zebra/"
    assert completed(f"{tmp_path}/bad") == f"{tmp_path}/bad"
    assert completed(f"{tmp_path}/nothing/x") == f"{tmp_path}/nothing/x"
    assert completed("relative") == "relative"


async def typed(pilot, text):
    await pilot.press(*("slash" if key == "/" else key for key in text))


async def test_a_typed_directory_is_explained_made_and_answered(session, tmp_path):
    app = Harness(DestinationScreen(session, b""))
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "Type the directory" in shown(app))
        await pilot.press("enter")
        await pilot.pause(0.2)
        assert not app.answers
        from textual.widgets import Input

        app.screen.query_one(Input).value = str(tmp_path / "cold")
        await until(pilot, lambda: "is made" in shown(app))
        assert "free" in shown(app)
        assert not (tmp_path / "cold").exists()
        await pilot.press("enter")
        await until(pilot, lambda: app.answers)
        assert app.answers == [os.fsencode(tmp_path / "cold")]
        assert (tmp_path / "cold").is_dir()


async def test_the_same_filesystem_is_warned_about_and_asked_twice(session, tmp_path):
    device = device_of(tmp_path)
    session.tree = SimpleNamespace(entry=lambda _: SimpleNamespace(identity=SimpleNamespace(device=device)))
    app = Harness(DestinationScreen(session, os.fsencode(tmp_path)))
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "frees nothing" in shown(app))
        await pilot.press("enter")
        await until(pilot, lambda: "once more" in shown(app))
        assert not app.answers
        await pilot.press("enter")
        await until(pilot, lambda: app.answers)
        assert app.answers == [os.fsencode(tmp_path)]


async def test_escape_leaves_the_destination_open(session):
    app = Harness(DestinationScreen(session, b"/nonexistent/a/b"))
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "does not exist" in shown(app))
        await pilot.press("enter")
        await pilot.pause(0.3)
        assert not app.answers
        await pilot.press("escape")
        await pilot.pause()
        assert app.answers == [None]


async def test_tab_completes_the_path(session, tmp_path):
    (tmp_path / "archive-one").mkdir()
    app = Harness(DestinationScreen(session, os.fsencode(tmp_path) + b"/arch"))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        await pilot.press("tab")
        await until(pilot, lambda: "archive-one/" in shown(app) or "archive-one" in shown(app))


# -- what is known of an entry


def finding(**more) -> Finding:
    offers = tuple(
        Offer(action, label, (b"/data/x",), 3 << 30, 2 << 30, 0, 2 << 30)
        for action, label in ((Action.TRASH, "Trash 3 old revisions"), (Action.ARCHIVE, "Archive them"))
    )
    values = {
        "rule": "hf-detached-revision", "title": "Old revisions [of] a model", "family": "model cache",
        "tag": "hf cache", "paths": (b"/data/x\x1b[31m",), "entries": (1,), "safety": Safety.COSTLY,
        "what": "A snapshot that no reference names.", "evidence": ("refs/main moved on \x1b[31m",),
        "cost": "A download.", "recover": "hf download", "command": "rm -r /data/x", "apparent_size": 3 << 30,
        "disk_size": 2 << 30, "shared_size": 0, "newest_mtime_ns": 1_600_000_000 * 10**9, "offers": offers,
    }  # fmt: skip
    return Finding(**(values | more))


def with_finding(session, found):
    session.finding_for = lambda _: found
    session.asked = []

    def queue_offer(finding, number, destination=b""):
        session.asked.append((number, destination))
        return Said(f"Queued: {finding.offers[number - 1].label}.", True)

    def queue(indexes, action, destination=b"", options=None):
        session.asked.append((tuple(indexes), action))
        return Said("Queued for the trash: x.", True)

    session.queue_offer, session.queue = queue_offer, queue
    return session


@pytest.mark.parametrize("size", [(80, 24), (40, 12)])
async def test_the_overlay_shows_a_finding_and_queues_its_offers(session, size):
    with_finding(session, finding())
    session.archive_directory = b"/mnt/cold"
    app = Harness(FindingOverlay(session, 5))
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        text = shown(app)
        assert "Old revisions [of]" in text and "costly" in text and "\x1b" not in text
        assert "1 Trash 3 old" in text
        await pilot.press("1")
        await pilot.pause()
        assert "Queued: Trash 3 old" in shown(app)
        await pilot.press("2", "9", "d")
        assert session.asked == [(1, b""), (2, b"/mnt/cold"), ((5,), Action.TRASH)]
        await pilot.press("j", "k", "escape")
        await pilot.pause()
        assert app.answers == [None]


async def test_an_archive_offer_asks_where_to(session, tmp_path):
    with_finding(session, finding())
    app = Harness(FindingOverlay(session, 5))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        await pilot.press("2")
        await pilot.pause()
        assert "Archive to" in shown(app)
        await pilot.press("escape")
        await pilot.pause()
        assert session.asked == []
