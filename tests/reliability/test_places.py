"""Every action as root, as a user, on disks of others, read-only, full and out of inodes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile

import pytest

from .faults import preloaded

ENDS = {
    "root's own disk": {"done"},
    "a user's own disk": {"done"},
    "a user's directory on root's disk": {"done"},
    "a read-only mount": {"refused", "failed"},
    "a read-only mount, as a user": {"refused", "failed"},
}


@pytest.mark.root
@pytest.mark.timeout(600)
@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to mount disks and to become a user")
def test_every_action_says_what_a_place_does_not_allow_and_loses_nothing():
    with tempfile.TemporaryDirectory(prefix="dusk-places-") as directory:
        os.chmod(directory, 0o755)
        found = subprocess.run(
            [sys.executable, "-m", "reliability.places", directory],
            env=preloaded(""), capture_output=True, text=True, check=False,
        )  # fmt: skip
    assert found.returncode == 0, found.stderr
    rows = [json.loads(line) for line in found.stdout.splitlines()]
    if "not_here" in rows[0]:
        pytest.skip(rows[0]["not_here"])
    assert [(row["place"], row["action"], row["problems"]) for row in rows if row["problems"]] == []
    assert len({row["place"] for row in rows}) == 8
    for row in rows:
        assert set(row["states"]) <= ENDS.get(row["place"], set(row["states"])), row
        assert row["sentences"] or set(row["states"]) <= {"done", "skipped"}, row
