"""What emptying frees on an overlay: exactly what its own layer holds, where that layer can be seen."""

from __future__ import annotations

import os
import subprocess

import pytest

from dusk.actions.shared_space import forecast_of
from dusk.fs.cancellation import never
from dusk.fs.mounts import MountTable
from dusk.fs.surveyor import survey


@pytest.fixture
def overlay(tmp_path):
    """A mounted overlay with a layer below that holds ``image/old``."""
    if os.geteuid():
        pytest.skip("mounting needs root")
    store, merged = tmp_path / "store", tmp_path / "merged"
    store.mkdir()
    merged.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "none", store], check=False, capture_output=True).returncode:
        pytest.skip("mounting is not possible here")
    try:
        for name in ("lower/image", "upper", "work"):
            (store / name).mkdir(parents=True)
        (store / "lower/image/old").write_bytes(b"x" * 9000)
        layers = f"lowerdir={store}/lower,upperdir={store}/upper,workdir={store}/work"
        command = ["mount", "-t", "overlay", "overlay", "-o", layers, merged]
        if subprocess.run(command, check=False, capture_output=True).returncode:
            pytest.skip("no overlay can be mounted here")
        try:
            yield os.fsencode(merged), os.fsencode(store)
        finally:
            subprocess.run(["umount", merged], check=True)
    finally:
        subprocess.run(["umount", store], check=True)


def at_most(path: bytes) -> bool:
    forecast = forecast_of(path, survey(path), never)
    return forecast is not None and forecast.is_at_most


@pytest.mark.root
def test_what_was_written_into_the_overlay_is_told_exactly(overlay):
    merged, _ = overlay
    os.mkdir(merged + b"/run")
    for name in (b"/run/a", b"/run/b", b"/alone"):
        with open(merged + name, "wb") as file:
            file.write(b"y" * 9000)
    assert not at_most(merged + b"/run") and not at_most(merged + b"/alone")
    free = os.statvfs(merged).f_bfree * os.statvfs(merged).f_bsize
    size = survey(merged + b"/alone").disk_size
    os.unlink(merged + b"/alone")
    assert os.statvfs(merged).f_bfree * os.statvfs(merged).f_bsize - free == size


@pytest.mark.root
def test_what_belongs_to_a_layer_below_is_at_most(overlay):
    merged, store = overlay
    with open(merged + b"/image/new", "wb") as file:
        file.write(b"y" * 9000)
    assert at_most(merged + b"/image/old") and at_most(merged + b"/image")
    assert not at_most(merged + b"/image/new")
    assert MountTable.read().at(merged).upper == store + b"/upper"


@pytest.mark.root
def test_a_layer_that_cannot_be_seen_is_at_most(overlay):
    merged, store = overlay
    with open(merged + b"/new", "wb") as file:
        file.write(b"y" * 9000)
    os.rename(store + b"/upper", store + b"/elsewhere")
    assert at_most(merged + b"/new")
    os.mkdir(store + b"/upper")
    with open(store + b"/upper/new", "wb") as file:
        file.write(b"another")
    assert at_most(merged + b"/new")
    os.unlink(store + b"/upper/new")
    os.rmdir(store + b"/upper")
    os.rename(store + b"/elsewhere", store + b"/upper")
