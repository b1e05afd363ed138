"""What a survey says of a tree, and that every change shows in its fingerprint."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest

from dusk.fs.cancellation import Cancelled
from dusk.fs.identity import EntryKind
from dusk.fs.surveyor import survey, survey_at

HOSTILE = [b"plain", b"new\nline", b"\xff\xfe", b"esc\x1b[31m", b"sp ace", b"-rf", b"x" * 255, b"a:b", b"1:a"]


@pytest.fixture
def top(tmp_path):
    return os.fsencode(tmp_path) + b"/top"


def write(path: bytes, content: bytes = b"content") -> bytes:
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(content)
    return path


def disk_usage(path: bytes) -> int:
    return int(subprocess.run(["du", "-sx", "-B1", path], capture_output=True, check=True).stdout.split()[0])


def test_a_file_is_one_entry(top):
    write(top, b"12345")
    found = survey(top)
    assert (found.entries, found.apparent_size, found.identity.kind) == (1, 5, EntryKind.FILE)
    assert found.disk_size == os.lstat(top).st_blocks * 512
    assert found.newest_mtime_ns == os.lstat(top).st_mtime_ns


def test_a_symlink_is_looked_at_itself(top):
    os.symlink(b"/etc", top)
    found = survey(top)
    assert (found.entries, found.apparent_size, found.identity.kind) == (1, 4, EntryKind.SYMLINK)


def test_disk_size_equals_du_and_links_count_once(top):
    write(top + b"/a/data", b"x" * 70_000)
    write(top + b"/sparse")
    os.truncate(top + b"/sparse", 50 << 20)
    os.link(top + b"/a/data", top + b"/data-again")
    os.link(top + b"/a/data", os.path.dirname(top) + b"/outside")
    os.mkfifo(top + b"/fifo")
    os.symlink(b"..", top + b"/a/loop")
    found = survey(top)
    assert found.disk_size == disk_usage(top)
    assert found.entries == 7
    assert found.apparent_size == 70_000 + (50 << 20) + 2
    (link,) = found.linked
    assert (link.links, link.found, link.disk_size) == (3, 2, os.lstat(top + b"/data-again").st_blocks * 512)
    assert link.inode == os.lstat(top + b"/data-again").st_ino


def test_hostile_names_are_told_apart(top):
    for name in HOSTILE:
        write(top + b"/" + name + b"/" + name)
    found = survey(top)
    assert found.entries == 1 + 2 * len(HOSTILE)
    assert found == survey(top)


@pytest.mark.parametrize(
    "change",
    [
        lambda top: write(top + b"/sub/new", b""),
        lambda top: os.unlink(top + b"/sub/file"),
        lambda top: os.rename(top + b"/sub/file", top + b"/sub/other"),
        lambda top: os.rename(top + b"/sub/file", top + b"/file"),
        lambda top: write(top + b"/sub/file", b"CONTENT"),
        lambda top: os.truncate(top + b"/sub/file", 3),
        lambda top: os.utime(top + b"/sub/file", ns=(1, 1)),
        lambda top: (os.unlink(top + b"/sub/file"), os.symlink(b"content", top + b"/sub/file")),
        lambda top: os.rename(top + b"/sub", top + b"/bus"),
        lambda top: os.mkdir(top + b"/empty/inside"),
    ],
)
def test_every_change_changes_the_fingerprint(top, change):
    write(top + b"/sub/file")
    os.mkdir(top + b"/empty")
    before = survey(top)
    assert survey(top).fingerprint == before.fingerprint
    directories = [top, top + b"/sub", top + b"/empty"]
    times = [os.lstat(path).st_mtime_ns for path in directories]
    change(top)
    # What remains must show without the help of the directories' own times.
    for path, moment in zip(directories, times, strict=True):
        if os.path.isdir(path):
            os.utime(path, ns=(moment, moment))
    assert survey(top).fingerprint != before.fingerprint


def test_same_files_in_another_shape_have_another_fingerprint(top):
    write(top + b"/a/b/file")
    before = survey(top)
    times = {path: os.lstat(path).st_mtime_ns for path in (top, top + b"/a", top + b"/a/b")}
    os.rename(top + b"/a/b", top + b"/b")
    os.utime(top + b"/a", ns=(times[top + b"/a"],) * 2)
    os.utime(top, ns=(times[top],) * 2)
    assert survey(top).fingerprint != before.fingerprint


def test_a_moved_tree_keeps_its_fingerprint(top):
    write(top + b"/sub/file")
    before = survey(top)
    os.rename(top, top + b"-moved")
    assert survey(top + b"-moved").fingerprint == before.fingerprint


def test_the_order_of_creation_does_not_matter_to_the_walk(top):
    for number in range(300):
        write(top + b"/%d" % (number * 7919 % 300))
    assert survey(top).fingerprint == survey(top).fingerprint


def test_a_tree_deeper_than_any_limit(top):
    levels = 3000
    os.mkdir(top)
    current = os.open(top, os.O_RDONLY)
    opened_before = len(os.listdir("/proc/self/fd"))
    for _ in range(levels):
        os.mkdir(b"level-with-a-name", dir_fd=current)
        os.mkdir(b"zz", dir_fd=current)  # something to come back for
        following = os.open(b"level-with-a-name", os.O_RDONLY, dir_fd=current)
        os.close(current)
        current = following
    os.close(current)
    try:
        found = survey(top)
        assert (found.entries, found.unreadable, found.mounts) == (1 + 2 * levels, 0, ())
        assert len(os.listdir("/proc/self/fd")) < opened_before
    finally:
        subprocess.run(["rm", "-rf", top], check=True)


def test_few_descriptors_are_enough(top):
    path = top
    for _ in range(80):
        path += b"/d"
    os.makedirs(path)
    program = (
        "import resource, sys; from dusk.fs.surveyor import survey;"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (80, 80));"
        "print(survey(sys.argv[1].encode()).entries)"
    )
    done = subprocess.run([sys.executable, "-c", program, top], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "81", done.stderr


def test_stopping(top):
    write(top + b"/a/b/c")
    asked = []
    with pytest.raises(Cancelled):
        survey(top, cancelled=lambda: bool(asked.append(1)) or len(asked) > 2)


def test_what_is_not_there(top):
    with pytest.raises(FileNotFoundError):
        survey(top)
    with pytest.raises(ValueError):
        survey(b"/")


def test_a_parent_that_is_a_symlink_is_refused(top, tmp_path):
    write(top + b"/file")
    os.symlink(top, os.fsencode(tmp_path) + b"/link")
    with pytest.raises(OSError):
        survey(os.fsencode(tmp_path) + b"/link/file")


def test_below_an_open_directory(top):
    write(top + b"/file")
    parent = os.open(os.path.dirname(top), os.O_RDONLY)
    try:
        assert survey_at(parent, b"top", top) == survey(top)
    finally:
        os.close(parent)


def test_entries_that_vanish_are_left_out(top, monkeypatch):
    write(top + b"/sub/file")
    real = os.scandir
    once = []

    def scandir(target):
        if not once:
            once.append(1)
            listing = list(real(target))
            subprocess.run(["rm", "-rf", top + b"/sub"], check=True)
            return _Entries(listing)
        return real(target)

    monkeypatch.setattr("dusk.fs.traversal.os.scandir", scandir)
    found = survey(top)
    assert found.entries == 1
    assert found.fingerprint == survey(top).fingerprint


class _Entries(list):
    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass


def test_unreadable_directories_are_counted(top, as_user):
    write(top + b"/open/file")
    write(top + b"/closed/file")
    write(top + b"/names-only/file")

    def look():
        os.chmod(top + b"/closed", 0)
        os.chmod(top + b"/names-only", 0o400)
        try:
            found = survey(top)
            return found.entries, found.unreadable
        finally:
            os.chmod(top + b"/closed", 0o700)
            os.chmod(top + b"/names-only", 0o700)

    assert as_user(look) == (5, 2)


@pytest.mark.root
@pytest.mark.skipif(os.geteuid() != 0, reason="mounting needs root")
def test_mounts_are_listed_and_not_entered(top):
    write(top + b"/sub/file")
    os.mkdir(top + b"/bound")
    os.mkdir(top + b"/other disk")
    mounts = [
        ["mount", "--bind", top + b"/sub", top + b"/bound"],
        ["mount", "-t", "tmpfs", "none", top + b"/other disk"],
    ]
    try:
        for command in mounts:
            subprocess.run(command, check=True)
        write(top + b"/other disk/file")
        found = survey(top)
        assert sorted(found.mounts) == [top + b"/bound", top + b"/other disk"]
        assert found.entries == 3
        assert survey(top + b"/bound").mounts == (top + b"/bound",)
    finally:
        for name in (b"/other disk", b"/bound"):
            subprocess.run(["umount", top + name], check=False)


@pytest.mark.root
@pytest.mark.skipif(os.geteuid() != 0, reason="mounting needs root")
def test_mounts_are_found_without_the_table(top, monkeypatch):
    from dusk.fs.mounts import MountTable

    write(top + b"/sub/file")
    os.mkdir(top + b"/bound")
    subprocess.run(["mount", "--bind", top + b"/sub", top + b"/bound"], check=True)
    try:
        monkeypatch.setattr(MountTable, "read", classmethod(lambda cls: cls(())))
        assert survey(top).mounts == (top + b"/bound",)
        monkeypatch.setattr("dusk.fs.syscalls._SYS_OPENAT2", 100_000)  # a kernel that has no openat2
        assert survey(top).mounts == (top + b"/bound",)
    finally:
        subprocess.run(["umount", top + b"/bound"], check=False)


@pytest.mark.parametrize("inside", [b"", b"/sub/file"])
def test_a_rewrite_of_the_same_size_with_its_old_time_put_back_is_seen(top, inside):
    write(top + b"/sub/file")
    target = top if inside else top + b"/sub/file"
    file = top + b"/sub/file"
    before, status = survey(target), os.stat(file)
    time.sleep(0.02)  # the clock of a filesystem ticks every few milliseconds
    with open(file, "r+b") as rewritten:
        rewritten.write(bytes(status.st_size))
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert os.stat(file).st_size == status.st_size
    assert survey(target).fingerprint != before.fingerprint
