"""Others act at the same moment: many dusks on one name, swaps between review and act, mounts that appear."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import threading
import time

import pytest

from actions.conftest import box  # noqa: F401 - a fixture
from dusk.actions.outcome import ItemState
from dusk.actions.undo import NothingToUndo, undo_batch
from dusk.fs import holders
from dusk.rules.finding import Action, ActionOptions

from . import invariants
from .race import race

FILES = int(os.environ.get("DUSK_RACE_FILES", "250"))
ACTS = {
    "trash": (Action.TRASH, ActionOptions()),
    "copy": (Action.ARCHIVE, ActionOptions(form="copy")),
    "pack": (Action.ARCHIVE, ActionOptions(form="tar.zst")),
    "compress": (Action.COMPRESS, ActionOptions()),
    "split": (Action.SPLIT, ActionOptions(lines=50)),
    "requeue": (Action.REQUEUE, ActionOptions()),
}
LINES = b"".join(b"%d words that repeat and repeat\n" % number for number in range(400))


@pytest.fixture(autouse=True)
def nobody_holds_anything(monkeypatch):
    monkeypatch.setattr(
        "dusk.actions.checks.hold_report", lambda path, files: holders.HoldReport(holders.Hold.FREE)
    )


def test_four_dusks_with_one_name_lose_nothing(tmp_path):
    found = race(str(tmp_path), 4, FILES)
    assert (found.lost, found.wrong, found.left, found.failed) == (0, 0, 0, 0), found


def _source(box, name):  # noqa: F811
    if name == "requeue":
        os.makedirs(box.path(b"queue", b"pending"), exist_ok=True)
        return box.file(b"queue", b"failed", b"item.jsonl", content=LINES)
    return box.file(b"work", b"item.jsonl", content=LINES)


def _plan(box, path, name):  # noqa: F811
    action, options = ACTS[name]
    archive = os.path.join(box.root, b"archive")
    os.makedirs(archive, exist_ok=True)
    destination = archive if action is Action.ARCHIVE else b""
    return box.review(box.plan(path, action=action, options=options, destination=destination)).plan


@pytest.mark.parametrize("swap", ["link", "file", "directory", "parent"])
@pytest.mark.parametrize("name", ACTS)
def test_what_was_swapped_after_the_review_is_refused(box, name, swap):  # noqa: F811
    path = _source(box, name)
    secret = box.file(b"elsewhere", b"item.jsonl", content=LINES + b"secret\n")
    plan = _plan(box, path, name)
    if swap == "parent":
        os.rename(os.path.dirname(path), os.path.dirname(path) + b".away")
        os.symlink(box.path(b"elsewhere"), os.path.dirname(path))
    else:
        os.rename(path, path + b".away")
        if swap == "link":
            os.symlink(secret, path)
        elif swap == "file":
            shutil.copy2(secret, path)
        else:
            os.mkdir(path)
    before = invariants.contents(box)
    (result,) = box.run(plan).results
    assert result.state is ItemState.REFUSED and result.sentence.endswith("."), result
    assert invariants.contents(box) == before
    assert os.path.exists(secret) and box.bin() == [] and not invariants.residue(box)


@pytest.mark.parametrize("name", ACTS)
def test_swapping_all_the_time_never_loses_or_takes_the_wrong_one(box, name):  # noqa: F811
    """A second thread exchanges the target for a link to a secret and back, as fast as it can."""
    secret = box.file(b"elsewhere", b"item.jsonl", content=LINES + b"secret\n")
    ends = set()
    for _ in range(8):
        path = _source(box, name)
        decoy = path + b".decoy"
        os.symlink(secret, decoy)
        plan = _plan(box, path, name)
        stop = threading.Event()

        def swap(path=path, decoy=decoy, stop=stop):
            while not stop.is_set():
                for one, two in ((path, path + b".x"), (decoy, path), (path, decoy), (path + b".x", path)):
                    try:
                        os.rename(one, two)
                    except OSError:
                        return
                time.sleep(0.0005)

        before = invariants.contents(box)
        swapper = threading.Thread(target=swap)
        swapper.start()
        (result,) = box.run(plan).results
        stop.set()
        swapper.join()
        ends.add(result.state)
        assert not invariants.conserved(before, invariants.contents(box)), result
        with open(secret, "rb") as file:
            assert file.read().endswith(b"secret\n")
        with contextlib.suppress(NothingToUndo):
            undo_batch(box.journal)
        assert not invariants.conserved(before, invariants.contents(box)), result
        shutil.rmtree(os.path.dirname(path))
        box.journal.close()
        shutil.rmtree(box.trash, ignore_errors=True)
        shutil.rmtree(os.path.join(box.root, b"state"))
        from dusk.actions.journal import Journal

        box.journal = Journal.open()
    assert ends <= {ItemState.DONE, ItemState.REFUSED, ItemState.FAILED}


@pytest.mark.root
@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to mount something")
@pytest.mark.parametrize("name", ["trash", "copy", "pack", "empty-dirs"])
def test_a_mount_that_appears_in_the_target_is_refused(box, name):  # noqa: F811
    if name == "empty-dirs":
        os.makedirs(box.path(b"work", b"inner"))
        plan = box.review(box.plan(box.path(b"work"), action=Action.EMPTY_DIRECTORIES)).plan
    else:
        box.file(b"work", b"file")
        os.mkdir(box.path(b"work", b"inner"))
        plan = _plan(box, box.path(b"work"), name)
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", box.path(b"work", b"inner")], check=True)
    try:
        box.file(b"work", b"inner", b"precious")
        (result,) = box.run(plan).results
        assert result.state is ItemState.REFUSED and "mount" in result.sentence, result
        assert os.path.exists(box.path(b"work", b"inner", b"precious")) and box.bin() == []
    finally:
        subprocess.run(["umount", box.path(b"work", b"inner")], check=True)
