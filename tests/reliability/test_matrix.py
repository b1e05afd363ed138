"""Killed or failing at some calls of every action; `scripts/reliability/prove` tries every call."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile

import pytest

from .faults import FAULTS, preloaded
from .scenes import PLANS, SCENES

# Every so many calls, starting at another one for each fault.
STEPS = {"kill": 7}
OTHERS = 41
# Where a directory is removed, and nothing that is left tells when: every call.
REMOVING = [
    "empty-dirs, act", "scaffold, undo", "split, act", "compress, recovery", "rotate, recovery",
    "split, recovery",
]  # fmt: skip


def rows(library, tmp_path, scenes, faults, step):
    place = "/dev/shm" if os.access("/dev/shm", os.W_OK) else str(tmp_path)
    with tempfile.TemporaryDirectory(prefix="dusk-matrix-", dir=place) as directory:
        command = [sys.executable, "-m", "reliability.matrix", directory, "--scenes", ";".join(scenes)]
        found = subprocess.run(
            [*command, "--faults", ",".join(faults), "--step", str(step)],
            env=preloaded(library), capture_output=True, text=True, check=False,
        )  # fmt: skip
    assert found.returncode == 0, found.stderr
    told = [json.loads(line) for line in found.stdout.splitlines()]
    for row in told:
        if "not_here" in row:
            pytest.skip(row["not_here"])
    return told


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("fault", ["kill", "errors"])
@pytest.mark.parametrize("plan", PLANS)
def test_whatever_goes_wrong_nothing_is_lost(library, tmp_path, plan, fault):
    if plan == "dedupe reflink" and os.geteuid():
        pytest.skip("mounting an image needs root")
    faults = ["kill"] if fault == "kill" else [name for name in FAULTS if name != "kill"]
    scenes = [scene.name for scene in SCENES if scene.plan == plan]
    told = rows(library, tmp_path, scenes, faults, STEPS.get(fault, OTHERS))
    assert [problem for row in told for problem in row["problems"]] == []
    # The faults did happen.
    assert all(row["hit"] for row in told if row["calls"] > OTHERS)


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("scene", REMOVING)
def test_no_kill_costs_a_directory_its_time(library, tmp_path, scene):
    (row,) = rows(library, tmp_path, [scene], ["kill"], 1)
    assert (row["times"], row["problems"]) == (0, [])
    assert row["hit"] == row["calls"] > 0


def test_the_library_sees_the_calls_of_sqlite_too(library, tmp_path):
    script = (
        "import sqlite3\nfrom reliability.faults import Fault, Injector, Mode\n"
        "injector = Injector()\n"
        "def work():\n"
        "    database = sqlite3.connect('x.db')\n"
        "    database.execute('CREATE TABLE t (a)')\n"
        "    return {}\n"
        "ended = injector.run(Fault('full', Mode.FAIL_FROM_HERE, 28, 2), 1, work)\n"
        "assert 'sqlite3.OperationalError' in ended.trace, ended\n"
    )
    subprocess.run([sys.executable, "-c", script], env=preloaded(library), cwd=tmp_path, check=True)
