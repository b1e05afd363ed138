"""An archive as one ``.tar.zst`` keeps everything, is proven, and comes back in both ways."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import tarfile

import pytest

from dusk.actions import packing
from dusk.actions.bin import empty
from dusk.actions.executor import Executor
from dusk.actions.journal import Journal
from dusk.actions.outcome import ItemState
from dusk.actions.record import State
from dusk.actions.undo import NothingToUndo, undo_batch
from dusk.actions.zstd_frames import contents_of
from dusk.fs import holders
from dusk.rules.finding import Action, ActionOptions
from journeys.tree_digest import tree_digest

from . import interrupting
from .test_undo import old

PACKED = ActionOptions(form="tar.zst")
UNTAR = ("tar", "-p", "--zstd", "--xattrs", "--xattrs-include=*", "--warning=no-unknown-keyword", "-xf")
ACL = bytes.fromhex(
    "02000000010006000000000002000400d2040000040004000000000010000600ffffffff20000400ffffffff"
)


@pytest.fixture
def run(box):
    box.file(b"run", b"model.bin", content=b"m" * 100_000)
    box.file(b"run", b"deep", b"\xff\n\x1b[31m", content=b"odd")
    box.file(b"run", b"empty", content=b"")
    box.file(b"run", b"n" * 250, content=b"long")
    os.link(box.path(b"run", b"model.bin"), box.path(b"run", b"deep", b"again"))
    os.symlink(b"nowhere \xfe", box.path(b"run", b"dangling"))
    os.link(box.path(b"run", b"dangling"), box.path(b"run", b"zz"), follow_symlinks=False)
    os.mkfifo(box.path(b"run", b"pipe"))
    with open(box.path(b"run", b"sparse"), "wb") as file:
        file.truncate(50 << 20)
        file.seek(30 << 20)
        file.write(b"an island")
    with open(box.path(b"run", b"holes only"), "wb") as file:
        file.truncate(3 << 20)
    os.setxattr(box.path(b"run", b"model.bin"), "user.bytes", bytes(range(256)))
    os.setxattr(box.path(b"run"), "user.text", "größe".encode())
    with contextlib.suppress(OSError):  # a filesystem without access lists
        os.setxattr(box.path(b"run", b"empty"), "system.posix_acl_access", ACL)
    os.chmod(box.path(b"run", b"deep"), 0o2750)
    os.chmod(box.path(b"run", b"empty"), 0o440)
    for directory, names, files in os.walk(box.data, topdown=False):
        for name in names + files:
            old(os.path.join(directory, name))
    os.utime(box.path(b"run", b"empty"), ns=(0, -1_500_000_000))
    old(box.data)
    os.mkdir(os.path.join(box.root, b"archive"))
    return box


@pytest.fixture
def archive(run):
    return os.path.join(run.root, b"archive")


def pack(box, *paths, to, **options):
    plan = box.plan(*paths, action=Action.ARCHIVE, destination=to, options=PACKED)
    return box.run(box.review(plan).plan, **options)


def same(facts):
    """Return a digest without what a tree that was made again cannot have: inode numbers, blocks of files."""
    return {
        name: (*fact[:5], fact[6], fact[7][:2] if isinstance(fact[7], tuple) else fact[7])
        for name, fact in facts.items()
    }


def test_a_tree_becomes_one_proven_pack_and_undo_gives_everything_back(run, archive):
    before = tree_digest(run.data)
    outcome = pack(run, run.path(b"run"), to=archive)
    (result,) = outcome.results
    assert (result.state, result.sentence) == (ItemState.DONE, "")
    assert os.listdir(archive) == [b"run.tar.zst"]
    assert result.place == os.path.join(archive, b"run.tar.zst")
    assert os.listdir(run.data) == []
    (undone,) = undo_batch(run.journal).results
    assert (undone.state, undone.sentence) == (ItemState.DONE, "")
    assert tree_digest(run.data) == before
    assert os.listdir(archive) == []


def test_the_tree_is_made_again_out_of_the_pack_when_the_trash_was_emptied(run, archive):
    before = same(tree_digest(run.data))
    pack(run, run.path(b"run"), to=archive)
    empty(run.bin(), journal=run.journal)
    (undone,) = undo_batch(run.journal).results
    assert undone.state is ItemState.DONE, undone
    assert "made again" in undone.sentence
    after = same(tree_digest(run.data))
    assert {name: fact for name, fact in after.items() if name != b"."} == {
        name: fact for name, fact in before.items() if name != b"."
    }
    assert os.stat(run.path(b"run", b"sparse")).st_blocks * 512 < 1 << 20
    first, again = (
        os.stat(run.path(b"run", *names)).st_ino for names in ((b"model.bin",), (b"deep", b"again"))
    )
    assert first == again
    assert os.listdir(archive) == []
    assert os.listdir(run.data) == [b"run"]


def test_a_single_file_can_be_packed_and_brought_back(run, archive):
    path = run.file(b"one.manifest.jsonl", content=b"a name like a manifest")
    pack(run, path, to=archive)
    empty(run.bin(), journal=run.journal)
    assert undo_batch(run.journal).results[0].state is ItemState.DONE
    with open(path, "rb") as file:
        assert file.read() == b"a name like a manifest"


def test_the_manifest_in_the_pack_says_what_was_packed(run, archive):
    pack(run, run.path(b"run"), to=archive)
    with open(os.path.join(archive, b"run.tar.zst"), "rb") as file:
        plain = b"".join(contents_of(file.fileno()))
    path = os.path.join(archive, b"plain.tar")
    with open(path, "wb") as file:
        file.write(plain)
    with tarfile.open(os.fsdecode(path)) as tar:
        members = tar.getmembers()
        lines = tar.extractfile(members[-1]).read().splitlines()
    assert members[-1].name == "run.manifest.jsonl"
    facts = [json.loads(line) for line in lines]
    assert len(facts) == len(members) - 1 == 12
    (model,) = [fact for fact in facts if fact["path"].endswith("model.bin") or fact["type"] == "hardlink"][
        :1
    ]
    assert model["size"] == 100_000 and len(model["blake3"]) == 64


@pytest.mark.skipif(shutil.which("tar") is None or shutil.which("zstd") is None, reason="needs tar and zstd")
def test_any_tar_unpacks_it(run, archive, tmp_path):
    # A user's tar cannot write what it has just made write-protected by an access list.
    os.chmod(run.path(b"run", b"empty"), 0o640)
    before = same(tree_digest(run.data))
    pack(run, run.path(b"run"), to=archive)
    place = os.fsencode(tmp_path / "by hand")
    os.mkdir(place)
    finished = subprocess.run(
        [*UNTAR, os.path.join(archive, b"run.tar.zst"), "-C", place],
        capture_output=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    os.unlink(os.path.join(place, b"run.manifest.jsonl"))
    after = same(tree_digest(place))
    # By hand a negative time is kept by few tars, and access lists need their own option.
    left_out = {b".", b"run/empty"}
    assert {name: fact for name, fact in after.items() if name not in left_out} == {
        name: fact for name, fact in before.items() if name not in left_out
    }


def test_a_taken_name_gets_a_number(run, archive):
    with open(os.path.join(archive, b"run.tar.zst"), "wb") as file:
        file.write(b"somebody's")
    (result,) = pack(run, run.path(b"run"), to=archive).results
    assert result.place == os.path.join(archive, b"run.2.tar.zst")
    with open(os.path.join(archive, b"run.tar.zst"), "rb") as file:
        assert file.read() == b"somebody's"


def test_a_changed_pack_is_not_unpacked(run, archive):
    pack(run, run.path(b"run"), to=archive)
    empty(run.bin(), journal=run.journal)
    with open(os.path.join(archive, b"run.tar.zst"), "r+b") as file:
        file.seek(40)
        file.write(b"\0")
    with pytest.raises(NothingToUndo, match="is gone or was changed"):
        undo_batch(run.journal)
    assert os.listdir(run.data) == []


def test_a_pack_that_rotted_on_the_disk_is_not_unpacked(run, archive):
    pack(run, run.path(b"run"), to=archive)
    empty(run.bin(), journal=run.journal)
    path = os.path.join(archive, b"run.tar.zst")
    times = os.stat(path)
    with open(path, "r+b") as file:
        file.seek(40)
        byte = file.read(1)
        file.seek(40)
        file.write(bytes([byte[0] ^ 1]))
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    (undone,) = undo_batch(run.journal).results
    assert undone.state is ItemState.FAILED
    assert os.listdir(run.data) == []
    assert os.path.exists(path)


def test_a_socket_is_refused_at_the_review(run, archive):
    import socket

    here = os.getcwd()
    os.chdir(run.path(b"run"))
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("s")
    os.chdir(here)
    plan = run.plan(run.path(b"run"), action=Action.ARCHIVE, destination=archive, options=PACKED)
    reviewed = run.review(plan)
    assert any("cannot be packed" in problem.sentence for problem in reviewed.problems)


def test_a_pack_that_cannot_be_proven_is_removed(run, archive, monkeypatch):
    def differ(*arguments, **options):
        raise OSError(5, "the pack does not read back as what was packed")

    monkeypatch.setattr(packing, "prove", differ)
    outcome = pack(run, run.path(b"run"), to=archive)
    assert outcome.results[0].state is ItemState.FAILED
    assert "read back" in outcome.results[0].sentence
    assert os.listdir(archive) == []
    assert os.path.exists(run.path(b"run"))


def test_cancelling_leaves_no_pack(run, archive):
    run.file(b"run", b"big", content=os.urandom(20 << 20))
    asked = []

    def cancelled() -> bool:
        asked.extend(os.listdir(archive))
        return len(asked) > 2

    outcome = pack(run, run.path(b"run"), to=archive, cancelled=cancelled)
    assert outcome.cancelled
    assert os.listdir(archive) == []
    assert [record.state for record in run.journal.records(outcome.batch)] == [State.FAILED]


def test_the_figures_are_said_before(run, archive):
    plan = run.plan(run.path(b"run"), action=Action.ARCHIVE, destination=archive, options=PACKED)
    plan = run.review(plan).plan
    forecast = plan.targets[0].forecast
    assert forecast is not None and "would be about" in forecast.sentence


@pytest.mark.parametrize(("undoing", "emptied"), [(False, False), (True, False), (True, True)])
def test_killed_anywhere_all_is_there_and_comes_back(box, monkeypatch, undoing, emptied):
    monkeypatch.setattr(
        "dusk.actions.checks.hold_report", lambda path, files: holders.HoldReport(holders.Hold.FREE)
    )
    archive = os.path.join(box.root, b"archive")
    for limit, after in interrupting.points(5):
        interrupting.clear(box)
        box.file(b"run", b"a", content=b"second")
        box.file(b"run", b"deep", b"b", content=b"third")
        before = same(tree_digest(box.path(b"run")))
        plan = box.plan(box.path(b"run"), action=Action.ARCHIVE, destination=archive, options=PACKED)
        plan = box.review(plan).plan
        if undoing:
            box.run(plan)
        if emptied:
            empty(box.bin(), journal=box.journal)
        box.journal.close()

        def work(plan=plan):
            journal = Journal.open()
            return undo_batch(journal) if undoing else Executor(journal, box.protection).run(plan)

        died = interrupting.killed(work, limit, after)
        box.journal = Journal.open()
        interrupting.settle(box)
        where = (limit, after)
        names = os.listdir(archive) + os.listdir(box.data)
        assert all(not name.startswith(b".dusk") for name in names), where
        found = interrupting.contents_of(box.data, box.trash)
        if not emptied:
            assert (found.get(b"second"), found.get(b"third")) == (1, 1), where
        else:
            assert os.path.exists(box.path(b"run")) or os.listdir(archive) == [b"run.tar.zst"], where
        interrupting.undo_all(box)
        after_all = same(tree_digest(box.path(b"run")))
        assert after_all == before, where
        assert os.listdir(archive) == [], where
        if not died:
            break
    else:
        pytest.fail("the run never came to its end")
