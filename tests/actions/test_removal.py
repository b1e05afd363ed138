"""Removing a tree for good: the same end natively and in Python, and nothing outside is ever touched."""

from __future__ import annotations

import errno
import os
import subprocess

import pytest

from dusk.actions import removal
from dusk.fs.cancellation import Cancelled

KINDS = [
    "python",
    pytest.param(
        "native", marks=pytest.mark.skipif(not removal.is_native(), reason="built without a compiler")
    ),
]


@pytest.fixture(params=KINDS)
def holder(request, tmp_path, monkeypatch):
    """An open directory to remove things from, in each of the two ways."""
    if request.param == "python":
        monkeypatch.setattr(removal, "_native", None)
    place = tmp_path / "holder"
    place.mkdir()
    descriptor = os.open(place, os.O_RDONLY)
    yield os.fsencode(place), descriptor
    os.close(descriptor)


def fill(directory: bytes, files: int) -> None:
    os.makedirs(directory, exist_ok=True)
    for number in range(files):
        os.close(os.open(os.path.join(directory, b"%d\n\xff" % number), os.O_CREAT | os.O_WRONLY))


def test_a_tree_of_every_kind_goes_whole_and_is_counted(holder, tmp_path):
    place, descriptor = holder
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "kept").write_text("x")
    for name in (b"a/b/c", b"a/d", b"e"):
        fill(os.path.join(place, b"tree", name), 7)
    os.symlink(outside, os.path.join(place, b"tree", b"link"))
    os.mkfifo(os.path.join(place, b"tree", b"pipe"))
    counted: list[int] = []
    removal.remove_tree(descriptor, b"tree", on_removed=counted.append)
    assert os.listdir(place) == []
    assert (outside / "kept").read_text() == "x"
    assert sum(counted) >= 21 + 2


def test_what_comes_free_is_what_lost_its_last_name(holder, tmp_path):
    place, descriptor = holder
    blocks = 0
    for number in range(6):
        directory = os.path.join(place, b"tree", b"d%d" % number)
        os.makedirs(directory)
        for name in (b"alone", b"linked", b"outside"):
            with open(os.path.join(directory, name), "wb") as file:
                file.write(b"x" * 9000 * (number + 1))
                os.fsync(file.fileno())
        blocks += sum(os.stat(os.path.join(directory, name)).st_blocks for name in (b"alone", b"linked"))
        blocks += os.stat(directory).st_blocks
        for other in range(20):
            os.link(
                os.path.join(directory, b"linked"), os.path.join(place, b"tree", b"%d-%d" % (number, other))
            )
        os.link(os.path.join(directory, b"outside"), os.path.join(place, b"kept%d" % number))
    blocks += os.stat(os.path.join(place, b"tree")).st_blocks
    assert removal.remove_tree(descriptor, b"tree") == blocks * 512
    assert len(os.listdir(place)) == 6


def test_a_single_file_and_a_link_to_a_directory_go_alone(holder, tmp_path):
    place, descriptor = holder
    (tmp_path / "outside").mkdir()
    os.symlink(tmp_path / "outside", os.path.join(place, b"link"))
    fill(place, 1)
    removal.remove_tree(descriptor, b"0\n\xff")
    removal.remove_tree(descriptor, b"link")
    assert os.listdir(place) == [] and (tmp_path / "outside").exists()


def test_a_tree_deeper_than_open_files_allow_goes(holder):
    place, descriptor = holder
    current = os.open(place, os.O_RDONLY)
    for _ in range(1500):
        os.mkdir(b"down", dir_fd=current)
        following = os.open(b"down", os.O_RDONLY, dir_fd=current)
        os.close(os.open(b"file", os.O_CREAT | os.O_WRONLY, dir_fd=following))
        os.close(current)
        current = following
    os.close(current)
    removal.remove_tree(descriptor, b"down")
    assert os.listdir(place) == []


def test_a_wide_directory_goes(holder):
    place, descriptor = holder
    fill(os.path.join(place, b"wide"), 10_000)
    removal.remove_tree(descriptor, b"wide")
    assert os.listdir(place) == []


def test_directories_that_nobody_may_enter_go_too(holder):
    place, descriptor = holder
    fill(os.path.join(place, b"tree/closed/inner"), 3)
    fill(os.path.join(place, b"tree/unwritable"), 3)
    os.chmod(os.path.join(place, b"tree/closed/inner"), 0)
    os.chmod(os.path.join(place, b"tree/closed"), 0)
    os.chmod(os.path.join(place, b"tree/unwritable"), 0o500)
    os.chmod(os.path.join(place, b"tree"), 0o500)
    removal.remove_tree(descriptor, b"tree")
    assert os.listdir(place) == []


def test_cancelling_stops_and_leaves_the_rest_in_the_holder(holder):
    place, descriptor = holder
    for number in range(40):
        fill(os.path.join(place, b"tree", b"%d" % number), 200)
    calls = 0

    def cancelled() -> bool:
        nonlocal calls
        calls += 1
        return calls > 1

    with pytest.raises(Cancelled):
        removal.remove_tree(descriptor, b"tree", cancelled=lambda: True)
    assert os.path.exists(os.path.join(place, b"tree"))
    removal.remove_tree(descriptor, b"tree")
    assert os.listdir(place) == []


def test_what_is_missing_is_an_error_that_names_it(holder):
    with pytest.raises(FileNotFoundError) as caught:
        removal.remove_tree(holder[1], b"nothing")
    assert caught.value.errno == errno.ENOENT


def test_a_name_with_a_slash_is_refused(holder):
    with pytest.raises((ValueError, OSError)):
        removal.remove_tree(holder[1], b"../holder")


@pytest.mark.root
@pytest.mark.skipif(os.geteuid() != 0, reason="mounting needs root")
@pytest.mark.parametrize("kind", ["tmpfs", "bind"])
def test_a_mount_inside_is_never_entered(holder, tmp_path, kind):
    place, descriptor = holder
    point = os.path.join(place, b"tree/mnt")
    fill(os.path.join(place, b"tree"), 3)
    os.makedirs(point)
    source = tmp_path / "source"
    source.mkdir()
    (source / "kept").write_text("x")
    command = (
        ["mount", "-t", "tmpfs", "none", point] if kind == "tmpfs" else ["mount", "--bind", source, point]
    )
    if subprocess.run(command, check=False, capture_output=True).returncode:
        pytest.skip("mounting is not possible here")
    try:
        fill(point, 1)
        with pytest.raises(OSError) as caught:
            removal.remove_tree(descriptor, b"tree")
        assert caught.value.errno in (errno.EXDEV, errno.EBUSY)
        assert os.path.exists(os.path.join(point, b"0\n\xff"))
    finally:
        subprocess.run(["umount", point], check=True)
