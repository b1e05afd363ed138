"""What a plain user can and cannot do, and what others may have planted. Root would pass all of it."""

from __future__ import annotations

import os
import pickle
import shutil
import stat
import subprocess
import tempfile
import traceback
from collections.abc import Callable, Iterator

import blake3  # noqa: F401 - a made user may not reach what is imported later
import pytest

import dusk.actions.archive_return
import dusk.actions.copier  # noqa: F401
from dusk.actions.bin import list_bin
from dusk.actions.outcome import ItemState
from dusk.actions.undo import undo_batch

from .conftest import Box

ALICE, BOB = 54321, 54322


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[bytes]:
    """A directory that everyone can reach, with a home for alice that is on another mount than nothing."""
    if os.geteuid() != 0:
        pytest.skip("needs root to become another user")
    root = os.fsencode(tempfile.mkdtemp(prefix="dusk-users-"))
    os.chmod(root, 0o755)
    yield root
    subprocess.run(["umount", "-l", os.path.join(root, b"data")], capture_output=True, check=False)
    shutil.rmtree(root)


def as_user(uid: int, work: Callable[[], object]) -> object:
    """Do the work in a child that is this user, and return what it returned."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(reading)
            os.setgroups([])
            os.setresgid(uid, uid, uid)
            os.setresuid(uid, uid, uid)
            os.chdir("/")
            result = work()
            os.write(writing, pickle.dumps(result))
            os._exit(0)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        data = pipe.read()
    _, status = os.waitpid(child, 0)
    assert status == 0, "the child failed; its trace is above"
    return pickle.loads(data)


class UserBox(Box):
    def __init__(self, disk: bytes) -> None:
        os.environ["HOME"] = os.fsdecode(os.path.join(disk, b"home"))
        os.environ["DUSK_STATE_DIR"] = os.fsdecode(os.path.join(disk, b"home", b"state"))
        from dusk.actions.journal import Journal
        from dusk.fs.protected import Protection

        self.root = disk
        self.home = os.path.join(disk, b"home")
        self.data = os.path.join(disk, b"data")
        self.trash = os.path.join(self.home, b".local/share/Trash")
        self.journal = Journal.open()
        self.protection = Protection.load()


def lay_out(disk: bytes, *, separate: bool = False) -> None:
    for name in (b"home", b"data", b"data/alice"):
        os.mkdir(os.path.join(disk, name))
        if name == b"data" and separate:
            command = ["mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", os.path.join(disk, name)]
            if subprocess.run(command, capture_output=True, check=False).returncode:
                pytest.skip("mounting is not allowed here")
    os.chown(os.path.join(disk, b"home"), ALICE, ALICE)
    os.chown(os.path.join(disk, b"data/alice"), ALICE, ALICE)
    put(disk, b"data/alice/file", ALICE)


def put(disk: bytes, name: bytes, owner: int, mode: int = 0o644) -> bytes:
    path = os.path.join(disk, name)
    with open(path, "wb") as file:
        file.write(b"content")
    os.chown(path, owner, owner)
    os.chmod(path, mode)
    return path


def trash_as(disk: bytes, path: bytes, uid: int = ALICE) -> tuple[str, str, bytes]:
    def work() -> tuple[str, str, bytes]:
        box = UserBox(disk)
        plan = box.review(box.plan(path)).plan
        (result,) = box.run(plan).results
        return result.state.value, result.sentence, result.place

    return as_user(uid, work)


def test_a_user_trashes_and_undoes_at_home(disk):
    lay_out(disk)
    path = os.path.join(disk, b"data/alice/file")
    state, sentence, place = trash_as(disk, path)
    assert (state, sentence) == ("done", "")
    assert place == os.path.join(disk, b"home/.local/share/Trash/files/file")

    def undo() -> str:
        return undo_batch(UserBox(disk).journal).results[0].state.value

    assert as_user(ALICE, undo) == "done"
    assert os.stat(path).st_uid == ALICE


def test_a_disk_whose_top_belongs_to_root_gets_a_trash_in_the_users_own_directory(disk):
    lay_out(disk, separate=True)
    os.mkdir(os.path.join(disk, b"data/alice/run"))
    os.chown(os.path.join(disk, b"data/alice/run"), ALICE, ALICE)
    path = put(disk, b"data/alice/run/deep", ALICE)
    state, sentence, place = trash_as(disk, path)
    assert (state, sentence) == ("done", "")
    trash = os.path.join(disk, b"data/alice/.Trash-%d" % ALICE)
    assert place == os.path.join(trash, b"files/deep")
    assert os.stat(trash).st_mode & 0o777 == 0o700

    def listed() -> list[tuple[bytes, bool]]:
        items = list_bin(UserBox(disk).journal)
        return [(item.original, item.is_ours) for item in items if item.trash.startswith(disk)]

    assert as_user(ALICE, listed) == [(path, True)]

    def undo() -> str:
        return undo_batch(UserBox(disk).journal).results[0].state.value

    assert as_user(ALICE, undo) == "done"
    assert os.path.exists(path)


def test_without_any_place_for_a_trash_every_candidate_is_named(disk):
    lay_out(disk, separate=True)
    os.chmod(os.path.join(disk, b"data/alice"), 0o777)  # others can write: no place for a trash
    state, sentence, _ = trash_as(disk, os.path.join(disk, b"data/alice/file"))
    assert state == "refused"
    assert "is on another filesystem" in sentence
    assert f".Trash-{ALICE}" in sentence
    assert os.listdir(os.path.join(disk, b"data/alice")) == [b"file"]


@pytest.mark.parametrize("plant", ["foreign", "link", "open", "file"])
def test_a_planted_trash_is_never_used(disk, plant):
    lay_out(disk, separate=True)
    data = os.path.join(disk, b"data")
    os.chmod(data, 0o1777)
    trash = os.path.join(data, b".Trash-%d" % ALICE)
    loot = os.path.join(data, b"loot")
    for name in (b"", b"files", b"info"):
        os.makedirs(os.path.join(loot, name), exist_ok=True)
        os.chmod(os.path.join(loot, name), 0o777)
        os.chown(os.path.join(loot, name), BOB, BOB)
    if plant == "foreign":
        os.rename(loot, trash)
    elif plant == "link":
        os.symlink(b"loot", trash)
    elif plant == "file":
        put(disk, b"data/.Trash-%d" % ALICE, BOB)
    else:
        os.mkdir(trash)
        os.chown(trash, ALICE, ALICE)
        os.chmod(trash, 0o777)
    state, _, place = trash_as(disk, os.path.join(disk, b"data/alice/file"))
    assert state == "done"
    assert place.startswith(os.path.join(data, b"alice/.Trash-"))
    for directory in (trash, loot):
        for _, _, names in os.walk(directory):
            assert names == []


def test_a_planted_shared_trash_is_never_used(disk):
    lay_out(disk, separate=True)
    data = os.path.join(disk, b"data")
    shared = os.path.join(data, b".Trash")
    os.mkdir(shared)
    os.chmod(shared, 0o1777)
    os.mkdir(os.path.join(shared, b"%d" % ALICE))
    os.chown(os.path.join(shared, b"%d" % ALICE), BOB, BOB)
    state, _, place = trash_as(disk, os.path.join(disk, b"data/alice/file"))
    assert state == "done"
    assert not place.startswith(shared)


def refused(disk: bytes, path: bytes) -> str:
    state, sentence, _ = trash_as(disk, path)
    assert state == "refused", (state, sentence)
    assert os.path.lexists(path)
    trash = os.path.join(disk, b"home/.local/share/Trash/info")
    assert not os.path.isdir(trash) or os.listdir(trash) == []
    return sentence


def test_what_the_kernel_would_refuse_is_refused_before(disk):
    lay_out(disk)
    root_owned = put(disk, b"data/of-root", 0)
    assert "cannot be written by this user" in refused(disk, root_owned)
    os.mkdir(os.path.join(disk, b"data/shared"))
    os.chmod(os.path.join(disk, b"data/shared"), 0o1777)
    assert "sticky" in refused(disk, put(disk, b"data/shared/of-bob", BOB))
    os.chmod(os.path.join(disk, b"data/alice"), 0o555)
    assert "cannot be written" in refused(disk, os.path.join(disk, b"data/alice/file"))


def test_a_write_protected_directory_says_what_would_help(disk):
    lay_out(disk)
    inner = os.path.join(disk, b"data/alice/modules")
    os.mkdir(inner)
    os.chown(inner, ALICE, ALICE)
    os.chmod(inner, 0o555)
    assert "chmod u+w" in refused(disk, inner)


def test_a_write_protected_file_of_ones_own_goes(disk):
    lay_out(disk)
    path = put(disk, b"data/alice/read-only", ALICE, 0o444)
    assert trash_as(disk, path)[0] == "done"


def test_what_cannot_be_read_needs_insisting(disk):
    lay_out(disk)
    os.makedirs(os.path.join(disk, b"data/alice/run/closed"))
    os.chown(os.path.join(disk, b"data/alice/run"), ALICE, ALICE)
    os.chmod(os.path.join(disk, b"data/alice/run/closed"), 0o700)
    assert "cannot be read" in refused(disk, os.path.join(disk, b"data/alice/run"))


def test_rights_of_another_user_are_refused(disk):
    lay_out(disk)
    path = os.path.join(disk, b"data/alice/file")

    def work() -> tuple[str, str]:
        os.setresuid(BOB, 0, 0)
        os.chown(os.path.join(disk, b"home"), 0, 0)
        box = UserBox(disk)
        plan = box.review(box.plan(path)).plan
        (result,) = box.run(plan).results
        return result.state.value, result.sentence

    state, sentence = as_user(0, work)
    assert state == "refused"
    assert f"on behalf of user {BOB}" in sentence


def test_root_records_whose_it_was(disk):
    lay_out(disk)
    path = os.path.join(disk, b"data/alice/file")
    os.chown(os.path.join(disk, b"home"), 0, 0)

    def work() -> tuple[int, int, str]:
        box = UserBox(disk)
        outcome = box.trash_all(path)
        (record,) = box.journal.records(outcome.batch)
        undo_batch(box.journal)
        return record.owner, stat.S_IMODE(record.mode), outcome.results[0].state.value

    assert as_user(0, work) == (ALICE, 0o644, ItemState.DONE.value)
    assert os.stat(path).st_uid == ALICE


def test_a_journal_in_another_users_home_is_not_made(disk):
    lay_out(disk)
    os.mkdir(os.path.join(disk, b"home/state"))
    os.chown(os.path.join(disk, b"home/state"), ALICE, ALICE)

    def work() -> str:
        from dusk.actions.journal import JournalError

        try:
            UserBox(disk)
        except JournalError as error:
            return str(error)
        return ""

    assert "sudo -H" in as_user(0, work)
    assert os.listdir(os.path.join(disk, b"home/state")) == []
