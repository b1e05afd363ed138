"""Which places no action may touch, and that everything else may be."""

from __future__ import annotations

import os
import sys
from types import SimpleNamespace

import pytest

from dusk.fs.mounts import MountTable
from dusk.fs.protected import Protection

TABLE = MountTable.parse(
    b"27 1 254:0 / / rw - ext4 /dev/vda rw\n"
    b"30 27 8:1 / /data rw - xfs /dev/sdb rw\n"
    b"31 30 8:2 / /data/fast\\040disk rw - ext4 /dev/sdc rw\n"
    b"32 27 0:40 / /net rw - nfs4 server:/ rw\n"
)


@pytest.fixture
def home(tmp_path, monkeypatch):
    home = tmp_path / "ann"
    (home / ".local/share/Trash/files").mkdir(parents=True)
    (home / "work").mkdir()
    monkeypatch.setenv("HOME", str(home))
    for name in ("XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME", "DUSK_STATE_DIR", "DUSK_CONFIG_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(home / "work")
    return os.fsencode(home)


@pytest.fixture
def protection(home):
    return Protection.load(mounts=TABLE)


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        (b"/", "is the root of the file system"),
        (b"//", "is the root of the file system"),
        (b"", "is not an absolute path"),
        (b"data/x", "is not an absolute path"),
        (b"/data/\0", "is not an absolute path"),
        (b"/data/../etc", "is not a resolved path"),
        (b"/data", "is the root of a mounted filesystem"),
        (b"/data/", "is the root of a mounted filesystem"),
        (b"/data/fast disk", "is the root of a mounted filesystem"),
        (b"/etc", "is the system directory /etc"),
        (b"//etc//./passwd", "is in the system directory /etc"),
        (b"/usr/local/share/big", "is in the system directory /usr"),
        (b"/lib64/x", "is in the system directory /lib64"),
        (b"/proc/1", "is in the system directory /proc"),
        (b"/var", "contains"),
        (b"/dev/shm", "is the system directory /dev/shm"),
        (b"/dev/null", "is in the system directory /dev"),
        (b"/var/log", "is a system directory"),
        (b"/var/lib/docker/overlay2", "is in the system directory /var/lib"),
        (b"/opt", "is the system directory /opt"),
        (b"/opt/cuda", "is the directory of an installed program"),
        (b"/tmp", "is the system directory /tmp"),
        (b"/var/tmp", "is the system directory /var/tmp"),
        (b"/home", "is the system directory /home"),
        (b"/home/bob", "is another user's home directory"),
        (b"/data/.Trash-1000", "is a trash directory"),
        (b"/data/.Trash", "is a trash directory"),
        (b"/data/.Trash/1000/files/x", "is in the trash"),
        (b"/data/repo/.git", "is a Git repository's own data"),
        (b"/data/repo/.git/objects/pack", "is inside a Git repository's own data"),
        (b"/data/lost+found", "belongs to the filesystem's repair"),
        (b"/data/lost+found/#1", "belongs to the filesystem's repair"),
    ],
)
def test_protected_everywhere(protection, path, reason):
    found = protection.reason(path)
    assert found is not None
    if reason != "contains":
        assert found == reason


@pytest.mark.parametrize(
    "path",
    [
        b"/data/runs",
        b"/data/fast disk/x",
        b"/data/fast",
        b"/tmp/x",
        b"/dev/shm/torch_1",
        b"/var/tmp/x",
        b"/var/log/old.log",
        b"/opt/cuda/doc",
        b"/home/bob/cache",
        b"/srv/models",
        b"/data/.gitignore",
        b"/data/repo/.github",
        b"/data/.Trash-ann",
        b"/etcetera",
        b"/libraries",
        b"/data/\xff\n",
    ],
)
def test_free_everywhere(protection, path):
    assert protection.reason(path) is None


def test_a_directory_with_a_mount_in_it(protection):
    table = MountTable.parse(b"27 1 254:0 / / rw - ext4 a rw\n31 27 8:2 / /data/a/b rw - ext4 c rw\n")
    assert Protection((), mounts=table).reason(b"/data") == "contains the mounted filesystem /data/a/b"
    assert Protection((), mounts=table).reason(b"/data/a/bb") is None


def test_home_and_what_is_around_it(protection, home):
    assert protection.reason(home) == "is your home directory"
    assert protection.reason(os.path.dirname(home)) == "contains your home directory"
    assert protection.reason(home + b"/data") is None
    assert protection.reason(home + b"x") is None


def test_the_working_directory(protection, home):
    assert protection.reason(home + b"/work") == "is the directory that dusk was started in"
    assert protection.reason(home + b"/work/run") is None


def test_the_home_trash(protection, home):
    trash = home + b"/.local/share/Trash"
    assert protection.reason(trash) == "is your trash directory"
    assert protection.reason(trash + b"/files/x") == "is in your trash"
    assert protection.reason(home + b"/.local/share") == "contains your trash"


def test_dusks_own_directories(protection, home):
    assert (
        protection.reason(home + b"/.local/state/dusk/journal.db") == "is in the directory of dusk's journal"
    )
    assert protection.reason(home + b"/.config/dusk") == "is the directory of dusk's settings"
    assert protection.reason(home + b"/.config") == "contains the directory of dusk's settings"
    assert protection.reason(home + b"/.local/share/dusk/practice/runs") is None


def test_the_interpreter(monkeypatch, home):
    monkeypatch.setattr(sys, "prefix", os.fsdecode(home) + "/miniconda3")
    protection = Protection.load(mounts=TABLE)
    assert protection.reason(home + b"/miniconda3") == "is the Python that dusk runs from"
    assert protection.reason(home + b"/miniconda3/lib/x") == "is in the Python that dusk runs from"
    assert protection.reason(home + b"/miniconda3/pkgs/torch") is None
    assert protection.reason(home + b"/miniconda3/envs/old") is None


def test_what_the_user_protects(home):
    settings = SimpleNamespace(protected=("~/best", "/data/gold/", "papers"))
    protection = Protection.load(settings, mounts=TABLE)
    assert protection.reason(home + b"/best") == "is protected by your settings"
    assert protection.reason(b"/data/gold/a/b") == "is in /data/gold, which your settings protect"
    assert protection.reason(home + b"/papers/x") is not None
    assert protection.reason(b"/data/golden") is None


def test_a_user_who_protects_everything(home):
    protection = Protection.load(SimpleNamespace(protected=("/",)), mounts=TABLE)
    assert protection.reason(b"/data/x") == "is in /, which your settings protect"


def test_what_a_protected_link_leads_to(home):
    os.mkdir(home + b"/real")
    os.symlink(home + b"/real", home + b"/link")
    protection = Protection.load(SimpleNamespace(protected=("~/link",)), mounts=TABLE)
    assert protection.reason(home + b"/link/x") is not None
    assert protection.reason(home + b"/real/x") is not None


def test_a_home_that_is_a_link(home, tmp_path, monkeypatch):
    os.symlink(home, tmp_path / "home-link")
    monkeypatch.setenv("HOME", str(tmp_path / "home-link"))
    assert Protection.load(mounts=TABLE).reason(home) == "is your home directory"


def test_nothing_on_a_network_is_asked(home, monkeypatch):
    asked = []
    real = os.lstat
    monkeypatch.setattr(
        os, "lstat", lambda path, **rest: asked.append(os.fsencode(path)) or real(path, **rest)
    )
    protection = Protection.load(SimpleNamespace(protected=("/net/gold",)), mounts=TABLE)
    assert protection.reason(b"/net/gold/x") == "is in /net/gold, which your settings protect"
    assert not [path for path in asked if path.startswith(b"/net")]


def test_a_vanished_working_directory(home, monkeypatch):
    os.mkdir(home + b"/gone")
    os.chdir(home + b"/gone")
    os.rmdir(home + b"/gone")
    try:
        assert Protection.load(mounts=TABLE).reason(b"/data/x") is None
    finally:
        os.chdir(b"/")


def test_swap_files(home, monkeypatch):
    monkeypatch.setattr("dusk.fs.protected._swap_files", lambda: [b"/data/swap"])
    assert Protection.load(mounts=TABLE).reason(b"/data/swap") == "is in use as swap space"


def test_the_real_machine():
    protection = Protection.load()
    for path in (b"/", b"/etc", b"/proc", b"/usr/bin", os.fsencode(sys.prefix), os.getcwdb()):
        assert protection.reason(path), path
