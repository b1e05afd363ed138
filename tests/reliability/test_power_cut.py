"""The power goes at some calls of a day with dusk, on ext4; the long runs do it on xfs and btrfs too."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile

import pytest

from .faults import preloaded


def cuts(library, *options):
    with tempfile.TemporaryDirectory(prefix="dusk-cuts-") as directory:
        command = [sys.executable, "-m", "reliability.power_cut", directory, "--filesystems", "ext4"]
        found = subprocess.run(
            [*command, *options], env=preloaded(library), capture_output=True, text=True, check=False
        )
    assert found.returncode == 0, found.stderr
    told = json.loads(found.stdout)
    if "not_here" in told:
        pytest.skip(told["not_here"])
    return told


@pytest.mark.root
@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to mount an image")
@pytest.mark.timeout(300)
def test_nothing_that_was_said_to_be_done_is_lost(library):
    told = cuts(library, "--every", "83")
    assert told["problems"] == []
    assert told["snapshots"] >= 8 and told["acknowledged"] >= 20


@pytest.mark.root
@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to mount an image")
@pytest.mark.timeout(300)
def test_without_syncs_the_same_cuts_find_what_is_lost(library):
    assert cuts(library, "--every", "150", "--control")["problems"]
