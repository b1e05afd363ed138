"""The fill of a filesystem, also when it does not answer."""

from __future__ import annotations

import os
import threading
import time

import pytest

from dusk.fs import capacity
from dusk.fs.capacity import Capacity, capacity_of
from dusk.fs.mounts import MountTable


def test_the_fill_of_a_real_filesystem(tmp_path):
    found = capacity_of(os.fsencode(tmp_path), timeout=10)
    real = os.statvfs(tmp_path)
    assert found.total == real.f_blocks * real.f_frsize
    assert 0 <= found.fraction <= 1
    assert os.fsencode(tmp_path).startswith(found.point.rstrip(b"/"))
    assert found.type == MountTable.read().at(found.point).type


def test_a_path_that_is_gone_answers_for_its_filesystem(tmp_path):
    assert capacity_of(os.fsencode(tmp_path) + b"/gone/\xff", timeout=10) is not None


def test_an_empty_filesystem_has_a_fraction():
    assert Capacity(b"/", "proc", 0, 0, 0).fraction == 0
    assert Capacity(b"/", "ext4", 100, 60, 20).fraction == pytest.approx(0.75)


def test_a_hung_mount_is_asked_once(tmp_path, monkeypatch):
    release = threading.Event()
    asked = []

    def hang(path):
        asked.append(path)
        release.wait(10)

    monkeypatch.setattr(capacity, "_figures", hang)
    began = time.monotonic()
    assert capacity_of(os.fsencode(tmp_path), timeout=0.1) is None
    assert capacity_of(os.fsencode(tmp_path), timeout=0.1) is None
    assert time.monotonic() - began < 2
    assert len(asked) == 1
    release.set()
    monkeypatch.undo()
    deadline = time.monotonic() + 5
    while capacity_of(os.fsencode(tmp_path), timeout=5) is None:
        assert time.monotonic() < deadline
