"""A disk that really fills up, under each act that makes something."""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest

from dusk.actions.outcome import ItemState
from dusk.rules.finding import Action, ActionOptions

from .interrupting import clear
from .test_making_errors import ACTS
from .test_undo import digest


@pytest.mark.root
@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to mount a small filesystem")
@pytest.mark.parametrize("name", ["compress", "split", "rotate", "pack"])
def test_a_disk_that_fills_up_keeps_the_source_and_nothing_half_made(box, name, monkeypatch):
    monkeypatch.setattr("dusk.actions.replacement.RESERVE", 0)
    clear(box)
    size = 3 << 20
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", box.data], check=True)
    try:
        plan = ACTS[name](box)
        big = os.urandom(size).hex().encode()[:size]  # text, which shrinks to a half and a little more
        for directory, _, names in os.walk(box.data):
            for file in names:
                if file in (b"a.log", b"a.jsonl", b"s0.json", b"a"):
                    with open(os.path.join(directory, file), "wb") as handle:
                        handle.write(big + b"\n" * 900)
        monkeypatch.setattr("dusk.actions.replacement.short_of_space", lambda *_: None)
        for module in ("compressing", "splitting", "rotation_preview", "archiving"):
            monkeypatch.setattr(f"dusk.actions.{module}.short_of_space", lambda *_: None)
        if name == "pack":
            os.mkdir(box.path(b"goal"))
            plan = box.plan(
                box.path(b"run"),
                action=Action.ARCHIVE,
                destination=box.path(b"goal"),
                options=ActionOptions(form="tar.zst"),
            )
        if name == "rotate":
            os.utime(box.path(b"pile", b"s0.json"), (1, 1))
        before = {path for path in digest(box.data) if b".Trash-" not in path}
        outcome = box.run(box.review(plan_again(box, plan)).plan)
        assert outcome.results[0].state is ItemState.FAILED, outcome
        assert "no space is left" in outcome.results[0].sentence, outcome
        assert {path for path in digest(box.data) if b".Trash-" not in path} == before
    finally:
        subprocess.run(["umount", box.data], check=True)
        shutil.rmtree(box.data, ignore_errors=True)


def plan_again(box, plan):
    """Return the same plan on what the paths name now."""
    (step,) = plan.steps
    return box.plan(
        *(target.path for target in step.targets),
        action=step.action,
        destination=step.destination,
        options=step.options,
    )
