"""Review, confirm, act, result, undo: what the keys do, on real files."""

from __future__ import annotations

import os

import pytest
from screen_harness import Harness, contents_of, plan_of, shown, until

from dusk.rules.safety import Safety
from dusk.tui.screens.acting import progress_of
from dusk.tui.screens.confirm import ConfirmScreen
from dusk.tui.screens.line_list import LineList
from dusk.tui.screens.result import ResultScreen
from dusk.tui.screens.review import ReviewScreen


def is_read(screen):
    return lambda: screen._reviewed is not None


async def reviewed(pilot, screen):
    await until(pilot, is_read(screen))


def focused_choice(app):
    return getattr(app.focused, "id", None)


@pytest.mark.parametrize("size", [(120, 36), (80, 24), (40, 12)])
async def test_review_shows_every_path_with_safety_action_and_figures(session, files, size):
    session.plan = plan_of(*files)
    screen = ReviewScreen(session)
    async with Harness(screen).run_test(size=size) as pilot:
        await reviewed(pilot, screen)
        text = shown(pilot.app)
        assert "Review  5 paths" in text
        assert text.count(".bin") >= 5
        assert "after" in text
        if size[0] >= 80:
            assert text.count("◐ costly") == 5
            assert text.count("trash  ") >= 5
            assert "read from the disk just now" in text
            assert "freed now 0 B" in text


async def test_an_empty_queue_says_what_to_do(session):
    screen = ReviewScreen(session)
    async with Harness(screen).run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        text = shown(pilot.app)
        assert "Nothing is queued." in text and "press d" in text
        await pilot.press("enter", "d", "i", "D")
        await pilot.press("escape")
        assert pilot.app.screen is not screen


async def test_drop_takes_a_row_off_the_queue_and_the_totals_follow(session, files):
    session.plan = plan_of(*files)
    screen = ReviewScreen(session)
    async with Harness(screen).run_test(size=(80, 24)) as pilot:
        await reviewed(pilot, screen)
        await pilot.press("j", "d")
        await pilot.pause()
        assert [target.path for target in session.plan.targets] == [files[0], *files[2:]]
        assert "Review  4 paths" in shown(pilot.app)
        assert "file-1.bin" not in shown(pilot.app)
        assert os.path.exists(files[1])


async def test_drop_all_asks_first(session, files):
    session.plan = plan_of(*files)
    screen = ReviewScreen(session)
    async with Harness(screen).run_test(size=(80, 24)) as pilot:
        await reviewed(pilot, screen)
        await pilot.press("D", "enter")
        assert len(session.plan.targets) == 5
        await pilot.press("D", "y")
        await pilot.pause()
        assert not session.plan.steps
        assert "Nothing is queued." in shown(pilot.app)


async def test_a_kept_thing_blocks_until_someone_insists_on_it_alone(session, files):
    session.plan = plan_of(*files[:3], safety=Safety.KEEP, title="User notes")
    screen = ReviewScreen(session)
    async with Harness(screen).run_test(size=(100, 30)) as pilot:
        await reviewed(pilot, screen)
        text = shown(pilot.app)
        assert "3 of 3 paths stay where they are" in text
        assert text.count("should be kept") == 4  # a sentence for each, and the hint for the cursor
        await pilot.press("i")
        assert "Act on what should be kept?" in shown(pilot.app)
        await pilot.press("enter")  # Keep it has the focus
        assert "3 of 3" in shown(pilot.app)
        await pilot.press("i", "y")
        await pilot.pause()
        assert "2 of 3 paths stay where they are" in shown(pilot.app)
        insisted = [step for step in session.plan.steps if step.insisted]
        assert [target.path for step in insisted for target in step.targets] == [files[0]]


async def test_a_path_that_changed_is_said_below_its_row_and_left_out(session, files):
    session.plan = plan_of(*files[:2])
    os.unlink(files[1])
    screen = ReviewScreen(session)
    async with Harness(screen).run_test(size=(100, 30)) as pilot:
        await reviewed(pilot, screen)
        text = shown(pilot.app)
        assert "1 of 2 paths stays where it is" in text
        assert "stays:" in text
        await pilot.press("enter")
        await pilot.pause()
        text = shown(pilot.app)
        assert "Move 1 path to the trash" in text
        assert "Left where it is: 1 path" in text


async def test_enter_in_review_opens_the_question_and_enter_again_cancels(session, files):
    session.plan = plan_of(*files)
    screen = ReviewScreen(session)
    async with Harness(screen).run_test(size=(80, 24)) as pilot:
        await reviewed(pilot, screen)
        await pilot.press("enter")
        await pilot.pause()
        assert isinstance(pilot.app.screen, ConfirmScreen)
        assert focused_choice(pilot.app) == "no"
        await pilot.press("x")
        assert isinstance(pilot.app.screen, ConfirmScreen)
        await pilot.press("enter")
        await pilot.pause()
        assert pilot.app.screen is screen
        assert all(os.path.exists(path) for path in files)


@pytest.mark.parametrize("size", [(120, 36), (80, 24), (40, 12)])
async def test_the_question_says_verb_count_bytes_place_and_undo(session, files, size):
    session.plan = plan_of(*files)
    screen = ReviewScreen(session)
    async with Harness(screen).run_test(size=size) as pilot:
        await reviewed(pilot, screen)
        await pilot.press("enter")
        await pilot.pause()
        text = shown(pilot.app)
        assert "Move 5 paths to the trash" in text
        if size[0] >= 80:
            assert "40.0 KiB on disk" in text
            assert "undo" in text and "Freed after emptying the trash 40.0 KiB" in text
        assert "Cancel" in text


async def confirm(pilot):
    await pilot.press("enter")
    await pilot.pause()
    await pilot.press("y")
    await pilot.pause()
    if os.geteuid() == 0:
        assert "as root" in shown(pilot.app)
        await pilot.press("r")
        await pilot.pause()


async def test_yes_trashes_and_undo_brings_everything_back(session, files):
    session.plan = plan_of(*files)
    contents = contents_of(files)
    screen = ReviewScreen(session)
    async with Harness(screen).run_test(size=(100, 30)) as pilot:
        await reviewed(pilot, screen)
        await confirm(pilot)
        await until(pilot, lambda: isinstance(pilot.app.screen, ResultScreen))
        await pilot.pause()
        text = shown(pilot.app)
        assert "5 paths dealt with" in text
        assert "Emptying the trash would free" in text and "dusk undo 1" in text
        assert not any(os.path.exists(path) for path in files)
        assert session.settled[0][0] == files
        assert not session.plan.steps
        await pilot.press("u", "y")
        await until(pilot, lambda: "put back" in shown(pilot.app))
        assert contents_of(files) == contents
        await pilot.press("escape")
        await pilot.pause()
        assert pilot.app.screen is not screen and len(pilot.app.screen_stack) == 1


@pytest.mark.parametrize("key", ["escape", "n", "q"])
async def test_keys_that_are_no_yes_leave_everything(session, files, key):
    session.plan = plan_of(*files)
    screen = ReviewScreen(session)
    async with Harness(screen).run_test(size=(80, 24)) as pilot:
        await reviewed(pilot, screen)
        await pilot.press("enter")
        await pilot.pause()
        await pilot.press(key)
        await pilot.pause()
        assert pilot.app.screen is screen
        assert all(os.path.exists(path) for path in files)


async def test_root_is_asked_once_more_with_another_key(session, files):
    session.plan = plan_of(*files)
    screen = ReviewScreen(session)
    async with Harness(screen).run_test(size=(80, 24)) as pilot:
        await reviewed(pilot, screen)
        question = ConfirmScreen(session, screen._reviewed, as_root=True)
        pilot.app.push_screen(question, pilot.app.answers.append)
        await pilot.pause()
        assert "You are root" in shown(pilot.app)
        await pilot.press("y", "y", "y")
        await pilot.pause()
        assert pilot.app.screen is question and not pilot.app.answers
        assert "Confirm once more, as root" in shown(pilot.app)
        assert focused_choice(pilot.app) == "no"
        await pilot.press("r")
        await pilot.pause()
        assert pilot.app.answers == [True]


async def test_tab_and_enter_say_yes_too(session, files):
    session.plan = plan_of(*files)
    screen = ReviewScreen(session)
    async with Harness(screen).run_test(size=(80, 24)) as pilot:
        await reviewed(pilot, screen)
        pilot.app.push_screen(
            ConfirmScreen(session, screen._reviewed, as_root=False), pilot.app.answers.append
        )
        await pilot.pause()
        await pilot.press("tab", "enter")
        await pilot.pause()
        assert pilot.app.answers == [True]


async def test_read_only_refuses_with_a_sentence(session, files):
    session.plan = plan_of(*files)
    session.read_only = True
    screen = ReviewScreen(session)
    async with Harness(screen).run_test(size=(80, 24)) as pilot:
        await reviewed(pilot, screen)
        await pilot.press("enter")
        await pilot.pause()
        assert "--read-only" in shown(pilot.app)
        await pilot.press("y", "r")
        await pilot.press("enter")
        await pilot.pause()
        assert pilot.app.screen is screen
        assert all(os.path.exists(path) for path in files)


async def test_escape_while_reading_stops_reading_and_nothing_can_be_confirmed(session, files, monkeypatch):
    import threading

    from dusk.fs.cancellation import stop_if

    gate = threading.Event()

    def slow(plan, protection, *, cancelled, progress, trashes):
        progress.begin(5, 5)
        progress.at("checking", files[0])
        while not cancelled():
            gate.wait(0.01)
        stop_if(cancelled)

    monkeypatch.setattr("dusk.actions.review.review_plan", slow)
    session.plan = plan_of(*files)
    screen = ReviewScreen(session)
    async with Harness(screen).run_test(size=(100, 30)) as pilot:
        await until(pilot, lambda: "reading the disk: 0 of 5" in shown(pilot.app))
        await pilot.press("enter")
        assert pilot.app.screen is screen
        await pilot.press("escape")
        await until(pilot, lambda: "Press r to read it again" in shown(pilot.app))
        assert pilot.app.screen is screen
        await pilot.press("enter")
        await pilot.pause()
        assert pilot.app.screen is screen
        await pilot.press("escape")
        await pilot.pause()
        assert pilot.app.screen is not screen


async def test_an_unexpected_failure_is_a_sentence_and_never_a_traceback(session, files, monkeypatch):
    def broken(*_, **__):
        raise RuntimeError("boom \x1b[31m[/red]")

    monkeypatch.setattr("dusk.actions.review.review_plan", broken)
    session.plan = plan_of(*files)
    screen = ReviewScreen(session)
    async with Harness(screen).run_test(size=(100, 30)) as pilot:
        await until(pilot, lambda: "could not be reviewed" in shown(pilot.app))
        assert "\x1b" not in shown(pilot.app) and "Traceback" not in shown(pilot.app)


class StuckTask:
    """An action that is half way through and waits."""

    doing = "Acting"

    def __init__(self):
        from dusk.tui.tasks import TaskProgress

        self.progress = TaskProgress(
            "copying", 2, 5, 3 << 30, 10 << 30, b"/data/x\x1b[31m" + b"y" * 200 + b".bin"
        )
        self.done = self.cancelled = False
        self.result = None
        self.error = ""

    def start(self):
        pass

    def cancel(self):
        self.cancelled = True

    def settle(self):
        pass


@pytest.mark.parametrize("size", [(120, 36), (80, 24), (40, 12)])
async def test_progress_is_text_and_escape_stops_between_items(session, size):
    task = StuckTask()
    screen = progress_of(session, task)
    async with Harness(screen).run_test(size=size) as pilot:
        await pilot.pause()
        text = shown(pilot.app)
        assert "3.00 GiB of 10.0 GiB" in text and "30%" in text
        assert "2 of 5 paths" in text or size[0] == 40
        assert ".bin" in text and "\x1b" not in text
        await pilot.press("q", "enter")
        assert not task.cancelled
        await pilot.press("escape")
        await pilot.pause()
        assert task.cancelled and pilot.app.screen is screen
        assert "2 paths are done and stay done" in " ".join(shown(pilot.app).split())


async def test_an_action_that_hangs_in_the_system_can_be_left(session, monkeypatch):
    monkeypatch.setattr("dusk.tui.screens.progress._STUCK_SECONDS", 0.1)
    app = Harness(progress_of(session, StuckTask()))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        await pilot.press("q", "escape")
        await until(pilot, lambda: "does not answer" in shown(app))
        assert app._exit is False
        await pilot.press("q")
        await pilot.pause()
        assert app._exit is True


async def test_a_task_that_cannot_begin_says_why(session):
    task = StuckTask()
    task.done, task.error = True, "The journal cannot be written: the disk is full."
    screen = progress_of(session, task)
    async with Harness(screen).run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "the disk is full" in shown(pilot.app))
        await pilot.press("escape")
        await pilot.pause()
        assert pilot.app.screen is not screen


async def test_five_thousand_paths_are_drawn_only_where_they_are_seen(session, tmp_path, monkeypatch):
    from dataclasses import replace

    from dusk.tui.screens.review_rows import ReviewRows

    drawn = []
    draw = ReviewRows._draw
    monkeypatch.setattr(
        ReviewRows, "_draw", lambda self, number, width: drawn.append(number) or draw(self, number, width)
    )
    directory = tmp_path / "many"
    directory.mkdir()
    file = directory / "one"
    file.write_bytes(b"x")
    template = plan_of(os.fsencode(file)).steps[0]
    first = template.targets[0]
    targets = tuple(replace(first, path=os.fsencode(directory) + b"/%05d" % n) for n in range(5000))
    session.plan = replace(session.plan, steps=(replace(template, targets=targets),))
    screen = ReviewScreen(session)
    async with Harness(screen).run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "Review  5,000 paths" in shown(pilot.app))
        assert len(set(drawn)) < 100
        await until(pilot, is_read(screen), 60)
        await pilot.press("G")
        assert screen.query_one(LineList).item == 4999
        assert "04999" in shown(pilot.app)
        assert "5,000 of 5,000 paths stay where they are" in shown(pilot.app)
        await pilot.press("g", "pagedown")
        assert 0 < screen.query_one(LineList).item < 100
        assert len(set(drawn)) < 200
        assert len(list(screen.query("*"))) < 20


async def test_hostile_names_draw_harmlessly_on_every_screen(session, tmp_path):
    directory = os.fsencode(tmp_path) + b"/x["
    os.mkdir(directory)
    names = [
        b"red]a.bin",
        b"\x1b[31m\x1b]0;pwn\x07",
        b"two\nlines",
        b"\xe2\x80\xaegnp.exe",
        b"bad\xff\xfe",
        b"$muted",
    ]
    paths = [directory + b"/" + name for name in names]
    for path in paths:
        with open(path, "wb") as file:
            file.write(b"x")
    session.plan = plan_of(*paths, safety=Safety.KEEP, title="[b]bold[/b]", keeps=(paths[1] + b"/inner\x1b",))
    screen = ReviewScreen(session)
    seen = []
    async with Harness(screen).run_test(size=(100, 40)) as pilot:

        async def look():
            await pilot.pause(0.1)
            seen.append(shown(pilot.app))

        await until(pilot, is_read(screen))
        await look()
        for _ in paths:
            await pilot.press("g", "i")
            await look()
            await pilot.press("y")
            await look()
        await confirm(pilot)
        await look()
        await until(pilot, lambda: isinstance(pilot.app.screen, ResultScreen))
        await look()
    text = "\n".join(seen)
    for character in "\x1b\x07\u202e\udcff":
        assert character not in text
    assert (
        "red]a.bin" in text and "two\u240alines" in text and "bad\\xff\\xfe" in text and "[b]bold[/b]" in text
    )
