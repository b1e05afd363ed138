"""From the first look to the way back, by keys, on the practice tree; the disk is the witness."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from dusk.practice.builder import build_practice_tree
from dusk.rules.finding import Action
from journeys.driver import Driver, app_on, trash_entries
from journeys.tree_digest import tree_digest

SIZES = [(120, 36), (80, 24)]
STUCK = b"queue/processing/syllo_autogen_20251122_035757_count100000.jsonl"


@pytest.fixture
def tree(own_home: Path) -> bytes:
    path = os.fsencode(own_home / "training")
    build_practice_tree(path)
    return path


async def confirm(driver: Driver) -> None:
    """Go from the main screen through review and confirmation to the result."""
    await driver.press("x")
    await driver.until_screen("ReviewScreen")
    await driver.until(lambda: "just now" in driver.screen_text(), "the review")
    await driver.press("enter")
    await driver.until_screen("ConfirmScreen")
    await driver.press("y")
    if os.geteuid() == 0:
        await driver.press("r")
    await driver.until_screen("ResultScreen")


async def take_back(driver: Driver) -> None:
    """Undo from the result screen and come back to the tree."""
    await driver.press("u")
    await driver.until(lambda: "Take it back?" in driver.screen_text(), "the question")
    await driver.press("y")
    await driver.until(lambda: "Taken back" in driver.screen_text(), "the undo")
    for _ in range(4):
        if type(driver.app.screen).__name__ == "MainScreen":
            break
        await driver.press("escape")
    await driver.until_screen("MainScreen")
    await driver.settled()


@pytest.mark.parametrize("size", SIZES)
async def test_a_suggestion_goes_to_the_trash_and_comes_back(
    tree: bytes, own_home: Path, size: tuple[int, int]
) -> None:
    before = tree_digest(tree)
    model = os.path.join(tree, b"current_model_small")
    async with app_on(tree, size) as driver:
        # Scan, select a suggestion, queue it: nothing has moved yet.
        await driver.go_to(model)
        await driver.press("d")
        assert [target.path for target in driver.session.plan.targets] == [model]
        assert tree_digest(tree) == before

        await confirm(driver)
        # The disk agrees: gone from its place, whole in the trash, with the way back written beside it.
        assert not os.path.lexists(model)
        assert trash_entries(own_home) == ["current_model_small"]
        information = own_home / ".local/share/Trash/info/current_model_small.trashinfo"
        assert information.read_text().startswith("[Trash Info]\nPath=/")
        assert driver.session.plan.steps == ()

        await take_back(driver)
        assert tree_digest(tree) == before
        assert trash_entries(own_home) == []
        # The tree on screen has it again, under the same judgement.
        await driver.until(lambda: driver.session.tree.find(model) is not None, "the entry in the tree")
        await driver.settled()
        index = driver.session.tree.find(model)
        assert index is not None
        await driver.until(lambda: driver.session.finding_for(index) is not None, "its finding")


@pytest.mark.parametrize("size", SIZES)
async def test_enter_on_a_fresh_question_cancels(tree: bytes, own_home: Path, size: tuple[int, int]) -> None:
    before = tree_digest(tree)
    async with app_on(tree, size) as driver:
        await driver.go_to(os.path.join(tree, STUCK))
        await driver.press("d", "x")
        await driver.until_screen("ReviewScreen")
        await driver.until(lambda: "just now" in driver.screen_text(), "the review")
        await driver.press("enter", "enter")
        await driver.until_screen("ReviewScreen")
        assert tree_digest(tree) == before
        assert trash_entries(own_home) == []


async def test_a_whole_triage_is_one_batch_and_one_undo(tree: bytes, own_home: Path) -> None:
    """What the cleanup report does at once: a stuck file, the old checkpoint, the bytecode."""
    before = tree_digest(tree)
    async with app_on(tree) as driver:
        for path in (b"current_model_small", STUCK, b"__pycache__"):
            await driver.go_to(os.path.join(tree, path))
            await driver.press("d")
        assert len(driver.session.plan.targets) == 3
        await confirm(driver)
        assert sorted(trash_entries(own_home)) == sorted(
            ["__pycache__", "current_model_small", os.path.basename(os.fsdecode(STUCK))]
        )
        await take_back(driver)
    assert tree_digest(tree) == before


async def test_an_archived_checkpoint_stands_elsewhere_and_comes_back(tree: bytes, own_home: Path) -> None:
    before = tree_digest(tree)
    model = os.path.join(tree, b"tara/runs/sft/checkpoint-1000")
    shelf = own_home / "shelf"
    shelf.mkdir()
    async with app_on(tree, archive_directory=os.fsencode(shelf)) as driver:
        await driver.go_to(model)
        await driver.press("a")
        if type(driver.app.screen).__name__ == "DestinationScreen":
            await driver.press("enter")
        await driver.until(lambda: driver.session.plan.steps, "the queue")
        [step] = driver.session.plan.steps
        assert step.action is Action.ARCHIVE
        await confirm(driver)
        assert not os.path.lexists(model)
        assert (shelf / "checkpoint-1000" / "trainer_state.json").exists()
        await take_back(driver)
    assert tree_digest(tree) == before


async def test_what_must_stay_is_not_queued_in_bulk(tree: bytes) -> None:
    async with app_on(tree) as driver:
        notes = driver.session.tree.find(os.path.join(tree, b"OBSERVATIONS"))
        assert notes is not None
        finding = driver.session.finding_for(notes)
        assert finding is not None
        assert finding.is_keep
        offers = [offer for each in driver.session.findings() for offer in each.offers]
        offered = {path for offer in offers for path in offer.paths}
        for name in (
            b"OBSERVATIONS",
            b"GOTCHA_BUSINESS_MODEL",
            b"config.json",
            b"core",
            b"models/Qwen3-0.6B",
        ):
            assert os.path.join(tree, name) not in offered
