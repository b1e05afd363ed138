"""At least 500 runs of 25 steps, in four parts that can run at once."""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from dusk.actions import checks

from .machine import Acting

RUNS = int(os.environ.get("DUSK_MACHINE_RUNS", "500"))
PARTS = 4


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("part", range(PARTS))
def test_no_content_is_lost_whatever_is_done(part, monkeypatch):
    for name in ("HOME", "DUSK_STATE_DIR", "DUSK_CONFIG_DIR"):
        monkeypatch.setenv(name, os.environ.get(name, "/nonexistent"))
    monkeypatch.setattr("dusk.actions.checks.hold_report", checks.hold_report)
    found = settings(
        max_examples=-(-RUNS // PARTS),
        stateful_step_count=25,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(seed(int.from_bytes(os.urandom(6), "big"))(Acting), settings=found)
