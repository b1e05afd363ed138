"""A copy is whole, equal and durable, or it is not there at all."""

from __future__ import annotations

import errno
import os
import shutil
import socket
import stat
import struct
import subprocess
import tempfile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dusk.actions import copier, copying
from dusk.actions.copier import PART_MARK, CopyError, copy_verified, verify_copy
from dusk.actions.tree_digest import tree_digest
from dusk.fs.cancellation import Cancelled
from dusk.fs.surveyor import survey
from unprivileged import Unprivileged

ROOT = os.geteuid() == 0


@pytest.fixture
def place(tmp_path):
    place = os.fsencode(tmp_path)
    os.makedirs(place + b"/from")
    os.makedirs(place + b"/to")
    return place


def write(path, content=b"content"):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(content)
    return path


def digest(path):
    parent = os.open(os.path.dirname(path), os.O_RDONLY)
    try:
        return tree_digest(parent, os.path.basename(path))
    finally:
        os.close(parent)


def facts(top):
    """Everything that a copy must keep, found with other means than the copier's."""
    found = {}
    groups = {}
    for directory, names, files in os.walk(top):
        for name in [b".", *names, *files]:
            path = os.path.join(directory, name)
            status = os.lstat(path)
            extra = os.readlink(path) if stat.S_ISLNK(status.st_mode) else b""
            if stat.S_ISREG(status.st_mode):
                with open(path, "rb") as file:
                    extra = file.read()
            attributes = {}
            if not stat.S_ISLNK(status.st_mode):
                attributes = {
                    key: os.getxattr(path, key)
                    for key in os.listxattr(path)
                    if not key.startswith("security.s")
                }
            relative = os.path.relpath(path, top)
            if not stat.S_ISDIR(status.st_mode):
                groups.setdefault(status.st_ino, set()).add(relative)
            found[relative] = (
                status.st_mode,
                status.st_uid,
                status.st_gid,
                status.st_mtime_ns,
                extra,
                attributes,
            )
    return found, sorted(map(sorted, groups.values()))


def rich_tree(top):
    write(top + b"/data/weights.bin", os.urandom(5 << 20))
    write(top + b"/data/empty", b"")
    os.link(top + b"/data/weights.bin", top + b"/zz-again")
    write(top + b"/sparse", b"head")
    os.truncate(top + b"/sparse", 40 << 20)
    with open(top + b"/sparse", "r+b") as file:
        file.seek((20 << 20) + 5)
        file.write(b"island")
    os.symlink(b"no such \xff place", top + b"/dangling")
    os.symlink(b"/etc", top + b"/absolute")
    os.mkfifo(top + b"/pipe", 0o640)
    for name in (b"new\nline", b"\xff\xfe", b"x" * 255, b"-rf", b" ", b"\x1b[31m"):
        write(top + b"/odd/" + name, name)
    os.mkdir(top + b"/empty-directory")
    os.setxattr(top + b"/data/empty", "user.note", b"\0binary\xff")
    os.setxattr(top + b"/data", "user.kind", b"directory")
    os.chmod(top + b"/data/weights.bin", 0o4750)
    os.chmod(top + b"/data/empty", 0o400)
    os.chmod(top + b"/odd", 0o555)
    os.chmod(top + b"/empty-directory", 0o1777)
    os.utime(top + b"/dangling", ns=(1, 987_654_321_123_456_789), follow_symlinks=False)
    os.utime(top + b"/pipe", ns=(1, 10**18 + 7))
    os.utime(top + b"/data/weights.bin", ns=(10**18, 10**18 + 123_456_789))
    for directory in (b"/odd", b"/data", b""):
        os.utime(top + directory, ns=(5, 1_600_000_000_000_000_001))
    return top


def leftovers(directory):
    return [name for name in os.listdir(directory) if PART_MARK in name]


def test_a_rich_tree_is_copied_whole(place):
    top = rich_tree(place + b"/from/top")
    before = facts(top)
    told = []
    report = copy_verified(top, place + b"/to", on_bytes=told.append)
    assert report.path == place + b"/to/top"
    assert report.not_kept == ()
    assert facts(report.path) == before == facts(top)
    assert report.fingerprint == survey(top).fingerprint
    assert report.entries == survey(report.path).entries
    assert sum(told) == report.apparent_size - sum(
        os.lstat(path).st_size for path in (top + b"/dangling", top + b"/absolute")
    )
    assert os.lstat(report.path + b"/sparse").st_blocks * 512 < 1 << 20
    assert digest(top) == digest(report.path) == report.digest
    assert verify_copy(report.path, report.digest)
    assert os.listdir(place + b"/to") == [b"top"]


@pytest.mark.parametrize("kind", ["file", "symlink", "fifo", "directory"])
def test_a_single_entry(place, kind):
    top = place + b"/from/one"
    {
        "file": lambda: write(top),
        "symlink": lambda: os.symlink(b"x", top),
        "fifo": lambda: os.mkfifo(top),
        "directory": lambda: os.mkdir(top),
    }[kind]()
    os.utime(top, ns=(1, 10**18 + 1), follow_symlinks=False)
    report = copy_verified(top, place + b"/to")
    assert digest(report.path) == digest(top)
    assert (report.entries, os.lstat(report.path).st_mtime_ns) == (1, 10**18 + 1)
    assert verify_copy(report.path, report.digest)


def test_nothing_is_replaced(place):
    write(place + b"/from/name", b"one")
    write(place + b"/to/name", b"other")
    report = copy_verified(place + b"/from/name", place + b"/to")
    assert report.path == place + b"/to/name.2"
    assert copy_verified(place + b"/from/name", place + b"/to").path == place + b"/to/name.3"
    with open(place + b"/to/name", "rb") as file:
        assert file.read() == b"other"


def test_a_name_of_full_length_twice(place):
    top = write(place + b"/from/" + b"n" * 255)
    assert copy_verified(top, place + b"/to").path.endswith(b"n" * 255)
    assert len(os.path.basename(copy_verified(top, place + b"/to").path)) <= 255


@pytest.mark.parametrize("special", ["socket", "directory with a socket"])
def test_sockets_are_refused_before_copying(place, monkeypatch, special):
    os.mkdir(place + b"/from/top")
    monkeypatch.chdir(os.fsdecode(place + b"/from/top"))
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind("socket")
    top = place + b"/from/top" + (b"/socket" if special == "socket" else b"")
    with pytest.raises(CopyError, match="is a socket, which cannot be copied"):
        copy_verified(top, place + b"/to")
    assert os.listdir(place + b"/to") == []


@pytest.mark.root
@pytest.mark.skipif(not ROOT, reason="making a device needs root")
def test_devices_are_refused(place):
    os.mkdir(place + b"/from/top")
    os.mknod(place + b"/from/top/null", stat.S_IFCHR | 0o600, os.makedev(1, 3))
    with pytest.raises(CopyError, match="is a character device"):
        copy_verified(place + b"/from/top", place + b"/to")


@pytest.mark.parametrize("where", [b"", b"/sub"])
def test_a_destination_inside_the_source(place, where):
    os.makedirs(place + b"/from/top/sub")
    with pytest.raises(CopyError, match="is inside"):
        copy_verified(place + b"/from/top", place + b"/from/top" + where)


def test_what_is_missing(place):
    with pytest.raises(CopyError, match="No such file"):
        copy_verified(place + b"/from/gone", place + b"/to")
    with pytest.raises(CopyError, match="No such file"):
        copy_verified(write(place + b"/from/x"), place + b"/gone")
    assert not verify_copy(place + b"/to/gone", "")


@pytest.mark.parametrize("limit", [0, 1, 4, 8, 16, 30, 45])
def test_stopping_leaves_nothing(place, limit):
    rich_tree(place + b"/from/top")
    asked = []
    with pytest.raises(Cancelled):
        copy_verified(
            place + b"/from/top",
            place + b"/to",
            cancelled=lambda: bool(asked.append(1)) or len(asked) > limit,
        )
    assert os.listdir(place + b"/to") == []


@pytest.mark.parametrize(
    "change",
    [
        lambda top: write(top + b"/data/weights.bin", b"shorter"),
        lambda top: os.utime(top + b"/data/weights.bin"),
        lambda top: write(top + b"/data/new"),
        lambda top: os.unlink(top + b"/data/empty"),
    ],
)
def test_a_source_that_changes_meanwhile(place, change):
    top = rich_tree(place + b"/from/top")
    changed = []

    def on_bytes(count):
        if not changed:
            changed.append(1)
            change(top)

    with pytest.raises(CopyError, match=r"changed while it was copied|shorter|No such file"):
        copy_verified(top, place + b"/to", on_bytes=on_bytes)
    assert os.listdir(place + b"/to") == []


def test_a_disk_that_writes_something_else(place, monkeypatch):
    top = write(place + b"/from/top/data", b"x" * 100_000)
    real = copying.write_window
    monkeypatch.setattr(
        copying,
        "write_window",
        lambda file, offset, window, sparse: real(file, offset, b"y" + window[1:], sparse=sparse),
    )
    with pytest.raises(CopyError, match="data reads back differently"):
        copy_verified(os.path.dirname(top), place + b"/to")
    assert os.listdir(place + b"/to") == []


def test_a_copy_that_loses_a_file_before_it_is_compared(place, monkeypatch):
    write(place + b"/from/top/data")
    write(place + b"/from/top/more")
    real = copier.tree_digest

    def lose(directory, name, **rest):
        os.unlink(place + b"/to/" + name + b"/more")
        return real(directory, name, **rest)

    monkeypatch.setattr(copier, "tree_digest", lose)
    with pytest.raises(CopyError, match=r"holds less|reads back differently"):
        copy_verified(place + b"/from/top", place + b"/to")


@pytest.mark.parametrize(
    "damage",
    [
        lambda top: write(top + b"/odd/-rf", b"XXX"),
        lambda top: os.chmod(top + b"/data/empty", 0o600),
        lambda top: os.setxattr(top + b"/data", "user.kind", b"other"),
        lambda top: os.rename(top + b"/dangling", top + b"/renamed"),
        lambda top: os.utime(top + b"/pipe"),
        lambda top: (
            os.unlink(top + b"/zz-again"),
            shutil.copy2(top + b"/data/weights.bin", top + b"/zz-again"),
        ),
    ],
)
def test_damage_to_a_copy_is_seen(place, damage):
    report = copy_verified(rich_tree(place + b"/from/top"), place + b"/to")
    times = {path: os.lstat(path).st_mtime_ns for path in (report.path, report.path + b"/odd")}
    os.chmod(report.path + b"/odd", 0o755)
    damage(report.path)
    os.chmod(report.path + b"/odd", 0o555)
    for path, time in times.items():
        os.utime(path, ns=(time, time))
    assert not verify_copy(report.path, report.digest)


def test_access_lists_are_kept_and_none_is_handed_down(place):
    def entries(user):
        rows = [(1, 7, -1), (2, 7, user), (4, 5, -1), (16, 7, -1), (32, 5, -1)]
        return struct.pack("<I", 2) + b"".join(struct.pack("<HHi", *row) for row in rows)

    top = write(place + b"/from/top/listed")
    write(place + b"/from/top/plain")
    try:
        os.setxattr(place + b"/from/top", "system.posix_acl_default", entries(4321))
        os.setxattr(top, "system.posix_acl_access", entries(1234))
        os.setxattr(place + b"/to", "system.posix_acl_default", entries(777))
    except OSError:
        pytest.skip("this filesystem has no access control lists")
    report = copy_verified(place + b"/from/top", place + b"/to")
    assert facts(report.path) == facts(place + b"/from/top")
    assert "system.posix_acl_access" not in os.listxattr(report.path + b"/plain")
    assert os.getxattr(report.path, "system.posix_acl_default") == entries(4321)


@pytest.mark.root
@pytest.mark.skipif(not ROOT, reason="giving files away needs root")
def test_owners_are_kept_by_root(place):
    top = rich_tree(place + b"/from/top")
    os.chown(top + b"/data/weights.bin", 1234, 2345)
    os.chmod(top + b"/data/weights.bin", 0o6755)
    os.chown(top + b"/dangling", 1, 2, follow_symlinks=False)
    os.chown(top + b"/odd", 3, 4)
    report = copy_verified(top, place + b"/to")
    assert facts(report.path) == facts(top)
    assert report.not_kept == ()


@pytest.mark.root
@pytest.mark.skipif(not ROOT, reason="mounting needs root")
def test_a_full_destination(place):
    write(place + b"/from/top/small")
    write(place + b"/from/top/zlarge", os.urandom(3 << 20))
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "none", place + b"/to"], check=True)
    try:
        with pytest.raises(CopyError, match="zlarge cannot be copied: no space is left at the destination"):
            copy_verified(place + b"/from/top", place + b"/to")
        assert os.listdir(place + b"/to") == []
    finally:
        subprocess.run(["umount", place + b"/to"], check=True)


@pytest.mark.root
@pytest.mark.skipif(not ROOT, reason="mounting needs root")
def test_a_mount_in_the_source(place):
    os.makedirs(place + b"/from/top/mounted")
    subprocess.run(["mount", "-t", "tmpfs", "none", place + b"/from/top/mounted"], check=True)
    try:
        with pytest.raises(CopyError, match="contains the mounted filesystem"):
            copy_verified(place + b"/from/top", place + b"/to")
    finally:
        subprocess.run(["umount", place + b"/from/top/mounted"], check=True)


@pytest.mark.root
@pytest.mark.skipif(not ROOT, reason="mounting needs root")
def test_another_filesystem(place):
    subprocess.run(["mount", "-t", "tmpfs", "none", place + b"/to"], check=True)
    try:
        report = copy_verified(rich_tree(place + b"/from/top"), place + b"/to")
        assert facts(report.path) == facts(place + b"/from/top")
        assert verify_copy(report.path, report.digest)
    finally:
        subprocess.run(["umount", place + b"/to"], check=True)


def test_a_deep_tree(place):
    top = place + b"/from/deep"
    os.mkdir(top)
    current = os.open(top, os.O_RDONLY)
    for _ in range(1500):
        os.mkdir(b"level", dir_fd=current)
        following = os.open(b"level", os.O_RDONLY, dir_fd=current)
        os.close(current)
        current = following
    os.close(os.open(b"bottom", os.O_CREAT | os.O_WRONLY, dir_fd=current))
    os.close(current)
    try:
        report = copy_verified(top, place + b"/to")
        assert report.entries == 1502
        assert digest(top) == report.digest
    finally:
        subprocess.run(["rm", "-rf", place + b"/from", place + b"/to"], check=True)


def test_unreadable_sources(place, tmp_path):
    write(place + b"/from/top/secret")

    def copy():
        os.chmod(place + b"/from/top/secret", 0)
        try:
            copy_verified(place + b"/from/top", place + b"/to")
        except CopyError as error:
            return str(error), os.listdir(place + b"/to")

    sentence, left = Unprivileged(tmp_path)(copy)
    assert "secret cannot be copied: Permission denied" in sentence
    assert left == []


@pytest.mark.root
@pytest.mark.skipif(not ROOT, reason="giving files away needs root")
def test_what_a_user_cannot_keep_is_said(place, tmp_path):
    write(place + b"/from/top/foreign")

    def copy():
        report = copy_verified(place + b"/from/top", place + b"/to")
        return report.not_kept, verify_copy(report.path, report.digest)

    user = Unprivileged(tmp_path)
    user.give()
    os.chown(place + b"/from/top/foreign", 4242, 4242)
    os.chmod(place + b"/from/top/foreign", 0o4755)
    assert user.run(copy) == (("owners", "permissions"), True)
    assert stat.S_IMODE(os.lstat(place + b"/to/top/foreign").st_mode) == 0o755


NAMES = st.binary(min_size=1, max_size=12).filter(
    lambda name: not {0, 47} & set(name) and name not in (b".", b"..")
)
TIMES = st.integers(min_value=-(2**31) * 10**9, max_value=2**33 * 10**9)
LEAF = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(["file", "file", "sparse", "symlink", "fifo", "link"]),
        "content": st.binary(max_size=50),
        "offset": st.integers(min_value=0, max_value=6 << 20),
        "mode": st.integers(min_value=0o400, max_value=0o7777).map(lambda mode: mode | 0o400),
        "mtime": TIMES,
        "attribute": st.none() | st.binary(max_size=20),
    }
)
TREES = st.recursive(
    st.dictionaries(NAMES, LEAF, max_size=4),
    lambda below: st.dictionaries(NAMES, LEAF | below, max_size=4),
    max_leaves=12,
)


def grow(top, tree, files):
    os.mkdir(top)
    for name, node in tree.items():
        path = top + b"/" + name
        if "kind" not in node:
            grow(path, node, files)
            continue
        kind = node["kind"]
        if kind == "link" and files:
            os.link(files[len(node["content"]) % len(files)], path)
            continue
        if kind == "symlink":
            os.symlink(node["content"].replace(b"\0", b"") or b"x", path)
        elif kind == "fifo":
            os.mkfifo(path)
        else:
            with open(path, "wb") as file:
                file.seek(node["offset"] if kind == "sparse" else 0)
                file.write(node["content"])
                file.truncate(max(file.tell(), node["offset"] if kind == "sparse" else 0))
            files.append(path)
        if kind != "symlink":
            if node["attribute"] is not None:
                os.setxattr(path, "user.x", node["attribute"]) if kind != "fifo" else None
            os.chmod(path, node["mode"])
        os.utime(path, ns=(0, node["mtime"]), follow_symlinks=False)
    os.utime(top, ns=(0, len(tree) * 10**17 + 1))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(tree=TREES.filter(lambda tree: "kind" not in tree))
def test_any_tree_is_copied_whole(tree):
    with tempfile.TemporaryDirectory() as base:
        place = os.fsencode(base)
        os.mkdir(place + b"/to")
        grow(place + b"/top", tree, [])
        report = copy_verified(place + b"/top", place + b"/to")
        assert facts(report.path) == facts(place + b"/top")
        assert report.digest == digest(place + b"/top")
        assert report.not_kept == ()
        assert survey(report.path).disk_size <= survey(place + b"/top").disk_size + 65536


CALLS = [
    "open",
    "mkdir",
    "pread",
    "pwrite",
    "ftruncate",
    "fsync",
    "symlink",
    "link",
    "mkfifo",
    "readlink",
    "chmod",
    "utime",
    "stat",
    "fstat",
    "scandir",
    "lseek",
    "listxattr",
    "getxattr",
    "setxattr",
    "posix_fadvise",
]


@pytest.mark.parametrize("call", CALLS)
def test_any_call_may_fail(place, monkeypatch, call):
    top = rich_tree(place + b"/from/top")
    before = facts(top)
    real = getattr(os, call)
    for number in (1, 2, 4, 9, 21):
        calls = []

        def fail(*arguments, calls=calls, number=number, **rest):
            calls.append(1)
            if len(calls) == number:
                raise OSError(errno.EIO, os.strerror(errno.EIO))
            return real(*arguments, **rest)

        copied = False
        with monkeypatch.context() as patch:
            patch.setattr(os, call, fail)
            try:
                copied = bool(copy_verified(top, place + b"/to"))
            except CopyError as problem:
                assert str(problem).isprintable()
        if copied:
            assert facts(place + b"/to/top") == before
            os.chmod(place + b"/to/top/odd", 0o755)
            shutil.rmtree(place + b"/to/top")
        assert os.listdir(place + b"/to") == []
    assert facts(top) == before
